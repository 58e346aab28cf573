package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"net/http"
)

// UploadURL sends a file with one PUT to any URL, as a presigned one, and gives the headers of the answer.
func (c *Client) UploadURL(ctx context.Context, file, url string, options ...Option) (http.Header, error) {
	parts, err := run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_upload_url(x.client, x.text(file), x.text(url), x.options, &x.job, &x.err)
	}, takeParts)
	if err != nil {
		return nil, err
	}
	return parts[0], nil
}

// UploadParts sends a file in parts of partSize bytes to one URL each, side by side, as an S3 multipart upload wants it,
// and gives the headers of each answer; completing it with their ETags is the caller's.
func (c *Client) UploadParts(ctx context.Context, file string, urls []string, partSize int64, options ...Option) ([]http.Header, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		path, list := x.text(file), x.texts(urls)
		return C.hfx_client_upload_parts(x.client, path, list, C.size_t(len(urls)), C.uint64_t(partSize), x.options, &x.job, &x.err)
	}, takeParts)
}

func takeParts(job *C.hfx_job, err **C.hfx_error) ([]http.Header, C.hfx_status) {
	var parts *C.hfx_parts
	status := C.hfx_job_take_parts(job, &parts, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_parts_free(parts)
	headers := make([]http.Header, int(C.hfx_parts_count(parts)))
	for i := range headers {
		n := C.size_t(i)
		headers[i] = http.Header{}
		for h := C.size_t(0); h < C.hfx_parts_header_count(parts, n); h++ {
			name := C.hfx_parts_header_name(parts, n, h)
			headers[i].Set(C.GoString(name), C.GoString(C.hfx_parts_header(parts, n, name)))
		}
	}
	return headers, status
}
