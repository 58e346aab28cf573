//! Free space.

use std::io;
use std::path::Path;

/// The bytes that an ordinary user may still write at `path`, or at its nearest ancestor that exists.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let path = std::path::absolute(path)?;
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for folder in path.ancestors() {
        match free_at(folder) {
            Ok(bytes) => return Ok(bytes),
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                error = why
            }
            Err(why) => return Err(why),
        }
    }
    Err(error)
}

#[cfg(unix)]
fn free_at(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_at(_path: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_counts_as_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_space(&folder.path().join("not/there/yet")).unwrap() > 0);
        assert!(free_space(Path::new("relative/and/missing")).unwrap() > 0);
    }
}
