//! Content ids: git blob and tree ids, SHA-256 of large files, the id of a commit; each file is read once.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use hfx::digest::{Expected, Hasher};
use sha1::{Digest, Sha1};

use super::names::{hex, unhex};

/// Fewer bytes than this are hashed before a thread has started.
const WORTH_THREADS: u64 = 16 << 20;

/// Tells whether a file on disk is still the one that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: SystemTime,
}

impl Stamp {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Stamp {
        Stamp { size: metadata.len(), modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH) }
    }
}

/// What a file's content is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ids {
    /// Git's blob id: of the content, or of the pointer that stands for it.
    pub(super) blob: String,
    /// SHA-256 of the content, for LFS files.
    pub(super) sha256: Option<String>,
}

impl Ids {
    /// The ids of an LFS file of that hash and size.
    pub(super) fn lfs(sha256: String, size: u64) -> Ids {
        Ids { blob: blob_id(pointer(&sha256, size).as_bytes()), sha256: Some(sha256) }
    }
}

/// The pointer file that git keeps for an LFS file.
pub(super) fn pointer(sha256: &str, size: u64) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n")
}

/// Hashes already computed, by path and stamp.
#[derive(Default)]
pub(super) struct Memo {
    known: Mutex<HashMap<(PathBuf, bool), (Stamp, Ids)>>,
}

impl Memo {
    /// The ids of a file; reads it whole on the first call, so call it where blocking is fine.
    pub(super) fn ids(&self, path: &Path, stamp: Stamp, lfs: bool) -> io::Result<Ids> {
        let key = (path.to_owned(), lfs);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, ids)) = known().get(&key)
            && *at == stamp
        {
            return Ok(ids.clone());
        }
        let ids = if lfs {
            Ids::lfs(digest(path, sha256_hasher())?, stamp.size)
        } else {
            let hasher = Expected::GitSha1(String::new()).hasher(stamp.size);
            Ids { blob: digest(path, hasher)?, sha256: None }
        };
        known().insert(key, (stamp, ids.clone()));
        Ok(ids)
    }
}

/// A file to be named by its content.
pub(super) struct Task<'a> {
    pub(super) path: &'a Path,
    pub(super) stamp: Stamp,
    pub(super) lfs: bool,
}

impl Memo {
    /// The ids of many files, in their order; what has to be read is read on all cores.
    pub(super) fn ids_of(&self, tasks: &[Task<'_>]) -> Vec<io::Result<Ids>> {
        let bytes: u64 = tasks.iter().map(|task| task.stamp.size).sum();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if bytes < WORTH_THREADS { 1 } else { cores.min(tasks.len()).max(1) };
        let next = AtomicUsize::new(0);
        let work = || {
            let turns = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let mine = turns.map_while(|at| Some((at, tasks.get(at)?)));
            mine.map(|(at, task)| (at, self.ids(task.path, task.stamp, task.lfs))).collect::<Vec<_>>()
        };
        let done = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            done.extend(others.into_iter().filter_map(|other| other.join().ok()).flatten());
            done
        });
        let mut ids: Vec<_> = tasks.iter().map(|_| Err(io::Error::other("not hashed"))).collect();
        for (at, id) in done {
            ids[at] = id;
        }
        ids
    }
}

/// The library's: several times as fast as the crate where the processor has no instruction for it.
pub(super) fn sha256_hasher() -> Hasher {
    Expected::Sha256(String::new()).hasher(0)
}

fn digest(path: &Path, mut hasher: Hasher) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// `sha1("blob <len>\0" + bytes)`.
pub(super) fn blob_id(content: &[u8]) -> String {
    let mut hasher = Expected::GitSha1(String::new()).hasher(content.len() as u64);
    hasher.update(content);
    hasher.finish()
}

/// Git's tree ids of every folder, from the blob ids of the files; the root is `""`.
pub(super) fn tree_ids<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    // Children by folder; a folder sorts as if its name ended in a slash, which is git's order.
    let mut folders: BTreeMap<String, BTreeMap<String, Option<&str>>> = BTreeMap::new();
    folders.entry(String::new()).or_default();
    for (path, blob) in files {
        let (mut folder, mut child) = path.rsplit_once('/').unwrap_or(("", path));
        let mut known =
            folders.entry(folder.to_owned()).or_default().insert(child.to_owned(), Some(blob)).is_some();
        while !folder.is_empty() && !known {
            (folder, child) = folder.rsplit_once('/').unwrap_or(("", folder));
            known = folders.entry(folder.to_owned()).or_default().insert(format!("{child}/"), None).is_some();
        }
    }
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    // Backwards: what lies in a folder sorts behind it, so its id is there when the folder's turn comes.
    for (folder, children) in folders.iter().rev() {
        let mut body = Vec::new();
        for (child, blob) in children {
            let name = child.trim_end_matches('/');
            let inner = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let id = blob.or_else(|| ids.get(&inner).map(String::as_str)).unwrap_or_default();
            body.extend_from_slice(if blob.is_some() { b"100644 " } else { b"40000 " });
            body.extend_from_slice(name.as_bytes());
            body.push(0);
            body.extend(unhex(id).unwrap_or_default());
        }
        let id = Sha1::new_with_prefix(format!("tree {}\0", body.len())).chain_update(&body).finalize();
        ids.insert(folder.clone(), hex(&id));
    }
    ids
}

/// The id that git gives to a commit of that tree and text (parents, people, message).
pub(super) fn git_commit_id(tree: &str, text: &str) -> String {
    let body = format!("tree {tree}\n{text}");
    hex(&Sha1::new_with_prefix(format!("commit {}\0", body.len())).chain_update(body).finalize())
}

/// The commit id of a folder's state: a function of the sorted paths and blob ids alone.
pub(super) fn commit_id<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hasher = Sha1::new_with_prefix("hfx commit\0");
    for (path, blob) in files {
        hasher.update(path);
        hasher.update("\0");
        hasher.update(blob);
        hasher.update("\n");
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        assert_eq!(blob_id(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob_id(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
        let empty = tree_ids(std::iter::empty());
        assert_eq!(empty[""], "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "git's empty tree");
        // git init; echo hello > a-b; mkdir -p a/c; cp a-b a/c/x; git add .; git write-tree
        let hello = "ce013625030ba8dba906f756967f9e9ca394464a";
        let trees = tree_ids([("a-b", hello), ("a/c/x", hello)].into_iter());
        assert_eq!(trees.keys().collect::<Vec<_>>(), ["", "a", "a/c"]);
        assert_eq!(trees[""], "67ea8bfa48e0744d009163febdad1abf24849f3f");
    }

    #[test]
    fn a_commit_is_its_content() {
        let of = |files: &[(&'static str, &'static str)]| commit_id(files.iter().copied());
        assert_eq!(of(&[("a", "1")]), of(&[("a", "1")]));
        assert_ne!(of(&[("a", "1")]), of(&[("b", "1")]));
        assert_ne!(of(&[("a", "1")]), of(&[("a", "2")]));
    }
}
