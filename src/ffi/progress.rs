//! How far a job is: numbers of one moment.

use std::ffi::{c_char, c_void};

use super::convert::{Text, fill, maybe_handle, out, take};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::{hfx_job, of};
use crate::client::Job;
use crate::event::FileProgress;

/// Not begun.
pub const HFX_FILE_WAITING: i32 = 0;
/// Under way.
pub const HFX_FILE_RUNNING: i32 = 1;
/// In place, fetched or sent now.
pub const HFX_FILE_DONE: i32 = 2;
/// In place before; nothing was fetched or sent.
pub const HFX_FILE_CACHED: i32 = 3;
/// Ended with an error.
pub const HFX_FILE_FAILED: i32 = 4;
/// A dry run: would be fetched.
pub const HFX_FILE_PLANNED: i32 = 5;
/// Left unfinished: cancelled, or its job ended before its turn.
pub const HFX_FILE_CANCELLED: i32 = 6;

/// The numbers of a job at one moment, for all its files and for each. Immutable; may be read from many threads.
pub struct hfx_progress {
    totals: hfx_totals,
    job: u64,
    files: Vec<File>,
}

struct File {
    name: Text,
    size: u64,
    done: u64,
    received: u64,
    restored: u64,
    hashed: u64,
    sent: u64,
    state: i32,
    error: Option<hfx_error>,
}

/// The sums of a job's files. Later versions may add fields at the end.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct hfx_totals {
    /// Files of the job, as far as known.
    pub files: u64,
    /// Files that have ended well.
    pub files_done: u64,
    /// Files that have failed.
    pub files_failed: u64,
    /// Bytes of all files, as far as known.
    pub bytes: u64,
    /// Bytes in place: fetched, restored from an earlier run, or cached; of an upload stored by the server; of a deletion
    /// freed.
    pub bytes_done: u64,
    /// Bytes that came over the network in this job.
    pub bytes_received: u64,
    /// Bytes that an earlier run had left and that were not fetched again.
    pub bytes_restored: u64,
    /// Bytes that went out over the network in this job; what was sent again counts again.
    pub bytes_sent: u64,
    /// Bytes that were hashed, of an upload before they are sent.
    pub bytes_hashed: u64,
}

/// One file of a job. Its pointers are lent by the progress. Later versions may add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfx_file_progress {
    /// Its path in the repository, or the last part of its URL.
    pub name: *const c_char,
    /// Its size in bytes, 0 while unknown.
    pub bytes: u64,
    /// Bytes in place.
    pub bytes_done: u64,
    /// Bytes that came over the network in this job.
    pub bytes_received: u64,
    /// Bytes that an earlier run had left and that were not fetched again.
    pub bytes_restored: u64,
    /// Bytes that went out over the network in this job; what was sent again counts again.
    pub bytes_sent: u64,
    /// Bytes that were hashed, of an upload before they are sent.
    pub bytes_hashed: u64,
    /// Why it failed; NULL when it has not. Not to be freed (hfx_error_clone gives one to keep).
    pub error: *const hfx_error,
    /// How far it is, one of `HFX_FILE_*`.
    pub state: i32,
}

/// Gets a job's progress. `job` and `progress` are lent for the call (hfx_job_clone gives a job to keep); it may come
/// before the function that started the job has returned. Called on a thread of the library, never two at once for one
/// job; it may take its time (the transfer goes on), must not wait for a job or close a client, and no exception or
/// longjmp may leave it. To stop the job, call hfx_job_cancel.
pub type hfx_progress_fn =
    Option<extern "C" fn(job: *const hfx_job, progress: *const hfx_progress, user: *mut c_void)>;

impl hfx_progress {
    pub(super) fn new(job: &Job) -> Self {
        let file = |file: &FileProgress| File {
            name: Text::new(&file.name),
            size: file.size(),
            done: if file.size() == 0 { 0 } else { file.done() },
            received: file.received(),
            restored: file.restored(),
            hashed: file.hashed(),
            sent: file.sent(),
            state: file.state() as i32,
            error: file.error().map(hfx_error::new),
        };
        let files = job.progress().files();
        let totals = job.totals();
        let totals = hfx_totals {
            files: totals.files,
            files_done: totals.files_done,
            files_failed: totals.files_failed,
            bytes: totals.bytes,
            bytes_done: totals.done,
            bytes_received: totals.received,
            bytes_restored: totals.restored,
            bytes_sent: totals.sent,
            bytes_hashed: totals.hashed,
        };
        Self { totals, job: job.id(), files: files.iter().map(|f| file(f)).collect() }
    }
}

/// How far a job is now. Numbers only grow from one call to the next.
/// On success `*out_progress` is a picture of this moment, to be freed with hfx_progress_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_job_progress(
    job: *const hfx_job,
    out_progress: *mut *mut hfx_progress,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_progress, "out_progress")?;
        place.set(hfx_progress::new(of(job)?));
        Ok(())
    })
}

/// The number of the job, as hfx_job_id.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_job_id(progress: *const hfx_progress) -> u64 {
    value(0, || maybe_handle(progress).map_or(0, |p| p.job))
}

/// The sums. `size` is the size of the caller's struct, `sizeof(hfx_totals)`: as much of it is filled, and what this
/// library does not know is 0. So is all of it for a NULL progress.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_totals(
    progress: *const hfx_progress,
    out_totals: *mut hfx_totals,
    size: usize,
) {
    value((), || fill(out_totals, size, maybe_handle(progress).map(|p| p.totals)));
}

/// How many files hfx_progress_file tells of.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_count(progress: *const hfx_progress) -> usize {
    value(0, || maybe_handle(progress).map_or(0, |p| p.files.len()))
}

/// One file by its place, which it keeps in later pictures of the job (of a schedule: until it finds something new, when
/// the files begin anew). `size` is `sizeof(hfx_file_progress)`, and
/// counts as in hfx_progress_totals.
/// Returns 1, or 0 behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file(
    progress: *const hfx_progress,
    index: usize,
    out_file: *mut hfx_file_progress,
    size: usize,
) -> i32 {
    value(0, || {
        let file = maybe_handle(progress).and_then(|p| p.files.get(index));
        let known = file.map(|file| hfx_file_progress {
            name: file.name.as_ptr(),
            bytes: file.size,
            bytes_done: file.done,
            bytes_received: file.received,
            bytes_restored: file.restored,
            bytes_sent: file.sent,
            bytes_hashed: file.hashed,
            error: file.error.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            state: file.state,
        });
        fill(out_file, size, known);
        i32::from(known.is_some())
    })
}

/// Frees a progress that hfx_job_progress gave; not one that a callback got. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_free(progress: *mut hfx_progress) {
    value((), || drop(take(progress)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FileState;

    #[test]
    fn the_states_have_the_header_s_numbers() {
        let states = [
            (FileState::Waiting, HFX_FILE_WAITING),
            (FileState::Running, HFX_FILE_RUNNING),
            (FileState::Done, HFX_FILE_DONE),
            (FileState::Cached, HFX_FILE_CACHED),
            (FileState::Failed, HFX_FILE_FAILED),
            (FileState::Planned, HFX_FILE_PLANNED),
            (FileState::Cancelled, HFX_FILE_CANCELLED),
        ];
        assert!(states.iter().all(|(state, number)| *state as i32 == *number));
        assert_eq!(states.len(), crate::ffi::constants(include_str!("progress.rs"), "HFX_FILE_").len());
    }
}
