package hfx

// #include <hfx.h>
import "C"

import "context"

// Meta is what the Hub says of a file.
type Meta struct {
	Commit  string // what the revision means
	Etag    string // SHA-256 (LFS) or git SHA-1 (regular)
	URL     string // on the Hub, without a query
	XetHash string // empty when it is not in the Hub's Xet storage
	Size    int64
}

// FileMeta asks the Hub about a file.
func (c *Client) FileMeta(ctx context.Context, repo Repo, path string, options ...Option) (*Meta, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_get_file_meta(x.client, x.repo(repo), x.text(path), x.options, &x.job, &x.err)
	}, takeMeta)
}

func takeMeta(job *C.hfx_job, err **C.hfx_error) (*Meta, C.hfx_status) {
	var meta *C.hfx_meta
	status := C.hfx_job_take_meta(job, &meta, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_meta_free(meta)
	return metaOf(meta), status
}

// metaOf copies what stays C's.
func metaOf(meta *C.hfx_meta) *Meta {
	return &Meta{
		Commit:  C.GoString(C.hfx_meta_commit(meta)),
		Etag:    C.GoString(C.hfx_meta_etag(meta)),
		URL:     C.GoString(C.hfx_meta_url(meta)),
		XetHash: C.GoString(C.hfx_meta_xet_hash(meta)),
		Size:    int64(C.hfx_meta_size(meta)),
	}
}
