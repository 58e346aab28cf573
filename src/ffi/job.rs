//! Jobs: waited for, watched, stopped, and their result taken once.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use super::bytes::hfx_bytes;
use super::cache::{hfx_cache, hfx_verification};
use super::committed::hfx_committed;
use super::convert::{Out, User, handle, maybe_handle, out, put, take};
use super::error::{hfx_error, hfx_status};
use super::file::{hfx_file, hfx_meta, hfx_snapshot};
use super::guard::{guard, value};
use super::history::hfx_history;
use super::list::{hfx_info, hfx_refs, hfx_tree};
use super::parts::hfx_parts;
use super::progress::hfx_progress;
use super::reply::hfx_reply;
use crate::client::{DoneFn, Hooks, Job, Output};
use crate::error::{Error, Kind, Result};
use crate::log::Level;

/// A job: work on the library's threads. The handle may be used from many threads; freeing it changes nothing about
/// the work, which goes on to its end.
pub struct hfx_job {
    job: Job,
    pid: u32,
}

/// Called once when a job has ended, after its last progress; its result can be taken then. `job` is lent for the call:
/// not to be freed (hfx_job_clone gives one to keep). On a thread of the library; it must not wait for a job or close a
/// client, and no exception or longjmp may leave it. A thread that waits for the job may be awake before this is
/// called.
pub type hfx_done_fn = Option<extern "C" fn(job: *const hfx_job, user: *mut c_void)>;

type ProgressCall = extern "C" fn(*const hfx_job, *const hfx_progress, *mut c_void);
type DoneCall = extern "C" fn(*const hfx_job, *mut c_void);
type LogCall = extern "C" fn(i32, *const std::ffi::c_char, *const std::ffi::c_char, *mut c_void);

/// The callbacks of a set of options.
#[derive(Clone, Default)]
pub(super) struct Callbacks {
    pub(super) progress: Option<(ProgressCall, Arc<User>)>,
    pub(super) done: Option<(DoneCall, Arc<User>)>,
    pub(super) log: Option<(Level, LogCall, Arc<User>)>,
}

impl Callbacks {
    /// These, and where they say nothing, `below`'s.
    pub(super) fn over(self, below: &Callbacks) -> Self {
        Self {
            progress: self.progress.or_else(|| below.progress.clone()),
            done: self.done.or_else(|| below.done.clone()),
            log: self.log,
        }
    }

    pub(super) fn hooks(self) -> Hooks {
        Hooks {
            progress: self.progress.map(|(call, user)| {
                let report = move |job: &Job| {
                    let (handle, progress) = (hfx_job::new(job.clone()), hfx_progress::new(job));
                    call(&raw const handle, &raw const progress, user.pointer());
                };
                Box::new(report) as Box<dyn Fn(&Job) + Send + Sync>
            }),
            done: self.done.map(|(call, user)| done(call, user)),
            ending: None,
            lent: None,
        }
    }
}

fn done(call: DoneCall, user: Arc<User>) -> DoneFn {
    Box::new(move |job: &Job| call(&raw const *Box::new(hfx_job::new(job.clone())), user.pointer()))
}

impl hfx_job {
    pub(super) fn new(job: Job) -> Self {
        Self { job, pid: std::process::id() }
    }
}

/// The job behind a handle, refused in a forked child.
pub(super) fn of<'a>(job: *const hfx_job) -> Result<&'a Job> {
    let job = handle(job, "job")?;
    if job.pid != std::process::id() {
        return Err(Error::new(Kind::Forked, "this job was started before fork(): it runs in the parent"));
    }
    Ok(&job.job)
}

/// The job's number, unique within its client; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_id(job: *const hfx_job) -> u64 {
    value(0, || maybe_handle(job).map_or(0, |job| job.job.id()))
}

/// A second handle of the same job, as of one that a callback lends.
/// On success `*out_job` is the handle, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_clone(
    job: *const hfx_job,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        place.set(hfx_job::new(of(job)?.clone()));
        Ok(())
    })
}

/// Waits until the job has ended, at most `timeout_ms` milliseconds; -1 is for ever.
/// On success `*out_ended` is 1 when it has ended, 0 when the time was over first; it may be NULL. How the job ended
/// says hfx_job_check, or the take function of its kind. The last call with its progress has returned by then, the one
/// with its completion maybe not. Inside a callback: `HFX_E_WOULD_DEADLOCK`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_wait(
    job: *const hfx_job,
    timeout_ms: i64,
    out_ended: *mut i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_ended, 0);
        let ended = of(job)?.wait(timeout(timeout_ms)?)?;
        put(out_ended, i32::from(ended));
        Ok(())
    })
}

/// Whether the job has ended, at once: `*out_ended` is 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_poll(
    job: *const hfx_job,
    out_ended: *mut i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_ended, 0);
        put(out_ended, i32::from(of(job)?.has_ended()));
        Ok(())
    })
}

/// Calls `callback` once when the job has ended, after the one of its options; soon, when it has ended by now. `user`
/// is handed through; `destroy`, when not NULL, is called on it exactly once, also when this call fails. `HFX_E_CLOSED`
/// when the job has ended and its client is closed; a client that is closed in the same moment may leave the callback
/// out.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_on_done(
    job: *const hfx_job,
    callback: hfx_done_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = Arc::new(User::new(user, destroy));
    guard(err, || {
        let call = callback.ok_or_else(|| Error::invalid("callback is NULL"))?;
        of(job)?.on_done(done(call, user))
    })
}

/// Asks the job to end, from any thread, also from a callback; returns at once, and any number of calls is one. The
/// one completion still comes: with `HFX_E_CANCELLED`, or with the result when it was already there. What is on
/// disk can be resumed by the same call. Memory that was lent to the job is the caller's again when this returns.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_cancel(job: *const hfx_job) {
    value((), || {
        if let Ok(job) = of(job) {
            job.cancel();
        }
    });
}

/// Asks the job to keep its state and use neither network nor disk until hfx_job_resume. Returns at once, from any
/// thread. A paused job can be cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_pause(job: *const hfx_job) {
    value((), || {
        if let Ok(job) = of(job) {
            job.pause();
        }
    });
}

/// Lets a paused job go on. Returns at once, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_resume(job: *const hfx_job) {
    value((), || {
        if let Ok(job) = of(job) {
            job.resume();
        }
    });
}

/// How the job ended, taking nothing: `HFX_OK` when it ended well, its own error when it failed, as often as it is
/// asked for; `HFX_E_NOT_ENDED` before.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_check(job: *const hfx_job, err: *mut *mut hfx_error) -> hfx_status {
    guard(err, || of(job)?.outcome(whole))
}

/// Takes the result of a file download. Every take function: the job must have ended (else `HFX_E_NOT_ENDED`); gives
/// the job's own error when it failed, as often as it is called; hands the result out once (then
/// `HFX_E_ALREADY_TAKEN`); refuses a job of another kind with `HFX_E_INVALID_ARGUMENT`, and its result stays.
/// On success `*out_file` is the file, to be freed with hfx_file_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_file(
    job: *const hfx_job,
    out_file: *mut *mut hfx_file,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_file, "out_file")?, |output| match output {
            Output::File(file) => Some(hfx_file::new(file)),
            _ => None,
        })
    })
}

/// Takes the result of a snapshot download. When files of it have failed: `HFX_E_INCOMPLETE`, and hfx_job_take_outcomes
/// gives what there is.
/// On success `*out_snapshot` is the snapshot, to be freed with hfx_snapshot_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_snapshot(
    job: *const hfx_job,
    out_snapshot: *mut *mut hfx_snapshot,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_snapshot, "out_snapshot")?, |output| match output {
            Output::Snapshot(snapshot) => Some(hfx_snapshot::new(snapshot)),
            _ => None,
        })
    })
}

/// Takes a snapshot with the files that failed or were left out as well: hfx_file_state and hfx_file_error tell of
/// each. It goes well where hfx_job_take_snapshot gives `HFX_E_INCOMPLETE`.
/// On success `*out_snapshot` is the snapshot, to be freed with hfx_snapshot_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_outcomes(
    job: *const hfx_job,
    out_snapshot: *mut *mut hfx_snapshot,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_snapshot, "out_snapshot")?;
        place.set(of(job)?.take_by(|output| match output {
            Output::Snapshot(snapshot) => Ok(hfx_snapshot::new(snapshot)),
            _ => Err(other_kind()),
        })?);
        Ok(())
    })
}

/// Takes the result of a read.
/// On success `*out_bytes` is what was read, to be freed with hfx_bytes_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_bytes(
    job: *const hfx_job,
    out_bytes: *mut *mut hfx_bytes,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_bytes, "out_bytes")?, |output| match output {
            Output::Bytes(bytes) => Some(hfx_bytes::new(bytes)),
            _ => None,
        })
    })
}

/// Takes what the Hub says of a file.
/// On success `*out_meta` is it, to be freed with hfx_meta_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_meta(
    job: *const hfx_job,
    out_meta: *mut *mut hfx_meta,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_meta, "out_meta")?, |output| match output {
            Output::Meta(meta) => Some(hfx_meta::new(meta)),
            _ => None,
        })
    })
}

/// Takes what the Hub says of a repository.
/// On success `*out_info` is it, to be freed with hfx_info_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_info(
    job: *const hfx_job,
    out_info: *mut *mut hfx_info,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_info, "out_info")?, |output| match output {
            Output::Info(info) => Some(hfx_info::new(info)),
            _ => None,
        })
    })
}

/// Takes a listing.
/// On success `*out_tree` is it, to be freed with hfx_tree_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_tree(
    job: *const hfx_job,
    out_tree: *mut *mut hfx_tree,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_tree, "out_tree")?, |output| match output {
            Output::Tree(files) => Some(hfx_tree::new(files)),
            _ => None,
        })
    })
}

/// Takes branches and tags.
/// On success `*out_refs` are they, to be freed with hfx_refs_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_refs(
    job: *const hfx_job,
    out_refs: *mut *mut hfx_refs,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_refs, "out_refs")?, |output| match output {
            Output::Refs(refs) => Some(hfx_refs::new(refs)),
            _ => None,
        })
    })
}

/// Takes what a scan of the cache found.
/// On success `*out_cache` is it, to be freed with hfx_cache_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_cache(
    job: *const hfx_job,
    out_cache: *mut *mut hfx_cache,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_cache, "out_cache")?, |output| match output {
            Output::Cache(info) => Some(hfx_cache::new(info.clone())),
            _ => None,
        })
    })
}

/// Takes the result of a verification.
/// On success `*out_verification` is it, to be freed with hfx_verification_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_verification(
    job: *const hfx_job,
    out_verification: *mut *mut hfx_verification,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_verification, "out_verification")?, |output| match output {
            Output::Verification(report) => Some(hfx_verification::new(report)),
            _ => None,
        })
    })
}

/// Takes what the Hub answered to a call, or to making, deleting or changing something.
/// On success `*out_reply` is it, to be freed with hfx_reply_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_reply(
    job: *const hfx_job,
    out_reply: *mut *mut hfx_reply,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_reply, "out_reply")?, |output| match output {
            Output::Reply(reply) => Some(hfx_reply::new(reply)),
            _ => None,
        })
    })
}

/// Takes a list of commits.
/// On success `*out_history` is it, to be freed with hfx_history_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_history(
    job: *const hfx_job,
    out_history: *mut *mut hfx_history,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_history, "out_history")?, |output| match output {
            Output::Commits(history) => Some(hfx_history::new(history)),
            _ => None,
        })
    })
}

/// Takes the result of a commit, an upload, a preupload or a schedule.
/// On success `*out_committed` is it, to be freed with hfx_committed_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_committed(
    job: *const hfx_job,
    out_committed: *mut *mut hfx_committed,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_committed, "out_committed")?, |output| match output {
            Output::Commit(committed) => Some(hfx_committed::new(committed)),
            _ => None,
        })
    })
}

/// Takes what a store answered to a file that was sent to given addresses.
/// On success `*out_parts` is it, to be freed with hfx_parts_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_parts(
    job: *const hfx_job,
    out_parts: *mut *mut hfx_parts,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        take_as(job, out(out_parts, "out_parts")?, |output| match output {
            Output::Parts(parts) => Some(hfx_parts::new(parts)),
            _ => None,
        })
    })
}

/// Takes whether something is there.
/// On success `*out_exists` is 1 or 0; it may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_take_exists(
    job: *const hfx_job,
    out_exists: *mut i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_exists, 0);
        let yes = of(job)?.take_by(|output| match output {
            Output::Exists(yes) => Ok(*yes),
            _ => Err(other_kind()),
        })?;
        put(out_exists, i32::from(yes));
        Ok(())
    })
}

/// Frees the handle; the job goes on. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_free(job: *mut hfx_job) {
    value((), || {
        if let Some(job) = take(job)
            && job.pid != std::process::id()
        {
            // In a forked child, locks of the parent's threads may be held for ever.
            std::mem::forget(job);
        }
    });
}

fn other_kind() -> Error {
    Error::invalid("the job's result is of another kind")
}

fn take_as<T>(job: *const hfx_job, place: Out<T>, convert: fn(&mut Output) -> Option<T>) -> Result<()> {
    place.set(of(job)?.take_by(|output| {
        let whole = whole(output);
        let result = convert(output).ok_or_else(other_kind)?;
        whole.map(|()| result)
    })?);
    Ok(())
}

/// A snapshot in which files have failed is a failure.
fn whole(output: &Output) -> Result<()> {
    let Output::Snapshot(snapshot) = output else { return Ok(()) };
    let mut failures = snapshot.files.iter().filter_map(|file| file.result.as_ref().err());
    let Some(first) = failures.next() else { return Ok(()) };
    let (failed, all) = (1 + failures.count(), snapshot.files.len());
    let text = format!("{failed} of {all} files of the snapshot failed, the first: {first}");
    Err(Error::new(Kind::Incomplete, text).retryable(first.is_retryable()))
}

/// Milliseconds as C gives them: -1 is for ever.
pub(super) fn timeout(milliseconds: i64) -> Result<Option<Duration>> {
    match milliseconds {
        -1 => Ok(None),
        0.. => Ok(Some(Duration::from_millis(milliseconds as u64))),
        _ => Err(Error::invalid(format!("{milliseconds} is no timeout: -1 is for ever"))),
    }
}
