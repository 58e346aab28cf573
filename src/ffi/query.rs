//! What the Hub says of a repository and of its files.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{boolean, maybe_text, out, text};
use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};

/// Starts asking the Hub about a file of `repo`: commit, etag, size. The result is taken with hfx_job_take_meta.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_get_file_meta(
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
            client.file_meta(&repo.id, repo.revision.as_deref(), name, options, hooks)
        })
    })
}

/// Starts asking the Hub about `repo` at its revision. The result is taken with hfx_job_take_info.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_get_repo_info(
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
            client.repo_info(&repo.id, repo.revision.as_deref(), options, hooks)
        })
    })
}

/// Starts listing the files of `repo` at its revision, below `folder` when it is neither NULL nor empty. Offline it
/// answers from the cache: with the listing of the revision's last commit, else with the files that are there. The
/// result is taken with hfx_job_take_tree.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_list_files(
    client: *const hfx_client,
    repo: *const hfx_repo,
    folder: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        let folder = maybe_text(folder, "folder")?.unwrap_or("");
        start(client, options, place, |client, options, hooks| {
            client.tree(&repo.id, repo.revision.as_deref(), folder, options, hooks)
        })
    })
}

/// Starts listing the branches, tags and conversions of `repo`, and its pull requests when `pull_requests` is 1 (else
/// 0). The result is taken with hfx_job_take_refs.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_list_refs(
    client: *const hfx_client,
    repo: *const hfx_repo,
    pull_requests: i32,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        let pull_requests = boolean(pull_requests)?;
        start(client, options, place, |client, options, hooks| {
            client.refs(&repo.id, pull_requests, options, hooks)
        })
    })
}
