package hfx

// #include <hfx.h>
import "C"

import "context"

// Account is whose token it is.
type Account struct {
	Name  string
	Orgs  []string
	Role  string // what the token may do, as "write"
	Reply *Reply // the Hub's whole answer
}

// Whoami asks whose token it is; without a token it is ErrUnauthorized.
func (c *Client) Whoami(ctx context.Context, options ...Option) (*Account, error) {
	reply, err := run(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_whoami(x.client, x.options, &x.job, &x.err)
	}, takeReply)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Orgs []struct{ Name string }
	}
	if err := reply.JSON(&answer); err != nil {
		return nil, err
	}
	account := &Account{Name: reply.Value("/name"), Role: reply.Value("/auth/accessToken/role"), Reply: reply}
	for _, org := range answer.Orgs {
		account.Orgs = append(account.Orgs, org.Name)
	}
	return account, nil
}

// AuthCheck asks whether the token may read the files of a repository, or write to them. It may when the error is nil;
// else that says why not: ErrGated, ErrRepoNotFound, ErrForbidden.
func (c *Client) AuthCheck(ctx context.Context, repo Repo, write bool, options ...Option) error {
	return do(ctx, c, options, func(x *call) C.hfx_status {
		return C.hfx_client_check_access(x.client, x.repo(repo), boolean(write), x.options, &x.job, &x.err)
	})
}
