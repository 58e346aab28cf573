//! Any call of the Hub's API, and what a token opens.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{boolean, maybe_text, out, text};
use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::client::Client;

/// Starts any call of the Hub's API, for what has no function here: with the token, the rate limits and the retries of
/// all others. `method` is GET, HEAD, POST, PUT, PATCH or DELETE; `target` a path below the endpoint, as
/// "/api/models?limit=5", or an address on one of the Hub's own hosts; `json` the body, or NULL. Of a list, up to
/// `pages` pages are joined to one array (1: only the first). GET, HEAD and PUT are made again after failures that may
/// pass, others only when the Hub surely did not act on them; else the error says that it may have. The result is taken
/// with hfx_job_take_reply.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_call(
    client: *const hfx_client,
    method: *const c_char,
    target: *const c_char,
    json: *const c_char,
    pages: u32,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (method, target) = (text(method, "method")?, text(target, "target")?);
        let json = maybe_text(json, "json")?;
        start(client, options, place, |client, options, hooks| {
            client.call(method, target, json, pages, options, hooks)
        })
    })
}

/// Starts asking whose token it is. The result is taken with hfx_job_take_reply: "/name" of it is the user, "/orgs" the
/// organisations, "/auth/accessToken/role" what the token may do. Without a token: `HFX_E_UNAUTHORIZED`.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_whoami(
    client: *const hfx_client,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        start(client, options, place, Client::whoami)
    })
}

/// Starts asking whether the token may read the files of `repo`, or write to them when `write` is 1 (else 0). It may
/// when the job ends well; else the error says why not: `HFX_E_GATED`, `HFX_E_REPO_NOT_FOUND`, `HFX_E_FORBIDDEN`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_check_access(
    client: *const hfx_client,
    repo: *const hfx_repo,
    write: i32,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, write) = (repo::of(repo)?, boolean(write)?);
        start(client, options, place, |client, options, hooks| {
            client.check_access(&repo.id, write, options, hooks)
        })
    })
}
