//! The client: threads, connections, budgets; and everything it is asked to do.

use std::ffi::{c_char, c_void};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bytes::hfx_bytes;
use super::convert::{Out, User, boolean, handle, maybe_text, out, path, put, region, take, text};
use super::error::{hfx_error, hfx_status};
use super::file::{hfx_file, hfx_snapshot};
use super::guard::{guard, value};
use super::job::{Callbacks, as_bytes, as_file, as_snapshot, finish, hfx_job, timeout};
use super::options::{self, hfx_options};
use super::repo::{self, hfx_repo};
use crate::cache::Lookup;
use crate::client::{Client, FileResult, Hooks, Job, Output, ReadInto, Which};
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
use crate::options::Options;
use crate::sys::event::Event;
use crate::sys::map::Region;

/// The look-up found the file.
pub const HFX_LOOKUP_FOUND: i32 = 1;
/// The repository is known not to have the file at that commit.
pub const HFX_LOOKUP_MISSING: i32 = 2;
/// Nothing is known of the file.
pub const HFX_LOOKUP_UNKNOWN: i32 = 3;

/// A chunk was taken: go on.
pub const HFX_CONTINUE: i32 = 0;
/// Ends the job with `HFX_E_CALLBACK`.
pub const HFX_STOP: i32 = 1;

/// A client. It owns threads, connections and budgets (connections, memory, bytes per second), which all its jobs
/// share; several clients live side by side. May be used from many threads.
pub struct hfx_client {
    client: Client,
    callbacks: Callbacks,
    pid: u32,
    ended: Mutex<Bell>,
}

/// What rings when a job has ended, once somebody listens.
#[derive(Default)]
struct Bell {
    event: Option<Arc<Event>>,
    closed: bool,
}

/// Gets a chunk of a file, in order, each byte once: `offset` counts from the start of what was asked for. The bytes
/// are valid during the call. Returns `HFX_CONTINUE` or `HFX_STOP`. On a thread of the library; blocking it holds the
/// transfer back, and never two at once for one job. It must not wait for a job or close a client, and no exception or
/// longjmp may leave it. What came before the end is proven only when the job has ended well. None begins after the
/// job's end; one that is blocked while the job is cancelled may still be running then: what it uses is for the
/// destructor of `user` to free.
pub type hfx_chunk_fn =
    Option<extern "C" fn(offset: u64, bytes: *const c_void, length: usize, user: *mut c_void) -> i32>;

impl hfx_client {
    fn bell(&self) -> MutexGuard<'_, Bell> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client behind a handle, refused in a forked child.
pub(super) fn of<'a>(client: *const hfx_client) -> Result<&'a Client> {
    own(client).map(|own| &own.client)
}

fn own<'a>(client: *const hfx_client) -> Result<&'a hfx_client> {
    let client = handle(client, "client")?;
    if client.pid != std::process::id() {
        return Err(Error::new(
            Kind::Forked,
            "this client was made before fork(): make a new one in the child",
        ));
    }
    Ok(client)
}

/// Makes a client with a copy of these options (NULL: all defaults, so no cache folder). Starts its threads; opens
/// no connection and no file.
/// On success `*out_client` is the client, to be freed with hfx_client_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_open(
    options: *const hfx_options,
    out_client: *mut *mut hfx_client,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_client, "out_client")?;
        let (options, mut callbacks) = options::of(options);
        let client = Client::open_with(options, super::log::log(callbacks.log.take()))?;
        place.set(hfx_client { client, callbacks, pid: std::process::id(), ended: Mutex::default() });
        Ok(())
    })
}

/// Cancels all jobs and waits, at most `timeout_ms` milliseconds (-1: for ever), until every thread of the client has
/// ended. After that no callback runs, and no descriptor is open. `HFX_E_TIMEOUT` when it takes longer (a callback that
/// has not returned, a system call that the kernel does not give back): callable again. From the first call on, new jobs
/// are refused with `HFX_E_CLOSED`. Inside a callback: `HFX_E_WOULD_DEADLOCK`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_close(
    client: *const hfx_client,
    timeout_ms: i64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let client = own(client)?;
        let limit = timeout(timeout_ms)?.unwrap_or(Duration::MAX);
        if client.client.close(limit)? {
            *client.bell() = Bell { event: None, closed: true };
            client.client.queue().listen(Box::new(|| {}));
            return Ok(());
        }
        let text = format!("threads of the client are still running after {timeout_ms} ms");
        Err(Error::new(Kind::Timeout, text).retryable(true))
    })
}

/// Frees a client; one that was not closed is told to end, without waiting: callbacks may still run for a moment, so
/// close it first. Handles of its jobs and results stay good. In a forked child it only lets go. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_free(client: *mut hfx_client) {
    value((), || {
        if let Some(client) = take(client)
            && client.pid != std::process::id()
        {
            // In a forked child, locks of the parent's threads may be held for ever.
            std::mem::forget(client);
        }
    });
}

/// Changes the cap on connections while jobs run; 0 lets hfx find the number that pays.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_set_max_connections(
    client: *const hfx_client,
    most: i64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let most = u64::try_from(most).map_err(|_| Error::invalid("a cap is not negative"))?;
        of(client)?.set_max_connections(most);
        Ok(())
    })
}

/// Changes the cap on bytes per second, all jobs together, while jobs run; 0 is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_set_max_rate(
    client: *const hfx_client,
    bytes_per_second: i64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let rate = u64::try_from(bytes_per_second).map_err(|_| Error::invalid("a cap is not negative"))?;
        of(client)?.set_max_rate(rate);
        Ok(())
    })
}

/// One descriptor for event loops (poll, epoll, kqueue), made at the first call: readable while a job that ended since
/// then waits for hfx_client_next_job. Level-triggered; owned by the client: neither read nor close it.
/// On success `*out_fd` is the descriptor, good until hfx_client_close or hfx_client_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_event_fd(
    client: *const hfx_client,
    out_fd: *mut i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_fd, -1);
        let client = own(client)?;
        let mut bell = client.bell();
        if bell.closed {
            return Err(Error::new(Kind::Closed, "the client was closed"));
        }
        let event = match &bell.event {
            Some(event) => event.clone(),
            None => {
                let event = Event::new()
                    .map_err(|error| Error::new(Kind::Io, "can't make a descriptor").os(&error))?;
                let event = bell.event.insert(Arc::new(event)).clone();
                let wake = event.clone();
                client.client.queue().listen(Box::new(move || wake.set()));
                event
            }
        };
        put(out_fd, event.fd().as_raw_fd());
        Ok(())
    })
}

/// The next job that has ended since hfx_client_event_fd was first called; hfx_job_id says which it is. Each comes once.
/// On success `*out_job` is a handle of its own, to be freed with hfx_job_free, or NULL when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_next_job(
    client: *const hfx_client,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let client = own(client)?;
        let event = client.bell().event.clone();
        let job = client.client.queue().pop(|| {
            if let Some(event) = &event {
                event.clear();
            }
        });
        if let Some(job) = job {
            place.set(hfx_job::new(job));
        }
        Ok(())
    })
}

/// What the cache knows of a file of `repo` at its revision, without network and without writing.
/// On success `*out_state` is one of `HFX_LOOKUP_*`, and with `HFX_LOOKUP_FOUND` `*out_file` is the file, to be freed
/// with hfx_file_free (else NULL).
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_lookup(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    out_state: *mut i32,
    out_file: *mut *mut hfx_file,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_state, HFX_LOOKUP_UNKNOWN);
        let place = out(out_file, "out_file")?;
        let (repo, name) = (repo::of(repo)?, text(file_path, "file_path")?);
        let state = match of(client)?.lookup(&repo.id, repo.revision.as_deref(), name)? {
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

/// Starts the download of one file of `repo` into the cache (or into the folder of the option `local_dir`): in parallel,
/// resumed where an earlier run ended, its hash checked before it becomes visible. `file_path` is the path in the
/// repository, as "folder/file". `options` (NULL: none) are this job's own; see hfx_options. The result is taken with
/// hfx_job_take_file.
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

/// As hfx_client_download_file, and waits for its end. Not inside a callback.
/// On success `*out_file` is the file, to be freed with hfx_file_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_file_wait(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    options: *const hfx_options,
    out_file: *mut *mut hfx_file,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_file, "out_file")?;
        let (repo, name) = (repo::of(repo)?, text(file_path, "file_path")?);
        run(client, options, place, as_file, |client, options, hooks| {
            client.download_file(&repo.id, repo.revision.as_deref(), name, options, hooks)
        })
    })
}

/// Starts the download of all files of `repo` at its revision, or of those that the options `include` and `exclude` let
/// through. The result is taken with hfx_job_take_snapshot.
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

/// As hfx_client_download_snapshot, and waits for its end. Not inside a callback.
/// On success `*out_snapshot` is the snapshot, to be freed with hfx_snapshot_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_snapshot_wait(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_snapshot: *mut *mut hfx_snapshot,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_snapshot, "out_snapshot")?;
        let repo = repo::of(repo)?;
        run(client, options, place, as_snapshot, |client, options, hooks| {
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

/// As hfx_client_download_url, and waits for its end. Not inside a callback.
/// On success `*out_file` is the file, to be freed with hfx_file_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_download_url_wait(
    client: *const hfx_client,
    url: *const c_char,
    to_path: *const c_char,
    options: *const hfx_options,
    out_file: *mut *mut hfx_file,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_file, "out_file")?;
        let (url, to) = (text(url, "url")?, path(to_path, "to_path")?);
        run(client, options, place, as_file, |client, options, hooks| {
            client.download_url(url, &to, options, hooks)
        })
    })
}

/// Starts a read of `length` bytes from `offset` on (-1: to the end) of a file of `repo` into memory, without the disk;
/// from the cache when it holds the file at that commit. A range that ends behind the file is shortened; one that begins
/// behind it is `HFX_E_INVALID_ARGUMENT`. The result is taken with hfx_job_take_bytes.
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

/// As hfx_client_read_file, and waits for its end. Not inside a callback.
/// On success `*out_bytes` is what was read, to be freed with hfx_bytes_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_file_wait(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    offset: u64,
    length: i64,
    options: *const hfx_options,
    out_bytes: *mut *mut hfx_bytes,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_bytes, "out_bytes")?;
        let which = which_file(repo, file_path)?;
        let range = range(offset, length)?;
        let into = ReadInto::Memory;
        run(client, options, place, as_bytes, |client, options, hooks| {
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

/// As hfx_client_read_url, and waits for its end. Not inside a callback.
/// On success `*out_bytes` is what was read, to be freed with hfx_bytes_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_read_url_wait(
    client: *const hfx_client,
    url: *const c_char,
    offset: u64,
    length: i64,
    options: *const hfx_options,
    out_bytes: *mut *mut hfx_bytes,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_bytes, "out_bytes")?;
        let which = Which::Url(text(url, "url")?.to_owned());
        let range = range(offset, length)?;
        let into = ReadInto::Memory;
        run(client, options, place, as_bytes, |client, options, hooks| {
            client.read(which, range, into, options, hooks)
        })
    })
}

/// As hfx_client_read_file, straight into the caller's memory, which must stay and must not be touched until the job has
/// ended (its completion, or hfx_job_wait; closing the client ends it too). From then on the library does not touch it,
/// also when the job was cancelled. Memory that is too small is `HFX_E_TOO_SMALL`. Memory mapped from a file is fine.
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

/// As hfx_client_read_file, handing the bytes to a callback in their order while ranges are fetched in parallel. `user`
/// is handed through; `destroy`, when not NULL, is called on it exactly once, also when this call fails. The result,
/// with what was proven, is taken with hfx_job_take_bytes.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_stream_file(
    client: *const hfx_client,
    repo: *const hfx_repo,
    file_path: *const c_char,
    offset: u64,
    length: i64,
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
            read_chunks(client, which, range, callback, user, options, hooks)
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
            read_chunks(client, which, range, callback, user, options, hooks)
        })
    })
}

/// Starts asking the Hub about a file of `repo`: commit, etag, size. The result is taken with hfx_job_take_meta.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_file_meta(
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
pub extern "C" fn hfx_client_repo_info(
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

/// Starts listing the files of `repo` at its revision, below `folder` when it is neither NULL nor empty. The result is
/// taken with hfx_job_take_tree.
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

/// Starts a job with the callbacks of its options or the client's.
pub(super) fn start(
    client: *const hfx_client,
    options: *const hfx_options,
    place: Out<hfx_job>,
    begin: impl FnOnce(&Client, &Options, Hooks) -> Result<Job>,
) -> Result<()> {
    place.set(hfx_job::new(launch(client, options, begin)?));
    Ok(())
}

/// Starts a job, waits for it and hands its result out.
pub(super) fn run<T>(
    client: *const hfx_client,
    options: *const hfx_options,
    place: Out<T>,
    convert: fn(&mut Output) -> Option<T>,
    begin: impl FnOnce(&Client, &Options, Hooks) -> Result<Job>,
) -> Result<()> {
    finish(&ended(client, options, begin)?, place, convert)
}

/// Starts a job and waits for it; its own error is this call's.
pub(super) fn ended(
    client: *const hfx_client,
    options: *const hfx_options,
    begin: impl FnOnce(&Client, &Options, Hooks) -> Result<Job>,
) -> Result<Job> {
    if crate::runtime::on_own_thread() {
        return Err(Error::new(Kind::WouldDeadlock, "a job can't be waited for inside a callback"));
    }
    let job = launch(client, options, begin)?;
    job.wait(None)?;
    Ok(job)
}

fn launch(
    client: *const hfx_client,
    options: *const hfx_options,
    begin: impl FnOnce(&Client, &Options, Hooks) -> Result<Job>,
) -> Result<Job> {
    let client = own(client)?;
    let (options, callbacks) = options::of(options);
    begin(&client.client, &options, callbacks.over(&client.callbacks).hooks())
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
    let lent = memory.clone();
    hooks.ending = Some(Box::new(move || lent.revoke()));
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
    callback: hfx_chunk_fn,
    user: User,
    options: &Options,
    mut hooks: Hooks,
) -> Result<Job> {
    let call = callback.ok_or_else(|| Error::invalid("callback is NULL"))?;
    let over = Arc::new(AtomicBool::new(false));
    let told = over.clone();
    hooks.ending = Some(Box::new(move || told.store(true, Relaxed)));
    let chunks = ReadInto::Chunks(Box::new(move |offset, bytes: &[u8]| {
        if over.load(Relaxed) {
            return Err(Error::cancelled());
        }
        match call(offset, bytes.as_ptr().cast(), bytes.len(), user.pointer()) {
            HFX_CONTINUE => Ok(()),
            HFX_STOP => Err(Error::new(Kind::Callback, "the callback asked to stop")),
            other => Err(Error::new(Kind::Callback, format!("the callback returned {other}"))),
        }
    }));
    client.read(which, range, chunks, options, hooks)
}
