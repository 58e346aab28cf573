package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"runtime"
)

// Deletion is what will be deleted; nothing is until Client.DeleteCached.
type Deletion struct {
	Freed  int64 // the bytes that it frees, as far as can be told before
	handle *handle[*C.hfx_deletion]
}

// DeleteCached does what was planned, and gives the bytes that were freed, also with an error: it goes on after a failure
// and gives the first one at the end; cancelled, it leaves the rest. Done again, it finds nothing left to do.
func (c *Client) DeleteCached(ctx context.Context, d *Deletion, options ...Option) (int64, error) {
	defer runtime.KeepAlive(d)
	deletion, err := d.handle.acquire()
	if err != nil {
		return 0, err
	}
	defer d.handle.release()
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_delete_cached(x.client, deletion, x.options, &x.job, &x.err)
	}, takeFreed)
}

func takeFreed(job *C.hfx_job, err **C.hfx_error) (int64, C.hfx_status) {
	var progress *C.hfx_progress
	if status := C.hfx_job_progress(job, &progress, err); status != C.HFX_OK {
		return 0, status
	}
	defer C.hfx_progress_free(progress)
	var sums C.hfx_totals
	C.hfx_progress_totals(progress, &sums, C.sizeof_hfx_totals)
	return int64(sums.bytes_done), C.hfx_job_check(job, err)
}

// Close frees the plan.
func (d *Deletion) Close() error {
	d.handle.close()
	return nil
}
