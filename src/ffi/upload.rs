//! Uploads: a file or a folder in a commit, and files to addresses that the caller has.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{maybe_text, out, path, text, texts};
use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::client::Input;

/// Starts the upload of a file to `path_in_repo` of `repo` at its revision, in a commit of its own: see
/// hfx_client_commit for all else.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_upload_file(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    path_in_repo: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, input) = (repo::of(repo)?, Input::Path(path(file_path, "file_path")?, None));
        let to = text(path_in_repo, "path_in_repo")?;
        start(client, options, place, |client, options, hooks| {
            client.upload_file(&repo.id, repo.revision.as_deref(), input, to, options, hooks)
        })
    })
}

/// Starts the upload of a folder into the folder `path_in_repo` (NULL: the root) of `repo` at its revision: what the
/// options `include`, `exclude` and `files` let through, without `.git` and `.cache/huggingface`; links to files are
/// followed, links to folders are not. Files that match the option `delete` and do not come anew are deleted. The
/// option `commits` says whether many files make several commits; each stands for itself, and after a failure the same
/// call goes on. With the option `state_dir` hashes and parts are remembered. See hfx_client_commit for all else.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_upload_folder(
    client: *const hfx_client,
    repo: *const hfx_repo,
    folder_path: *const c_char,
    path_in_repo: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, folder) = (repo::of(repo)?, path(folder_path, "folder_path")?);
        let below = maybe_text(path_in_repo, "path_in_repo")?.unwrap_or("");
        start(client, options, place, |client, options, hooks| {
            client.upload_folder(&repo.id, repo.revision.as_deref(), &folder, below, options, hooks)
        })
    })
}

/// Starts one PUT of a file to any http or https URL, as a presigned one. The job's own headers go along; its own token
/// only to the endpoint. Redirects with 307 and 308 are followed. The result is taken with hfx_job_take_parts.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_upload_url(
    client: *const hfx_client,
    file_path: *const c_char,
    url: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let input = Input::Path(path(file_path, "file_path")?, None);
        let url = text(url, "url")?;
        start(client, options, place, |client, options, hooks| client.upload_url(input, url, options, hooks))
    })
}

/// Starts sending a file in parts of `part_size` bytes (the last may be shorter) to `url_count` URLs, one for each part
/// in their order, side by side, as an S3 multipart upload wants it; completing it with the ETags is the caller's. The
/// result is taken with hfx_job_take_parts.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_upload_parts(
    client: *const hfx_client,
    file_path: *const c_char,
    urls: *const *const c_char,
    url_count: usize,
    part_size: u64,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let input = Input::Path(path(file_path, "file_path")?, None);
        let urls = texts(urls, url_count, "urls")?;
        start(client, options, place, |client, options, hooks| {
            client.upload_parts(input, &urls, part_size, options, hooks)
        })
    })
}
