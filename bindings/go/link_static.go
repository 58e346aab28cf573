//go:build hfx_static && !hfx_env

package hfx

// The archive is named outright, since -lhfx takes the shared library where both lie in one folder; --as-needed then
// drops the shared one, which nothing needs any more.

// #cgo pkg-config: --static hfx
// #cgo LDFLAGS: -Wl,--as-needed -l:libhfx.a
import "C"
