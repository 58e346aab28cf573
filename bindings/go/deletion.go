package hfx

// #include <hfx.h>
import "C"

import "runtime"

// Deletion is what will be deleted; nothing is until Execute.
type Deletion struct {
	Freed  int64 // the bytes that it frees, as far as can be told before
	handle *handle[*C.hfx_deletion]
}

// Execute does what was planned, and gives the bytes that were freed, also with an error: it goes on after a failure and
// gives the first one at the end.
func (d *Deletion) Execute() (int64, error) {
	defer runtime.KeepAlive(d)
	deletion, err := d.handle.acquire()
	if err != nil {
		return 0, err
	}
	defer d.handle.release()
	var freed C.uint64_t
	var cerr *C.hfx_error
	err = fail(C.hfx_deletion_execute(deletion, &freed, &cerr), &cerr)
	return int64(freed), err
}

// Close frees the plan.
func (d *Deletion) Close() error {
	d.handle.close()
	return nil
}
