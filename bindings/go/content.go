package hfx

// #include "shim.h"
import "C"

import (
	"context"
	"io"
	"runtime"
	"sync"
	"unsafe"
)

// Content is bytes of a remote file that were read without the disk.
type Content struct {
	Data     []byte // nil when they went to a writer or into the caller's memory
	Length   int64  // how many were read
	FileSize int64  // of the whole remote file
	Commit   string // empty when unknown, and for a URL
	Etag     string // of the whole file; with WithIfMatch later reads are of the same content
	Verified Verified
}

// ToEnd as a length means all from the offset on.
const ToEnd = -1

// ReadFile reads length bytes from offset on into memory; a range that ends behind the file is shortened.
func (c *Client) ReadFile(ctx context.Context, repo Repo, path string, offset, length int64, options ...Option) (*Content, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_read_file(x.client, x.repo(repo), x.text(path), C.uint64_t(offset), C.int64_t(length), x.options, &x.job, &x.err)
	}, takeContent)
}

// ReadURL is ReadFile of any http or https URL.
func (c *Client) ReadURL(ctx context.Context, url string, offset, length int64, options ...Option) (*Content, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_read_url(x.client, x.text(url), C.uint64_t(offset), C.int64_t(length), x.options, &x.job, &x.err)
	}, takeContent)
}

// StreamFile writes length bytes from offset on to w, in order, while ranges are fetched in parallel. w is used on the
// calling goroutine alone, and not any more after the return; it must not close the client. What it got is proven only
// when the error is nil. OnStart tells which file it is before the first byte.
func (c *Client) StreamFile(ctx context.Context, repo Repo, path string, offset, length int64, w io.Writer, options ...Option) (*Content, error) {
	return stream(ctx, c, w, options, func(x *call, user C.uintptr_t) C.hfx_status {
		r, p := x.repo(repo), x.text(path)
		return C.hfx_go_stream_file(x.client, r, p, C.uint64_t(offset), C.int64_t(length), user, x.options, &x.job, &x.err)
	})
}

// StreamURL is StreamFile of any http or https URL.
func (c *Client) StreamURL(ctx context.Context, url string, offset, length int64, w io.Writer, options ...Option) (*Content, error) {
	return stream(ctx, c, w, options, func(x *call, user C.uintptr_t) C.hfx_status {
		return C.hfx_go_stream_url(x.client, x.text(url), C.uint64_t(offset), C.int64_t(length), user, x.options, &x.job, &x.err)
	})
}

func stream(ctx context.Context, c *Client, w io.Writer, options []Option, begin func(*call, C.uintptr_t) C.hfx_status) (*Content, error) {
	if ctx.Err() != nil {
		return nil, cancelled(ctx)
	}
	s := &sink{begun: gather(options).begun, to: w, chunks: make(chan chunk), stopped: make(chan struct{})}
	j, err := start(c, options, func(x *call) C.hfx_status {
		return begin(x, C.uintptr_t(lend(s)))
	}, takeContent)
	if err != nil {
		return nil, err
	}
	defer j.handle.close()
	j.sink = s
	return j.Wait(ctx)
}

// readInto reads straight into memory, which is pinned until the job has ended: nothing is copied.
func readInto(ctx context.Context, c *Client, memory []byte, options []Option, begin func(*call, unsafe.Pointer, C.size_t) C.hfx_status) (*Content, error) {
	if ctx.Err() != nil {
		return nil, cancelled(ctx)
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(unsafe.SliceData(memory))
	j, err := start(c, options, func(x *call) C.hfx_status {
		return begin(x, unsafe.Pointer(unsafe.SliceData(memory)), C.size_t(len(memory)))
	}, takeContent)
	if err != nil {
		return nil, err
	}
	defer j.handle.close()
	return j.Wait(ctx) // returns when the job has ended, also when the context was over before
}

func takeContent(job *C.hfx_job, err **C.hfx_error) (*Content, C.hfx_status) {
	var bytes *C.hfx_bytes
	status := C.hfx_job_take_bytes(job, &bytes, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_bytes_free(bytes)
	content := &Content{
		Length:   int64(C.hfx_bytes_length(bytes)),
		FileSize: int64(C.hfx_bytes_file_size(bytes)),
		Commit:   C.GoString(C.hfx_bytes_commit(bytes)),
		Etag:     C.GoString(C.hfx_bytes_etag(bytes)),
		Verified: Verified(C.hfx_bytes_verified(bytes)),
	}
	if data := C.hfx_bytes_data(bytes); data != nil {
		content.Data = make([]byte, content.Length)
		copy(content.Data, unsafe.Slice((*byte)(data), content.Length))
	}
	return content, status
}

// sink carries a stream from a thread of the library to the goroutine that waits, which writes it: so the writer is
// used by one goroutine, and its panic meets its own caller.
type sink struct {
	begun   func(*Meta) error
	to      io.Writer
	chunks  chan chunk
	stopped chan struct{}
	once    sync.Once
	err     error
}

// chunk is a piece of a stream, or what begins it.
type chunk struct {
	meta  *Meta
	bytes []byte // C's, good until taken is answered
	taken chan int
}

// hand gives what the library's callback returns.
func (s *sink) hand(c chunk) int {
	if c.meta != nil && s.begun == nil {
		return C.HFX_CONTINUE
	}
	c.taken = make(chan int, 1)
	select {
	case s.chunks <- c:
		return <-c.taken
	case <-s.stopped:
		return C.HFX_STOP
	}
}

func (s *sink) take(c chunk) {
	answer := C.HFX_STOP // of a panic
	defer func() { c.taken <- answer }()
	err := s.use(c)
	if err == nil {
		answer = C.HFX_CONTINUE
		return
	}
	if s.err == nil {
		s.err = err
	}
	if errno := errnoOf(err); errno != 0 {
		answer = errno
	}
}

func (s *sink) use(c chunk) error {
	if c.meta != nil {
		return s.begun(c.meta)
	}
	if len(c.bytes) == 0 {
		return nil
	}
	n, err := s.to.Write(c.bytes)
	if err == nil && n < len(c.bytes) {
		err = io.ErrShortWrite
	}
	return err
}

// stop lets go of a thread that waits to hand a chunk over.
func (s *sink) stop() {
	s.once.Do(func() { close(s.stopped) })
}
