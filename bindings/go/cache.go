package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"runtime"
	"time"
)

// Cache is a cache as it was when it was looked over. Close it; one that is forgotten is freed by the collector.
type Cache struct {
	Path     string
	Size     int64 // of all blobs, each counted once
	Repos    []CachedRepo
	Warnings []string
	handle   *handle[*C.hfx_cache]
}

// CachedRepo is a repository in the cache.
type CachedRepo struct {
	Kind      Kind
	ID        string
	Path      string
	Size      int64
	LastUsed  time.Time // as far as the file system notes it
	Revisions []CachedRevision
}

// CachedRevision is a revision in the cache; one without refs is detached.
type CachedRevision struct {
	Commit string
	Path   string
	Size   int64
	Refs   []string
	Files  []CachedFile
}

// CachedFile is a file of a cached revision.
type CachedFile struct {
	Name string
	Size int64
}

// ScanCache looks the cache over. It takes as long as the disk needs to list it, and writes nothing.
func (c *Client) ScanCache(ctx context.Context, options ...Option) (*Cache, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_scan_cache(x.client, x.options, &x.job, &x.err)
	}, takeCache)
}

func takeCache(job *C.hfx_job, err **C.hfx_error) (*Cache, C.hfx_status) {
	var pointer *C.hfx_cache
	status := C.hfx_job_take_cache(job, &pointer, err)
	if status != C.HFX_OK {
		return nil, status
	}
	cache := &Cache{
		Path:     C.GoString(C.hfx_cache_path(pointer)),
		Size:     int64(C.hfx_cache_size(pointer)),
		Repos:    make([]CachedRepo, int(C.hfx_cache_repo_count(pointer))),
		Warnings: make([]string, int(C.hfx_cache_warning_count(pointer))),
		handle:   own(pointer, func(p *C.hfx_cache) { C.hfx_cache_free(p) }),
	}
	for i := range cache.Warnings {
		cache.Warnings[i] = C.GoString(C.hfx_cache_warning(pointer, C.size_t(i)))
	}
	for i := range cache.Repos {
		cache.Repos[i] = cachedRepo(pointer, C.size_t(i))
	}
	return cache, status
}

func cachedRepo(cache *C.hfx_cache, r C.size_t) CachedRepo {
	repo := CachedRepo{
		Kind:      Kind(C.hfx_cache_repo_kind(cache, r)),
		ID:        C.GoString(C.hfx_cache_repo_id(cache, r)),
		Path:      C.GoString(C.hfx_cache_repo_path(cache, r)),
		Size:      int64(C.hfx_cache_repo_size(cache, r)),
		LastUsed:  time.UnixMilli(int64(C.hfx_cache_repo_last_used_ms(cache, r))),
		Revisions: make([]CachedRevision, int(C.hfx_cache_revision_count(cache, r))),
	}
	for i := range repo.Revisions {
		v := C.size_t(i)
		revision := CachedRevision{
			Commit: C.GoString(C.hfx_cache_revision_commit(cache, r, v)),
			Path:   C.GoString(C.hfx_cache_revision_path(cache, r, v)),
			Size:   int64(C.hfx_cache_revision_size(cache, r, v)),
			Refs:   list(func(n C.size_t) *C.char { return C.hfx_cache_revision_ref(cache, r, v, n) }),
			Files:  make([]CachedFile, int(C.hfx_cache_file_count(cache, r, v))),
		}
		for f := range revision.Files {
			revision.Files[f] = CachedFile{
				Name: C.GoString(C.hfx_cache_file_name(cache, r, v, C.size_t(f))),
				Size: int64(C.hfx_cache_file_size(cache, r, v, C.size_t(f))),
			}
		}
		repo.Revisions[i] = revision
	}
	return repo
}

// DeleteRevisions plans the deletion of revisions by their commits; blobs that a kept revision shares stay.
func (c *Cache) DeleteRevisions(commits ...string) (*Deletion, error) {
	return c.plan(func(x *call, cache *C.hfx_cache, out **C.hfx_deletion) C.hfx_status {
		return C.hfx_cache_delete_revisions(cache, x.texts(commits), C.size_t(len(commits)), out, &x.err)
	})
}

// DeleteRepo plans the deletion of a whole repository.
func (c *Cache) DeleteRepo(kind Kind, id string) (*Deletion, error) {
	return c.plan(func(x *call, cache *C.hfx_cache, out **C.hfx_deletion) C.hfx_status {
		return C.hfx_cache_delete_repo(cache, C.int32_t(kind), x.text(id), out, &x.err)
	})
}

// Prune plans a clean-up: revisions that no ref leads to, and unfinished downloads that nobody is at.
func (c *Cache) Prune() (*Deletion, error) {
	return c.plan(func(x *call, cache *C.hfx_cache, out **C.hfx_deletion) C.hfx_status {
		return C.hfx_cache_prune(cache, out, &x.err)
	})
}

func (c *Cache) plan(f func(*call, *C.hfx_cache, **C.hfx_deletion) C.hfx_status) (*Deletion, error) {
	defer runtime.KeepAlive(c)
	cache, err := c.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer c.handle.release()
	x := &call{}
	defer x.free()
	var deletion *C.hfx_deletion
	err = fail(f(x, cache, &deletion), &x.err)
	if x.bad != nil {
		return nil, x.bad
	}
	if err != nil {
		return nil, err
	}
	return &Deletion{
		Freed:  int64(C.hfx_deletion_freed(deletion)),
		handle: own(deletion, func(p *C.hfx_deletion) { C.hfx_deletion_free(p) }),
	}, nil
}

// Close frees the picture; plans made from it stay good.
func (c *Cache) Close() error {
	c.handle.close()
	return nil
}
