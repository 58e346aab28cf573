package hfx

// #include <hfx.h>
import "C"

import "context"

func uploadFile(repo Repo, file, pathInRepo string) starter {
	return func(x *call) C.hfx_status {
		return C.hfx_client_upload_file(x.client, x.repo(repo), x.text(file), x.text(pathInRepo), x.options, &x.job, &x.err)
	}
}

func uploadFolder(repo Repo, folder, pathInRepo string) starter {
	return func(x *call) C.hfx_status {
		return C.hfx_client_upload_folder(x.client, x.repo(repo), x.text(folder), x.optional(pathInRepo), x.options, &x.job, &x.err)
	}
}

// UploadFile sends a file in a commit of its own.
func (c *Client) UploadFile(ctx context.Context, repo Repo, file, pathInRepo string, options ...Option) (*Committed, error) {
	return run(ctx, c, options, uploadFile(repo, file, pathInRepo), takeCommitted)
}

// StartUploadFile starts UploadFile as a job.
func (c *Client) StartUploadFile(repo Repo, file, pathInRepo string, options ...Option) (*Job[*Committed], error) {
	return start(c, options, uploadFile(repo, file, pathInRepo), takeCommitted)
}

// UploadFolder sends a folder into the folder pathInRepo (empty: the root): what WithInclude, WithExclude and
// WithFiles let through. Many files make several commits, each of which stands for itself; after a failure the same call
// goes on, and with WithStateDir without hashing and sending again.
func (c *Client) UploadFolder(ctx context.Context, repo Repo, folder, pathInRepo string, options ...Option) (*Committed, error) {
	return run(ctx, c, options, uploadFolder(repo, folder, pathInRepo), takeCommitted)
}

// StartUploadFolder starts UploadFolder as a job.
func (c *Client) StartUploadFolder(repo Repo, folder, pathInRepo string, options ...Option) (*Job[*Committed], error) {
	return start(c, options, uploadFolder(repo, folder, pathInRepo), takeCommitted)
}
