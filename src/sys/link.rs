//! Names: what appears, appears whole, by rename.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

/// Makes a symlink; `link` must be free.
#[cfg(unix)]
pub fn make_symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Makes a symlink; `link` must be free.
#[cfg(windows)]
pub fn make_symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

/// Whether an error of [`make_symlink`] says that there are no symlinks here, or none for this user.
pub fn is_no_symlinks(error: &io::Error) -> bool {
    // 1314: Windows without developer mode.
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(1314)
}

/// Writes a whole file under `temp`, on the same file system, and renames it to `path`; with `sync` its data is on
/// disk before the name is.
pub fn write_atomic(path: &Path, bytes: &[u8], temp: &Path, sync: bool) -> io::Result<()> {
    let write = || {
        let mut file = File::create_new(temp)?;
        file.write_all(bytes)?;
        if sync {
            file.sync_data()?;
        }
        drop(file);
        fs::rename(temp, path)
    };
    write().inspect_err(|error| {
        if error.kind() != ErrorKind::AlreadyExists {
            let _ = fs::remove_file(temp);
        }
    })
}

/// Gives `path` the permissions that a new file in its folder gets from the umask (and the folder's ACL).
///
/// Asking for the umask means setting it, for all threads of the host; so a file is made and looked at: one without
/// a name where the kernel can, else a short-lived one.
#[cfg(unix)]
pub fn set_default_mode(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = default_mode(folder)? & 0o777;
    if fs::metadata(path)?.mode() & 0o7777 != mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Windows files inherit what their folder says.
#[cfg(not(unix))]
pub fn set_default_mode(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn default_mode(folder: &Path) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt as _;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)) {
            return Ok(File::from(file).metadata()?.mode());
        }
    }
    let probe = folder.join(format!("mode.{:08x}.incomplete", fastrand::u32(..)));
    let mode = File::create_new(&probe)?.metadata().map(|metadata| metadata.mode());
    let _ = fs::remove_file(&probe);
    mode
}

/// Brings a folder's names to disk. File systems that can't sync a folder are left alone.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match File::open(path)?.sync_all() {
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            return Err(error);
        }
        _ => {}
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn names_are_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write_atomic(&at("file"), b"old", &at("temp"), false).unwrap();
        write_atomic(&at("file"), b"new", &at("temp"), true).unwrap();
        assert_eq!(fs::read(at("file")).unwrap(), b"new");
        assert!(write_atomic(&at("no/folder"), b"x", &at("temp"), false).is_err());
        assert!(!at("temp").exists(), "a failure leaves nothing");
        sync_dir(folder.path()).unwrap();
    }

    #[test]
    fn permissions_are_those_of_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, new) = (folder.path().join("ours"), folder.path().join("new"));
        File::create(&ours).unwrap();
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o600)).unwrap();
        set_default_mode(&ours).unwrap();
        File::create(&new).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&new));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no probe is left");
    }
}
