//! Checking what is cached by its hash. Names are hashes here: a blob `<64 hex>` is the SHA-256 of its bytes, a blob
//! `<40 hex>` their git SHA-1. A file without such a name (in a cache without symlinks) is checked by the listing.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::cache::guard::entries;
use crate::cache::layout::is_partial;
use crate::cache::store::Cache;
use crate::cache::tree::Tree;
use crate::digest::Expected;
use crate::error::{Error, Kind, Result};
use crate::repo::{RepoId, check_commit, is_commit};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Files that were hashed.
    pub checked: usize,
    /// Bytes that were hashed.
    pub bytes: u64,
    /// Files whose bytes are not what they must be.
    pub mismatches: Vec<Mismatch>,
    /// Files of the listing that are not there (never fetched, perhaps), and entries whose blob is gone.
    pub missing: Vec<String>,
    /// Files of which no hash is known; of a folder, those that the revision does not have.
    pub unknown: Vec<String>,
}

/// A file whose bytes are not what they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Its path in the repository; of a whole-cache check, below the repository's folder.
    pub path: String,
    /// The file that was read.
    pub file: PathBuf,
    /// The hash that it must have.
    pub expected: String,
    /// The hash of its bytes.
    pub actual: String,
}

/// Checks the snapshot of `commit`, or without one every blob and snapshot of the repository.
///
/// `go_on(name, bytes)` is told the file being read and the bytes read so far in all; false ends the check as
/// cancelled.
pub fn verify(
    cache: &Cache,
    repo: &RepoId,
    commit: Option<&str>,
    go_on: &mut dyn FnMut(&str, u64) -> bool,
) -> Result<VerifyReport> {
    let paths = cache.paths(repo);
    let mut check = Check { report: VerifyReport::default(), seen: HashSet::new(), go_on };
    if let Some(commit) = commit {
        check_commit(commit)?;
        let folder = real_folder(paths.snapshot(commit))?;
        check.snapshot(&folder, cache.read_tree(repo, commit).as_ref(), "")?;
        return Ok(check.report);
    }
    real_folder(paths.dir())?;
    for blob in entries(&paths.blobs())? {
        let name = blob.file_name().unwrap_or_default();
        if !is_partial(name) && blob.is_file() {
            let name = name.to_string_lossy().into_owned();
            check.file(&format!("blobs/{name}"), &blob, Some(&name))?;
        }
    }
    for folder in entries(&paths.snapshots())? {
        let Some(commit) = folder.file_name().and_then(|name| name.to_str()).filter(|name| is_commit(name))
        else {
            continue;
        };
        // Files of the listing that were not asked for are no fault of a repository.
        let tree = cache.read_tree(repo, commit);
        let tree = tree
            .map(|tree| tree.into_iter().filter(|(path, _)| folder.join(path).exists()).collect::<Tree>());
        check.snapshot(&real_folder(folder.clone())?, tree.as_ref(), &format!("snapshots/{commit}/"))?;
    }
    Ok(check.report)
}

/// Checks a folder outside of the cache against the listing of a revision. What is not in the listing is of no known hash.
pub fn verify_folder(
    folder: &Path,
    tree: &Tree,
    go_on: &mut dyn FnMut(&str, u64) -> bool,
) -> Result<VerifyReport> {
    let mut check = Check { report: VerifyReport::default(), seen: HashSet::new(), go_on };
    let folder = fs::canonicalize(folder).map_err(|error| Error::io("open", folder, &error))?;
    let mut listed: BTreeSet<&str> = tree.keys().map(String::as_str).collect();
    for file in files_below(&folder)? {
        let path = relative(&folder, &file);
        match tree.get(&path) {
            Some(entry) => {
                listed.remove(path.as_str());
                check.file(&path, &file, Some(entry.etag()))?;
            }
            // Our own notes, and the Python client's.
            None if path.starts_with(".cache/huggingface/") => {}
            None => check.report.unknown.push(path),
        }
    }
    check.report.missing.extend(listed.into_iter().map(str::to_owned));
    Ok(check.report)
}

fn real_folder(folder: PathBuf) -> Result<PathBuf> {
    if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
        return Ok(folder);
    }
    Err(Error::new(Kind::EntryNotFound, format!("{} is not in the cache", folder.display())))
}

struct Check<'a> {
    report: VerifyReport,
    /// Blobs that were read: several names may lead to one.
    seen: HashSet<(PathBuf, String)>,
    go_on: &'a mut dyn FnMut(&str, u64) -> bool,
}

impl Check<'_> {
    fn snapshot(&mut self, folder: &Path, tree: Option<&Tree>, prefix: &str) -> Result<()> {
        let mut listed: HashSet<&str> = tree.into_iter().flatten().map(|(path, _)| path.as_str()).collect();
        for file in files_below(folder)? {
            let path = relative(folder, &file);
            listed.remove(path.as_str());
            let blob =
                fs::read_link(&file).ok().and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
            let expected =
                tree.and_then(|tree| tree.get(&path)).map(|entry| entry.etag().to_owned()).or(blob);
            self.file(&format!("{prefix}{path}"), &file, expected.as_deref())?;
        }
        let mut absent: Vec<String> = listed.into_iter().map(|path| format!("{prefix}{path}")).collect();
        absent.sort();
        self.report.missing.extend(absent);
        Ok(())
    }

    fn file(&mut self, name: &str, file: &Path, expected: Option<&str>) -> Result<()> {
        let Ok(real) = fs::canonicalize(file) else {
            self.report.missing.push(name.to_owned());
            return Ok(());
        };
        let Some(expected) = expected.filter(|hash| Expected::from_etag(hash).is_some()) else {
            self.report.unknown.push(name.to_owned());
            return Ok(());
        };
        if !self.seen.insert((real, expected.to_owned())) {
            return Ok(());
        }
        let (before, mut done) = (self.report.bytes, 0);
        let go_on = &mut *self.go_on;
        let actual = hash(file, expected, &mut |bytes| {
            done += bytes;
            go_on(name, before + done)
        })?;
        self.report.checked += 1;
        self.report.bytes = before + done;
        if let Some(actual) = actual.filter(|actual| actual != expected) {
            let (path, file) = (name.to_owned(), file.to_owned());
            self.report.mismatches.push(Mismatch { path, file, expected: expected.to_owned(), actual });
        }
        Ok(())
    }
}

/// All files below a folder, sorted; symlinks are files here and not followed: none below what is one itself.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
        return Ok(files);
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => folders.push(path),
                Ok(_) => files.push(path),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("look at", &path, &error)),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The part of `path` below `folder`, with slashes.
pub(crate) fn relative(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Whether the file's bytes have the hash `etag`; false when that is no hash. `go_on` gets the bytes of each step,
/// and false ends it as cancelled.
pub fn hashes_to(file: &Path, etag: &str, go_on: &mut dyn FnMut(u64) -> bool) -> Result<bool> {
    Ok(hash(file, etag, go_on)?.as_deref() == Some(etag))
}

/// The file's hash of the kind that `like` is; None when that is no hash.
fn hash(file: &Path, like: &str, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Option<String>> {
    let failed = |error: &std::io::Error| Error::io("read", file, error);
    let mut open = File::open(file).map_err(|error| failed(&error))?;
    let size = open.metadata().map_err(|error| failed(&error))?.len();
    let Some(expected) = Expected::from_etag(like) else { return Ok(None) };
    let mut hasher = expected.hasher(size);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let bytes = match open.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => &buffer[..n],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(&error)),
        };
        hasher.update(bytes);
        if !go_on(bytes.len() as u64) {
            return Err(Error::cancelled());
        }
    }
    Ok(Some(hasher.finish()))
}
