//! Branches, tags and pull requests: the refs of a repository.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{maybe_text, out, text};
use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};

/// Starts making a branch of `repo` at the revision that `repo` names (the head of main when none). One that is there
/// is `HFX_E_CONFLICT`, but with the option `exist_ok`, wherever it points.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_create_branch(
    client: *const hfx_client,
    repo: *const hfx_repo,
    branch: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, branch) = (repo::of(repo)?, text(branch, "branch")?);
        start(client, options, place, |client, options, hooks| {
            client.create_branch(&repo.id, branch, repo.revision.as_deref(), options, hooks)
        })
    })
}

/// Starts deleting a branch of `repo`. One that is not there is `HFX_E_REVISION_NOT_FOUND`, but with the option
/// `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_delete_branch(
    client: *const hfx_client,
    repo: *const hfx_repo,
    branch: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, branch) = (repo::of(repo)?, text(branch, "branch")?);
        start(client, options, place, |client, options, hooks| {
            client.delete_branch(&repo.id, branch, options, hooks)
        })
    })
}

/// Starts tagging the revision that `repo` names (the head of main when none); `message` may be NULL. A tag that is
/// there is `HFX_E_CONFLICT`, but with the option `exist_ok`, wherever it points.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_create_tag(
    client: *const hfx_client,
    repo: *const hfx_repo,
    tag: *const c_char,
    message: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, tag) = (repo::of(repo)?, text(tag, "tag")?);
        let message = maybe_text(message, "message")?;
        start(client, options, place, |client, options, hooks| {
            client.create_tag(&repo.id, tag, repo.revision.as_deref(), message, options, hooks)
        })
    })
}

/// Starts deleting a tag of `repo`. One that is not there is `HFX_E_REVISION_NOT_FOUND`, but with the option
/// `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_delete_tag(
    client: *const hfx_client,
    repo: *const hfx_repo,
    tag: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, tag) = (repo::of(repo)?, text(tag, "tag")?);
        start(client, options, place, |client, options, hooks| {
            client.delete_tag(&repo.id, tag, options, hooks)
        })
    })
}

/// Starts opening a pull request, in draft, on `repo`; `description` may be NULL. Each time it is asked for the Hub
/// opens another one, so it is not asked twice: after a lost answer the error says that one may have been opened. The
/// result is taken with hfx_job_take_reply: "/num" of it is the number, "/ref" the revision to commit to, as refs/pr/3,
/// and "/url" its page.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_open_pull_request(
    client: *const hfx_client,
    repo: *const hfx_repo,
    title: *const c_char,
    description: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, title) = (repo::of(repo)?, text(title, "title")?);
        let description = maybe_text(description, "description")?;
        start(client, options, place, |client, options, hooks| {
            client.open_pull_request(&repo.id, title, description, options, hooks)
        })
    })
}
