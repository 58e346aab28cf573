package hfx

// #include <hfx.h>
// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// Job is work on the library's threads, which ends exactly once. It may be used from many goroutines.
type Job[T any] struct {
	*job
	take taker[T]

	mu     sync.Mutex
	taken  bool
	result T
	err    error
}

// taker takes the typed result of a job that has ended.
type taker[T any] func(*C.hfx_job, **C.hfx_error) (T, C.hfx_status)

type job struct {
	client  *Client // kept from the collector, which would close it under the job
	handle  *handle[*C.hfx_job]
	id      uint64
	ended   <-chan struct{}
	watcher *watcher
	sink    *sink
	blame   func() error // what the program's own reader failed with
}

// starter begins a job: begin makes the C call, which fills x.job and x.err.
type starter func(x *call) C.hfx_status

func start[T any](c *Client, options []Option, begin starter, take taker[T]) (*Job[T], error) {
	defer runtime.KeepAlive(c)
	client, err := c.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer c.handle.release()
	x := &call{client: client}
	defer x.free()
	s := gather(options)
	w := newWatcher(c, s)
	if len(options) > 0 || w != nil {
		if err := s.options(x); err != nil {
			return nil, err
		}
	}
	if w != nil {
		if err := fail(C.hfx_go_set_progress(x.options, C.uintptr_t(lend(w)), &x.err), &x.err); err != nil {
			return nil, err
		}
	}
	collect()
	err = fail(begin(x), &x.err)
	if x.bad != nil {
		C.hfx_job_cancel(x.job) // none, where C saw it as well
		C.hfx_job_free(x.job)
		return nil, x.bad
	}
	if err != nil {
		return nil, err
	}
	return jobOf(c, x.job, w, take), nil
}

// jobOf owns a job that has started.
func jobOf[T any](c *Client, pointer *C.hfx_job, w *watcher, take taker[T]) *Job[T] {
	id := uint64(C.hfx_job_id(pointer))
	return &Job[T]{take: take, job: &job{
		client:  c,
		handle:  own(pointer, func(p *C.hfx_job) { C.hfx_job_free(p) }),
		id:      id,
		ended:   c.events.ended(id),
		watcher: w,
	}}
}

// run starts a job and waits for it.
func run[T any](ctx context.Context, c *Client, options []Option, begin starter, take taker[T]) (T, error) {
	if ctx.Err() != nil {
		var none T
		return none, cancelled(ctx)
	}
	j, err := start(c, options, begin, take)
	if err != nil {
		var none T
		return none, err
	}
	defer j.handle.close()
	return j.Wait(ctx)
}

// nothing takes the end of a job without a result.
func nothing(job *C.hfx_job, err **C.hfx_error) (struct{}, C.hfx_status) {
	return struct{}{}, C.hfx_job_check(job, err)
}

// do runs a job without a result.
func do(ctx context.Context, c *Client, options []Option, begin starter) error {
	_, err := run(ctx, c, options, begin, nothing)
	return err
}

// Wait waits for the end and gives the result, as often as it is called. When ctx is over first, the job is cancelled
// at once, and the error wraps ctx.Err(); to wait without that, select on Done.
func (j *Job[T]) Wait(ctx context.Context) (T, error) {
	if pointer, err := j.handle.acquire(); err == nil {
		defer j.handle.release()
		j.wait(ctx, pointer)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.taken {
		j.result, j.err = j.finish(ctx)
		j.taken = true
	}
	return j.result, j.err
}

func (j *Job[T]) finish(ctx context.Context) (T, error) {
	pointer, err := j.handle.acquire()
	if err != nil {
		var none T
		return none, err
	}
	defer j.handle.release()
	var cerr *C.hfx_error
	result, status := j.take(pointer, &cerr)
	e := failure(status, &cerr)
	if e == nil {
		return result, nil
	}
	switch {
	case e.Code == ErrCancelled && ctx.Err() != nil:
		e.cause = cause(ctx)
	case e.Code == ErrCallback && j.sink != nil:
		e.cause = j.sink.err
	case e.Code == ErrCallback && j.blame != nil:
		e.cause = j.blame()
	}
	return result, e
}

// wait returns when the job has ended, and meanwhile runs what the program gave for it on this goroutine.
func (j *job) wait(ctx context.Context, pointer *C.hfx_job) {
	defer runtime.KeepAlive(j.client)
	var progress <-chan Progress
	var chunks <-chan chunk
	if j.watcher != nil {
		progress = j.watcher.latest
	}
	if j.sink != nil {
		chunks = j.sink.chunks
	}
	whole := false
	defer func() {
		if j.sink != nil {
			j.sink.stop()
		}
		if !whole {
			C.hfx_job_cancel(pointer) // the context is over, or a panic is on its way through
			<-j.ended
		}
	}()
	for {
		select {
		case <-j.ended:
			whole = true
			j.watcher.last()
			return
		case p := <-progress:
			j.watcher.f(p)
		case c := <-chunks:
			j.sink.take(c)
		case <-ctx.Done():
			return
		}
	}
}

// ID is the job's number, unique within its client.
func (j *job) ID() uint64 { return j.id }

// Done is closed when the job has ended, well or not: Wait does not block any more.
func (j *job) Done() <-chan struct{} { return j.ended }

// Cancel asks the job to end and returns at once. What is on disk can be gone on with by the same call.
func (j *job) Cancel() {
	j.tell(func(p *C.hfx_job) { C.hfx_job_cancel(p) })
}

// Pause asks the job to use neither network nor disk until Resume.
func (j *job) Pause() {
	j.tell(func(p *C.hfx_job) { C.hfx_job_pause(p) })
}

// Resume lets a paused job go on.
func (j *job) Resume() {
	j.tell(func(p *C.hfx_job) { C.hfx_job_resume(p) })
}

// tell says something to a job; a closed handle has nobody to say it to.
func (j *job) tell(f func(*C.hfx_job)) {
	pointer, err := j.handle.acquire()
	if err != nil {
		return
	}
	defer j.handle.release()
	f(pointer)
}

// Progress is how far the job is now.
func (j *job) Progress() (Progress, error) {
	pointer, err := j.handle.acquire()
	if err != nil {
		return Progress{}, err
	}
	defer j.handle.release()
	var progress *C.hfx_progress
	var cerr *C.hfx_error
	if err := fail(C.hfx_job_progress(pointer, &progress, &cerr), &cerr); err != nil {
		return Progress{}, err
	}
	defer C.hfx_progress_free(progress)
	return progressOf(progress), nil
}

// Close frees the handle; the job goes on, and Wait after it gives ErrClosed unless it gave a result before.
func (j *job) Close() error {
	j.handle.close()
	return nil
}
