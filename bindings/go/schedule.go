package hfx

// #include <hfx.h>
import "C"

import (
	"context"
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

// Lock begins to write: until Unlock no look at the folder is taken. It waits for one that is being taken.
func (s *Schedule) Lock() error {
	return s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_lock(p, err) })
}

// Unlock has written; any goroutine may call it.
func (s *Schedule) Unlock() error {
	return s.use(func(p *C.hfx_schedule, err **C.hfx_error) C.hfx_status { return C.hfx_schedule_unlock(p, err) })
}

// Trigger asks for a commit now, and returns at once.
func (s *Schedule) Trigger() error {
	return s.use(func(p *C.hfx_schedule, _ **C.hfx_error) C.hfx_status {
		C.hfx_schedule_trigger(p)
		return C.HFX_OK
	})
}

// Stop makes the last commit and gives what all came to. When ctx is over first, it is cancelled without one.
func (s *Schedule) Stop(ctx context.Context) (*Committed, error) {
	err := s.use(func(p *C.hfx_schedule, _ **C.hfx_error) C.hfx_status {
		C.hfx_schedule_stop(p)
		return C.HFX_OK
	})
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
