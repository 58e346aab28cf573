//! How far a job is: numbers of one moment.

use std::ffi::{c_char, c_void};

use super::convert::{Text, maybe_handle, out, take};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::{hfx_job, of};
use crate::client::Job;
use crate::event::{FileProgress, Totals};

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

/// The numbers of a job at one moment, for all its files and for each. Immutable; may be read from many threads.
pub struct hfx_progress {
    totals: Totals,
    job: u64,
    files: Vec<File>,
}

struct File {
    name: Text,
    size: u64,
    done: u64,
    hashed: u64,
    sent: u64,
    state: i32,
    error: Option<hfx_error>,
}

/// Gets a job's progress. `progress` is valid during the call only. Called on a thread of the library, never two at
/// once for one job; it may take its time (the transfer goes on), must not wait for a job or close a client, and no
/// exception or longjmp may leave it. To stop the job, call hfx_job_cancel.
pub type hfx_progress_fn = Option<extern "C" fn(progress: *const hfx_progress, user: *mut c_void)>;

impl hfx_progress {
    pub(super) fn new(job: &Job) -> Self {
        let file = |file: &FileProgress| File {
            name: Text::new(&file.name),
            size: file.size(),
            done: file.done(),
            hashed: file.hashed(),
            sent: file.sent(),
            state: file.state() as i32,
            error: file.error().map(hfx_error::new),
        };
        let files = job.progress().files();
        Self { totals: job.totals(), job: job.id(), files: files.iter().map(|f| file(f)).collect() }
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
    number(progress, |p| p.job)
}

/// Files of the job, as far as known.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_files(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.files)
}

/// Files that have ended well.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_files_done(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.files_done)
}

/// Files that have failed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_files_failed(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.files_failed)
}

/// Bytes of all files, as far as known.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_total(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.bytes)
}

/// Bytes in place: fetched, restored from an earlier run, or cached; of an upload stored by the server.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_done(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.done)
}

/// Bytes that came over the network in this job.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_received(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.received)
}

/// Bytes that an earlier run had left and that were not fetched again.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_restored(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.restored)
}

/// Bytes that went out over the network in this job; what was sent again counts again.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_sent(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.sent)
}

/// Bytes that were hashed, of an upload before they are sent.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_bytes_hashed(progress: *const hfx_progress) -> u64 {
    number(progress, |p| p.totals.hashed)
}

/// A file's path in the repository; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_name(progress: *const hfx_progress, index: usize) -> *const c_char {
    value(std::ptr::null(), || file(progress, index).map_or(std::ptr::null(), |f| f.name.as_ptr()))
}

/// A file's size in bytes, 0 while unknown.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_size(progress: *const hfx_progress, index: usize) -> u64 {
    value(0, || file(progress, index).map_or(0, |f| f.size))
}

/// A file's bytes in place.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_done(progress: *const hfx_progress, index: usize) -> u64 {
    value(0, || file(progress, index).map_or(0, |f| if f.size == 0 { 0 } else { f.done }))
}

/// A file's bytes that were hashed, of an upload before they are sent.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_hashed(progress: *const hfx_progress, index: usize) -> u64 {
    value(0, || file(progress, index).map_or(0, |f| f.hashed))
}

/// A file's bytes that went out over the network; what was sent again counts again.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_sent(progress: *const hfx_progress, index: usize) -> u64 {
    value(0, || file(progress, index).map_or(0, |f| f.sent))
}

/// How far a file is, one of `HFX_FILE_*`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_state(progress: *const hfx_progress, index: usize) -> i32 {
    value(0, || file(progress, index).map_or(0, |f| f.state))
}

/// Why a file failed; NULL when it has not. Lent by the progress: not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_file_error(progress: *const hfx_progress, index: usize) -> *const hfx_error {
    value(std::ptr::null(), || {
        file(progress, index).and_then(|f| f.error.as_ref()).map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// Frees a progress that hfx_job_progress gave; not one that a callback got. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_progress_free(progress: *mut hfx_progress) {
    value((), || drop(take(progress)));
}

fn number(progress: *const hfx_progress, field: impl FnOnce(&hfx_progress) -> u64) -> u64 {
    value(0, || maybe_handle(progress).map_or(0, field))
}

fn file<'a>(progress: *const hfx_progress, index: usize) -> Option<&'a File> {
    maybe_handle(progress)?.files.get(index)
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
        ];
        assert!(states.iter().all(|(state, number)| *state as i32 == *number));
        assert_eq!(states.len(), crate::ffi::constants(include_str!("progress.rs"), "HFX_FILE_").len());
    }
}
