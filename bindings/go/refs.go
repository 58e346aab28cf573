package hfx

// #include <hfx.h>
import "C"

import "context"

// RefKind is what a ref is.
type RefKind int32

// The kinds of refs.
const (
	RefBranch      RefKind = C.HFX_REF_BRANCH
	RefTag         RefKind = C.HFX_REF_TAG
	RefConvert     RefKind = C.HFX_REF_CONVERT
	RefPullRequest RefKind = C.HFX_REF_PULL_REQUEST
)

// Ref is a name for a commit.
type Ref struct {
	Name     string // as "main"
	FullName string // as "refs/heads/main"
	Commit   string
	Kind     RefKind
}

// Refs lists the branches, tags and conversions of a repository, and its pull requests when asked for.
func (c *Client) Refs(ctx context.Context, repo Repo, pullRequests bool, options ...Option) ([]Ref, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_list_refs(x.client, x.repo(repo), boolean(pullRequests), x.options, &x.job, &x.err)
	}, takeRefs)
}

func takeRefs(job *C.hfx_job, err **C.hfx_error) ([]Ref, C.hfx_status) {
	var refs *C.hfx_refs
	status := C.hfx_job_take_refs(job, &refs, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_refs_free(refs)
	all := make([]Ref, int(C.hfx_refs_count(refs)))
	for i := range all {
		n := C.size_t(i)
		all[i] = Ref{
			Name:     C.GoString(C.hfx_refs_name(refs, n)),
			FullName: C.GoString(C.hfx_refs_full_name(refs, n)),
			Commit:   C.GoString(C.hfx_refs_commit(refs, n)),
			Kind:     RefKind(C.hfx_refs_kind(refs, n)),
		}
	}
	return all, status
}
