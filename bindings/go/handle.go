package hfx

import (
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"
)

// handle owns one C object: freed by close or, when it was forgotten, by the collector; in either case after its last
// use has ended, so that a Close beside a running call is safe.
type handle[P comparable] struct {
	mu      sync.Mutex
	pointer P
	free    func(P)
	users   int
	closed  bool
	cleanup runtime.Cleanup
}

// owned counts the C objects that are alive, for tests of leaks.
var owned atomic.Int64

func own[P comparable](pointer P, free func(P)) *handle[P] {
	owned.Add(1)
	counted := func(p P) {
		free(p)
		owned.Add(-1)
	}
	h := &handle[P]{pointer: pointer, free: counted}
	h.cleanup = runtime.AddCleanup(h, counted, pointer)
	return h
}

// acquire lends the C object until release, which also keeps the handle from the collector.
func (h *handle[P]) acquire() (P, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		var none P
		return none, &Error{Code: ErrClosed, Message: "the handle was closed"}
	}
	h.users++
	collect()
	return h.pointer, nil
}

func (h *handle[P]) release() {
	h.mu.Lock()
	h.users--
	last := h.closed && h.users == 0
	h.mu.Unlock()
	if last {
		h.free(h.pointer)
	}
	runtime.KeepAlive(h)
}

// close frees the object now, or when its last user releases it; again it does nothing.
func (h *handle[P]) close() {
	h.mu.Lock()
	first := !h.closed
	last := first && h.users == 0
	h.closed = true
	h.mu.Unlock()
	if first {
		h.cleanup.Stop()
	}
	if last {
		h.free(h.pointer)
	}
	runtime.KeepAlive(h)
}

// lent counts the Go values that C holds, for tests of leaks.
var lent atomic.Int64

// lend gives C a number for a Go value, which C's destructor takes back.
func lend(value any) cgo.Handle {
	lent.Add(1)
	return cgo.NewHandle(value)
}

func takeBack(h cgo.Handle) {
	h.Delete()
	lent.Add(-1)
}
