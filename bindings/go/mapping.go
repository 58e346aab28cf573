package hfx

// #include <hfx.h>
import "C"

import (
	"io"
	"runtime"
	"unsafe"
)

// Mapping is a finished file as memory, without a copy. Meant for files that hfx has published: when another
// program truncates the file, reading the lost part raises SIGBUS; File.Open is the safe twin.
type Mapping struct {
	handle *handle[*C.hfx_map]
	bytes  []byte
}

var _ io.ReaderAt = (*Mapping)(nil)

// Map maps a file for reading: writing to the bytes ends the process. Close it; one that is forgotten is unmapped by the
// collector.
func Map(path string) (*Mapping, error) { return open(path, C.HFX_MAP_READ) }

// MapCopy maps a file whose bytes may be written to: that stays in this process, page by page, and never reaches the file.
func MapCopy(path string) (*Mapping, error) { return open(path, C.HFX_MAP_COPY) }

func open(path string, access C.int32_t) (*Mapping, error) {
	var x call
	defer x.free()
	p := x.text(path)
	if x.bad != nil {
		return nil, x.bad
	}
	var pointer *C.hfx_map
	if err := fail(C.hfx_map_open(p, access, &pointer, &x.err), &x.err); err != nil {
		return nil, err
	}
	m := &Mapping{handle: own(pointer, func(p *C.hfx_map) { C.hfx_map_free(p) })}
	if data := C.hfx_map_data(pointer); data != nil {
		m.bytes = unsafe.Slice((*byte)(data), int(C.hfx_map_length(pointer)))
	}
	return m, nil
}

// Bytes is the file, aligned to a page, and gone with Close: keep the Mapping as long as you use them.
func (m *Mapping) Bytes() []byte { return m.bytes }

// Len is the length of the file.
func (m *Mapping) Len() int { return len(m.bytes) }

// ReadAt copies from the mapping; after Close it is ErrClosed.
func (m *Mapping) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := m.handle.acquire(); err != nil {
		return 0, err
	}
	defer m.handle.release()
	defer runtime.KeepAlive(m)
	if offset < 0 {
		return 0, &Error{Code: ErrInvalidArgument, Message: "the offset is negative"}
	}
	if offset >= int64(len(m.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, m.bytes[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close ends the mapping; again it does nothing.
func (m *Mapping) Close() error {
	m.handle.close()
	return nil
}
