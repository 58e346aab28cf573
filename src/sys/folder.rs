//! A folder held open: what is made, renamed and removed through it lands in that folder, whatever anybody puts in the
//! place of its path meanwhile.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, renameat, symlinkat, unlinkat};
use rustix::io::Errno;

/// A folder, open.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// Enough to name what is in it; a folder that may not be listed will do.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOK: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const LOOK: OFlags = OFlags::RDONLY;

impl Folder {
    /// By its path, through symlinks.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = LOOK.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
        // A relative path without any part is the working folder.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// One in it; not through a symlink.
    pub fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = LOOK.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
        match openat(&self.0, name, flags, Mode::empty()) {
            // How some systems say that it is a symlink.
            Err(Errno::LOOP) => Err(io::ErrorKind::NotADirectory.into()),
            opened => Ok(Self(opened?)),
        }
    }

    /// Makes one in it.
    pub fn make(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
    }

    /// Makes a file, to read and write.
    pub fn create_new(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);
        Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Makes a file that others lock, too.
    pub(super) fn create_lock(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);
        Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o664))?.into())
    }

    /// Opens one; not through a symlink, and waiting for nobody.
    pub(super) fn open_lock(&self, name: &OsStr, write: bool) -> io::Result<File> {
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        let flags = access.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK);
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }

    /// Opens a file to read and write; not through a symlink, and no other kind of file.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let file = self.open_lock(name, true)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// Renames what is in it, to a name in it or in another one.
    pub fn rename(&self, from: &OsStr, to: &Self, name: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, from, &to.0, name)?)
    }

    /// Makes a symlink.
    pub fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
        Ok(symlinkat(target, &self.0, name)?)
    }

    /// Removes a file or a symlink.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Writes a whole file under `temp` in this folder, and renames it to `name` in `to`; with `sync` its data is on
    /// disk before the name is.
    pub fn write_atomic(
        &self,
        temp: &OsStr,
        to: &Self,
        name: &OsStr,
        bytes: &[u8],
        sync: bool,
    ) -> io::Result<()> {
        use std::io::Write as _;
        let mut file = self.create_new(temp)?;
        let write = || {
            file.write_all(bytes)?;
            if sync {
                file.sync_data()?;
            }
            drop(file);
            self.rename(temp, to, name)
        };
        write().inspect_err(|_| drop(self.remove(temp)))
    }
}
