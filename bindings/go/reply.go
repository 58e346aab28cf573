package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"encoding/json"
	"runtime"
)

// Reply is an answer of the Hub.
type Reply struct {
	Status    int    // below 400: a failure is an error
	Body      []byte // JSON as a rule; empty when there was none
	RequestID string
	Next      string // where the next page is, for Call, when there are more than were asked for
	handle    *handle[*C.hfx_reply]
}

// JSON decodes the body.
func (r *Reply) JSON(into any) error { return json.Unmarshal(r.Body, into) }

// Value is one value of a JSON body by its JSON Pointer, as "/name" or "/orgs/0/name": the text of a string, other
// values as JSON; empty when there is none, or null.
func (r *Reply) Value(pointer string) string {
	return r.ask(pointer, func(reply *C.hfx_reply, text *C.char) *C.char { return C.hfx_reply_value(reply, text) })
}

// Header is a header of the answer (of its first page), its name in any case; empty when it was not sent.
func (r *Reply) Header(name string) string {
	return r.ask(name, func(reply *C.hfx_reply, text *C.char) *C.char { return C.hfx_reply_header(reply, text) })
}

func (r *Reply) ask(text string, f func(*C.hfx_reply, *C.char) *C.char) string {
	defer runtime.KeepAlive(r)
	var x call
	defer x.free()
	c := x.text(text)
	reply, err := r.handle.acquire()
	if err != nil || x.bad != nil {
		return "" // a Reply is never closed, and no name holds a zero byte
	}
	defer r.handle.release()
	return C.GoString(f(reply, c))
}

func takeReply(job *C.hfx_job, err **C.hfx_error) (*Reply, C.hfx_status) {
	var reply *C.hfx_reply
	status := C.hfx_job_take_reply(job, &reply, err)
	if status != C.HFX_OK {
		return nil, status
	}
	return &Reply{
		Status:    int(C.hfx_reply_status(reply)),
		Body:      []byte(C.GoString(C.hfx_reply_body(reply))),
		RequestID: C.GoString(C.hfx_reply_request_id(reply)),
		Next:      C.GoString(C.hfx_reply_next(reply)),
		handle:    own(reply, func(p *C.hfx_reply) { C.hfx_reply_free(p) }),
	}, status
}

// Call makes any call of the Hub's API, with the token, the rate limits and the retries of all others. target is a path
// below the endpoint, as "/api/models?limit=5", or an address on one of the Hub's own hosts; body is nil or what is
// sent as JSON. Of a list, up to pages pages are joined to one array. After a failure of anything but GET, HEAD and PUT
// the error says when the Hub may have acted.
func (c *Client) Call(ctx context.Context, method, target string, body any, pages int, options ...Option) (*Reply, error) {
	var text string
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = string(encoded)
	}
	if pages < 0 {
		return nil, &Error{Code: ErrInvalidArgument, Message: "the number of pages is negative"}
	}
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_call(x.client, x.text(method), x.text(target), x.optional(text), C.uint32_t(pages), x.options, &x.job, &x.err)
	}, takeReply)
}
