//! Locks between processes: `flock(2)` on a file that stays, as the Python client takes them.
//!
//! A lock is a courtesy (see [`crate::cache`]): some file systems grant it to everybody or to nobody, so nothing
//! is damaged without it, and nobody waits for it for ever.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::folder::Folder;

/// A held lock. Dropping it lets go; its file stays, since removing it would split those who wait.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

/// How a try for a lock ended.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Held(FileLock),
    /// Somebody else holds it.
    Busy,
    /// There are no locks here: the file system has none, or its lock file can't be made.
    Unsupported,
}

impl FileLock {
    /// Tries once, without waiting. Makes the lock file (mode 0664, so that a group can share a cache) and its folder.
    pub fn try_acquire(path: &Path) -> io::Result<Attempt> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let folder = match Folder::open(parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(parent).and_then(|()| Folder::open(parent))
            }
            other => other,
        };
        match folder {
            Err(error) if cannot_exist(&error) => Ok(Attempt::Unsupported),
            folder => Self::try_acquire_in(&folder?, path),
        }
    }

    /// As [`FileLock::try_acquire`], in the folder of `path`, which is open.
    pub fn try_acquire_in(folder: &Folder, path: &Path) -> io::Result<Attempt> {
        // A lock file that is removed between open and flock is nobody's lock: open again, a few times.
        for _ in 0..8 {
            let file = match open(folder, path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) if cannot_exist(&error) => return Ok(Attempt::Unsupported),
                Err(error) => return Err(error),
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => return Ok(Attempt::Held(Self { file })),
                Ok(()) => {}
                // Some network file systems say "permission denied" for "held elsewhere".
                Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy),
                Err(TryLockError::Error(error)) => match error.kind() {
                    ErrorKind::PermissionDenied => return Ok(Attempt::Busy),
                    ErrorKind::Interrupted => {}
                    _ => return Ok(Attempt::Unsupported),
                },
            }
        }
        Ok(Attempt::Busy)
    }

    /// Tries until it is ours or `timeout` is over, more seldom with time (10 ms to half a second). Ends as busy
    /// at once when `go_on` says no; it is asked between the tries.
    pub fn acquire(path: &Path, timeout: Duration, go_on: &mut dyn FnMut() -> bool) -> io::Result<Attempt> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            match Self::try_acquire(path)? {
                Attempt::Busy => {}
                other => return Ok(other),
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() || !go_on() {
                return Ok(Attempt::Busy);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
}

/// Marks a file as one that this process writes, until it is closed. Where there are no such locks nobody can tell.
pub fn mark(file: &File) {
    #[cfg(unix)]
    let _ = file.try_lock();
    #[cfg(not(unix))]
    let _ = file;
}

/// Takes the mark off.
pub fn unmark(file: &File) {
    #[cfg(unix)]
    let _ = file.unlock();
    #[cfg(not(unix))]
    let _ = file;
}

/// Whether another process has [`mark`]ed it; None where that can't be seen. What is free is marked by that.
pub fn is_marked(file: &File) -> Option<bool> {
    #[cfg(unix)]
    return match file.try_lock() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    };
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Unlock rather than close alone: a forked child may still hold a copy of the descriptor.
        let _ = self.file.unlock();
    }
}

/// Opens or creates the lock file, never through a symlink and never truncating it.
fn open(folder: &Folder, path: &Path) -> io::Result<File> {
    let name = path.file_name().unwrap_or_default();
    match folder.create_lock(name) {
        Ok(file) => {
            // Past the umask, and only by who made it.
            #[cfg(unix)]
            let _ = rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(0o664));
            Ok(file)
        }
        // `PermissionDenied` is also what a sticky folder says of an existing file that is somebody else's.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::AlreadyExists | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            match folder.open_lock(name, true) {
                Err(again) if again.kind() == ErrorKind::NotFound => Err(match error.kind() {
                    ErrorKind::AlreadyExists => again,
                    _ => error,
                }),
                // flock does not ask for write access.
                Err(again) if cannot_exist(&again) => folder.open_lock(name, false),
                other => other,
            }
        }
        Err(error) => Err(error),
    }
}

fn cannot_exist(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::Unsupported
    )
}

/// Whether `path` still names the file that was locked.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(here), Ok(there)) => here.dev() == there.dev() && here.ino() == there.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(path: &Path) -> bool {
        matches!(FileLock::try_acquire(path).unwrap(), Attempt::Held(_))
    }

    #[test]
    fn one_holder_at_a_time_and_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.lock");
        let Attempt::Held(lock) = FileLock::try_acquire(&path).unwrap() else { panic!("free") };
        assert!(!held(&path));
        drop(lock);
        assert!(path.exists() && held(&path));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
        }
    }

    #[test]
    fn a_wait_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let Attempt::Held(_lock) = FileLock::try_acquire(&path).unwrap() else { panic!("free") };
        let wait = |millis, go_on: bool| {
            let start = Instant::now();
            let end = FileLock::acquire(&path, Duration::from_millis(millis), &mut || go_on).unwrap();
            assert!(matches!(end, Attempt::Busy));
            start.elapsed()
        };
        assert!(wait(60, true) >= Duration::from_millis(60));
        assert!(wait(60_000, false) < Duration::from_secs(30));
    }

    #[test]
    #[cfg(unix)]
    fn a_planted_symlink_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("x.lock"), folder.path().join("victim"));
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(FileLock::try_acquire(&path).is_err());
        assert!(!victim.exists());
    }
}
