package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"encoding/json"
)

// Info is what the Hub says of a repository.
type Info struct {
	ID       string // as the Hub writes it
	Commit   string // what the revision means
	Private  bool
	Gated    bool
	Disabled bool
	JSON     json.RawMessage // the Hub's whole answer
}

// Info asks the Hub about a repository at its revision.
func (c *Client) Info(ctx context.Context, repo Repo, options ...Option) (*Info, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_get_repo_info(x.client, x.repo(repo), x.options, &x.job, &x.err)
	}, takeInfo)
}

func takeInfo(job *C.hfx_job, err **C.hfx_error) (*Info, C.hfx_status) {
	var info *C.hfx_info
	status := C.hfx_job_take_info(job, &info, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_info_free(info)
	return &Info{
		ID:       C.GoString(C.hfx_info_id(info)),
		Commit:   C.GoString(C.hfx_info_commit(info)),
		Private:  C.hfx_info_private(info) != 0,
		Gated:    C.hfx_info_gated(info) != 0,
		Disabled: C.hfx_info_disabled(info) != 0,
		JSON:     json.RawMessage(C.GoString(C.hfx_info_json(info))),
	}, status
}
