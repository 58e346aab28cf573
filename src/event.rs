//! What a job tells while it runs.
//!
//! The protocol: numbers only grow; `received` counts bytes from the network, `sent` bytes to it, `done` bytes that are
//! in place (fetched, restored, cached; of an upload: stored by the server, or there before); a file goes from waiting to running to one of its ends and stays there. Readers
//! poll a [`Progress`] whenever they like; a job's callback is called at most ten times a second and once more at
//! the end, with the final numbers, before the completion.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind};

/// How far one file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FileState {
    /// Not begun.
    Waiting = 0,
    /// Under way.
    Running = 1,
    /// In place, fetched now.
    Done = 2,
    /// In place before, nothing was fetched.
    Cached = 3,
    /// Ended with an error.
    Failed = 4,
    /// A dry run: would be fetched.
    Planned = 5,
    /// Left unfinished: cancelled, or the job ended before its turn.
    Cancelled = 6,
}

/// The live numbers of one file.
#[derive(Debug)]
pub struct FileProgress {
    /// Its path in the repository, or its URL's last segment.
    pub name: String,
    size: AtomicU64,
    done: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    restored: AtomicU64,
    hashed: AtomicU64,
    state: AtomicU8,
    error: Mutex<Option<Error>>,
}

/// The live numbers of one job.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Files>);

#[derive(Debug, Default)]
struct Files {
    all: Vec<Arc<FileProgress>>,
    /// What those come to that were let go of.
    before: Totals,
}

/// The numbers of a job at one moment. Sizes in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files of the job, as far as known.
    pub files: u64,
    /// Files that have ended well.
    pub files_done: u64,
    /// Files that have failed.
    pub files_failed: u64,
    /// Bytes of all files, as far as known.
    pub bytes: u64,
    /// Bytes in place.
    pub done: u64,
    /// Bytes received from the network.
    pub received: u64,
    /// Bytes that an earlier run had left.
    pub restored: u64,
    /// Bytes sent to the network.
    pub sent: u64,
    /// Bytes hashed.
    pub hashed: u64,
}

impl FileProgress {
    fn new(name: &str, size: u64) -> Self {
        Self {
            name: name.to_owned(),
            size: size.into(),
            done: 0.into(),
            received: 0.into(),
            sent: 0.into(),
            restored: 0.into(),
            hashed: 0.into(),
            state: 0.into(),
            error: Mutex::new(None),
        }
    }

    /// The size became known.
    pub fn set_size(&self, size: u64) {
        self.size.store(size, Relaxed);
    }

    /// Bytes came from the network.
    pub fn add_received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Relaxed);
    }

    /// Bytes went out to the network, some of them maybe again.
    pub fn add_sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Relaxed);
    }

    /// So many bytes more are in place.
    pub fn add_done(&self, bytes: u64) {
        self.done.fetch_add(bytes, Relaxed);
    }

    /// This many bytes are in place; never goes back.
    pub fn set_done(&self, bytes: u64) {
        self.done.fetch_max(bytes, Relaxed);
    }

    /// This many bytes were there from an earlier run.
    pub fn set_restored(&self, bytes: u64) {
        self.restored.store(bytes, Relaxed);
        self.set_done(bytes);
    }

    /// This many bytes are hashed.
    pub fn set_hashed(&self, bytes: u64) {
        self.hashed.fetch_max(bytes, Relaxed);
    }

    /// Changes the state; an end is final.
    pub fn set_state(&self, state: FileState) {
        let _ = self.state.fetch_update(Relaxed, Relaxed, |now| (now < 2).then_some(state as u8));
        if matches!(state, FileState::Done | FileState::Cached) {
            self.set_done(self.size());
        }
    }

    /// Ends with an error; a file that was cancelled has not failed.
    pub fn fail(&self, error: &Error) {
        if error.kind() == Kind::Cancelled {
            self.set_state(FileState::Cancelled);
            return;
        }
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        self.set_state(FileState::Failed);
    }

    /// Size in bytes, 0 while unknown.
    pub fn size(&self) -> u64 {
        self.size.load(Relaxed)
    }

    /// Bytes in place.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed).min(self.size().max(1))
    }

    /// Bytes received.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Bytes sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Bytes restored.
    pub fn restored(&self) -> u64 {
        self.restored.load(Relaxed)
    }

    /// Bytes hashed.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Relaxed)
    }

    /// How far it is.
    pub fn state(&self) -> FileState {
        match self.state.load(Relaxed) {
            0 => FileState::Waiting,
            1 => FileState::Running,
            2 => FileState::Done,
            3 => FileState::Cached,
            4 => FileState::Failed,
            5 => FileState::Planned,
            _ => FileState::Cancelled,
        }
    }

    /// Its error, when it has failed.
    pub fn error(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress {
    /// Adds a file.
    pub fn add(&self, name: &str, size: u64) -> Arc<FileProgress> {
        let file = Arc::new(FileProgress::new(name, size));
        self.lock().all.push(file.clone());
        file
    }

    /// Lets go of the files so far, whose numbers stay in the sums: for a job without an end.
    pub fn let_go(&self) {
        let mut files = self.lock();
        files.before = files.totals();
        files.all.clear();
    }

    /// The job has ended before its files: those that have no end of their own get one.
    pub fn leave(&self) {
        for file in &self.lock().all {
            file.set_state(FileState::Cancelled);
        }
    }

    /// The files, in the order in which they were added.
    pub fn files(&self) -> Vec<Arc<FileProgress>> {
        self.lock().all.clone()
    }

    /// One file by its position.
    pub fn file(&self, index: usize) -> Option<Arc<FileProgress>> {
        self.lock().all.get(index).cloned()
    }

    /// The sums.
    pub fn totals(&self) -> Totals {
        self.lock().totals()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn totals(&self) -> Totals {
        let mut totals = self.before;
        for file in &self.all {
            let state = file.state();
            totals.files += 1;
            totals.files_done += u64::from(matches!(state, FileState::Done | FileState::Cached));
            totals.files_failed += u64::from(state == FileState::Failed);
            totals.bytes += file.size();
            totals.done += if file.size() == 0 { 0 } else { file.done() };
            totals.received += file.received();
            totals.restored += file.restored();
            totals.sent += file.sent();
            totals.hashed += file.hashed();
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_only_grow_and_ends_are_final() {
        let progress = Progress::default();
        let file = progress.add("a", 10);
        file.set_done(6);
        file.set_done(2);
        assert_eq!(progress.totals().done, 6);
        file.set_state(FileState::Done);
        file.fail(&Error::new(Kind::Io, "late"));
        assert_eq!(file.state(), FileState::Done);
        assert_eq!(
            progress.totals(),
            Totals { files: 1, files_done: 1, bytes: 10, done: 10, ..Totals::default() }
        );
        progress.let_go();
        progress.add("b", 5);
        assert_eq!(progress.files().len(), 1);
        assert_eq!(
            progress.totals(),
            Totals { files: 2, files_done: 1, bytes: 15, done: 10, ..Totals::default() }
        );
    }
}
