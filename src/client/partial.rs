//! The partial of one transfer: made, taken over, finished.
//!
//! A process writes only its own partial. An orphan, whose writer is gone, is taken over by renaming it. A partial
//! whose writer lives is left alone, and what it has finished is copied. Whether a writer lives is read from its
//! journal (same boot, same process); where that says nothing (another machine, another container), a file that
//! does not grow while it is watched counts as an orphan.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::place::Place;
use crate::cache::evict::LIVE;
use crate::digest::{Expected, Hasher};
use crate::error::{Error, Kind, Result};
use crate::sys::file;
use crate::sys::map::Region;
use crate::sys::process::Process;
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

/// Opens the partial for a file of this etag and size, going on with an earlier one where there is one. Blocks;
/// `held` says that this process has the place's lock; `go_on` is asked from time to time and ends it as cancelled.
pub fn open(
    place: &Place,
    etag: &str,
    size: u64,
    expected: Option<&Expected>,
    settings: Settings,
    held: bool,
    go_on: &dyn Fn() -> bool,
) -> Result<Opened> {
    let found =
        if settings.resume && !etag.is_empty() { find(place, etag, size, expected)? } else { Vec::new() };
    let opened = go_on_with(&found, place, etag, size, expected, settings, held, go_on)?;
    // What the others had is less. Each kill on another boot, or in another container, would leave a whole file's room.
    for Found { path, file, state, .. } in &found {
        if let Some(state) = state {
            remove_left(path, file, &state.writer);
        }
    }
    Ok(opened)
}

#[allow(clippy::too_many_arguments)] // The middle of [`open`].
fn go_on_with(
    found: &[Found],
    place: &Place,
    etag: &str,
    size: u64,
    expected: Option<&Expected>,
    settings: Settings,
    held: bool,
    go_on: &dyn Fn() -> bool,
) -> Result<Opened> {
    let path = place.new_partial()?;
    let claim = Claim::take(path.clone());
    for found in found {
        if is_orphan(found, held, go_on)? {
            // Somebody may have been faster: then the next one will do.
            if place.take_over(&found.path, &path).is_err() {
                continue;
            }
            let file = found.file.clone();
            let (done, lost) = proven(&file, &path, found.state.as_ref(), found.done.clone(), go_on)?;
            let state = found.state.clone();
            let mut opened = start(place, claim, file, etag, size, expected, settings, state, done)?;
            for range in lost {
                // Otherwise the next sync would vouch for it.
                opened.disk.journal.lost(range).map_err(|error| Error::io("write", &path, &error))?;
            }
            return Ok(opened);
        }
        // One that is whole and not ours may be about to be published: it tells nothing that could be copied.
        if found.done.total() > 0 && found.state.is_some() {
            let file = create(place, &path, size)?;
            let state = copy(found, &file, &path, go_on)?;
            let file = Arc::new(file);
            let mut opened =
                start(place, claim, file, etag, size, expected, settings, None, RangeSet::default())?;
            for (start, range) in state.ranges {
                opened.disk.done.insert(start..range.end);
                let noted = opened.disk.journal.finished(start..range.end, range.sum);
                noted.map_err(|error| Error::io("write", &path, &error))?;
            }
            return Ok(opened);
        }
    }
    let file = Arc::new(create(place, &path, size)?);
    start(place, claim, file, etag, size, expected, settings, None, RangeSet::default())
}

#[allow(clippy::too_many_arguments)] // One caller's tail, three times.
fn start(
    place: &Place,
    claim: Claim,
    file: Arc<File>,
    etag: &str,
    size: u64,
    expected: Option<&Expected>,
    settings: Settings,
    state: Option<State>,
    done: RangeSet,
) -> Result<Opened> {
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
    let journal =
        Journal::open(file.clone(), size, etag, place.commit(), Process::this(), state).map_err(failed)?;
    let partial = Partial { path: claim, file: file.clone(), size, sync: settings.sync };
    Ok(Opened { partial, sink, disk: Disk { file, journal, sync: settings.sync, done, midstate: hasher } })
}

fn create(place: &Place, path: &Path, size: u64) -> Result<File> {
    let file = place.create(path)?;
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

/// The earlier downloads of the same content, the one that has most first.
fn find(place: &Place, etag: &str, size: u64, expected: Option<&Expected>) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for path in place.partials()? {
        if Claim::is_taken(&path) {
            continue;
        }
        let Ok(file) = place.open(&path) else { continue };
        let Ok(state) = Journal::read(&file, size, file::boot_id()) else { continue };
        let done = match &state {
            Some(state) if state.etag == etag => state.done(),
            // Its trailer was cut off before the rename: only the rename is missing, perhaps.
            None if expected.is_some() && file.metadata().is_ok_and(|m| m.len() == size) => {
                let mut all = RangeSet::default();
                all.insert(0..size);
                all
            }
            _ => continue,
        };
        all.push(Found { path, file: Arc::new(file), state, done });
    }
    all.sort_by_key(|found| std::cmp::Reverse(found.done.total()));
    Ok(all)
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

/// Removes a partial that a killed process has left. A writer of another boot or machine that was silent for a while
/// counts as killed; one that lives keeps its bytes ([`Partial::finish`]).
fn remove_left(path: &Path, file: &File, writer: &Process) {
    let is_silent = || file.metadata().is_ok_and(|metadata| is_silent(&metadata, RECENT));
    let is_left = || writer.is_this() || writer.is_alive().map_or_else(is_silent, |alive| !alive);
    if !Claim::is_taken(path) && is_left() {
        let _ = fs::remove_file(path);
    }
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

/// Copies what a writer has finished that lives, or may live; of another boot or machine, what has its checksum.
fn copy(found: &Found, to: &File, path: &Path, go_on: &dyn Fn() -> bool) -> Result<State> {
    let mut copied = State::default();
    let Some(state) = &found.state else { return Ok(copied) };
    let from = FileSink::new(found.file.clone(), &found.path);
    for (&start, range) in &state.ranges {
        if !go_on() {
            return Err(Error::cancelled());
        }
        if !range.sure && checksum(&from, start..range.end)? != range.sum {
            continue;
        }
        file::copy_range(&found.file, start, to, start, range.end - start)
            .map_err(|error| Error::io("copy into", path, &error))?;
        copied.ranges.insert(start, *range);
    }
    Ok(copied)
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
        sweep(&place.partials().unwrap_or_default(), self.size);
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
