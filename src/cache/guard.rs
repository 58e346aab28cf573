//! Folders made without leaving the cache: every step is taken from the open folder before it, and never through a
//! symlink, so that one that is put there meanwhile leads nowhere either.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::sys::folder::Folder;

/// Makes `folder`, which lies below `base`, and what is missing on the way to it, and holds it open. `base` itself may
/// be or hold symlinks: where the cache lies is its owner's choice. Below it, a symlink could lead a write anywhere.
pub(crate) fn make_dirs(base: &Path, folder: &Path) -> Result<Folder> {
    let Ok(below) = folder.strip_prefix(base) else {
        return Err(Error::new(
            Kind::Internal,
            format!("{} is not below {}", folder.display(), base.display()),
        ));
    };
    if below.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(Error::new(Kind::Internal, format!("{} is no plain path", below.display())));
    }
    let mut here = base.to_path_buf();
    if !here.is_dir() {
        fs::create_dir_all(&here).map_err(|error| Error::io("create the folder", &here, &error))?;
    }
    let mut open = Folder::open(&here).map_err(|error| Error::io("open the folder", &here, &error))?;
    for part in below.components() {
        here.push(part);
        open = step(&open, part.as_os_str(), &here)?;
    }
    Ok(open)
}

fn step(from: &Folder, name: &OsStr, here: &Path) -> Result<Folder> {
    // Twice: between a look that finds nothing and the making, another process may make it.
    for _ in 0..2 {
        match from.enter(name) {
            Ok(open) => return Ok(open),
            Err(error) if error.kind() == ErrorKind::NotFound => match from.make(name) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create the folder", here, &error)),
                Ok(()) => {}
            },
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                let link = fs::symlink_metadata(here).is_ok_and(|found| found.is_symlink());
                let what = if link { "a symlink" } else { "a file" };
                return Err(Error::new(
                    Kind::CorruptCache,
                    format!(
                        "{} is {what} where a folder is expected; nothing is written through it",
                        here.display()
                    ),
                ));
            }
            Err(error) => return Err(Error::io("open the folder", here, &error)),
        }
    }
    from.enter(name).map_err(|_| {
        Error::new(Kind::CorruptCache, format!("{} comes and goes while it is made", here.display()))
    })
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Whether `error` says that nothing can be written here: best-effort writes are skipped then.
pub(crate) fn is_read_only(error: &Error) -> bool {
    error.kind() == Kind::Permission
}

/// The entries of a folder, sorted by name; none when it is not there.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: &std::io::Error| Error::io("list", folder, error);
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut paths = read
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|error| failed(&error))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn no_step_through_a_symlink() {
        let (cache, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| cache.path().join(name);
        make_dirs(cache.path(), &at("a/b/c")).unwrap();
        make_dirs(cache.path(), &at("a/b/c")).unwrap();
        std::os::unix::fs::symlink(outside.path(), at("a/out")).unwrap();
        fs::write(at("a/file"), "").unwrap();
        for inner in ["a/out", "a/out/x", "a/file/x"] {
            assert_eq!(
                make_dirs(cache.path(), &at(inner)).unwrap_err().kind(),
                Kind::CorruptCache,
                "{inner}"
            );
        }
        assert_eq!(make_dirs(cache.path(), &at("a/../../x")).unwrap_err().kind(), Kind::Internal);
        assert!(entries(outside.path()).unwrap().is_empty());
    }
}
