//go:build !hfx_debug

package hfx

// collect does nothing; see the build tag hfx_debug.
func collect() {}
