package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// Schedule commits what is new in a folder at intervals, until Stop. Close it; one that is forgotten goes on.
type Schedule struct {
	job    *Job[*Committed]
	handle *handle[*C.hfx_schedule]
}

// Schedule starts committing what is new in a folder every so often. A look that finds nothing new makes no commit, a
// failed commit is logged and tried again. Hold Lock while you write what belongs together.
func (c *Client) Schedule(repo Repo, folder, pathInRepo string, every time.Duration, options ...Option) (*Schedule, error) {
	var schedule *C.hfx_schedule
	j, err := start(c, options, func(x *call) C.hfx_status {
		path, in := x.text(folder), x.optional(pathInRepo)
		return C.hfx_client_schedule_folder(x.client, x.repo(repo), path, in, C.int64_t(every.Milliseconds()), x.options, &schedule, &x.job, &x.err)
	}, takeCommitted)
	if err != nil {
		return nil, err
	}
	return &Schedule{job: j, handle: own(schedule, func(p *C.hfx_schedule) { C.hfx_schedule_free(p) })}, nil
}

// Lock begins to write: until Unlock no look at the folder is taken. It waits for one that is being taken, and for
// another lock, until ctx is over.
func (s *Schedule) Lock(ctx context.Context) error {
	wait := C.int64_t(-1)
	if ctx.Done() != nil {
		wait = C.int64_t(slice.Milliseconds())
	}
	for {
		if ctx.Err() != nil {
			return cancelled(ctx)
		}
		err := s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_lock(p, wait, err) })
		if !errors.Is(err, ErrTimeout) {
			return err
		}
	}
}

// Unlock has written; any goroutine may call it.
func (s *Schedule) Unlock() error {
	return s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_unlock(p, err) })
}

// Trigger asks for a commit now, and returns at once: the job ends with that commit, and its cancel changes nothing about
// it. It is ErrClosed when the schedule has ended.
func (s *Schedule) Trigger() (*Job[*Committed], error) {
	var job *C.hfx_job
	err := s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_trigger(p, &job, err) })
	if err != nil {
		return nil, err
	}
	return jobOf(s.job.client, job, nil, takeCommitted), nil
}

// Stop makes the last commit and gives what all came to. When ctx is over first, it is cancelled without one.
func (s *Schedule) Stop(ctx context.Context) (*Committed, error) {
	err := s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_stop(p, err) })
	if err != nil {
		return nil, err
	}
	return s.job.Wait(ctx)
}

// Job is the work behind the schedule: its progress, its end, its cancel.
func (s *Schedule) Job() *Job[*Committed] { return s.job }

// Close cancels the schedule when it was not stopped, and frees it.
func (s *Schedule) Close() error {
	s.job.Cancel()
	s.handle.close()
	return s.job.Close()
}

func (s *Schedule) use(f func(*C.hfx_schedule, **C.hfx_error) C.hfx_status) error {
	defer runtime.KeepAlive(s)
	schedule, err := s.handle.acquire()
	if err != nil {
		return err
	}
	defer s.handle.release()
	var cerr *C.hfx_error
	return fail(f(schedule, &cerr), &cerr)
}
