package hfx

// #include <hfx.h>
import "C"

import "context"

// TreeEntry is a file of a repository.
type TreeEntry struct {
	Path string
	Etag string // SHA-256 (LFS) or git SHA-1 (regular)
	Size int64
	LFS  bool
}

// Tree lists the files of a repository at its revision, in the order of the paths, below folder when it is not empty.
func (c *Client) Tree(ctx context.Context, repo Repo, folder string, options ...Option) ([]TreeEntry, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_list_files(x.client, x.repo(repo), x.optional(folder), x.options, &x.job, &x.err)
	}, takeTree)
}

func takeTree(job *C.hfx_job, err **C.hfx_error) ([]TreeEntry, C.hfx_status) {
	var tree *C.hfx_tree
	status := C.hfx_job_take_tree(job, &tree, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_tree_free(tree)
	entries := make([]TreeEntry, int(C.hfx_tree_count(tree)))
	for i := range entries {
		n := C.size_t(i)
		entries[i] = TreeEntry{
			Path: C.GoString(C.hfx_tree_path(tree, n)),
			Etag: C.GoString(C.hfx_tree_etag(tree, n)),
			Size: int64(C.hfx_tree_size(tree, n)),
			LFS:  C.hfx_tree_is_lfs(tree, n) != 0,
		}
	}
	return entries, status
}
