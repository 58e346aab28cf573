package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Client owns threads, connections and budgets, which all its calls share. It may be used from many goroutines.
// Close it; one that is forgotten is closed by the collector.
type Client struct {
	*engine
}

// engine is the part of a client that its own goroutine may hold without keeping the client from the collector.
type engine struct {
	handle   *handle[*C.hfx_client]
	events   *events
	progress func(Progress)
	channel  chan Progress
	log      *logger

	closing sync.Mutex
	closed  bool
	running chan struct{} // closed when the goroutine of the events has ended
}

// Version is the version of the library that runs, as "0.1.0".
func Version() string { return C.GoString(C.hfx_version_string()) }

// VersionNumber is major * 1000000 + minor * 1000 + patch of the library that runs.
func VersionNumber() int { return int(C.hfx_version_number()) }

// Open makes a client. It starts the client's threads, and opens no connection and no file.
func Open(options ...Option) (*Client, error) {
	var x call
	defer x.free()
	s := gather(options)
	if err := fail(C.hfx_version_check(C.HFX_VERSION_NUMBER, &x.err), &x.err); err != nil {
		return nil, err
	}
	if err := s.options(&x); err != nil {
		return nil, err
	}
	var pointer *C.hfx_client
	if err := fail(C.hfx_client_open(x.options, &pointer, &x.err), &x.err); err != nil {
		return nil, err
	}
	e := &engine{
		handle:   own(pointer, func(p *C.hfx_client) { C.hfx_client_free(p) }),
		progress: s.progress,
		channel:  s.channel,
		log:      s.log,
		running:  make(chan struct{}),
	}
	if err := e.listen(pointer); err != nil {
		e.handle.close()
		return nil, err
	}
	c := &Client{engine: e}
	runtime.AddCleanup(c, func(e *engine) { go e.abandon() }, e)
	return c, nil
}

func (e *engine) listen(pointer *C.hfx_client) error {
	var descriptor C.int32_t
	var cerr *C.hfx_error
	if err := fail(C.hfx_client_event_fd(pointer, &descriptor, &cerr), &cerr); err != nil {
		return err
	}
	events, err := listen(int(descriptor))
	if err != nil {
		return fmt.Errorf("hfx: can't watch the client's descriptor: %w", err)
	}
	e.events = events
	go func() {
		defer close(e.running)
		events.run(e.next)
	}()
	return nil
}

// next is the number of a job that has ended.
func (e *engine) next() (uint64, bool) {
	client, err := e.handle.acquire()
	if err != nil {
		return 0, false
	}
	defer e.handle.release()
	var job *C.hfx_job
	if C.hfx_client_next_job(client, &job, nil) != C.HFX_OK || job == nil {
		return 0, false
	}
	defer C.hfx_job_free(job)
	return uint64(C.hfx_job_id(job)), true
}

// Close cancels all jobs and waits until every thread of the client has ended, or ctx is over: then it may be called
// again. After it has said nil no callback runs and no descriptor is open. Called again it does nothing.
func (c *Client) Close(ctx context.Context) error {
	defer runtime.KeepAlive(c)
	return c.close(ctx)
}

// slice bounds one look at a context while the library closes, or waits for a lock.
const slice = 50 * time.Millisecond

func (e *engine) close(ctx context.Context) error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.closed {
		return nil
	}
	client, err := e.handle.acquire()
	if err != nil {
		return err
	}
	wait := slice
	if ctx.Done() == nil {
		wait = -time.Millisecond
	}
	for {
		var cerr *C.hfx_error
		err := fail(C.hfx_client_close(client, C.int64_t(wait.Milliseconds()), &cerr), &cerr)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrTimeout) || ctx.Err() != nil {
			e.handle.release()
			if ctx.Err() != nil {
				return fmt.Errorf("%w: %w", err, cause(ctx))
			}
			return err
		}
	}
	e.handle.release()
	e.closed = true
	err = e.events.stop()
	<-e.running
	e.handle.close()
	return errors.Join(err, e.log.failure())
}

// abandon closes a client that the collector found; nobody is there to be told how that went.
func (e *engine) abandon() {
	_ = e.close(context.Background())
}

// SetMaxConnections changes the cap on connections while jobs run; 0 lets hfx find the number that pays.
func (c *Client) SetMaxConnections(most int) error {
	return c.use(func(client *C.hfx_client, err **C.hfx_error) C.hfx_status {
		return C.hfx_client_set_max_connections(client, C.int64_t(most), err)
	})
}

// SetMaxRate changes the cap on bytes per second, all jobs together, while jobs run; 0 is none.
func (c *Client) SetMaxRate(bytesPerSecond int64) error {
	return c.use(func(client *C.hfx_client, err **C.hfx_error) C.hfx_status {
		return C.hfx_client_set_max_rate(client, C.int64_t(bytesPerSecond), err)
	})
}

// use makes a call that is no job.
func (c *Client) use(f func(*C.hfx_client, **C.hfx_error) C.hfx_status) error {
	defer runtime.KeepAlive(c)
	client, err := c.handle.acquire()
	if err != nil {
		return err
	}
	defer c.handle.release()
	var cerr *C.hfx_error
	return fail(f(client, &cerr), &cerr)
}
