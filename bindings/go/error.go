package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Code says what went wrong. The constants Err... are codes and errors at once, for errors.Is.
type Code int32

// The codes of errors.
const (
	ErrInvalidArgument  Code = C.HFX_E_INVALID_ARGUMENT   // an argument is malformed; nothing was touched
	ErrCancelled        Code = C.HFX_E_CANCELLED          // the job was cancelled; the same call can go on
	ErrTimeout          Code = C.HFX_E_TIMEOUT            // a bound on time was reached
	ErrWouldDeadlock    Code = C.HFX_E_WOULD_DEADLOCK     // the call would wait for itself
	ErrForked           Code = C.HFX_E_FORKED             // the client is the parent process's
	ErrInternal         Code = C.HFX_E_INTERNAL           // a defect in hfx
	ErrClosed           Code = C.HFX_E_CLOSED             // the client or handle was closed
	ErrUnsupported      Code = C.HFX_E_UNSUPPORTED        // not on this platform, or with this server
	ErrAlreadyTaken     Code = C.HFX_E_ALREADY_TAKEN      // the result was taken already
	ErrNotEnded         Code = C.HFX_E_NOT_ENDED          // the job has not ended yet
	ErrRepoNotFound     Code = C.HFX_E_REPO_NOT_FOUND     // no such repository, or hidden from this token
	ErrRevisionNotFound Code = C.HFX_E_REVISION_NOT_FOUND // no such branch, tag or commit
	ErrEntryNotFound    Code = C.HFX_E_ENTRY_NOT_FOUND    // no such file at that revision
	ErrGated            Code = C.HFX_E_GATED              // access has to be asked for on the Hub's page
	ErrUnauthorized     Code = C.HFX_E_UNAUTHORIZED       // the token is missing, wrong or expired
	ErrForbidden        Code = C.HFX_E_FORBIDDEN          // the token may not do this
	ErrRateLimited      Code = C.HFX_E_RATE_LIMITED       // the rate limit outlasted the retries
	ErrDisabled         Code = C.HFX_E_DISABLED           // the Hub has disabled the resource
	ErrHTTP             Code = C.HFX_E_HTTP               // another HTTP status that is an error
	ErrProtocol         Code = C.HFX_E_PROTOCOL           // the server's answer makes no sense
	ErrOffline          Code = C.HFX_E_OFFLINE            // offline, and the cache does not hold it
	ErrConflict         Code = C.HFX_E_CONFLICT           // another change came first, or it exists already
	ErrNetwork          Code = C.HFX_E_NETWORK            // no connection, or it broke
	ErrTLS              Code = C.HFX_E_TLS                // certificate, handshake, or an unusable CA file
	ErrProxy            Code = C.HFX_E_PROXY              // the proxy refused or can't be used
	ErrHashMismatch     Code = C.HFX_E_HASH_MISMATCH      // wrong bytes; nothing was published
	ErrContentChanged   Code = C.HFX_E_CONTENT_CHANGED    // the file changed while it was fetched
	ErrNoHash           Code = C.HFX_E_NO_HASH            // a hash was required and none is known
	ErrIO               Code = C.HFX_E_IO                 // a file operation failed
	ErrDiskFull         Code = C.HFX_E_DISK_FULL          // the disk or quota is full; what came is kept
	ErrPermission       Code = C.HFX_E_PERMISSION         // the file system refuses access
	ErrLocked           Code = C.HFX_E_LOCKED             // somebody else holds a lock
	ErrTooSmall         Code = C.HFX_E_TOO_SMALL          // the memory is too small for the file
	ErrCorruptCache     Code = C.HFX_E_CORRUPT_CACHE      // the cache is not what it must be
	ErrIncomplete       Code = C.HFX_E_INCOMPLETE         // some files of a snapshot failed
	ErrCallback         Code = C.HFX_E_CALLBACK           // a reader or writer of the program failed
)

// Error is the code's name, as "hfx: ENTRY_NOT_FOUND".
func (c Code) Error() string {
	return "hfx: " + c.String()
}

// String is the code's name, as "ENTRY_NOT_FOUND".
func (c Code) String() string {
	return C.GoString(C.hfx_status_name(C.hfx_status(c)))
}

// Is matches the errors of the standard library that mean the same: fs.ErrNotExist, fs.ErrPermission, fs.ErrClosed,
// fs.ErrInvalid, os.ErrDeadlineExceeded.
func (c Code) Is(target error) bool {
	switch c {
	case ErrEntryNotFound, ErrRevisionNotFound, ErrRepoNotFound:
		return target == fs.ErrNotExist
	case ErrPermission, ErrForbidden, ErrUnauthorized, ErrGated:
		return target == fs.ErrPermission
	case ErrClosed:
		return target == fs.ErrClosed
	case ErrInvalidArgument:
		return target == fs.ErrInvalid
	case ErrTimeout:
		return target == os.ErrDeadlineExceeded
	}
	return false
}

// Error is a failure of the library: what failed, on what, and why.
type Error struct {
	Code       Code
	Message    string        // one line with the causes; holds no secret
	HTTPStatus int           // 0 when no answer is behind it
	RequestID  string        // under which the server logged the request
	URL        string        // without user information and query
	Commit     string        // the commit that the server named: of a missing file, or the head on a conflict
	OS         syscall.Errno // 0 when no system call is behind it
	Retryable  bool          // the same call may succeed later
	cause      error         // the context's, or the program's own reader's or writer's
}

// Error is the whole message.
func (e *Error) Error() string {
	text := e.Message
	if e.cause != nil && !strings.Contains(text, e.cause.Error()) {
		text += ": " + e.cause.Error()
	}
	return "hfx: " + text
}

// Unwrap gives the code, the error of the operating system and the cause within the program, as far as there are any.
func (e *Error) Unwrap() []error {
	causes := []error{e.Code}
	if e.OS != 0 {
		causes = append(causes, e.OS)
	}
	if e.cause != nil {
		causes = append(causes, e.cause)
	}
	return causes
}

// fail takes the error of a C call, whose status is why; nil for HFX_OK. It takes the error by its place, since Go may
// read a variable before the call beside it in a list of arguments.
func fail(status C.hfx_status, err **C.hfx_error) error {
	if e := failure(status, err); e != nil {
		return e
	}
	return nil
}

func failure(status C.hfx_status, taken **C.hfx_error) *Error {
	err := *taken
	*taken = nil
	defer C.hfx_error_free(err)
	if status == C.HFX_OK {
		return nil
	}
	if err == nil {
		return &Error{Code: Code(status), Message: Code(status).String()}
	}
	return errorOf(err)
}

// errorOf copies an error that stays C's.
func errorOf(err *C.hfx_error) *Error {
	return &Error{
		Code:       Code(C.hfx_error_status(err)),
		Message:    C.GoString(C.hfx_error_message(err)),
		HTTPStatus: int(C.hfx_error_http_status(err)),
		RequestID:  C.GoString(C.hfx_error_request_id(err)),
		URL:        C.GoString(C.hfx_error_url(err)),
		Commit:     C.GoString(C.hfx_error_commit(err)),
		OS:         syscall.Errno(C.hfx_error_os_error(err)),
		Retryable:  C.hfx_error_retryable(err) != 0,
	}
}

// errnoOf is the negative error number behind an error, as callbacks return it; 0 when there is none.
func errnoOf(err error) int {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return -int(errno)
	}
	return 0
}

// cancelled is the error of a call whose context was over.
func cancelled(ctx context.Context) *Error {
	return &Error{Code: ErrCancelled, Message: "cancelled", cause: cause(ctx)}
}

// cause is why a context is over; it wraps ctx.Err() always.
func cause(ctx context.Context) error {
	err, why := ctx.Err(), context.Cause(ctx)
	if err == why {
		return err
	}
	return fmt.Errorf("%w: %w", err, why)
}
