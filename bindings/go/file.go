package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"os"
)

// Verified is what was proven of bytes.
type Verified int32

// What was proven.
const (
	VerifiedNone   Verified = C.HFX_VERIFIED_NONE   // a file of the cache is trusted by its name
	VerifiedHash   Verified = C.HFX_VERIFIED_HASH   // the hash is right
	VerifiedLength Verified = C.HFX_VERIFIED_LENGTH // no hash is known; the length is right
)

// File is a file that is where it was wanted.
type File struct {
	Name     string // its path in the repository, or the URL without its query
	Path     string // where it is; in a dry run, where it would be
	Etag     string // SHA-256 (LFS) or git SHA-1 (regular) in hex; empty when unknown
	Commit   string // empty when unknown
	Size     int64
	Verified Verified
	State    FileState // FileDone, FileCached or FilePlanned; with ErrIncomplete also FileFailed or FileCancelled
	Err      error     // an *Error when it is not there, else nil
}

// Open opens the file for reading: an io.ReaderAt and io.ReadSeeker as any other.
func (f *File) Open() (*os.File, error) { return os.Open(f.Path) }

func fileOf(f *C.hfx_file) *File {
	file := &File{
		Name:     C.GoString(C.hfx_file_name(f)),
		Path:     C.GoString(C.hfx_file_path(f)),
		Etag:     C.GoString(C.hfx_file_etag(f)),
		Commit:   C.GoString(C.hfx_file_commit(f)),
		Size:     int64(C.hfx_file_size(f)),
		Verified: Verified(C.hfx_file_verified(f)),
		State:    FileState(C.hfx_file_state(f)),
	}
	if err := C.hfx_file_error(f); err != nil {
		file.Err = errorOf(err)
	}
	return file
}

func takeFile(job *C.hfx_job, err **C.hfx_error) (*File, C.hfx_status) {
	var file *C.hfx_file
	status := C.hfx_job_take_file(job, &file, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_file_free(file)
	return fileOf(file), status
}

func downloadFile(repo Repo, path string) starter {
	return func(x *call) C.hfx_status {
		return C.hfx_client_download_file(x.client, x.repo(repo), x.text(path), x.options, &x.job, &x.err)
	}
}

func downloadURL(url, to string) starter {
	return func(x *call) C.hfx_status {
		return C.hfx_client_download_url(x.client, x.text(url), x.text(to), x.options, &x.job, &x.err)
	}
}

// DownloadFile fetches one file into the cache, or the folder of WithLocalDir: in parallel, resumed where an earlier
// run ended, its hash checked before it becomes visible.
func (c *Client) DownloadFile(ctx context.Context, repo Repo, path string, options ...Option) (*File, error) {
	return run(ctx, c, options, downloadFile(repo, path), takeFile)
}

// StartDownloadFile starts DownloadFile as a job.
func (c *Client) StartDownloadFile(repo Repo, path string, options ...Option) (*Job[*File], error) {
	return start(c, options, downloadFile(repo, path), takeFile)
}

// DownloadURL fetches any http or https URL to a path, whose folder is made when it is missing and whose file is
// replaced when all has come; WithSHA256 says what it must be.
func (c *Client) DownloadURL(ctx context.Context, url, to string, options ...Option) (*File, error) {
	return run(ctx, c, options, downloadURL(url, to), takeFile)
}

// StartDownloadURL starts DownloadURL as a job.
func (c *Client) StartDownloadURL(url, to string, options ...Option) (*Job[*File], error) {
	return start(c, options, downloadURL(url, to), takeFile)
}

// Found is what the cache knows of a file.
type Found int32

// What a look-up finds.
const (
	Cached  Found = C.HFX_LOOKUP_FOUND   // the file is there
	Missing Found = C.HFX_LOOKUP_MISSING // the repository is known not to have it at that commit
	Unknown Found = C.HFX_LOOKUP_UNKNOWN // nothing is known of it
)

// Lookup says what the cache knows of a file, without network and without writing; WithCacheDir names another cache.
// The file is nil unless Cached.
func (c *Client) Lookup(repo Repo, path string, options ...Option) (*File, Found, error) {
	var x call
	defer x.free()
	if err := gather(options).options(&x); err != nil {
		return nil, Unknown, err
	}
	r, p := x.repo(repo), x.text(path)
	if x.bad != nil {
		return nil, Unknown, x.bad
	}
	var state C.int32_t
	var file *C.hfx_file
	err := c.use(func(client *C.hfx_client, err **C.hfx_error) C.hfx_status {
		return C.hfx_client_lookup(client, r, p, x.options, &state, &file, err)
	})
	defer C.hfx_file_free(file)
	if err != nil {
		return nil, Unknown, err
	}
	if file == nil {
		return nil, Found(state), nil
	}
	return fileOf(file), Found(state), nil
}
