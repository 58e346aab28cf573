//! The client: threads, connections, budgets.

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::convert::{Out, handle, out, put, take};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::{Callbacks, hfx_job, timeout};
use super::options::{self, hfx_options};
use crate::client::{Client, Hooks, Job};
use crate::error::{Error, Kind, Result};
use crate::options::Options;
use crate::sys::event::Event;

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
/// has not returned, a system call that the kernel does not give back): callable again, and the threads end also when it
/// is not. From the first call on, new jobs are refused with `HFX_E_CLOSED`. Inside a callback:
/// `HFX_E_WOULD_DEADLOCK`, but for a wait of 0, which tells all to end.
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

/// Frees a client. Close it first: one that was not closed is told to end, without waiting, and its callbacks may still
/// run for a moment. Handles of its jobs and results stay good. In a forked child it only lets go. NULL is fine.
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
/// then waits for hfx_client_next_job. Level-triggered; owned by the client: neither read nor close it. It may be
/// duplicated (dup), for an event loop that closes what it is given; the copy tells nothing more after
/// hfx_client_close.
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

/// The next job that has ended since hfx_client_event_fd was first called; hfx_job_id says which it is. Each comes
/// once.
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

/// Starts a job with the callbacks of its options or the client's.
pub(super) fn start(
    client: *const hfx_client,
    options: *const hfx_options,
    place: Out<hfx_job>,
    begin: impl FnOnce(&Client, &Options, Hooks) -> Result<Job>,
) -> Result<()> {
    let client = own(client)?;
    let (options, callbacks) = options::of(options);
    let hooks = callbacks.over(&client.callbacks).hooks();
    place.set(hfx_job::new(begin(&client.client, &options, hooks)?));
    Ok(())
}
