package hfx

// #include <hfx.h>
import "C"

import "context"

// Snapshot is a folder and its files.
type Snapshot struct {
	Path   string // the folder
	Commit string
	Files  []*File // in the order of the paths
}

func downloadSnapshot(repo Repo) starter {
	return func(x *call) C.hfx_status {
		return C.hfx_client_download_snapshot(x.client, x.repo(repo), x.options, &x.job, &x.err)
	}
}

// DownloadSnapshot fetches all files of a repository, or those that WithInclude, WithExclude and WithFiles let through.
// When some fail, the error is ErrIncomplete, and the snapshot that comes with it says of each file how it ended.
func (c *Client) DownloadSnapshot(ctx context.Context, repo Repo, options ...Option) (*Snapshot, error) {
	return run(ctx, c, options, downloadSnapshot(repo), takeSnapshot)
}

// StartDownloadSnapshot starts DownloadSnapshot as a job.
func (c *Client) StartDownloadSnapshot(repo Repo, options ...Option) (*Job[*Snapshot], error) {
	return start(c, options, downloadSnapshot(repo), takeSnapshot)
}

func takeSnapshot(job *C.hfx_job, err **C.hfx_error) (*Snapshot, C.hfx_status) {
	var snapshot *C.hfx_snapshot
	status := C.hfx_job_take_snapshot(job, &snapshot, err)
	if status == C.HFX_E_INCOMPLETE {
		var none *C.hfx_error
		if err := fail(C.hfx_job_take_outcomes(job, &snapshot, &none), &none); err != nil {
			return nil, status // they were taken: the job's own error stands
		}
	}
	if snapshot == nil {
		return nil, status
	}
	defer C.hfx_snapshot_free(snapshot)
	s := &Snapshot{
		Path:   C.GoString(C.hfx_snapshot_path(snapshot)),
		Commit: C.GoString(C.hfx_snapshot_commit(snapshot)),
		Files:  make([]*File, int(C.hfx_snapshot_count(snapshot))),
	}
	for i := range s.Files {
		s.Files[i] = fileOf(C.hfx_snapshot_file(snapshot, C.size_t(i)))
	}
	return s, status
}
