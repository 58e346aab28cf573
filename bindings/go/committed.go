package hfx

// #include <hfx.h>
import "C"

// How is how a file was committed.
type How int32

// The ways a file is committed, or not.
const (
	CommittedRegular   How = C.HFX_COMMITTED_REGULAR   // the content is part of the commit
	CommittedLFS       How = C.HFX_COMMITTED_LFS       // the content is an LFS object
	CommittedUnchanged How = C.HFX_COMMITTED_UNCHANGED // left out: the repository holds the same
	CommittedIgnored   How = C.HFX_COMMITTED_IGNORED   // left out by the repository's .gitignore
	CommittedDeleted   How = C.HFX_COMMITTED_DELETED   // deleted; a folder, with all that was in it, ends with a slash
)

// Committed is what a commit, an upload, a preupload or a schedule came to.
type Committed struct {
	Commit         string // the last one made, or the head when nothing had changed; empty after a preupload
	URL            string // its page
	CommitCount    int    // how many were made; 0 when nothing had changed
	PullRequest    int    // the number of the one that was opened; 0 when none was
	PullRequestURL string
	Files          []CommittedFile
}

// CommittedFile is a file of the commits, or one that was left out.
type CommittedFile struct {
	Path string
	Size int64
	OID  string // the SHA-256 of an LFS file
	How  How
}

func takeCommitted(job *C.hfx_job, err **C.hfx_error) (*Committed, C.hfx_status) {
	var made *C.hfx_committed
	status := C.hfx_job_take_committed(job, &made, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_committed_free(made)
	committed := &Committed{
		Commit:         C.GoString(C.hfx_committed_commit(made)),
		URL:            C.GoString(C.hfx_committed_url(made)),
		CommitCount:    int(C.hfx_committed_commit_count(made)),
		PullRequest:    int(C.hfx_committed_pull_request(made)),
		PullRequestURL: C.GoString(C.hfx_committed_pull_request_url(made)),
		Files:          make([]CommittedFile, int(C.hfx_committed_file_count(made))),
	}
	for i := range committed.Files {
		n := C.size_t(i)
		committed.Files[i] = CommittedFile{
			Path: C.GoString(C.hfx_committed_file_path(made, n)),
			Size: int64(C.hfx_committed_file_size(made, n)),
			OID:  C.GoString(C.hfx_committed_file_oid(made, n)),
			How:  How(C.hfx_committed_file_how(made, n)),
		}
	}
	return committed, status
}
