//! The store of Xet files that all repositories of a cache share, as `huggingface_hub` 2.4.0 lays it out.
//!
//! A payload `blobs/<hh>/<xet hash>` is the target of symlinks `models--*/blobs/<etag>`. The manifest beside it,
//! `<xet hash>.refs`, names them, so that who deletes the last one can delete the payload. A manifest is a hint:
//! each line is checked against the disk, and a missing or unreadable one means that the payload stays. We link to
//! payloads and sweep them; new ones are published only by who has verified their Xet hash, which is not us.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::cache::guard::entries;
use crate::cache::layout::{parse_repo_folder, partial_name};
use crate::error::Result;
use crate::repo::check_xet_hash;
use crate::sys::{
    link::{make_symlink, write_atomic},
    lock::{Attempt, FileLock},
};

/// The store's folder in the cache's root; a folder of this name is the store only with [`MARKER`] in it.
pub const STORE: &str = "blobs";

/// The file that says so.
pub const MARKER: &str = ".huggingface-shared-blobs";

const WAIT: Duration = Duration::from_secs(10);

/// Whether `folder` is a store of the layout that is known here.
pub fn is_store(folder: &Path) -> bool {
    let marker = folder.join(MARKER);
    kind(folder) == Some(Entry::Folder)
        && kind(&marker) == Some(Entry::File)
        && fs::read(marker).is_ok_and(|text| text == b"1\n")
}

/// Where a payload lies.
pub fn payload(root: &Path, xet_hash: &str) -> Result<PathBuf> {
    check_xet_hash(xet_hash)?;
    Ok(root.join(STORE).join(&xet_hash[..2]).join(xet_hash))
}

/// Whether the store holds this file, with this size.
pub fn has(root: &Path, xet_hash: &str, size: u64) -> bool {
    is_store(&root.join(STORE)) && payload(root, xet_hash).is_ok_and(|payload| usable(&payload, size))
}

/// Makes `blob`, a repository's blob, a symlink to a payload: its manifest line is on disk before the symlink is
/// seen. False, and nothing changed, when the store does not have the file or can't be used.
pub fn link(root: &Path, blob: &Path, xet_hash: &str, size: u64) -> bool {
    try_link(root, blob, xet_hash, size).unwrap_or(false)
}

fn try_link(root: &Path, blob: &Path, xet_hash: &str, size: u64) -> io::Result<bool> {
    let (Ok(root), Some(line)) = (std::path::absolute(root), relative_blob(root, blob)) else {
        return Ok(false);
    };
    let Ok(payload) = payload(&root, xet_hash).map_err(drop) else { return Ok(false) };
    if !is_store(&root.join(STORE)) {
        return Ok(false);
    }
    let Some(_lock) = lock(&payload)? else { return Ok(false) };
    if !usable(&payload, size) {
        return Ok(false);
    }
    let temp = blob.with_file_name(partial_name("hfx", fastrand::u32(..)));
    let target = Path::new("../..").join(STORE).join(&xet_hash[..2]).join(xet_hash);
    make_symlink(&target, &temp)?;
    let publish = || {
        append(&beside(&payload, ".refs"), &line)?;
        fs::rename(&temp, blob)
    };
    publish().inspect_err(|_| drop(fs::remove_file(&temp)))?;
    Ok(true)
}

/// The payload that `blob` is a symlink to, if it is one of this cache's store and there.
pub fn target(root: &Path, blob: &Path) -> Option<PathBuf> {
    let target = read_target(root, blob).ok()??;
    (kind(&target) == Some(Entry::File)).then_some(target)
}

/// The blobs that hold a payload, by its manifest and the disk. None when that can't be told.
pub fn references(root: &Path, payload: &Path) -> Option<BTreeSet<PathBuf>> {
    let manifest = beside(payload, ".refs");
    if kind(&manifest) != Some(Entry::File) {
        return None;
    }
    let root = std::path::absolute(root).ok()?;
    let payload = std::path::absolute(payload).ok()?;
    let mut found = BTreeSet::new();
    for line in fs::read_to_string(manifest).ok()?.lines() {
        let candidate = root.join(line);
        if Path::new(line).is_absolute() || relative_blob(&root, &candidate).as_deref() != Some(line) {
            continue;
        }
        if read_target(&root, &candidate).ok()?.as_ref() == Some(&payload) {
            found.insert(candidate);
        }
    }
    Some(found)
}

/// Every payload and its size; none without a store.
pub fn payloads(root: &Path) -> Vec<(PathBuf, u64)> {
    let store = root.join(STORE);
    if !is_store(&store) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for folder in entries(&store).unwrap_or_default() {
        if kind(&folder) != Some(Entry::Folder) {
            continue;
        }
        for path in entries(&folder).unwrap_or_default() {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_file() && is_payload(&store, &path) {
                found.push((path, metadata.len()));
            }
        }
    }
    found
}

/// The payloads that no blob holds any more. Those whose manifest says nothing are not among them.
pub fn unreferenced(root: &Path) -> Vec<(PathBuf, u64)> {
    let orphan =
        |(payload, _): &(PathBuf, u64)| references(root, payload).is_some_and(|held| held.is_empty());
    payloads(root).into_iter().filter(orphan).collect()
}

/// Deletes a payload that no blob holds, or else drops the dead lines of its manifest. Returns the bytes freed;
/// whatever is doubtful stays.
pub fn sweep(root: &Path, payload: &Path) -> u64 {
    try_sweep(root, payload).unwrap_or(0)
}

fn try_sweep(root: &Path, payload: &Path) -> io::Result<u64> {
    let root = std::path::absolute(root)?;
    let payload = std::path::absolute(payload)?;
    if !is_store(&root.join(STORE)) || !is_payload(&root.join(STORE), &payload) {
        return Ok(0);
    }
    let Some(_lock) = lock(&payload)? else { return Ok(0) };
    let Some(held) = references(&root, &payload) else { return Ok(0) };
    let manifest = beside(&payload, ".refs");
    if !held.is_empty() {
        let lines: String =
            held.iter().filter_map(|blob| relative_blob(&root, blob)).map(|line| line + "\n").collect();
        if fs::read_to_string(&manifest)? != lines {
            let temp = beside(&payload, &format!(".refs.{:08x}.tmp", fastrand::u32(..)));
            write_atomic(&manifest, lines.as_bytes(), &temp, true)?;
            open_to_all(&manifest);
        }
        return Ok(0);
    }
    if kind(&payload) != Some(Entry::File) {
        return Ok(0);
    }
    let size = fs::symlink_metadata(&payload)?.len();
    fs::remove_file(&payload)?;
    let _ = fs::remove_file(manifest);
    Ok(size)
}

/// What a name is, without following it.
#[derive(PartialEq, Eq)]
enum Entry {
    File,
    Folder,
    Other,
}

fn kind(path: &Path) -> Option<Entry> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(if found.is_file() {
        Entry::File
    } else if found.is_dir() {
        Entry::Folder
    } else {
        Entry::Other
    })
}

fn usable(payload: &Path, size: u64) -> bool {
    let fits = fs::symlink_metadata(payload).is_ok_and(|found| found.is_file() && found.len() == size);
    fits && fs::File::open(payload).is_ok()
}

fn is_payload(store: &Path, path: &Path) -> bool {
    let parts = |path: &Path| -> Option<(String, String)> {
        let name = path.file_name()?.to_str()?.to_owned();
        let folder = path.parent()?;
        (folder.parent()? == store).then_some((folder.file_name()?.to_str()?.to_owned(), name))
    };
    parts(path).is_some_and(|(folder, name)| check_xet_hash(&name).is_ok() && folder == name[..2])
}

/// `models--owner--name/blobs/<etag>`, as the manifest writes it; None for any other path.
fn relative_blob(root: &Path, blob: &Path) -> Option<String> {
    let root = std::path::absolute(root).ok()?;
    let blob = std::path::absolute(blob).ok()?;
    let parts: Vec<&str> =
        blob.strip_prefix(&root).ok()?.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let [repo, "blobs", name] = parts[..] else { return None };
    let plain = !name.contains(['\n', '\r']) && name != "..";
    (plain && parse_repo_folder(repo).is_some_and(|(_, id)| !id.is_empty())).then(|| parts.join("/"))
}

/// The payload path that a blob's symlink spells, there or not. None when it is something else.
fn read_target(root: &Path, blob: &Path) -> io::Result<Option<PathBuf>> {
    let root = std::path::absolute(root)?;
    let blob = std::path::absolute(blob)?;
    let link = match fs::read_link(&blob) {
        Ok(link) => link,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let spelled = lexical(&blob.parent().unwrap_or(&root).join(link));
    let inside = relative_blob(&root, &blob).is_some() && is_payload(&root.join(STORE), &spelled);
    Ok(inside.then_some(spelled))
}

/// `a/../b` is `b`, without asking the disk.
pub(crate) fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn beside(payload: &Path, suffix: &str) -> PathBuf {
    let mut name = payload.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    payload.with_file_name(name)
}

/// The lock of one payload. None when it can't be had: then nothing is linked and nothing swept.
fn lock(payload: &Path) -> io::Result<Option<FileLock>> {
    let path = beside(payload, ".lock");
    // Other users of the cache must be able to take it too.
    if OpenOptions::new().write(true).create_new(true).open(&path).is_ok() {
        open_to_all(&path);
    }
    Ok(match FileLock::acquire(&path, WAIT, &mut || true)? {
        Attempt::Held(lock) => Some(lock),
        Attempt::Busy | Attempt::Unsupported => None,
    })
}

fn append(manifest: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NOFOLLOW.bits().cast_signed(),
    );
    let mut file = options.open(manifest)?;
    if !file.metadata()?.is_file() {
        return Err(ErrorKind::InvalidData.into());
    }
    open_to_all(manifest);
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

/// Manifests and locks are for every user of the cache; who does not own the file can't, and need not.
fn open_to_all(path: &Path) {
    #[cfg(unix)]
    let _ = fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::cache::evict::{LIVE, delete_repos, prune};
    use crate::cache::scan::scan;
    use crate::cache::tests::{COMMIT, MODEL, filled, repo};
    use crate::cache::{Cache, Lookup};
    use crate::repo::{RepoId, RepoKind};

    const XET: &str = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

    /// A cache with the store, in which a payload of 7 bytes is held by nobody.
    fn with_store() -> (tempfile::TempDir, Cache) {
        let (folder, cache) = filled(true);
        let payload = payload(cache.root(), XET).unwrap();
        fs::create_dir_all(payload.parent().unwrap()).unwrap();
        fs::write(cache.root().join(STORE).join(MARKER), "1\n").unwrap();
        fs::write(&payload, "payload").unwrap();
        fs::write(beside(&payload, ".refs"), "models--gone--x/blobs/e\n../../x\n/abs\n").unwrap();
        fs::set_permissions(&payload, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
        (folder, cache)
    }

    #[test]
    fn a_payload_is_linked_read_and_swept() {
        let (_folder, cache) = with_store();
        let payload = payload(cache.root(), XET).unwrap();
        let other = RepoId::new(RepoKind::Dataset, "o/other").unwrap();
        let etag = "e".repeat(64);
        let link = |size| cache.link_shared(&other, COMMIT, "a/b.bin", &etag, XET, size).unwrap();
        assert_eq!(link(8), None, "another size");
        let found = link(7).unwrap();
        assert_eq!(fs::read_to_string(found).unwrap(), "payload");
        assert!(matches!(cache.lookup(&other, COMMIT, "a/b.bin").unwrap(), Lookup::Found(_)));
        assert!(cache.has_blob(&other, &etag, Some(7)).is_some());
        let blob = cache.paths(&other).blob(&etag);
        assert_eq!(fs::read_link(&blob).unwrap(), Path::new("../../blobs/dd").join(XET));
        assert_eq!(target(cache.root(), &blob), Some(payload.clone()));
        assert_eq!(references(cache.root(), &payload).unwrap().len(), 1);
        assert!(unreferenced(cache.root()).is_empty());
        assert_eq!(sweep(cache.root(), &payload), 0, "held");
        assert_eq!(
            fs::read_to_string(beside(&payload, ".refs")).unwrap(),
            format!("datasets--o--other/blobs/{etag}\n")
        );

        let info = scan(cache.root()).unwrap();
        assert_eq!((info.size, info.warnings.len(), info.repos.len()), (9019, 0, 2));
        let plan = delete_repos(&info, &[other]);
        assert_eq!(plan.freed, 7, "the last that holds it");
        assert_eq!(plan.execute().unwrap().freed, 7);
        assert!(!payload.exists() && !beside(&payload, ".refs").exists());
    }

    #[test]
    fn prune_takes_payloads_that_nobody_holds() {
        let (_folder, cache) = with_store();
        let plan = prune(&scan(cache.root()).unwrap(), LIVE);
        assert_eq!((plan.freed, plan.payloads.len()), (7, 1));
        assert_eq!(plan.execute().unwrap().freed, 7);
    }

    #[test]
    fn doubt_keeps_a_payload() {
        let (_folder, cache) = with_store();
        let payload = payload(cache.root(), XET).unwrap();
        let manifest = beside(&payload, ".refs");
        for content in [Some(&b"\xff\xfe\n"[..]), None] {
            let _ = fs::remove_file(&manifest);
            if let Some(bytes) = content {
                fs::write(&manifest, bytes).unwrap();
            }
            assert_eq!(sweep(cache.root(), &payload), 0);
            assert!(prune(&scan(cache.root()).unwrap(), LIVE).is_empty());
        }
        fs::write(&manifest, "").unwrap();
        fs::remove_file(cache.root().join(STORE).join(MARKER)).unwrap();
        assert_eq!(sweep(cache.root(), &payload), 0, "not marked as a store");
        assert!(!has(cache.root(), XET, 7));
        assert_eq!(sweep(cache.root(), &cache.paths(&repo()).blob(MODEL)), 0, "not in the store");
        assert!(payload.exists());
    }
}
