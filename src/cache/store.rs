//! Looking things up: what is on disk, without the network and without writing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cache::guard;
use crate::cache::layout::{RepoPaths, parse_partial};
use crate::cache::tree::{self, Tree, TreeEntry};
use crate::error::Result;
use crate::pattern::Filter;
use crate::repo::{RepoId, check_commit, check_etag, check_repo_path, check_revision, is_commit};

/// A cache folder. Cheap to clone; holds nothing open.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    symlinks: bool,
    sync: bool,
}

/// What the disk knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It is cached, at this path.
    Found(PathBuf),
    /// The repository is known not to have it at that commit.
    Missing,
    /// Nothing is known.
    Unknown,
}

/// How much of a snapshot is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// Every file that the filter lets through.
    Complete,
    /// All but these.
    Missing(Vec<String>),
    /// The folder is there, but no listing says what belongs in it.
    Unknown,
    /// The folder is not there.
    Absent,
}

impl Cache {
    /// The cache at `root`. Without `symlinks` the files themselves lie in `snapshots/`, as on file systems that
    /// have none.
    pub fn new(root: impl Into<PathBuf>, symlinks: bool) -> Self {
        Self { root: root.into(), symlinks, sync: false }
    }

    /// Whether refs and listings are synced before their rename (durability against power loss). Blobs are synced
    /// by who writes them.
    #[must_use]
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether snapshots hold symlinks.
    pub fn symlinks(&self) -> bool {
        self.symlinks
    }

    pub(crate) fn sync(&self) -> bool {
        self.sync
    }

    /// Every path of a repository.
    pub fn paths(&self, repo: &RepoId) -> RepoPaths {
        RepoPaths::new(&self.root, repo)
    }

    /// The commit that `revision` means here: itself when it is a whole hash, else what its ref holds.
    pub fn commit_of(&self, repo: &RepoId, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        check_revision(revision).ok()?;
        let text = fs::read_to_string(self.paths(repo).ref_file(revision)).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    /// What is known of a file.
    pub fn lookup(&self, repo: &RepoId, revision: &str, path: &str) -> Result<Lookup> {
        check_revision(revision)?;
        let path = check_repo_path(path)?;
        let Some(commit) = self.commit_of(repo, revision) else { return Ok(Lookup::Unknown) };
        let paths = self.paths(repo);
        let pointer = paths.pointer(&commit, &path);
        // Through the symlink: one whose blob is gone is no hit.
        Ok(if pointer.is_file() {
            Lookup::Found(pointer)
        } else if paths.no_exist(&commit, &path).is_file() {
            Lookup::Missing
        } else {
            Lookup::Unknown
        })
    }

    /// The finished blob of this etag, if it is there (and has this size).
    pub fn has_blob(&self, repo: &RepoId, etag: &str, size: Option<u64>) -> Option<PathBuf> {
        check_etag(etag).ok()?;
        let blob = self.paths(repo).blob(etag);
        let found = fs::metadata(&blob).ok()?;
        (found.is_file() && size.is_none_or(|size| size == found.len())).then_some(blob)
    }

    /// The unfinished downloads of this etag, by whomever, last written first.
    pub fn partials(&self, repo: &RepoId, etag: &str) -> Vec<PathBuf> {
        self.all_partials(repo).remove(etag).unwrap_or_default()
    }

    /// The unfinished downloads of all etags in one look, for a job with many files.
    pub fn all_partials(&self, repo: &RepoId) -> HashMap<String, Vec<PathBuf>> {
        let mut found: HashMap<String, Vec<(Option<SystemTime>, PathBuf)>> = HashMap::new();
        for path in guard::entries(&self.paths(repo).blobs()).unwrap_or_default() {
            let Some((etag, _)) = path.file_name().and_then(|name| parse_partial(name.to_str()?)) else {
                continue;
            };
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_file() {
                found.entry(etag.to_owned()).or_default().push((metadata.modified().ok(), path.clone()));
            }
        }
        let newest_first = |(etag, mut list): (String, Vec<(Option<SystemTime>, PathBuf)>)| {
            list.sort_by(|a, b| b.cmp(a));
            (etag, list.into_iter().map(|(_, path)| path).collect())
        };
        found.into_iter().map(newest_first).collect()
    }

    /// A name for a new partial, in use by nobody. Nothing is made.
    pub fn new_partial(&self, repo: &RepoId, etag: &str) -> Result<PathBuf> {
        check_etag(etag)?;
        let paths = self.paths(repo);
        loop {
            let path = paths.partial(etag, fastrand::u32(..));
            if path.symlink_metadata().is_err() {
                return Ok(path);
            }
        }
    }

    /// The lock file of an etag; [`crate::sys::lock::FileLock`] takes it.
    pub fn lock(&self, repo: &RepoId, etag: &str) -> Result<PathBuf> {
        check_etag(etag)?;
        Ok(self.paths(repo).lock(etag))
    }

    /// The folder of a snapshot, whether or not it is there.
    pub fn snapshot_dir(&self, repo: &RepoId, commit: &str) -> Result<PathBuf> {
        check_commit(commit)?;
        Ok(self.paths(repo).snapshot(commit))
    }

    /// The listing of a commit; None when there is none that can be used.
    pub fn read_tree(&self, repo: &RepoId, commit: &str) -> Option<Tree> {
        check_commit(commit).ok()?;
        tree::from_json(&fs::read(self.paths(repo).tree(commit)).ok()?)
    }

    /// Whether the files that `filter` lets through are all there, by the listing of the commit.
    pub fn snapshot_complete(&self, repo: &RepoId, commit: &str, filter: &Filter) -> Result<Completeness> {
        let folder = self.snapshot_dir(repo, commit)?;
        let linked = |path: &str, entry: &TreeEntry| {
            let there = fs::metadata(folder.join(path));
            there.is_ok_and(|there| there.is_file() && there.len() == entry.length())
        };
        Ok(complete(&folder, || self.read_tree(repo, commit), filter, linked))
    }
}

/// Whether all files of a listing are below `folder`.
pub(crate) fn complete(
    folder: &Path,
    tree: impl FnOnce() -> Option<Tree>,
    filter: &Filter,
    is_there: impl Fn(&str, &TreeEntry) -> bool,
) -> Completeness {
    if !folder.is_dir() {
        return Completeness::Absent;
    }
    let Some(tree) = tree() else { return Completeness::Unknown };
    let wanted = tree.into_iter().filter(|(path, _)| filter.matches(path));
    let missing: Vec<String> =
        wanted.filter(|(path, entry)| !is_there(path, entry)).map(|(path, _)| path).collect();
    if missing.is_empty() { Completeness::Complete } else { Completeness::Missing(missing) }
}
