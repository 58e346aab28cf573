//! Hashes of files, remembered from one upload to the next: what has not changed is not read again.
//!
//! A hash is believed while size, time of change, and where the system tells them the file's number and the time at which
//! its number last changed agree: a file that another one replaced, with the same size and time, is another file. Losing
//! the notes, or a line of them, costs time and nothing else. They are read when the first of them is wanted. Blocks.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::{append, read_lines, replace, write_line};
use crate::transfer::reader::Stamp;

/// A file whose last change is younger than this may change again without showing it.
const SETTLED_NS: u64 = 2_000_000_000;
/// Notes are looked through for those that no longer count when there are more than so many, and twice as many as the
/// last time.
const MANY: usize = 5000;

/// The hashes of the files of one folder.
#[derive(Debug)]
pub struct Hashes {
    path: Option<PathBuf>,
    notes: OnceLock<Notes>,
}

#[derive(Debug)]
struct Notes {
    known: Mutex<HashMap<PathBuf, (Version, String)>>,
    log: Option<Mutex<File>>,
}

/// A file as it was seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    path: PathBuf,
    version: Version,
}

/// What tells a file from an earlier one of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    #[serde(flatten)]
    stamp: Stamp,
    /// The file's number, 0 where there is none.
    #[serde(default)]
    number: u64,
    /// When anything of the file last changed, its time of change included; nanoseconds since 1970.
    #[serde(default)]
    touched: u64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    path: PathBuf,
    #[serde(flatten)]
    version: Version,
    sha256: String,
}

impl Seen {
    /// A file whose stamp was taken a moment ago, as it is now.
    pub fn of(path: &Path, stamp: Stamp) -> Self {
        let (number, touched) =
            std::fs::metadata(path).map_or((0, 0), |metadata| number_and_touched(&metadata));
        Self { path: whole(path), version: Version { stamp, number, touched } }
    }
}

impl Hashes {
    /// Those that are noted in the file; without one nothing is remembered.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, notes: OnceLock::new() }
    }

    /// The SHA-256 of a file that was hashed before and has not changed since.
    pub fn get(&self, seen: &Seen) -> Option<String> {
        let known = self.notes()?.known();
        let (version, sha256) = known.get(&seen.path)?;
        (*version == seen.version && !sha256.is_empty()).then(|| sha256.clone())
    }

    /// Remembers a hash, unless the file is so young that its time of change may not tell the next change, or has none.
    pub fn put(&self, seen: &Seen, sha256: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
        let changed = seen.version.stamp.modified;
        if changed > 0 && now.saturating_sub(changed) >= SETTLED_NS {
            self.note(Line { path: seen.path.clone(), version: seen.version, sha256: sha256.to_owned() });
        }
    }

    /// Forgets a hash.
    pub fn forget(&self, path: &Path) {
        let path = whole(path);
        let known = self.notes().and_then(|notes| notes.known().remove(&path));
        if let Some((version, _)) = known {
            // The last line of a path counts.
            self.note(Line { path, version, sha256: String::new() });
        }
    }

    fn note(&self, line: Line) {
        let Some(notes) = self.notes() else { return };
        if let Some(log) = &notes.log {
            // What can't be remembered is found out again.
            let _ = write_line(&mut log.lock().unwrap_or_else(PoisonError::into_inner), &line);
            notes.known().insert(line.path, (line.version, line.sha256));
        }
    }

    fn notes(&self) -> Option<&Notes> {
        let path = self.path.as_ref()?;
        Some(self.notes.get_or_init(|| Notes::read(path)))
    }
}

impl Notes {
    fn read(path: &Path) -> Self {
        let lines = read_lines::<Line>(path);
        let count = lines.len();
        let mut known: HashMap<_, _> =
            lines.into_iter().map(|line| (line.path, (line.version, line.sha256))).collect();
        let before = known.remove(Path::new("")).map_or(0, |(version, _)| version.stamp.size as usize);
        if count > MANY.max(2 * before) {
            known.retain(|path, (_, sha256)| !sha256.is_empty() && path.exists());
            // What another process notes meanwhile is lost: it is hashed, or found wrong, again.
            let _ = replace(path, |file| {
                let left = Stamp { size: known.len() as u64, modified: 0 };
                let version = Version { stamp: left, number: 0, touched: 0 };
                write_line(file, &Line { path: PathBuf::new(), version, sha256: String::new() })?;
                known.iter().try_for_each(|(path, (version, sha256))| {
                    let (path, sha256) = (path.clone(), sha256.clone());
                    write_line(file, &Line { path, version: *version, sha256 })
                })
            });
        }
        Self { log: append(path).ok().map(Mutex::new), known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, (Version, String)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path from the root on: the working folder may be another one in the next run.
pub(super) fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(unix)]
fn number_and_touched(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    let touched = metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec());
    (metadata.ino(), touched.max(0) as u64)
}

#[cfg(not(unix))]
fn number_and_touched(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OLD: u64 = 1_000_000_000;

    fn seen(path: &Path, size: u64) -> Seen {
        Seen {
            path: whole(path),
            version: Version { stamp: Stamp { size, modified: OLD }, number: 7, touched: OLD },
        }
    }

    #[test]
    fn hashes_are_believed_while_the_file_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let notes = || Hashes::new(Some(dir.path().join("state/notes")));
        let file = seen(Path::new("/f/a"), 3);
        notes().put(&file, "x");
        assert_eq!(notes().get(&file).as_deref(), Some("x"));
        assert_eq!(notes().get(&seen(Path::new("/f/a"), 4)), None);
        for other in [Version { number: 8, ..file.version }, Version { touched: OLD + 1, ..file.version }] {
            assert_eq!(
                notes().get(&Seen { version: other, ..file.clone() }),
                None,
                "another file, or touched"
            );
        }
        notes().forget(Path::new("/f/a"));
        assert_eq!(notes().get(&file), None);
        assert_eq!(Hashes::new(None).get(&file), None);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        for modified in [now, 0] {
            let stamp = Stamp { size: 3, modified };
            let young = Seen { version: Version { stamp, ..file.version }, ..file.clone() };
            let hashes = notes();
            hashes.put(&young, "y");
            assert_eq!(hashes.get(&young), None, "it may change again within its time of change");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_took_anothers_place_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&file, "one").unwrap();
        fs::write(&other, "two").unwrap();
        let stamp = Stamp { size: 3, modified: OLD };
        let before = Seen::of(&file, stamp);
        assert_eq!(Seen::of(&file, stamp), before);
        fs::rename(&other, &file).unwrap();
        assert_ne!(Seen::of(&file, stamp), before);
    }

    /// A schedule notes the same growing files for years, a server other ones each day.
    #[test]
    fn what_no_longer_counts_goes_when_it_is_much() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/notes");
        let notes = || Hashes::new(Some(path.clone()));
        let file = dir.path().join("log");
        fs::write(&file, "x").unwrap();
        let hashes = notes();
        for size in 0..MANY as u64 / 2 {
            hashes.put(&seen(&file, size), "x");
            hashes.put(&seen(&dir.path().join(format!("gone-{size}")), 1), "g");
        }
        hashes.put(&seen(&file, 1), "last");
        let lines = || fs::read_to_string(&path).unwrap().lines().filter(|line| !line.is_empty()).count();
        assert_eq!(lines(), MANY + 1);
        for _ in 0..2 {
            assert_eq!(notes().get(&seen(&file, 1)).as_deref(), Some("last"));
            assert_eq!(lines(), 2);
        }
        assert_eq!(fs::read_dir(dir.path().join("state")).unwrap().count(), 1);
    }
}
