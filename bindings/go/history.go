package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"time"
)

// CommitInfo is a commit of a repository's history.
type CommitInfo struct {
	ID      string
	Title   string // the first line of its message
	Message string // the rest
	Date    time.Time
	Authors []string // by their names on the Hub
}

// Commits lists the commits behind the revision of a repository, newest first: most of them, 0 for all.
func (c *Client) Commits(ctx context.Context, repo Repo, most int, options ...Option) ([]CommitInfo, error) {
	if most < 0 {
		return nil, &Error{Code: ErrInvalidArgument, Message: "the number of commits is negative"}
	}
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_list_commits(x.client, x.repo(repo), C.size_t(most), x.options, &x.job, &x.err)
	}, takeCommits)
}

func takeCommits(job *C.hfx_job, err **C.hfx_error) ([]CommitInfo, C.hfx_status) {
	var commits *C.hfx_history
	status := C.hfx_job_take_history(job, &commits, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_history_free(commits)
	all := make([]CommitInfo, int(C.hfx_history_count(commits)))
	for i := range all {
		n := C.size_t(i)
		// A date that is none stays zero: the commit is no less real for it.
		date, _ := time.Parse(time.RFC3339, C.GoString(C.hfx_history_date(commits, n)))
		all[i] = CommitInfo{
			ID:      C.GoString(C.hfx_history_id(commits, n)),
			Title:   C.GoString(C.hfx_history_title(commits, n)),
			Message: C.GoString(C.hfx_history_message(commits, n)),
			Date:    date,
			Authors: list(func(author C.size_t) *C.char { return C.hfx_history_author(commits, n, author) }),
		}
	}
	return all, status
}
