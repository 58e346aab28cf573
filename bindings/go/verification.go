package hfx

// #include <hfx.h>
import "C"

import "context"

// Verification is what hashing the cached files of a repository found.
type Verification struct {
	Checked    int   // files that were hashed
	Bytes      int64 // bytes that were hashed
	Mismatches []Mismatch
	Missing    []string // files of the revision that are not there
	Unknown    []string // files that were not checked, since no hash of them is known
}

// Mismatch is a file whose bytes are not what its name says.
type Mismatch struct {
	Path, Expected, Actual string
}

// VerifyCache hashes the cached files of a repository, of its revision when it names one, and compares them with their
// names. That nothing is wrong is for the caller to see: Mismatches and Missing are empty then.
func (c *Client) VerifyCache(ctx context.Context, repo Repo, options ...Option) (*Verification, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_verify_cache(x.client, x.repo(repo), x.options, &x.job, &x.err)
	}, takeVerification)
}

func takeVerification(job *C.hfx_job, err **C.hfx_error) (*Verification, C.hfx_status) {
	var found *C.hfx_verification
	status := C.hfx_job_take_verification(job, &found, err)
	if status != C.HFX_OK {
		return nil, status
	}
	defer C.hfx_verification_free(found)
	v := &Verification{
		Checked: int(C.hfx_verification_checked(found)),
		Bytes:   int64(C.hfx_verification_bytes(found)),
		Missing: list(func(n C.size_t) *C.char { return C.hfx_verification_missing(found, n) }),
		Unknown: list(func(n C.size_t) *C.char { return C.hfx_verification_unknown(found, n) }),
	}
	for i, path := range list(func(n C.size_t) *C.char { return C.hfx_verification_mismatch(found, n) }) {
		v.Mismatches = append(v.Mismatches, Mismatch{
			Path:     path,
			Expected: C.GoString(C.hfx_verification_expected(found, C.size_t(i))),
			Actual:   C.GoString(C.hfx_verification_actual(found, C.size_t(i))),
		})
	}
	return v, status
}
