// Package hfx moves files between a program and the Hugging Face Hub: parallel, resumable, verified downloads into the
// cache that all Hugging Face tools share, ranges of remote files, uploads and commits. It is a thin layer over the C
// ABI of libhfx.
//
// A Client owns threads, connections and budgets. Every long call takes a context, whose end cancels the work at once
// and leaves on disk what the same call can go on with. Errors are *Error; the codes are errors too, for errors.Is:
//
//	file, err := client.DownloadFile(ctx, hfx.Model("owner/name"), "model.safetensors")
//	if errors.Is(err, hfx.ErrEntryNotFound) { ... }
//
// The library is found by pkg-config. The build tag hfx_static links it statically; hfx_env takes CGO_CFLAGS and
// CGO_LDFLAGS instead of pkg-config; hfx_debug runs the collector inside calls, to find handles that nobody keeps alive.
package hfx
