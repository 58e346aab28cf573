//! A folder committed again and again.

use std::ffi::c_char;
use std::time::Duration;

use super::client::{hfx_client, of, start};
use super::convert::{handle, maybe_out, maybe_text, out, path, take};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::{hfx_job, timeout};
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::client::{Hooks, Schedule, WeakClient};
use crate::error::{Error, Kind, Result};
use crate::options::Options;

/// The host's side of a schedule. May be used from many threads. Freeing it changes nothing about the job.
pub struct hfx_schedule {
    schedule: Schedule,
    client: WeakClient,
    pid: u32,
}

/// Starts committing what is new in a folder every `every_ms` milliseconds, until hfx_schedule_stop, which makes the
/// last commit; a cancel of the job makes none. Files are expected to grow at their end: of each, what was there at the
/// look is committed. A look that finds nothing new makes no commit; a failed commit is logged and tried again at the
/// next time. `path_in_repo` is the folder in the repository (NULL: its root). Hold hfx_schedule_lock while you write
/// what belongs together. The files of the job's progress are those of the look under way, its sums are of all looks.
/// The job's result is taken with hfx_job_take_committed.
/// On success `*out_schedule` is the schedule, to be freed with hfx_schedule_free, and `*out_job` the job, to be freed
/// with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_schedule_folder(
    client: *const hfx_client,
    repo: *const hfx_repo,
    folder_path: *const c_char,
    path_in_repo: *const c_char,
    every_ms: i64,
    options: *const hfx_options,
    out_schedule: *mut *mut hfx_schedule,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let job_place = out(out_job, "out_job");
        let place = out(out_schedule, "out_schedule")?;
        let (repo, folder) = (repo::of(repo)?, path(folder_path, "folder_path")?);
        let below = maybe_text(path_in_repo, "path_in_repo")?.unwrap_or("");
        let every = u64::try_from(every_ms).map_err(|_| Error::invalid("every_ms is negative"))?;
        let schedule = Schedule::new();
        start(client, options, job_place?, |client, options, hooks| {
            let every = Duration::from_millis(every);
            let revision = repo.revision.as_deref();
            client.schedule(&repo.id, revision, &folder, below, every, &schedule, options, hooks)
        })?;
        place.set(hfx_schedule { schedule, client: of(client)?.downgrade(), pid: std::process::id() });
        Ok(())
    })
}

/// Begins to write: until hfx_schedule_unlock no look at the folder is taken. Waits for one that is being taken, and
/// for another lock, at most `timeout_ms` milliseconds (-1 is for ever), then `HFX_E_TIMEOUT`. Not inside a callback;
/// one lock at a time, which any thread may end.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_schedule_lock(
    schedule: *const hfx_schedule,
    timeout_ms: i64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let schedule = own(schedule)?;
        if schedule.schedule.lock(timeout(timeout_ms)?)? {
            return Ok(());
        }
        Err(Error::new(Kind::Timeout, format!("the schedule was busy for {timeout_ms} ms")).retryable(true))
    })
}

/// Has written. `HFX_E_INVALID_ARGUMENT` when it is not locked.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_schedule_unlock(schedule: *const hfx_schedule, err: *mut *mut hfx_error) -> hfx_status {
    guard(err, || own(schedule)?.schedule.unlock())
}

/// Asks for a commit now; returns at once. `out_job` may be NULL; else on success `*out_job` is a job that ends with
/// that commit, to be freed with hfx_job_free: its result is taken with hfx_job_take_committed, and a cancel of it
/// changes nothing about the commit. It ends with `HFX_E_CLOSED` when the schedule has ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_schedule_trigger(
    schedule: *const hfx_schedule,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = maybe_out(out_job);
        let own = own(schedule)?;
        match place {
            None => own.schedule.trigger(),
            Some(place) => {
                let client = own.client.upgrade()?;
                let job = client.trigger(&own.schedule, &Options::new(), Hooks::default())?;
                place.set(hfx_job::new(job));
            }
        }
        Ok(())
    })
}

/// Asks for the last commit, with which the job ends; returns at once.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_schedule_stop(schedule: *const hfx_schedule, err: *mut *mut hfx_error) -> hfx_status {
    guard(err, || {
        own(schedule)?.schedule.stop();
        Ok(())
    })
}

/// Frees the handle; the job goes on. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_schedule_free(schedule: *mut hfx_schedule) {
    value((), || {
        if let Some(schedule) = take(schedule)
            && schedule.pid != std::process::id()
        {
            // In a forked child, locks of the parent's threads may be held for ever.
            std::mem::forget(schedule);
        }
    });
}

/// The schedule behind a handle, refused in a forked child.
fn own<'a>(schedule: *const hfx_schedule) -> Result<&'a hfx_schedule> {
    let schedule = handle(schedule, "schedule")?;
    if schedule.pid != std::process::id() {
        return Err(Error::new(
            Kind::Forked,
            "this schedule was started before fork(): it runs in the parent",
        ));
    }
    Ok(schedule)
}
