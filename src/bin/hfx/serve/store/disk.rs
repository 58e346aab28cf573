//! Files that become visible whole: written under another name, on disk before they get theirs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::state::{Place, Stored};

/// A file without a name of its own yet; it goes away unless it is published.
pub(in crate::serve) struct Temp {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Temp {
    pub(in crate::serve) fn new(folder: &Path) -> io::Result<Temp> {
        let path = free_name(&folder.join("t"));
        let file = File::options().create_new(true).read(true).write(true).open(&path)?;
        Ok(Temp { file, path, length: 0 })
    }

    pub(in crate::serve) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes were written.
    pub(in crate::serve) fn length(&self) -> u64 {
        self.length
    }

    /// Gives it that name, in place of what has it; its bytes are on disk before.
    pub(in crate::serve) fn publish(self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        rename(&self.path, to)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        // After it was published there is nothing of that name.
        drop(fs::remove_file(&self.path));
    }
}

/// A name that nothing has.
pub(super) fn free_name(begin: &Path) -> PathBuf {
    let mut name = begin.as_os_str().to_owned();
    name.push(format!("-{:016x}", fastrand::u64(..)));
    name.into()
}

/// A new empty folder in that one.
pub(super) fn new_folder(within: &Path) -> io::Result<PathBuf> {
    let path = free_name(&within.join("r"));
    fs::create_dir(&path)?;
    Ok(path)
}

/// New folders in that one.
pub(super) fn make_folders(within: &Path, names: &[&str]) -> io::Result<()> {
    names.iter().try_for_each(|name| fs::create_dir(within.join(name)))
}

/// Copies a file that people may change, if it stays what was hashed; `temp` is a folder on the target's disk.
pub(super) fn copy_unchanged(from: &Stored, to: &Path, temp: &Path) -> io::Result<()> {
    let built = free_name(&temp.join("c"));
    let copied = fs::copy(&from.path, &built)
        .and_then(|_| Place::Loose(from.clone()).open())
        .and_then(|_| File::options().write(true).open(&built)?.sync_all())
        .and_then(|()| rename(&built, to));
    if copied.is_err() {
        // The copy's own error is the one to tell.
        drop(fs::remove_file(&built));
    }
    copied
}

/// Renames, and sees to it that the new name outlives a power loss.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// Writes a folder's names to disk.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows does this by itself, and does not open folders.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
