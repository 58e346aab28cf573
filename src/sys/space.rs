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
                error = why;
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

/// The memory that this process may use: its control group's limit or the machine's memory, whichever is smaller.
#[cfg(target_os = "linux")]
pub fn memory_limit() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let total = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    });
    let group = read("/proc/self/cgroup").and_then(|text| {
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
        number(&format!("/sys/fs/cgroup{path}/memory.max")).or_else(|| number("/sys/fs/cgroup/memory.max"))
    });
    let older = number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    [total, group, older].into_iter().flatten().min()
}

/// The memory that this process may use: unknown here.
#[cfg(not(target_os = "linux"))]
pub fn memory_limit() -> Option<u64> {
    None
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
