//go:build hfx_debug

package hfx

import "runtime"

// collect runs the collector while a C call is under way, so that a handle nobody keeps alive is freed at the worst time.
func collect() {
	runtime.GC()
	runtime.Gosched()
}
