//! Files and snapshots to the disk, and what the cache knows of them.

use std::ffi::c_char;

use super::client::{hfx_client, of, start};
use super::convert::{out, path, put, text};
use super::error::{hfx_error, hfx_status};
use super::file::hfx_file;
use super::guard::guard;
use super::job::hfx_job;
use super::options::{self, hfx_options};
use super::repo::{self, hfx_repo};
use crate::cache::Lookup;
use crate::client::FileResult;
use crate::event::FileState;

/// The look-up found the file.
pub const HFX_LOOKUP_FOUND: i32 = 1;
/// The repository is known not to have the file at that commit.
pub const HFX_LOOKUP_MISSING: i32 = 2;
/// Nothing is known of the file.
pub const HFX_LOOKUP_UNKNOWN: i32 = 3;

/// What the cache knows of a file of `repo` at its revision, without network and without writing. `options` may name
/// another cache folder.
/// On success `*out_state` is one of `HFX_LOOKUP_*`, and with `HFX_LOOKUP_FOUND` `*out_file` is the file, to be freed
/// with hfx_file_free (else NULL).
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_lookup(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    options: *const hfx_options,
    out_state: *mut i32,
    out_file: *mut *mut hfx_file,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_state, HFX_LOOKUP_UNKNOWN);
        let place = out(out_file, "out_file")?;
        let (repo, name) = (repo::of(repo)?, text(file_path, "file_path")?);
        let state =
            match of(client)?.lookup(&repo.id, repo.revision.as_deref(), name, &options::of(options).0)? {
                Lookup::Missing => HFX_LOOKUP_MISSING,
                Lookup::Unknown => HFX_LOOKUP_UNKNOWN,
                Lookup::Found(path) => {
                    place.set(hfx_file::new(&FileResult {
                        name: name.to_owned(),
                        size: std::fs::metadata(&path).map_or(0, |m| m.len()),
                        path,
                        etag: String::new(),
                        commit: String::new(),
                        verified: None,
                        state: FileState::Cached,
                    }));
                    HFX_LOOKUP_FOUND
                }
            };
        put(out_state, state);
        Ok(())
    })
}

/// Starts the download of one file of `repo` into the cache (or into the folder of the option `local_dir`): in
/// parallel, resumed where an earlier run ended, its hash checked before it becomes visible. `file_path` is the path in
/// the repository, as "folder/file". `options` (NULL: none) are this job's own; see hfx_options. The result is taken
/// with hfx_job_take_file.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_file(
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
            client.download_file(&repo.id, repo.revision.as_deref(), name, options, hooks)
        })
    })
}

/// Starts the download of all files of `repo` at its revision, or of those that the options `include`, `exclude` and
/// `files` let through. The result is taken with hfx_job_take_snapshot.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_snapshot(
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
            client.download_snapshot(&repo.id, repo.revision.as_deref(), options, hooks)
        })
    })
}

/// Starts the download of any http or https URL to a path, whose folder is made when it is missing and whose file is
/// replaced when all has come; the option `sha256` says what it must be. The result is taken with hfx_job_take_file.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_url(
    client: *const hfx_client,
    url: *const c_char,
    to_path: *const c_char,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (url, to) = (text(url, "url")?, path(to_path, "to_path")?);
        start(client, options, place, |client, options, hooks| client.download_url(url, &to, options, hooks))
    })
}
