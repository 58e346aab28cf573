package hfx

// #include <stdlib.h>
// #include <hfx.h>
import "C"

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// call is what one call into C needs: handles, outputs, and the copies of its arguments, freed together after it.
type call struct {
	client  *C.hfx_client
	options *C.hfx_options
	job     *C.hfx_job
	err     *C.hfx_error
	bad     error // the first argument that can't cross
	strings []*C.char
	repos   []*C.hfx_repo
}

// text copies a string; one with a zero byte, which C would cut short, is refused: C gets what is no UTF-8 in its place,
// and not NULL, which may mean that there is none.
func (x *call) text(s string) *C.char {
	if strings.IndexByte(s, 0) >= 0 {
		x.refuse(&Error{Code: ErrInvalidArgument, Message: "a text holds a zero byte"})
		s = "\xff"
	}
	c := C.CString(s)
	x.strings = append(x.strings, c)
	return c
}

// optional copies a string; an empty one is NULL.
func (x *call) optional(s string) *C.char {
	if s == "" {
		return nil
	}
	return x.text(s)
}

func (x *call) texts(list []string) **C.char {
	if len(list) == 0 {
		return nil
	}
	from := len(x.strings)
	for _, s := range list {
		x.text(s)
	}
	return unsafe.SliceData(x.strings[from:])
}

// variables splits an environment. What is not UTF-8 counts as not set, as in C's own look at it.
func (x *call) variables(environment []string) (names, values []string) {
	for _, each := range environment {
		name, value, set := strings.Cut(each, "=")
		if set && name != "" && utf8.ValidString(each) {
			names, values = append(names, name), append(values, value)
		}
	}
	return names, values
}

func (x *call) repo(r Repo) *C.hfx_repo {
	kind := r.Kind
	if kind == 0 {
		kind = KindModel
	}
	id, revision := x.text(r.ID), x.optional(r.Revision)
	if x.bad != nil {
		return nil
	}
	var repo *C.hfx_repo
	var cerr *C.hfx_error
	if err := fail(C.hfx_repo_new(C.int32_t(kind), id, revision, &repo, &cerr), &cerr); err != nil {
		x.refuse(err)
		return nil
	}
	x.repos = append(x.repos, repo)
	return repo
}

func (x *call) refuse(err error) {
	if x.bad == nil {
		x.bad = err
	}
}

func (x *call) free() {
	for _, c := range x.strings {
		C.free(unsafe.Pointer(c))
	}
	for _, r := range x.repos {
		C.hfx_repo_free(r)
	}
	C.hfx_options_free(x.options)
}

// boolean is how C writes a truth value.
func boolean(b bool) C.int32_t {
	if b {
		return 1
	}
	return 0
}
