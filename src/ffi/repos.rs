//! Repositories on the Hub: made, deleted, moved, changed, asked for.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{out, text};
use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};

/// Starts making `repo`, as the options `visibility`, `space_sdk` and `exist_ok` of the job say; its revision has no
/// meaning here. Made again after a failure that may pass: a repository that turns out to be there then is
/// `HFX_E_CONFLICT` without `exist_ok`, though it may be this call that made it. The result is taken with
/// hfx_job_take_reply: "/url" of it is the repository's page, "/created" false when it was there before.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_create_repo(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| client.create_repo(&repo.id, options, hooks))
    })
}

/// Starts deleting `repo`, for ever. One that is not there is `HFX_E_REPO_NOT_FOUND`, but with the option `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_delete_repo(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| client.delete_repo(&repo.id, options, hooks))
    })
}

/// Starts giving `repo` the name and owner of `to`, which is of the same kind. After a lost answer both names are
/// looked up, so that the result tells whether it has moved.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_move_repo(
    client: *const hfx_client,
    repo: *const hfx_repo,
    to: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, to) = (repo::of(repo)?, repo::of(to)?);
        start(client, options, place, |client, options, hooks| {
            client.move_repo(&repo.id, &to.id, options, hooks)
        })
    })
}

/// Starts changing `repo`: what the options `visibility` and `gated` of the job say, one of them at least.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_update_repo(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| client.change_repo(&repo.id, options, hooks))
    })
}

/// Starts asking whether `repo` is there, and has the revision that it names, if any. One that this token may not see
/// is not there; one behind a gate is. The result is taken with hfx_job_take_exists.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_has_repo(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| {
            client.repo_exists(&repo.id, repo.revision.as_deref(), options, hooks)
        })
    })
}

/// Starts asking whether `repo` has a file at its revision. Behind a gate it is `HFX_E_GATED`. The result is taken with
/// hfx_job_take_exists.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_has_file(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, name) = (repo::of(repo)?, text(file_path, "file_path")?);
        start(client, options, place, |client, options, hooks| {
            client.file_exists(&repo.id, repo.revision.as_deref(), name, options, hooks)
        })
    })
}
