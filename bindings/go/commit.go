package hfx

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"unsafe"
)

// Commit is the operations of a commit to come. While a job works on it, changes are refused with ErrLocked. Close it;
// one that is forgotten is freed by the collector.
type Commit struct {
	handle *handle[*C.hfx_commit]

	mu      sync.Mutex // C's builder is for one thread at a time
	sources []*source
}

// NewCommit makes an empty commit.
func NewCommit() (*Commit, error) {
	var pointer *C.hfx_commit
	var cerr *C.hfx_error
	if err := fail(C.hfx_commit_new(&pointer, &cerr), &cerr); err != nil {
		return nil, err
	}
	return &Commit{handle: own(pointer, func(p *C.hfx_commit) { C.hfx_commit_free(p) })}, nil
}

// add makes a call on the builder.
func (m *Commit) add(f func(*call, *C.hfx_commit) C.hfx_status) error {
	defer runtime.KeepAlive(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	commit, err := m.handle.acquire()
	if err != nil {
		return err
	}
	defer m.handle.release()
	x := &call{}
	defer x.free()
	err = fail(f(x, commit), &x.err)
	if x.bad != nil {
		return x.bad
	}
	return err
}

// AddFile adds or replaces a file by one on disk, which is read when the commit is made and must not change until then.
func (m *Commit) AddFile(pathInRepo, file string) error {
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		return C.hfx_commit_add_file(commit, x.text(pathInRepo), x.text(file), &x.err)
	})
}

// AddBytes adds or replaces a file by bytes, which are copied.
func (m *Commit) AddBytes(pathInRepo string, content []byte) error {
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		data := unsafe.Pointer(unsafe.SliceData(content))
		return C.hfx_commit_add_bytes(commit, x.text(pathInRepo), data, C.size_t(len(content)), &x.err)
	})
}

// AddReaderAt adds or replaces a file by size bytes of r, which is read from several goroutines at once, the same bytes
// more than once. A read that is under way while the job is cancelled may return after it. What r fails with, a panic
// too, ends the job and is wrapped by its error.
func (m *Commit) AddReaderAt(pathInRepo string, r io.ReaderAt, size int64) error {
	if r == nil || size < 0 {
		return &Error{Code: ErrInvalidArgument, Message: "no reader, or a negative size"}
	}
	s := &source{from: r}
	err := m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		path := x.text(pathInRepo)
		return C.hfx_go_add_reader(commit, path, C.uint64_t(size), C.uintptr_t(lend(s)), &x.err)
	})
	if err == nil {
		m.mu.Lock()
		m.sources = append(m.sources, s)
		m.mu.Unlock()
	}
	return err
}

// AddLFS adds or replaces a file by content that the repository's LFS server holds already, as after Preupload with this
// or another Commit: its SHA-256 in hex (CommittedFile.OID) and its length.
func (m *Commit) AddLFS(pathInRepo, oid string, size int64) error {
	if size < 0 {
		return &Error{Code: ErrInvalidArgument, Message: "a negative size"}
	}
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		return C.hfx_commit_add_lfs(commit, x.text(pathInRepo), x.text(oid), C.uint64_t(size), &x.err)
	})
}

// DeleteFile deletes a file.
func (m *Commit) DeleteFile(pathInRepo string) error {
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		return C.hfx_commit_delete_file(commit, x.text(pathInRepo), &x.err)
	})
}

// DeleteFolder deletes a folder with all that is in it.
func (m *Commit) DeleteFolder(pathInRepo string) error {
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		return C.hfx_commit_delete_folder(commit, x.text(pathInRepo), &x.err)
	})
}

// CopyFile copies a file to pathInRepo without sending an LFS file again: from fromPath of from at its revision, or of
// the repository that is committed to when from is nil.
func (m *Commit) CopyFile(from *Repo, fromPath, pathInRepo string) error {
	return m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		var repo *C.hfx_repo
		if from != nil {
			if repo = x.repo(*from); repo == nil {
				return C.HFX_E_INVALID_ARGUMENT
			}
		}
		return C.hfx_commit_copy_file(commit, repo, x.text(fromPath), x.text(pathInRepo), &x.err)
	})
}

// Count is how many operations the commit has; 0 while a job works on it.
func (m *Commit) Count() int {
	count := 0
	err := m.add(func(x *call, commit *C.hfx_commit) C.hfx_status {
		count = int(C.hfx_commit_count(commit))
		return C.HFX_OK
	})
	if err != nil {
		return 0 // closed: there are none any more
	}
	return count
}

// Close frees the builder; a job that works on it goes on.
func (m *Commit) Close() error {
	m.handle.close()
	return nil
}

// blame is what the readers failed with.
func (m *Commit) blame() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []error
	for _, s := range m.sources {
		all = append(all, s.failure())
	}
	return errors.Join(all...)
}

// forget drops the readers of a builder that is empty.
func (m *Commit) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources = nil
}

// source reads content for an upload on the library's threads.
type source struct {
	from io.ReaderAt

	mu  sync.Mutex
	err error
}

// read fills all of p, or gives the negative number of the operating system's error, 0 when there is none behind it.
func (s *source) read(p []byte, offset int64) (n int) {
	defer func() {
		if r := recover(); r != nil {
			s.fail(fmt.Errorf("the reader panicked: %v", r))
			n = 0
		}
	}()
	s.mu.Lock()
	from := s.from
	s.mu.Unlock()
	n, err := from.ReadAt(p, offset)
	if n == len(p) {
		return n
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF // shorter than the size that was given
	}
	s.fail(err)
	return errnoOf(err)
}

// drop lets go of the content, which the library needs no more; the builder keeps but what it failed with.
func (s *source) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = nil
}

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// failure is what the reader failed with since it was asked last.
func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.err
	s.err = nil
	return err
}

// work starts a job on a builder.
func work(c *Client, m *Commit, options []Option, begin func(*call, *C.hfx_commit) C.hfx_status) (*Job[*Committed], error) {
	defer runtime.KeepAlive(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	commit, err := m.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer m.handle.release()
	j, err := start(c, options, func(x *call) C.hfx_status { return begin(x, commit) }, takeCommitted)
	if err != nil {
		return nil, err
	}
	j.blame = m.blame
	return j, nil
}

// StartCommit starts Commit as a job.
func (c *Client) StartCommit(repo Repo, commit *Commit, options ...Option) (*Job[*Committed], error) {
	return work(c, commit, options, func(x *call, pointer *C.hfx_commit) C.hfx_status {
		return C.hfx_client_commit(x.client, x.repo(repo), pointer, x.options, &x.job, &x.err)
	})
}

// Commit makes a commit to a repository at its revision (a branch or "refs/pr/N"), once: what the repository holds is
// left out, LFS content is sent first. It follows commits by others in between; where they changed the same paths it is
// ErrConflict, with the head in Error.Commit. When it has ended well the builder is empty, else it holds what it held.
func (c *Client) Commit(ctx context.Context, repo Repo, commit *Commit, options ...Option) (*Committed, error) {
	return finishCommit(ctx, commit, func() (*Job[*Committed], error) { return c.StartCommit(repo, commit, options...) })
}

// Preupload sends the LFS content of a commit to come and lets go of it, so that content can be made, sent and
// forgotten piece by piece, and committed at the end.
func (c *Client) Preupload(ctx context.Context, repo Repo, commit *Commit, options ...Option) (*Committed, error) {
	return finishCommit(ctx, commit, func() (*Job[*Committed], error) {
		return work(c, commit, options, func(x *call, pointer *C.hfx_commit) C.hfx_status {
			return C.hfx_client_preupload(x.client, x.repo(repo), pointer, x.options, &x.job, &x.err)
		})
	})
}

func finishCommit(ctx context.Context, commit *Commit, begin func() (*Job[*Committed], error)) (*Committed, error) {
	if ctx.Err() != nil {
		return nil, cancelled(ctx)
	}
	j, err := begin()
	if err != nil {
		return nil, err
	}
	defer j.handle.close()
	made, err := j.Wait(ctx)
	if err == nil && commit.Count() == 0 {
		commit.forget()
	}
	return made, err
}
