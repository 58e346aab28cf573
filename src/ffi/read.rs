//! Bytes of remote files, without the disk.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::client::{hfx_client, start};
use super::convert::{User, out, region, text};
use super::error::{hfx_error, hfx_status};
use super::file::hfx_meta;
use super::guard::guard;
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::client::{Client, Hooks, Job, ReadInto, Which};
use crate::error::{Error, Kind, Result};
use crate::options::Options;
use crate::sys::map::Region;

/// All is well: go on.
pub const HFX_CONTINUE: i32 = 0;
/// Ends the job with `HFX_E_CALLBACK`. So does a negative errno, as -EPIPE, which is then the error's
/// hfx_error_os_error.
pub const HFX_STOP: i32 = 1;

/// Gets a chunk of a file, in order, each byte once: `offset` counts from the start of what was asked for. The bytes
/// are valid during the call. Returns `HFX_CONTINUE`, `HFX_STOP` or a negative errno. On a thread of the library;
/// blocking it holds the transfer back, and never two at once for one job. It must not wait for a job or close a
/// client, and no exception or longjmp may leave it. What came before the end is proven only when the job has ended
/// well. None begins after the job's end; one that is blocked while the job is cancelled may still be running then:
/// what it uses is for the destructor of `user` to free.
pub type hfx_chunk_fn =
    Option<extern "C" fn(offset: u64, bytes: *const c_void, length: usize, user: *mut c_void) -> i32>;

/// Starts a read of `length` bytes from `offset` on (-1: to the end) of a file of `repo` into memory, without the disk;
/// from the cache when it holds the file at that commit. A range that ends behind the file is shortened; one that
/// begins behind it is `HFX_E_INVALID_ARGUMENT`. The result is taken with hfx_job_take_bytes.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_file(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    offset: u64,
    length: i64,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = which_file(repo, file_path)?;
        let range = range(offset, length)?;
        let into = ReadInto::Memory;
        start(client, options, place, |client, options, hooks| {
            client.read(which, range, into, options, hooks)
        })
    })
}

/// As hfx_client_read_file, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_url(
    client: *const hfx_client,
    url: *const c_char,
    offset: u64,
    length: i64,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = Which::Url(text(url, "url")?.to_owned());
        let range = range(offset, length)?;
        let into = ReadInto::Memory;
        start(client, options, place, |client, options, hooks| {
            client.read(which, range, into, options, hooks)
        })
    })
}

/// As hfx_client_read_file, straight into the caller's memory, which must stay and must not be touched until the job
/// has ended (its completion, or hfx_job_wait; closing the client ends it too). From then on the library does not touch
/// it, also when the job was cancelled. Memory that is too small is `HFX_E_TOO_SMALL`. Memory mapped from a file is
/// fine.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_file_into(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    offset: u64,
    length: i64,
    memory: *mut c_void,
    memory_length: usize,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = which_file(repo, file_path)?;
        let range = range(offset, length)?;
        let memory = Arc::new(region(memory, memory_length)?);
        start(client, options, place, |client, options, hooks| {
            read_into(client, which, range, memory, options, hooks)
        })
    })
}

/// As hfx_client_read_file_into, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_url_into(
    client: *const hfx_client,
    url: *const c_char,
    offset: u64,
    length: i64,
    memory: *mut c_void,
    memory_length: usize,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = Which::Url(text(url, "url")?.to_owned());
        let range = range(offset, length)?;
        let memory = Arc::new(region(memory, memory_length)?);
        start(client, options, place, |client, options, hooks| {
            read_into(client, which, range, memory, options, hooks)
        })
    })
}

/// Is told which file a stream is of, once, before its first chunk: commit, etag and size. `meta` is lent for the call.
/// Returns `HFX_CONTINUE`, `HFX_STOP` or a negative errno. All else as for hfx_chunk_fn.
pub type hfx_start_fn = Option<extern "C" fn(meta: *const hfx_meta, user: *mut c_void) -> i32>;

/// As hfx_client_read_file, handing the bytes to a callback in their order while ranges are fetched in parallel.
/// `begun`, when not NULL, is called before the first of them. `user` is handed to both; `destroy`, when not NULL, is
/// called on it exactly once, also when this call fails. The result, with what was proven, is taken with
/// hfx_job_take_bytes.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_stream_file(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    offset: u64,
    length: i64,
    begun: hfx_start_fn,
    callback: hfx_chunk_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = which_file(repo, file_path)?;
        let range = range(offset, length)?;
        start(client, options, place, |client, options, hooks| {
            read_chunks(client, which, range, (begun, callback), user, options, hooks)
        })
    })
}

/// As hfx_client_stream_file, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_stream_url(
    client: *const hfx_client,
    url: *const c_char,
    offset: u64,
    length: i64,
    begun: hfx_start_fn,
    callback: hfx_chunk_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let which = Which::Url(text(url, "url")?.to_owned());
        let range = range(offset, length)?;
        start(client, options, place, |client, options, hooks| {
            read_chunks(client, which, range, (begun, callback), user, options, hooks)
        })
    })
}

/// The caller's memory is the caller's again when the job has ended, whatever still runs.
fn read_into(
    client: &Client,
    which: Which,
    range: Option<(u64, u64)>,
    memory: Arc<Region>,
    options: &Options,
    mut hooks: Hooks,
) -> Result<Job> {
    hooks.lent = Some(memory.clone());
    client.read(which, range, ReadInto::Region(memory), options, hooks)
}

fn which_file(repo: *const hfx_repo, file_path: *const c_char) -> Result<Which> {
    let repo = repo::of(repo)?;
    let path = text(file_path, "file_path")?.to_owned();
    Ok(Which::Repo { repo: repo.id.clone(), revision: repo.revision.clone(), path })
}

/// What is to be read: nothing named is the whole file, whose hash can be checked.
fn range(offset: u64, length: i64) -> Result<Option<(u64, u64)>> {
    match (offset, length) {
        (0, -1) => Ok(None),
        (offset, -1) => Ok(Some((offset, u64::MAX))),
        (offset, 0..) => Ok(Some((offset, length as u64))),
        _ => Err(Error::invalid(format!("{length} is no length: -1 is to the end"))),
    }
}

/// Hands the bytes to a callback, until the job ends: work that was left behind calls it no more.
fn read_chunks(
    client: &Client,
    which: Which,
    range: Option<(u64, u64)>,
    (begun, callback): (hfx_start_fn, hfx_chunk_fn),
    user: User,
    options: &Options,
    mut hooks: Hooks,
) -> Result<Job> {
    let call = callback.ok_or_else(|| Error::invalid("callback is NULL"))?;
    let over = Arc::new(AtomicBool::new(false));
    let (told, over_too) = (over.clone(), over.clone());
    hooks.ending = Some(Box::new(move || told.store(true, Relaxed)));
    let user = Arc::new(user);
    let same = user.clone();
    let start = Box::new(move |meta: &_| match begun {
        Some(_) if over_too.load(Relaxed) => Err(Error::cancelled()),
        Some(begun) => answer(begun(&raw const *Box::new(hfx_meta::new(meta)), same.pointer())),
        None => Ok(()),
    });
    let chunks = Box::new(move |offset, bytes: &[u8]| {
        if over.load(Relaxed) {
            return Err(Error::cancelled());
        }
        answer(call(offset, bytes.as_ptr().cast(), bytes.len(), user.pointer()))
    });
    client.read(which, range, ReadInto::Stream(start, chunks), options, hooks)
}

/// What a callback wants.
fn answer(returned: i32) -> Result<()> {
    match returned {
        HFX_CONTINUE => Ok(()),
        HFX_STOP => Err(Error::new(Kind::Callback, "the callback asked to stop")),
        other => Err(refused("callback", other.into())),
    }
}

/// A callback has failed: a negative number is an errno.
pub(super) fn refused(what: &str, returned: i64) -> Error {
    match i32::try_from(returned.saturating_neg()) {
        Ok(errno @ 1..4096) => Error::new(Kind::Callback, format!("the {what} has failed"))
            .os(&std::io::Error::from_raw_os_error(errno)),
        _ => Error::new(Kind::Callback, format!("the {what} returned {returned}")),
    }
}
