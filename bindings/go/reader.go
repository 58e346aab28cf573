package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"unsafe"
)

// Reader reads a remote file by ranges, without the disk: an io.ReaderAt for any number of goroutines, and an
// io.ReadSeeker with a read-ahead that grows while reads are sequential. All reads are of the content that was there when
// it was opened, as its commit and etag say; when that has changed they are ErrContentChanged. Ranges of what the cache
// holds come from there.
type Reader struct {
	ctx    context.Context
	size   int64
	commit string
	etag   string
	fetch  func(ctx context.Context, memory []byte, offset int64) (*Content, error)
	stream func(ctx context.Context, w io.Writer, offset int64) (*Content, error)

	mu     sync.Mutex
	offset int64
	ahead  []byte // what was read ahead, from start on
	start  int64
	next   int // how much is read ahead the next time
}

// Read-ahead begins small, for who wants a header alone, and doubles up to what pays for a whole file.
const (
	firstAhead = 64 << 10
	mostAhead  = 4 << 20
)

var (
	_ io.ReaderAt   = (*Reader)(nil)
	_ io.ReadSeeker = (*Reader)(nil)
	_ io.WriterTo   = (*Reader)(nil)
)

// OpenFile opens a file of a repository for reading by ranges. The context holds for the reader's whole life, since
// io.Reader takes none; ReadAtContext takes one of its own.
func (c *Client) OpenFile(ctx context.Context, repo Repo, path string, options ...Option) (*Reader, error) {
	meta, err := c.FileMeta(ctx, repo, path, options...)
	if err != nil {
		return nil, err
	}
	repo.Revision = meta.Commit
	options = matching(options, meta.Etag)
	return &Reader{
		ctx:    ctx,
		size:   meta.Size,
		commit: meta.Commit,
		etag:   meta.Etag,
		next:   firstAhead,
		fetch: func(ctx context.Context, memory []byte, offset int64) (*Content, error) {
			return readInto(ctx, c, memory, options, func(x *call, to unsafe.Pointer, length C.size_t) C.hfx_status {
				r, p := x.repo(repo), x.text(path)
				return C.hfx_client_read_file_into(x.client, r, p, C.uint64_t(offset), C.int64_t(length), to, length, x.options, &x.job, &x.err)
			})
		},
		stream: func(ctx context.Context, w io.Writer, offset int64) (*Content, error) {
			return c.StreamFile(ctx, repo, path, offset, ToEnd, w, options...)
		},
	}, nil
}

// OpenURL opens any http or https URL for reading by ranges. When its server names no etag, nothing tells of content that
// changes between them.
func (c *Client) OpenURL(ctx context.Context, url string, options ...Option) (*Reader, error) {
	first, err := c.ReadURL(ctx, url, 0, firstAhead, options...)
	if err != nil {
		return nil, err
	}
	options = matching(options, first.Etag)
	return &Reader{
		ctx:   ctx,
		size:  first.FileSize,
		etag:  first.Etag,
		ahead: first.Data,
		next:  2 * firstAhead,
		fetch: func(ctx context.Context, memory []byte, offset int64) (*Content, error) {
			return readInto(ctx, c, memory, options, func(x *call, to unsafe.Pointer, length C.size_t) C.hfx_status {
				return C.hfx_client_read_url_into(x.client, x.text(url), C.uint64_t(offset), C.int64_t(length), to, length, x.options, &x.job, &x.err)
			})
		},
		stream: func(ctx context.Context, w io.Writer, offset int64) (*Content, error) {
			return c.StreamURL(ctx, url, offset, ToEnd, w, options...)
		},
	}, nil
}

// matching are the options with the etag that each read must find.
func matching(options []Option, etag string) []Option {
	if etag == "" {
		return options
	}
	return append(slices.Clone(options), WithIfMatch(etag))
}

// Size is the size of the file.
func (r *Reader) Size() int64 { return r.size }

// Commit is the commit that is read; empty for a URL.
func (r *Reader) Commit() string { return r.commit }

// Etag is what is read, as SHA-256 or git SHA-1, or as the server of a URL names it; empty when unknown.
func (r *Reader) Etag() string { return r.etag }

// ReadAt reads len(p) bytes from offset on, straight into p.
func (r *Reader) ReadAt(p []byte, offset int64) (int, error) {
	return r.ReadAtContext(r.ctx, p, offset)
}

// ReadAtContext is ReadAt with a context of its own.
func (r *Reader) ReadAtContext(ctx context.Context, p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, &Error{Code: ErrInvalidArgument, Message: "the offset is negative"}
	}
	if len(p) == 0 {
		return 0, nil
	}
	if offset >= r.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), r.size-offset)]
	content, err := r.fetch(ctx, want, offset)
	if err != nil {
		return 0, err
	}
	if content.Length < int64(len(want)) {
		return int(content.Length), io.ErrUnexpectedEOF
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// Read reads on, from what was read ahead or with one request more.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if r.offset >= r.size {
		return 0, io.EOF
	}
	if rest := r.buffered(); len(rest) > 0 {
		n := copy(p, rest)
		r.offset += int64(n)
		return n, nil
	}
	if len(p) >= r.next {
		n, err := r.ReadAt(p, r.offset)
		r.offset += int64(n)
		if errors.Is(err, io.EOF) && n > 0 {
			err = nil
		}
		return n, err
	}
	ahead := make([]byte, min(int64(r.next), r.size-r.offset))
	if _, err := r.ReadAt(ahead, r.offset); err != nil {
		return 0, err
	}
	r.ahead, r.start = ahead, r.offset
	r.next = min(2*r.next, mostAhead)
	n := copy(p, ahead)
	r.offset += int64(n)
	return n, nil
}

// buffered is what was read ahead from the offset on.
func (r *Reader) buffered() []byte {
	if r.offset < r.start || r.offset >= r.start+int64(len(r.ahead)) {
		return nil
	}
	return r.ahead[r.offset-r.start:]
}

// Seek sets where Read goes on; a place that was not read ahead begins with a small read-ahead again.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, &Error{Code: ErrInvalidArgument, Message: "the offset is before the file"}
	}
	if offset != r.offset {
		r.offset = offset
		if r.buffered() == nil {
			r.next = firstAhead
		}
	}
	return offset, nil
}

// WriteTo streams the rest of the file, with parallel ranges: what io.Copy uses.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.offset >= r.size {
		return 0, nil
	}
	counted := &counter{to: w}
	_, err := r.stream(r.ctx, counted, r.offset)
	r.offset += counted.n
	return counted.n, err
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
