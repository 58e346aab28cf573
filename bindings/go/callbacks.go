package hfx

// #include "shim.h"
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// The library calls these on its own threads. None runs code of the program but goRead and goLog, which recover: a
// panic must not unwind through C.

//export goDestroy
func goDestroy(user C.uintptr_t) {
	if s, ok := cgo.Handle(user).Value().(*source); ok {
		s.drop()
	}
	takeBack(cgo.Handle(user))
}

//export goProgress
func goProgress(progress *C.hfx_progress, user C.uintptr_t) {
	cgo.Handle(user).Value().(*watcher).put(progressOf(progress))
}

//export goStart
func goStart(meta *C.hfx_meta, user C.uintptr_t) C.int32_t {
	return C.int32_t(cgo.Handle(user).Value().(*sink).hand(chunk{meta: metaOf(meta)}))
}

//export goChunk
func goChunk(bytes unsafe.Pointer, length C.size_t, user C.uintptr_t) C.int32_t {
	return C.int32_t(cgo.Handle(user).Value().(*sink).hand(chunk{bytes: unsafe.Slice((*byte)(bytes), int(length))}))
}

//export goRead
func goRead(offset C.uint64_t, buffer unsafe.Pointer, length C.size_t, user C.uintptr_t) C.int64_t {
	source := cgo.Handle(user).Value().(*source)
	return C.int64_t(source.read(unsafe.Slice((*byte)(buffer), int(length)), int64(offset)))
}

//export goLog
func goLog(level C.int32_t, room, message *C.char, user C.uintptr_t) {
	cgo.Handle(user).Value().(*logger).log(int32(level), C.GoString(room), C.GoString(message))
}
