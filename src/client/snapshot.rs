//! All files of a repository at a revision, or those that patterns let through.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::batch::Batch;
use super::context::{Context, cache_may_answer};
use super::fetch::check_space;
use super::file::{self, Wanted};
use super::output::{FileOutcome, FileResult, SnapshotResult};
use super::partial;
use super::place::{Partials, Place};
use crate::cache::{Cache, Completeness, LocalDir, Tree, TreeEntry};
use crate::cancel::{Control, Wish};
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::{FileMeta, TreeFile};
use crate::options::Opt;
use crate::pattern::Filter;
use crate::repo::{RepoId, is_commit};
use crate::transfer::download::blocking;
use crate::transfer::slots::SMALL;

/// How long files have to note what has come of them, once another one has failed.
const LAST_NOTES: Duration = Duration::from_secs(2);

/// Downloads a snapshot.
pub async fn download(context: &Context, repo: &RepoId, revision: &str) -> Result<SnapshotResult> {
    let local = context.destination()?;
    let filter = context.filter();
    let force = context.options.bool(Opt::Force);
    let asked = !context.offline() && !(context.options.bool(Opt::Pin) && !force);
    if (!asked || (is_commit(revision) && !force))
        && let Some(result) = here(context, repo, revision, local.as_ref(), context.offline()).await?
    {
        return Ok(told(context, result));
    }
    if context.offline() {
        return Err(offline(context, repo, revision, local.as_ref(), &filter));
    }
    let mut watch = context.watch();
    let (commit, files) = match watch
        .guard(list(context, repo, revision, local.as_ref(), !context.options.bool(Opt::DryRun)))
        .await
    {
        Ok(listing) => listing,
        Err(error) if cache_may_answer(&error) && !force => {
            // The Hub can't say; what the cache holds of the ref's last commit is the best answer there is.
            let cached = here(context, repo, revision, local.as_ref(), true).await?;
            // Without a listing it names no file, which must not read as if there were none of those asked for.
            let cached = cached.filter(|result| filter.is_open() || !result.files.is_empty());
            let Some(cached) = cached else { return Err(error) };
            if let Ok(cache) = context.cache() {
                let repo = repo.clone();
                blocking(move || {
                    sweep(&cache, &repo);
                    Ok(())
                })
                .await?;
            }
            context.tell_stale(&error);
            return Ok(told(context, cached));
        }
        Err(error) => return Err(error),
    };
    if let Some(path) = filter.first_lacking(files.iter().map(|file| file.path.as_str())) {
        let text = format!("{} at {revision} has no file {path}", repo.id());
        return Err(Error::new(Kind::EntryNotFound, text));
    }
    let files: Vec<TreeFile> = files.into_iter().filter(|file| filter.matches(&file.path)).collect();
    let path = match &local {
        Some(dir) => dir.root().to_owned(),
        None => context.cache()?.snapshot_dir(repo, &commit)?,
    };
    let outcomes = fetch_all(context, repo, &commit, files, local.as_ref()).await?;
    // A ref that led to an incomplete snapshot would hide the complete one before it.
    if !context.options.bool(Opt::DryRun) && outcomes.iter().all(|file| file.result.is_ok()) {
        finish(context, repo, revision, &commit, local.as_ref()).await?;
    }
    Ok(SnapshotResult { path, commit, files: outcomes })
}

/// The commit and its files, from the kept listing where there is one; `keep` keeps a new one.
async fn list(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
    keep: bool,
) -> Result<(String, Vec<TreeFile>)> {
    let known = if is_commit(revision) { read_tree(context, repo, revision, local) } else { None };
    let commit = match &known {
        Some(_) => revision.to_owned(),
        None => context.hub.repo_info(repo, revision).await?.sha,
    };
    if let Some(tree) = known.or_else(|| read_tree(context, repo, &commit, local)) {
        return Ok((commit, tree.into_iter().map(from_entry).collect()));
    }
    let files = context.hub.tree(repo, &commit, "").await?;
    if keep {
        let tree: Tree = files.iter().map(to_entry).collect();
        let (cache, local, repo, of) = (context.cache(), local.cloned(), repo.clone(), commit.clone());
        blocking(move || match local {
            Some(dir) => {
                dir.prepare()?;
                dir.write_tree(&of, &tree)
            }
            None => {
                let cache = cache?;
                cache.prepare(&repo)?;
                cache.write_tree(&repo, &of, &tree)
            }
        })
        .await?;
    }
    Ok((commit, files))
}

/// What a revision holds, by the Hub; offline by the listing that was kept last.
pub(super) async fn listing(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
) -> Result<Tree> {
    if !context.offline() {
        let listed = context.watch().guard(list(context, repo, revision, local, false)).await?;
        return Ok(listed.1.iter().map(to_entry).collect());
    }
    let commit = last_commit(context, repo, revision, local, true);
    let kept = commit.and_then(|commit| read_tree(context, repo, &commit, local));
    kept.ok_or_else(|| context.not_cached(&format!("the listing of {} at {revision}", repo.id())))
}

fn read_tree(context: &Context, repo: &RepoId, commit: &str, local: Option<&LocalDir>) -> Option<Tree> {
    match local {
        Some(dir) => dir.read_tree(commit),
        None => context.cache().ok()?.read_tree(repo, commit),
    }
}

/// The files that the cache knows of, below a folder: by the listing of the revision's last commit where there is one,
/// else those of its snapshot folder.
pub fn listed(context: &Context, repo: &RepoId, revision: &str, below: &str) -> Result<Vec<TreeFile>> {
    let cache = context.cache()?;
    let unknown = || context.not_cached(&format!("the listing of {} at {revision}", repo.id()));
    let commit = cache.commit_of(repo, revision).ok_or_else(unknown)?;
    let folder = cache.snapshot_dir(repo, &commit)?;
    let tree = cache.read_tree(repo, &commit);
    if tree.is_none() && !folder.is_dir() {
        return Err(unknown());
    }
    let files = held(&folder, tree)?;
    let within = |file: &TreeFile| {
        below.is_empty() || file.path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'))
    };
    Ok(files.into_iter().filter(within).collect())
}

/// The files of a snapshot: as its listing says; without one, those that its folder holds.
fn held(folder: &Path, tree: Option<Tree>) -> Result<Vec<TreeFile>> {
    if let Some(tree) = tree {
        return Ok(tree.into_iter().map(from_entry).collect());
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found).map_err(|error| Error::io("list", folder, &error))?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(folder: &Path, below: &str, found: &mut Vec<TreeFile>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (Ok(name), path) = (entry.file_name().into_string(), entry.path()) else { continue };
        let name = format!("{below}{name}");
        if entry.file_type()?.is_dir() {
            walk(&path, &format!("{name}/"), found)?;
        } else if let Ok(metadata) = std::fs::metadata(&path) {
            let etag = file::blob_name(&path);
            let sha256 = (etag.len() == 64).then(|| etag.clone());
            let blob_id = if sha256.is_some() { String::new() } else { etag };
            found.push(TreeFile { path: name, size: metadata.len(), blob_id, sha256, xet_hash: None });
        }
    }
    Ok(())
}

/// As [`complete`], on a thread that may block.
async fn here(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
    trusting: bool,
) -> Result<Option<SnapshotResult>> {
    let (context, repo, revision, local) =
        (context.clone(), repo.clone(), revision.to_owned(), local.cloned());
    blocking(move || complete(&context, &repo, &revision, local.as_ref(), &context.filter(), trusting)).await
}

/// The snapshot without the network, if the disk has all of it; `trusting`: also where no listing says so.
fn complete(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
    filter: &Filter,
    trusting: bool,
) -> Result<Option<SnapshotResult>> {
    let cache = context.cache();
    let Some(commit) = last_commit(context, repo, revision, local, trusting) else { return Ok(None) };
    let (path, state, tree) = match local {
        Some(dir) => (dir.root().to_owned(), dir.complete(&commit, filter)?, dir.read_tree(&commit)),
        None => {
            let cache = cache?;
            let path = cache.snapshot_dir(repo, &commit)?;
            (path, cache.snapshot_complete(repo, &commit, filter)?, cache.read_tree(repo, &commit))
        }
    };
    let enough = match state {
        Completeness::Complete => true,
        // Without a listing only the Hub knows better.
        Completeness::Unknown => trusting,
        Completeness::Missing(_) | Completeness::Absent => false,
    };
    let lacking = tree.as_ref().and_then(|tree| filter.first_lacking(tree.keys().map(String::as_str)));
    if !enough || lacking.is_some() {
        return Ok(None);
    }
    // A local folder holds more than the snapshot: only a listing says what belongs to it.
    let tree = tree.or_else(|| local.map(|_| Tree::default()));
    let files = held(&path, tree)?.into_iter().filter(|file| filter.matches(&file.path)).map(|file| {
        let (name, size) = (file.path.clone(), file.size);
        let result = FileResult {
            path: path.join(&name),
            name: name.clone(),
            size,
            etag: file.etag().to_owned(),
            commit: commit.clone(),
            verified: None,
            state: FileState::Cached,
        };
        FileOutcome { name, size, result: Ok(result) }
    });
    Ok(Some(SnapshotResult { files: files.collect(), path: path.clone(), commit: commit.clone() }))
}

/// The commit that the disk knows for a revision. The cache keeps no ref to a commit of which it has no file, as after
/// a download into a local folder: then, where the Hub can't be asked, the folder's own listing tells.
fn last_commit(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
    trusting: bool,
) -> Option<String> {
    if is_commit(revision) {
        return Some(revision.to_owned());
    }
    let known = context.cache().ok().and_then(|cache| cache.commit_of(repo, revision));
    let listed = |dir: &LocalDir| known.as_ref().is_some_and(|commit| dir.read_tree(commit).is_some());
    match local {
        Some(dir) if trusting && !listed(dir) => dir.last_listed().or(known),
        _ => known,
    }
}

/// A snapshot from the disk, in the job's progress.
fn told(context: &Context, result: SnapshotResult) -> SnapshotResult {
    let progress = context.job.shared_progress();
    for file in &result.files {
        progress.add(&file.name, file.size).set_state(FileState::Cached);
    }
    result
}

fn offline(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    local: Option<&LocalDir>,
    filter: &Filter,
) -> Error {
    let missing = || -> Option<Vec<String>> {
        let commit = last_commit(context, repo, revision, local, true)?;
        let state = match local {
            Some(dir) => dir.complete(&commit, filter).ok()?,
            None => context.cache().ok()?.snapshot_complete(repo, &commit, filter).ok()?,
        };
        match state {
            Completeness::Missing(names) => Some(names),
            _ => None,
        }
    };
    let what = format!("{} at {revision}", repo.id());
    match missing() {
        Some(names) => {
            let first = names.first().map_or("", String::as_str);
            context.not_cached(&format!(
                "all of {what} ({} files are missing, the first is {first})",
                names.len()
            ))
        }
        None => context.not_cached(&what),
    }
}

/// A file to fetch: its place among the outcomes, what it is, and where to tell how it goes.
type Work = (usize, Wanted, Arc<FileProgress>);

/// Files that are fetched so many at a time.
struct Queue {
    waiting: VecDeque<Work>,
    running: JoinSet<(usize, Result<FileResult>)>,
    most: usize,
}

impl Queue {
    fn new(work: Vec<Work>, most: usize) -> Self {
        Self { waiting: work.into(), running: JoinSet::new(), most }
    }

    fn has_next(&self) -> bool {
        self.running.len() < self.most && !self.waiting.is_empty()
    }

    fn next(&mut self) -> Option<Work> {
        if self.has_next() { self.waiting.pop_front() } else { None }
    }
}

/// What earlier downloads have left in the cache.
async fn partials_before(
    context: &Context,
    repo: &RepoId,
    local: Option<&LocalDir>,
) -> Option<Arc<Partials>> {
    let (cache, repo) = (context.cache().ok().filter(|_| local.is_none())?, repo.clone());
    blocking(move || Ok(Arc::new(cache.all_partials(&repo)))).await.ok()
}

/// Brings all files where they are wanted: the largest first, and small ones beside them.
async fn fetch_all(
    context: &Context,
    repo: &RepoId,
    commit: &str,
    files: Vec<TreeFile>,
    local: Option<&LocalDir>,
) -> Result<Vec<FileOutcome>> {
    let shared = context.job.shared_progress();
    let mut work: Vec<Work> = Vec::with_capacity(files.len());
    let mut progresses = Vec::with_capacity(files.len());
    for (place, file) in files.iter().enumerate() {
        let meta = FileMeta {
            commit: commit.to_owned(),
            etag: file.etag().to_owned(),
            size: file.size,
            url: context.hub.file_url(repo, commit, &file.path)?,
            location: None,
            xet_hash: file.xet_hash.clone(),
        };
        let progress = shared.add(&file.path, file.size);
        progresses.push(progress.clone());
        work.push((place, Wanted { repo: repo.clone(), path: file.path.clone(), meta }, progress));
    }
    let mut context = context.clone();
    if !context.options.bool(Opt::DryRun) {
        context.before = partials_before(&context, repo, local).await;
        room_for(&context, &work, local).await?;
    }
    let context = &context;
    work.sort_by_key(|(_, wanted, _)| std::cmp::Reverse(wanted.meta.size));
    let (small, large) = work.into_iter().partition(|(_, wanted, _)| wanted.meta.size <= SMALL);
    let limits = &context.engine.limits;
    let mut large = Queue::new(large, limits.files());
    let mut small = Queue::new(small, limits.small_files());
    let workers = match context.options.int(Opt::MaxWorkers) as usize {
        0 => usize::MAX,
        most => most,
    };
    let mut watch = context.watch();
    let control = Control::new();
    let mut following = JoinSet::new();
    following.spawn({
        let (control, watch) = (control.clone(), context.watch());
        async move { control.follow(watch).await }
    });
    let mut context = context.clone();
    context.batch = Some(Batch::new(context.sync()));
    context.control = Some(control.clone());
    let fail_fast = context.options.bool(Opt::FailFast);
    let mut outcomes: Vec<Option<Result<FileResult>>> = files.iter().map(|_| None).collect();
    // Since when all others are to end, because one has failed.
    let mut stopped = None;
    loop {
        while stopped.is_none() && large.running.len() + small.running.len() < workers {
            // Of the caller's number, half is for each.
            let large_first = large.running.len() < workers.div_ceil(2) || !small.has_next();
            let queue = if large_first && large.has_next() { &mut large } else { &mut small };
            let Some((place, wanted, progress)) = queue.next() else { break };
            let (context, local) = (context.clone(), local.cloned());
            queue.running.spawn(async move {
                let result = file::one(&context, &wanted, local.as_ref(), progress.clone()).await;
                if let Err(error) = &result {
                    progress.fail(error);
                }
                (place, result)
            });
        }
        let until = stopped.filter(|_| large.running.len() + small.running.len() > 0);
        let ended = tokio::select! {
            Some(ended) = large.running.join_next() => ended,
            Some(ended) = small.running.join_next() => ended,
            () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                large.running.shutdown().await;
                small.running.shutdown().await;
                continue;
            }
            else => break,
        };
        let Ok((place, result)) = ended else { continue };
        let failed = result.is_err();
        if stopped.is_none() || result.as_ref().err().is_none_or(|error| error.kind() != Kind::Cancelled) {
            outcomes[place] = Some(result);
        }
        if failed && fail_fast && stopped.is_none() {
            // What they have is noted, and what is empty goes.
            control.turn(Wish::Cancel);
            stopped = Some(Instant::now() + LAST_NOTES);
        }
    }
    watch.guard(async { Ok(()) }).await?;
    Ok(files
        .into_iter()
        .zip(outcomes)
        .zip(progresses)
        .map(|((file, result), progress)| {
            let result = result.unwrap_or_else(|| {
                Err(match stopped {
                    Some(_) => Error::new(
                        Kind::Cancelled,
                        "not fetched, because another file of the snapshot failed",
                    ),
                    None => Error::new(Kind::Internal, "its task failed"),
                })
            });
            if let Err(error) = &result {
                progress.fail(error);
            }
            FileOutcome { name: file.path, size: file.size, result }
        })
        .collect())
}

/// Refuses the whole job when the disk can't hold it.
async fn room_for(context: &Context, work: &[Work], local: Option<&LocalDir>) -> Result<()> {
    let (context, local) = (context.clone(), local.cloned());
    let all: Vec<Wanted> = work.iter().map(|(_, wanted, _)| wanted.clone()).collect();
    check_space(blocking(move || not_there(&context, &all, local.as_ref())).await?, false).await
}

/// The files that are not on this disk, and their sizes. Blocks.
fn not_there(context: &Context, all: &[Wanted], local: Option<&LocalDir>) -> Result<Vec<(Place, u64)>> {
    let cache = context.cache().ok();
    let (mut needed, mut counted) = (Vec::new(), HashSet::new());
    for wanted in all {
        let meta = &wanted.meta;
        // A cache with symlinks has equal content once.
        if local.is_none() && context.options.bool(Opt::Symlinks) && !counted.insert(&meta.etag) {
            continue;
        }
        let there = match (local, &cache) {
            (Some(dir), _) => dir.file(&wanted.path)?.exists(),
            (None, Some(cache)) => cache.has_blob(&wanted.repo, &meta.etag, Some(meta.size)).is_some(),
            (None, None) => false,
        };
        if !there && meta.size > 0 {
            needed.push((file::place(context, wanted, local)?, meta.size));
        }
    }
    Ok(needed)
}

/// The ref and the names, once files are there.
async fn finish(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    commit: &str,
    local: Option<&LocalDir>,
) -> Result<()> {
    let Ok(cache) = context.cache() else { return Ok(()) };
    let (repo, revision, commit) = (repo.clone(), revision.to_owned(), commit.to_owned());
    let (local, sync) = (local.is_some(), context.sync());
    blocking(move || {
        if !local {
            make_folder(&cache, &repo, &commit)?;
            if sync {
                cache.sync_names(&repo, &commit)?;
            }
        }
        cache.write_ref(&repo, &revision, &commit)?;
        sweep(&cache, &repo);
        Ok(())
    })
    .await
}

/// Removes what killed processes have left of files that are there now.
fn sweep(cache: &Cache, repo: &RepoId) {
    for (etag, partials) in cache.all_partials(repo) {
        let blob = cache.has_blob(repo, &etag, None);
        if let Some(Ok(blob)) = blob.map(std::fs::metadata) {
            partial::sweep(&partials, blob.len());
        }
    }
}

/// A snapshot without files has a folder too.
fn make_folder(cache: &Cache, repo: &RepoId, commit: &str) -> Result<()> {
    let folder: PathBuf = cache.snapshot_dir(repo, commit)?;
    if folder.is_dir() {
        return Ok(());
    }
    cache.prepare(repo)?;
    cache.make_snapshot(&folder)
}

fn to_entry(file: &TreeFile) -> (String, TreeEntry) {
    let entry = TreeEntry {
        size: file.size,
        blob_id: file.blob_id.clone(),
        lfs_sha256: file.sha256.clone(),
        lfs_size: file.sha256.as_ref().map(|_| file.size),
        xet_hash: file.xet_hash.clone(),
    };
    (file.path.clone(), entry)
}

fn from_entry((path, entry): (String, TreeEntry)) -> TreeFile {
    TreeFile {
        path,
        size: entry.length(),
        blob_id: entry.blob_id,
        sha256: entry.lfs_sha256,
        xet_hash: entry.xet_hash,
    }
}
