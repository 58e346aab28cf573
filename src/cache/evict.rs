//! Deleting from a cache: first a plan that tells what it frees, then its execution.
//!
//! Order matters: snapshots go before the blobs they name, refs before their snapshots, so that a crash on the way
//! leaves a smaller cache, not a broken one. A blob that a kept snapshot names stays, also when that snapshot came
//! after the plan was made. A download under way is left alone: its partial's lock is held, or the file was written
//! to lately (locks can't be trusted everywhere, see [`crate::cache`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cache::guard::{entries, parent};
use crate::cache::layout::{LOCKS, is_partial, parse_partial, partial_name, repo_folder, tree_file};
use crate::cache::scan::{CacheInfo, RepoInfo, RevisionInfo};
use crate::cache::shared;
use crate::cache::verify::files_below;
use crate::error::{Error, Kind, Result};
use crate::repo::RepoId;
use crate::sys::lock::{Attempt, FileLock};

/// How long after its last write a partial counts as a download under way, where its lock does not tell.
pub const LIVE: Duration = Duration::from_hours(1);

/// So many blobs lose their names at the same time.
const ASIDE: usize = 500;

/// What will be deleted. Nothing is until [`Deletion::execute`].
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// The bytes that it frees, as far as can be told before.
    pub freed: u64,
    /// What was asked for and is not in the cache.
    pub not_found: Vec<String>,
    /// Folders of whole repositories.
    pub repos: Vec<PathBuf>,
    /// Folders of snapshots.
    pub snapshots: Vec<PathBuf>,
    /// Files of refs.
    pub refs: Vec<PathBuf>,
    /// Blobs that only these snapshots name.
    pub blobs: Vec<PathBuf>,
    /// Unfinished downloads.
    pub partials: Vec<PathBuf>,
    /// Payloads of the shared store that no blob holds.
    pub payloads: Vec<PathBuf>,
    root: PathBuf,
    /// Of a prune: what is written to meanwhile is spared. Who names a revision or repository means it.
    spare: Option<Duration>,
}

/// How a deletion went.
#[derive(Debug, Default)]
pub struct Report {
    /// The bytes that were freed.
    pub freed: u64,
    /// What could not be deleted. All else was.
    pub failures: Vec<Error>,
}

/// Plans the deletion of revisions, given by their whole commit hashes. A repository that loses its last one goes
/// as a whole.
pub fn delete_revisions(cache: &CacheInfo, commits: &[String]) -> Deletion {
    let mut plan = Deletion::new(cache);
    let wanted: BTreeSet<&str> = commits.iter().map(String::as_str).collect();
    let mut found = BTreeSet::new();
    for repo in &cache.repos {
        let chosen: Vec<&RevisionInfo> =
            repo.revisions.iter().filter(|revision| wanted.contains(revision.commit.as_str())).collect();
        found.extend(chosen.iter().map(|revision| revision.commit.as_str()));
        plan.add(repo, &chosen);
    }
    plan.not_found = wanted.difference(&found).map(|commit| (*commit).to_owned()).collect();
    plan.count(cache);
    plan
}

/// Plans the deletion of whole repositories, also of those that the scan could make no sense of.
pub fn delete_repos(cache: &CacheInfo, repos: &[RepoId]) -> Deletion {
    let mut plan = Deletion::new(cache);
    for id in repos {
        let folder = cache.root.join(repo_folder(id));
        if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
            if !plan.repos.contains(&folder) {
                plan.repos.push(folder);
            }
        } else {
            plan.not_found.push(id.to_string());
        }
    }
    plan.count(cache);
    plan
}

/// Plans what nobody needs: revisions that no ref leads to, partials of downloads that are over, payloads of the
/// shared store that no blob holds. What was written to less than `min_age` ago ([`LIVE`]), or whose lock is held,
/// is a download under way: it stays, and so do the revisions of its repository.
pub fn prune(cache: &CacheInfo, min_age: Duration) -> Deletion {
    let mut plan = Deletion::new(cache);
    plan.spare = Some(min_age);
    let mut busy = BTreeSet::new();
    for partial in &cache.partials {
        match claim(&cache.root, &partial.path, min_age) {
            Some(_lock) => plan.partials.push(partial.path.clone()),
            None => drop(busy.insert(parent(parent(&partial.path)))),
        }
    }
    for repo in cache.repos.iter().filter(|repo| !busy.contains(repo.path.as_path())) {
        let detached: Vec<&RevisionInfo> =
            repo.revisions.iter().filter(|revision| revision.refs.is_empty()).collect();
        plan.add(repo, &detached);
    }
    plan.payloads = shared::unreferenced(&cache.root).into_iter().map(|(payload, _)| payload).collect();
    plan.count(cache);
    plan
}

impl Deletion {
    fn new(cache: &CacheInfo) -> Self {
        Self { root: cache.root.clone(), ..Self::default() }
    }

    /// Whether there is nothing to delete.
    pub fn is_empty(&self) -> bool {
        [&self.repos, &self.snapshots, &self.refs, &self.blobs, &self.partials, &self.payloads]
            .iter()
            .all(|list| list.is_empty())
    }

    fn add(&mut self, repo: &RepoInfo, chosen: &[&RevisionInfo]) {
        if chosen.is_empty() {
            return;
        }
        let gone = |revision: &RevisionInfo| chosen.iter().any(|chosen| chosen.commit == revision.commit);
        let kept: Vec<&RevisionInfo> = repo.revisions.iter().filter(|revision| !gone(revision)).collect();
        if kept.is_empty() {
            self.repos.push(repo.path.clone());
            return;
        }
        let needed: BTreeSet<&Path> =
            kept.iter().flat_map(|of| &of.files).map(|file| file.blob.as_path()).collect();
        let own = repo.path.join("blobs");
        let mut blobs = BTreeSet::new();
        for revision in chosen {
            self.snapshots.push(revision.path.clone());
            self.refs.extend(revision.refs.iter().map(|name| repo.path.join("refs").join(name)));
            // A file that is no symlink goes with its snapshot; a blob of another repository is not ours to delete.
            let of = revision.files.iter().map(|file| &file.blob);
            blobs.extend(of.filter(|blob| parent(blob) == own && !needed.contains(blob.as_path())).cloned());
        }
        self.blobs.extend(blobs);
    }

    /// Adds up what it frees: each file once, a shared payload only when every blob that holds it goes.
    fn count(&mut self, cache: &CacheInfo) {
        let mut files: BTreeMap<PathBuf, u64> = BTreeMap::new();
        let mut going: BTreeSet<PathBuf> = self.blobs.iter().cloned().collect();
        let below = |folder: &PathBuf| files_below(folder).unwrap_or_default();
        let mut own: Vec<PathBuf> = self.blobs.iter().chain(&self.partials).cloned().collect();
        for folder in self.repos.iter().chain(&self.snapshots) {
            own.extend(below(folder).into_iter().filter(|path| {
                let part =
                    path.strip_prefix(folder).ok().and_then(|part| part.iter().next().map(ToOwned::to_owned));
                // Of a repository, what the scan counts: not refs, listings and the like.
                !self.repos.contains(folder)
                    || part.is_some_and(|part| part == "blobs" || part == "snapshots")
            }));
        }
        for path in own {
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if found.is_file() {
                files.insert(path, found.len());
            } else {
                going.insert(path);
            }
        }
        let mut payloads: BTreeMap<PathBuf, u64> = BTreeMap::new();
        if shared::is_store(&cache.root.join(shared::STORE)) {
            let held: BTreeSet<PathBuf> =
                going.iter().filter_map(|blob| shared::target(&cache.root, blob)).collect();
            for payload in held.into_iter().chain(self.payloads.iter().cloned()) {
                let orphan =
                    shared::references(&cache.root, &payload).is_some_and(|held| held.is_subset(&going));
                if let (true, Ok(found)) = (orphan, fs::symlink_metadata(&payload)) {
                    payloads.insert(payload, found.len());
                }
            }
        }
        self.freed = files.values().chain(payloads.values()).sum();
    }

    /// Does it. A thing that can't be deleted is reported, and the rest is done.
    pub fn execute(&self) -> Result<Report> {
        self.execute_while(&|| true)
    }

    /// Does it, and leaves the rest from the moment when it shall not go on. What is left can be executed later.
    pub fn execute_while(&self, go_on: &dyn Fn() -> bool) -> Result<Report> {
        let mut report = Report::default();
        let all = [&self.repos, &self.snapshots, &self.refs, &self.blobs, &self.partials, &self.payloads];
        if let Some(path) = all.into_iter().flatten().find(|path| !path.starts_with(&self.root)) {
            return Err(Error::new(Kind::Internal, format!("{} is not in the cache", path.display())));
        }
        let spared = self.spared();
        let spared = |path: &Path| spared.iter().any(|repo| path.starts_with(repo));
        let mut payloads: BTreeSet<PathBuf> = self.payloads.iter().cloned().collect();
        let in_repos = self.repos.iter().flat_map(|repo| entries(&repo.join("blobs")).unwrap_or_default());
        payloads.extend(
            self.blobs.iter().cloned().chain(in_repos).filter_map(|blob| shared::target(&self.root, &blob)),
        );

        for path in self.partials.iter().take_while(|_| go_on()) {
            report.take(path, || match claim(&self.root, path, self.spare.unwrap_or(LIVE)) {
                Some(_lock) => remove_file(path),
                // Taken up again since the plan was made: that is no failure.
                None => Ok(0),
            });
        }
        for repo in self.repos.iter().filter(|path| !spared(path)).take_while(|_| go_on()) {
            // Refs and listings are not counted, here as in the plan.
            report.take(repo, || remove_folder(&repo.join("refs")).map(|_| 0));
            report.take(repo, || remove_folder(&repo.join("snapshots")));
            report.take(repo, || remove_folder(&repo.join("blobs")));
            report.take(repo, || remove_folder(repo).map(|_| 0));
        }
        for path in self.refs.iter().filter(|path| !spared(path)).take_while(|_| go_on()) {
            report.take(path, || remove_file(path).map(|_| 0));
            remove_empty_parents(path, "refs");
        }
        for snapshot in self.snapshots.iter().filter(|path| !spared(path)).take_while(|_| go_on()) {
            report.take(snapshot, || remove_folder(snapshot));
            // What is known of a commit of which nothing is left.
            let repo = parent(parent(snapshot));
            let commit = snapshot.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let _ = fs::remove_file(tree_file(repo, commit));
            let _ = remove_folder(&repo.join(".no_exist").join(commit));
        }
        self.remove_blobs(&mut report, go_on);
        for payload in payloads.into_iter().take_while(|_| go_on()) {
            report.freed += shared::sweep(&self.root, &payload);
        }
        Ok(report)
    }

    /// Deletes blobs that no snapshot names. [`crate::cache::Cache::link`], which does not wait for a blob's lock, looks
    /// for it afterwards: so each loses its name first, and gets it back if a snapshot names it then.
    fn remove_blobs(&self, report: &mut Report, go_on: &dyn Fn() -> bool) {
        let mut needed = self.still_needed();
        // Not all at a time: one that is given back is missed for as long as the others are looked at.
        for some in self.blobs.chunks(ASIDE).take_while(|_| go_on()) {
            let mut moved = Vec::new();
            for blob in some.iter().filter(|blob| !needed.contains(*blob)) {
                let aside = parent(blob).join(partial_name("hfx", fastrand::u32(..)));
                match try_lock(&self.root, blob) {
                    Hold::Busy => {
                        let message = format!("{} is in use by a download; it was kept", blob.display());
                        report.failures.push(Error::new(Kind::Locked, message));
                    }
                    _lock => match fs::rename(blob, &aside) {
                        Ok(()) => moved.push((blob, aside)),
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        Err(error) => report.failures.push(Error::io("delete", blob, &error)),
                    },
                }
            }
            needed = self.still_needed();
            for (blob, aside) in moved {
                report.take(blob, || {
                    if needed.contains(blob) && fs::symlink_metadata(blob).is_err() {
                        return fs::rename(&aside, blob).map(|()| 0);
                    }
                    remove_file(&aside)
                });
            }
        }
    }

    /// The repositories into which a download writes by now.
    fn spared(&self) -> BTreeSet<PathBuf> {
        let Some(min_age) = self.spare else { return BTreeSet::new() };
        let snapshots = self.snapshots.iter().map(|snapshot| parent(parent(snapshot)).to_owned());
        let repos: BTreeSet<PathBuf> = self.repos.iter().cloned().chain(snapshots).collect();
        let live = |path: &PathBuf| {
            path.file_name().is_some_and(is_partial)
                && path.exists()
                && claim(&self.root, path, min_age).is_none()
        };
        let busy = |repo: &PathBuf| entries(&repo.join("blobs")).unwrap_or_default().iter().any(live);
        repos.into_iter().filter(busy).collect()
    }

    /// The blobs that the snapshots left in the repositories of this plan name.
    fn still_needed(&self) -> BTreeSet<PathBuf> {
        let repos: BTreeSet<&Path> = self.blobs.iter().map(|blob| parent(parent(blob))).collect();
        let files =
            repos.into_iter().flat_map(|repo| files_below(&repo.join("snapshots")).unwrap_or_default());
        let blob = |file: PathBuf| Some(shared::lexical(&parent(&file).join(fs::read_link(&file).ok()?)));
        files.filter_map(blob).collect()
    }
}

impl Report {
    fn take(&mut self, path: &Path, delete: impl FnOnce() -> std::io::Result<u64>) {
        match delete() {
            Ok(freed) => self.freed += freed,
            Err(error) => self.failures.push(Error::io("delete", path, &error)),
        }
    }
}

/// How the lock of an etag stands.
enum Hold {
    Ours {
        _lock: FileLock,
    },
    Busy,
    /// There is no lock file, or there are no locks.
    Unknown,
}

/// Takes the lock of a blob or partial, if it has a lock file: one is not made just to delete.
fn try_lock(root: &Path, path: &Path) -> Hold {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let etag = parse_partial(name).map_or(name, |(etag, _)| etag);
    let repo = parent(parent(path)).file_name().unwrap_or_default();
    let lock = root.join(LOCKS).join(repo).join(format!("{etag}.lock"));
    if !lock.is_file() {
        return Hold::Unknown;
    }
    match FileLock::try_acquire(&lock) {
        Ok(Attempt::Held(lock)) => Hold::Ours { _lock: lock },
        Ok(Attempt::Busy) => Hold::Busy,
        Ok(Attempt::Unsupported) | Err(_) => Hold::Unknown,
    }
}

/// The right to delete a partial, with its lock while that is used. None when its download is under way.
fn claim(root: &Path, partial: &Path, min_age: Duration) -> Option<Hold> {
    let hold = try_lock(root, partial);
    let modified = fs::symlink_metadata(partial).ok()?.modified().ok()?;
    // A time in the future is somebody else's clock: not old.
    let old = SystemTime::now().duration_since(modified).is_ok_and(|age| age >= min_age);
    (old && !matches!(hold, Hold::Busy) && is_partial(partial.file_name()?)).then_some(hold)
}

fn remove_file(path: &Path) -> std::io::Result<u64> {
    let size = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => 0,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(size),
    }
}

/// Deletes a folder and all in it, following nothing. Returns the bytes of its files.
fn remove_folder(folder: &Path) -> std::io::Result<u64> {
    let size = |path: PathBuf| {
        fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len())
    };
    let freed = files_below(folder).unwrap_or_default().into_iter().filter_map(size).sum();
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(freed),
    }
}

/// `refs/refs/pr` goes with its last ref; a folder that is not empty does not.
fn remove_empty_parents(path: &Path, stop: &str) {
    let mut folder = parent(path);
    while folder.file_name().is_some_and(|name| name != stop || parent(folder).ends_with("refs")) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
        folder = parent(folder);
    }
}

#[cfg(all(test, unix))]
#[path = "evict_tests.rs"]
mod tests;
