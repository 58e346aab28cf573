package hfx

// #include <hfx.h>
import "C"

import (
	"context"
	"strconv"
)

// CreateRepo makes a repository, as WithVisibility and WithExistOK say, and gives the address of its page. One that is
// there is ErrConflict without WithExistOK, also when it was this call that made it before an answer was lost.
func (c *Client) CreateRepo(ctx context.Context, repo Repo, options ...Option) (url string, err error) {
	reply, err := run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_create_repo(x.client, x.repo(repo), x.options, &x.job, &x.err)
	}, takeReply)
	if err != nil {
		return "", err
	}
	return reply.Value("/url"), nil
}

// DeleteRepo deletes a repository, for ever.
func (c *Client) DeleteRepo(ctx context.Context, repo Repo, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_delete_repo(x.client, x.repo(repo), x.options, &x.job, &x.err)
	})
}

// MoveRepo gives a repository the name and owner of another, of the same kind.
func (c *Client) MoveRepo(ctx context.Context, repo, to Repo, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_move_repo(x.client, x.repo(repo), x.repo(to), x.options, &x.job, &x.err)
	})
}

// ChangeRepo changes what WithVisibility and WithOption("gated", ...) say, one of them at least.
func (c *Client) ChangeRepo(ctx context.Context, repo Repo, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_update_repo(x.client, x.repo(repo), x.options, &x.job, &x.err)
	})
}

// RepoExists asks whether a repository is there, and has the revision that it names, if any.
func (c *Client) RepoExists(ctx context.Context, repo Repo, options ...Option) (bool, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_has_repo(x.client, x.repo(repo), x.options, &x.job, &x.err)
	}, takeExists)
}

// FileExists asks whether a repository has a file at its revision.
func (c *Client) FileExists(ctx context.Context, repo Repo, path string, options ...Option) (bool, error) {
	return run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_has_file(x.client, x.repo(repo), x.text(path), x.options, &x.job, &x.err)
	}, takeExists)
}

func takeExists(job *C.hfx_job, err **C.hfx_error) (bool, C.hfx_status) {
	var exists C.int32_t
	status := C.hfx_job_take_exists(job, &exists, err)
	return exists != 0, status
}

// CreateBranch makes a branch at the revision that repo names.
func (c *Client) CreateBranch(ctx context.Context, repo Repo, branch string, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_create_branch(x.client, x.repo(repo), x.text(branch), x.options, &x.job, &x.err)
	})
}

// DeleteBranch deletes a branch.
func (c *Client) DeleteBranch(ctx context.Context, repo Repo, branch string, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_delete_branch(x.client, x.repo(repo), x.text(branch), x.options, &x.job, &x.err)
	})
}

// CreateTag tags the revision that repo names; message may be empty.
func (c *Client) CreateTag(ctx context.Context, repo Repo, tag, message string, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_create_tag(x.client, x.repo(repo), x.text(tag), x.optional(message), x.options, &x.job, &x.err)
	})
}

// DeleteTag deletes a tag.
func (c *Client) DeleteTag(ctx context.Context, repo Repo, tag string, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_delete_tag(x.client, x.repo(repo), x.text(tag), x.options, &x.job, &x.err)
	})
}

// PullRequest is a pull request that was opened.
type PullRequest struct {
	Number   int
	Revision string // what to commit to, as "refs/pr/3"
	URL      string // its page
}

// OpenPullRequest opens a pull request, in draft. It is asked for once: after a lost answer the error says that one may
// have been opened.
func (c *Client) OpenPullRequest(ctx context.Context, repo Repo, title, description string, options ...Option) (*PullRequest, error) {
	reply, err := run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_open_pull_request(x.client, x.repo(repo), x.text(title), x.optional(description), x.options, &x.job, &x.err)
	}, takeReply)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(reply.Value("/num"))
	if err != nil {
		return nil, &Error{Code: ErrProtocol, Message: "the Hub's answer has no number of the pull request", cause: err}
	}
	return &PullRequest{Number: number, Revision: reply.Value("/ref"), URL: reply.Value("/url")}, nil
}
