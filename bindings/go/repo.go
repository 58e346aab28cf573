package hfx

// #include <hfx.h>
import "C"

// Kind is what a repository holds.
type Kind int32

// The kinds of repositories.
const (
	KindModel   Kind = C.HFX_REPO_MODEL
	KindDataset Kind = C.HFX_REPO_DATASET
	KindSpace   Kind = C.HFX_REPO_SPACE
	KindKernel  Kind = C.HFX_REPO_KERNEL
)

// String is the kind's name, as "model".
func (k Kind) String() string {
	switch k {
	case KindModel:
		return "model"
	case KindDataset:
		return "dataset"
	case KindSpace:
		return "space"
	case KindKernel:
		return "kernel"
	}
	return "unknown"
}

// Repo names a repository on the Hub, and the revision that is meant.
type Repo struct {
	Kind     Kind   // KindModel when zero
	ID       string // "owner/name"
	Revision string // a branch, tag, commit or "refs/pr/N"; empty is the main branch
}

// Model names a model.
func Model(id string) Repo { return Repo{Kind: KindModel, ID: id} }

// Dataset names a dataset.
func Dataset(id string) Repo { return Repo{Kind: KindDataset, ID: id} }

// Space names a Space.
func Space(id string) Repo { return Repo{Kind: KindSpace, ID: id} }

// At is the same repository at a revision.
func (r Repo) At(revision string) Repo {
	r.Revision = revision
	return r
}

// ParseRepo reads "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub; path is the path
// that it names within the repository, or empty.
func ParseRepo(text string) (repo Repo, path string, err error) {
	var x call
	defer x.free()
	var parsed *C.hfx_repo
	c := x.text(text)
	if x.bad != nil {
		return Repo{}, "", x.bad
	}
	if err := fail(C.hfx_repo_parse(c, &parsed, &x.err), &x.err); err != nil {
		return Repo{}, "", err
	}
	defer C.hfx_repo_free(parsed)
	repo = Repo{
		Kind:     Kind(C.hfx_repo_kind(parsed)),
		ID:       C.GoString(C.hfx_repo_id(parsed)),
		Revision: C.GoString(C.hfx_repo_revision(parsed)),
	}
	return repo, C.GoString(C.hfx_repo_path(parsed)), nil
}
