//go:build !hfx_static && !hfx_env

package hfx

// #cgo pkg-config: hfx
import "C"
