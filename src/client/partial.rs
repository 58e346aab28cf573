//! The partial of one transfer: made, taken over, finished.
//!
//! A process writes only its own partial. An orphan, whose writer is gone, is taken over by renaming it. A partial
//! whose writer lives is left alone, and what it has finished is copied. Whether a writer lives is read from its
//! journal (same boot, same process) and from the lock that it holds on its partial; where those say nothing (another
//! machine, no locks), a file that does not grow while it is watched counts as an orphan.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::place::Place;
use crate::cache::evict::LIVE;
use crate::digest::{Expected, Hasher};
use crate::error::{Error, Kind, Result};
use crate::sys::map::Region;
use crate::sys::process::Process;
use crate::sys::{file, lock};
use crate::transfer::download::Disk;
use crate::transfer::journal::{Journal, State};
use crate::transfer::plan::RangeSet;
use crate::transfer::sink::{FileSink, MemorySink, Sink};
use crate::transfer::verify::checksum;

/// A file written to within this time may be growing.
const RECENT: Duration = Duration::from_secs(20);
/// How long such a file is watched.
const WATCHED: Duration = Duration::from_secs(2);

/// The partials that transfers of this process write: its own journal can't tell two of its threads apart.
static WRITING: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// How a partial is used.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Go on with what is there.
    pub resume: bool,
    /// Survive a power loss.
    pub sync: bool,
    /// Write through a mapping.
    pub mapped: bool,
}

/// An open partial.
pub struct Partial {
    path: Claim,
    file: Arc<File>,
    size: u64,
    sync: bool,
}

/// A partial with all that a transfer needs.
pub struct Opened {
    /// The partial.
    pub partial: Partial,
    /// Where to write.
    pub sink: Arc<dyn Sink>,
    /// Its journal and what is done.
    pub disk: Disk,
}

/// A name in [`WRITING`].
struct Claim(PathBuf);

/// An unfinished download that was found.
struct Found {
    path: PathBuf,
    file: Arc<File>,
    /// None: all bytes are there, and nothing says whether they are right.
    state: Option<State>,
    done: RangeSet,
}

/// What a partial is for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it goes.
    pub place: &'a Place,
    /// The version.
    pub etag: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// The hash it must have.
    pub expected: Option<&'a Expected>,
    /// How it is used.
    pub settings: Settings,
}

impl Wanted<'_> {
    /// Opens the partial, going on with an earlier one where there is one. Blocks; `held` says that this process has the
    /// place's lock, `others` that there may be partials which are younger than the job; `go_on` is asked from time to time and ends it as cancelled.
    pub fn open(self, held: bool, others: bool, go_on: &dyn Fn() -> bool) -> Result<Opened> {
        let resume = self.settings.resume && !self.etag.is_empty();
        let found = if resume { self.find(others)? } else { Vec::new() };
        let opened = self.go_on_with(&found, held, go_on)?;
        let mine: u64 = opened.disk.journal.ranges().iter().map(|(range, _)| range.end - range.start).sum();
        // Each kill on another boot, or in another container, would leave a whole file's room.
        for other in found.iter().filter(|other| other.done.total() <= mine) {
            if let Some(state) = &other.state {
                remove_left(&other.path, &other.file, &state.writer);
            }
        }
        Ok(opened)
    }

    fn go_on_with(self, found: &[Found], held: bool, go_on: &dyn Fn() -> bool) -> Result<Opened> {
        let claim = Claim::take(self.place.new_partial()?);
        for found in found {
            if is_orphan(found, held, go_on)? {
                // Somebody may have been faster: then the next one will do.
                if self.place.take_over(&found.path, &claim.0).is_ok() {
                    return self.adopt(claim, found, go_on);
                }
                continue;
            }
            // One that is whole and not ours may be about to be published: it tells nothing that could be copied.
            let Some(state) = found.state.as_ref().filter(|_| found.done.total() > 0) else { continue };
            // The look for its writer's lock has taken that.
            lock::unmark(&found.file);
            match create(self.place, &claim.0, self.size) {
                Ok(file) => return self.copy(claim, file, found, state, go_on),
                Err(error) if error.kind() == Kind::DiskFull => {
                    // There is no room for both; the kernel that would hold its writer's lock is this one.
                    if state.writer.is_alive().is_none()
                        && state.writer.is_of_this_boot()
                        && lock::is_marked(&found.file) == Some(false)
                        && self.place.take_over(&found.path, &claim.0).is_ok()
                    {
                        return self.adopt(claim, found, go_on);
                    }
                    let other = found.path.display();
                    let what =
                        format!("{other} is an unfinished download of it: remove it if nobody writes it");
                    return Err(error.context(what));
                }
                Err(error) => return Err(error),
            }
        }
        let file = create(self.place, &claim.0, self.size)?;
        self.start(claim, Arc::new(file), None, RangeSet::default())
    }

    /// Goes on with one that is ours now.
    fn adopt(self, claim: Claim, found: &Found, go_on: &dyn Fn() -> bool) -> Result<Opened> {
        let (file, path) = (found.file.clone(), claim.0.clone());
        lock::mark(&file);
        let (done, lost) = proven(&file, &path, found.state.as_ref(), found.done.clone(), go_on)?;
        let mut opened = self.start(claim, file, found.state.clone(), done)?;
        for range in lost {
            // Otherwise the next sync would vouch for it.
            opened.disk.journal.lost(range).map_err(|error| Error::io("write", &path, &error))?;
        }
        Ok(opened)
    }

    /// Begins with what a writer has finished that lives, or may live; of another boot or machine, what has its checksum.
    fn copy(
        self,
        claim: Claim,
        file: File,
        found: &Found,
        state: &State,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Opened> {
        let path = claim.0.clone();
        let mut opened = self.start(claim, Arc::new(file), None, RangeSet::default())?;
        let from = FileSink::new(found.file.clone(), &found.path);
        for (&start, range) in &state.ranges {
            if !go_on() {
                return Err(Error::cancelled());
            }
            if !range.sure && checksum(&from, start..range.end)? != range.sum {
                continue;
            }
            let Disk { file, journal, done, .. } = &mut opened.disk;
            file::copy_range(&found.file, start, file, start, range.end - start)
                .and_then(|()| journal.finished(start..range.end, range.sum))
                .map_err(|error| Error::io("copy into", &path, &error))?;
            done.insert(start..range.end);
        }
        Ok(opened)
    }

    fn start(self, claim: Claim, file: Arc<File>, state: Option<State>, done: RangeSet) -> Result<Opened> {
        let Self { place, etag, size, expected, settings } = self;
        let path = claim.0.clone();
        let failed = |error: std::io::Error| Error::io("write", &path, &error);
        let midstate = state.as_ref().and_then(|state| state.midstate.clone());
        let midstate = midstate.filter(|(at, _)| done.contiguous(0) >= *at);
        let hasher = midstate.and_then(|(at, saved)| Some((at, Hasher::restore(expected?, &saved)?)));
        let sink: Arc<dyn Sink> = if settings.mapped {
            let region = Region::mapped(&file, size as usize).map_err(|error| match error.kind() {
                std::io::ErrorKind::Unsupported => {
                    Error::new(Kind::Unsupported, "sink = map needs reserved space").os(&error)
                }
                _ => failed(error),
            })?;
            Arc::new(MemorySink(Arc::new(region)))
        } else {
            Arc::new(FileSink::new(file.clone(), &path))
        };
        let journal = Journal::open(file.clone(), size, etag, place.commit(), Process::this(), state)
            .map_err(failed)?;
        let partial = Partial { path: claim, file: file.clone(), size, sync: settings.sync };
        Ok(Opened {
            partial,
            sink,
            disk: Disk { file, journal, sync: settings.sync, done, midstate: hasher },
        })
    }

    /// The earlier downloads of the same content, the one that has most first.
    fn find(self, others: bool) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for path in if others { self.place.partials()? } else { self.place.partials_before()? } {
            if Claim::is_taken(&path) {
                continue;
            }
            let Ok(file) = self.place.open(&path) else { continue };
            let Ok(state) = Journal::read(&file, self.size, file::boot_id()) else { continue };
            let done = match &state {
                Some(state) if state.etag == self.etag => state.done(),
                // Its trailer was cut off before the rename: only the rename is missing, perhaps.
                None if self.expected.is_some() && file.metadata().is_ok_and(|m| m.len() == self.size) => {
                    let mut all = RangeSet::default();
                    all.insert(0..self.size);
                    all
                }
                _ => continue,
            };
            all.push(Found { path, file: Arc::new(file), state, done });
        }
        all.sort_by_key(|found| std::cmp::Reverse(found.done.total()));
        Ok(all)
    }
}

fn create(place: &Place, path: &Path, size: u64) -> Result<File> {
    let file = place.create(path)?;
    lock::mark(&file);
    // Space for all of it, or the error now; a file system that can't reserve finds out on the way. One in memory
    // would fill its pages before the first byte arrives: there the look at the free space has to do.
    if !file::is_in_memory(&file)
        && let Err(error) = file::preallocate(&file, size)
    {
        let _ = fs::remove_file(path);
        return Err(Error::io("reserve space for", path, &error));
    }
    Ok(file)
}

/// Removes what killed processes have left of a file of this size that is published now: nobody would go on with it.
pub fn sweep(partials: &[PathBuf], size: u64) {
    let journal = |path: &Path| {
        let file = File::open(path).ok()?;
        let state = Journal::read(&file, size, file::boot_id()).ok()??;
        Some((file, state))
    };
    for path in partials {
        if let Some((file, state)) = journal(path) {
            remove_left(path, &file, &state.writer);
        }
    }
}

/// Removes a partial that a killed process has left; one whose writer lives keeps its bytes ([`Partial::finish`]).
fn remove_left(path: &Path, file: &File, writer: &Process) {
    if !Claim::is_taken(path) && is_left(file, writer) {
        let _ = fs::remove_file(path);
    }
}

/// Whether its writer was killed. One of another boot or container counts as killed when it was silent for a while and
/// does not hold the file any more; where there are no locks, when it was silent for long.
fn is_left(file: &File, writer: &Process) -> bool {
    let is_gone = || {
        let silent = |time| file.metadata().is_ok_and(|metadata| is_silent(&metadata, time));
        match lock::is_marked(file) {
            Some(marked) => !marked && silent(RECENT),
            None => silent(LIVE),
        }
    };
    writer.is_this() || writer.is_alive().map_or_else(is_gone, |alive| !alive)
}

/// Whether nobody has written to it for some time.
fn is_silent(metadata: &fs::Metadata, time: Duration) -> bool {
    metadata.modified().is_ok_and(|last| last.elapsed().is_ok_and(|age| age >= time))
}

/// Whether nobody writes it any more.
fn is_orphan(found: &Found, held: bool, go_on: &dyn Fn() -> bool) -> Result<bool> {
    if let Some(state) = &found.state {
        if state.writer.is_this() {
            return Ok(true); // Ours, and no transfer of ours writes it.
        }
        if let Some(alive) = state.writer.is_alive() {
            return Ok(!alive);
        }
        if lock::is_marked(&found.file) == Some(true) {
            return Ok(false);
        }
    }
    if !held {
        // Silence proves nothing of a writer that may be paused; but one that had all bytes had only its rename left.
        return Ok(found.state.is_none() && found.file.metadata().is_ok_and(|old| is_silent(&old, LIVE)));
    }
    let look = || found.file.metadata().map_err(|error| Error::io("look at", &found.path, &error));
    let before = look()?;
    if is_silent(&before, RECENT) {
        return Ok(true);
    }
    let step = Duration::from_millis(100);
    for _ in 0..WATCHED.as_millis() / step.as_millis() {
        if !go_on() {
            return Err(Error::cancelled());
        }
        std::thread::sleep(step);
        let now = look()?;
        if now.len() != before.len() || now.modified().ok() != before.modified().ok() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is there for sure, and what is not: ranges that a reboot made doubtful must still have their checksum.
fn proven(
    file: &Arc<File>,
    path: &Path,
    state: Option<&State>,
    mut done: RangeSet,
    go_on: &dyn Fn() -> bool,
) -> Result<(RangeSet, Vec<std::ops::Range<u64>>)> {
    let mut lost = Vec::new();
    let Some(state) = state else { return Ok((done, lost)) };
    let sink = FileSink::new(file.clone(), path);
    for (&start, range) in state.ranges.iter().filter(|(_, range)| !range.sure) {
        if !go_on() {
            return Err(Error::cancelled());
        }
        if checksum(&sink, start..range.end)? != range.sum {
            done.remove(start..range.end);
            lost.push(start..range.end);
        }
    }
    Ok((done, lost))
}

impl Partial {
    /// Cuts the journal off, brings the data to disk, and publishes. Blocks.
    pub fn finish(self, place: &Place) -> Result<PathBuf> {
        let path = &self.path.0;
        let length = self.file.metadata().map_err(|error| Error::io("look at", path, &error))?.len();
        if length < self.size {
            return Err(Error::new(Kind::CorruptCache, format!("somebody has truncated {}", path.display()))
                .retryable(true));
        }
        self.file.set_len(self.size).map_err(|error| Error::io("truncate", path, &error))?;
        if self.is_gone() {
            return self.rescue(place);
        }
        self.to_disk(&self.file, path)?;
        let published = place.publish(path)?;
        // Whoever opens what is published may want to lock it.
        lock::unmark(&self.file);
        sweep(&place.partials_before().unwrap_or_default(), self.size);
        Ok(published)
    }

    /// Whether nothing in it is worth going on with.
    pub fn is_empty(&self) -> bool {
        let state = Journal::read(&self.file, self.size, file::boot_id());
        state.is_ok_and(|state| state.is_some_and(|state| state.ranges.is_empty()))
    }

    /// Gives up what was fetched: it can't be right, or there is nothing.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.path.0);
    }

    /// Whether another tool has removed or replaced it.
    fn is_gone(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let here = self.file.metadata().map(|m| (m.dev(), m.ino()));
        let there = fs::symlink_metadata(&self.path.0).map(|m| (m.dev(), m.ino()));
        !matches!((here, there), (Ok(here), Ok(there)) if here == there)
    }

    /// The bytes are still ours while the descriptor is open: they get a new name.
    fn rescue(&self, place: &Place) -> Result<PathBuf> {
        place.prepare()?;
        let path = Claim::take(place.new_partial()?);
        let file = create(place, &path.0, self.size)?;
        file::copy_range(&self.file, 0, &file, 0, self.size)
            .map_err(|error| Error::io("copy into", &path.0, &error))?;
        self.to_disk(&file, &path.0)?;
        place.publish(&path.0)
    }

    fn to_disk(&self, file: &File, path: &Path) -> Result<()> {
        if self.sync {
            file.sync_data().map_err(|error| Error::io("sync", path, &error))?;
        }
        Ok(())
    }
}

impl Claim {
    fn take(path: PathBuf) -> Self {
        writing(|set| set.insert(path.clone()));
        Self(path)
    }

    fn is_taken(path: &Path) -> bool {
        writing(|set| set.contains(path))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        writing(|set| set.remove(&self.0));
    }
}

fn writing<T>(look: impl FnOnce(&mut HashSet<PathBuf>) -> T) -> T {
    look(WRITING.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}
