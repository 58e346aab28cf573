package hfx

// #include <hfx.h>
import "C"

import (
	"os"
	"sync"
	"syscall"
)

// events tells waiting goroutines that their job has ended: one goroutine for each client, parked in Go's poller on the
// client's descriptor. A thousand jobs cost neither a thread (hfx_job_wait holds one each) nor a call from C into Go.
type events struct {
	file *os.File

	mu      sync.Mutex
	waiting map[uint64]chan struct{}
	early   map[uint64]struct{} // ended before anybody waited
	stopped bool
}

// listen begins to watch a client's descriptor, of which the events keep a copy.
func listen(descriptor int) (*events, error) {
	syscall.ForkLock.RLock()
	copied, err := syscall.Dup(descriptor)
	if err == nil {
		syscall.CloseOnExec(copied)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	return &events{
		file:    os.NewFile(uintptr(copied), "hfx events"),
		waiting: map[uint64]chan struct{}{},
		early:   map[uint64]struct{}{},
	}, nil
}

// run hands out ends until stop; next gives the number of a job that has ended, or false when there is none now.
func (e *events) run(next func() (uint64, bool)) {
	defer e.endAll()
	conn, err := e.file.SyscallConn()
	if err != nil {
		return
	}
	// The library reads the descriptor: here it is only waited for, and that fails when it is closed by stop.
	_ = conn.Read(func(uintptr) bool {
		for id, ok := next(); ok; id, ok = next() {
			e.end(id)
		}
		return false
	})
}

// ended is closed when the job has ended.
func (e *events) ended(id uint64) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	done := make(chan struct{})
	if _, early := e.early[id]; early || e.stopped {
		delete(e.early, id)
		close(done)
		return done
	}
	e.waiting[id] = done
	return done
}

func (e *events) end(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if done, ok := e.waiting[id]; ok {
		delete(e.waiting, id)
		close(done)
		return
	}
	e.early[id] = struct{}{}
}

// stop ends the goroutine; called when the client has no job any more.
func (e *events) stop() error {
	return e.file.Close()
}

func (e *events) endAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	for id, done := range e.waiting {
		delete(e.waiting, id)
		close(done)
	}
}
