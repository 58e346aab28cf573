//! One file of a repository, into the cache or a local folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::{Context, cache_may_answer};
use super::fetch::{self, Fetched, Item};
use super::output::FileResult;
use super::place::Place;
use crate::cache::local_dir::LocalState;
use crate::cache::{Cache, LocalDir, Lookup};
use crate::cancel::Wish;
use crate::digest::{Expected, Verified};
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::FileMeta;
use crate::options::Opt;
use crate::repo::{RepoId, is_commit};
use crate::transfer::download::blocking;
use crate::transfer::source::Remote;

/// A file as the job wants it: what the Hub says of it, whether from a HEAD or a listing.
#[derive(Clone)]
pub struct Wanted {
    /// The repository.
    pub repo: RepoId,
    /// The path in it.
    pub path: String,
    /// What the Hub says.
    pub meta: FileMeta,
}

/// Downloads one file at a revision.
pub async fn download(context: &Context, repo: &RepoId, revision: &str, path: &str) -> Result<FileResult> {
    let progress = context.job.shared_progress().add(path, 0);
    let result = find(context, repo, revision, path, &progress).await;
    result.inspect_err(|error| progress.fail(error))
}

async fn find(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    path: &str,
    progress: &Arc<FileProgress>,
) -> Result<FileResult> {
    let local = context.destination()?;
    let force = context.options.bool(Opt::Force);
    if !force || context.offline() {
        let (on, dir, repo, revision, path_) =
            (context.clone(), local.clone(), repo.clone(), revision.to_owned(), path.to_owned());
        let here = blocking(move || match &dir {
            Some(dir) => known_local(&on, dir, &revision, &path_),
            None => known(&on, &repo, &revision, &path_),
        });
        let here = here.await?;
        let here = here.filter(|here| !context.has_to_ask(&here.etag));
        if let Some(result) = here {
            context.check_match(path, &result.etag)?;
            return Ok(result.told(progress));
        }
    }
    if context.offline() {
        return Err(context.not_cached(&format!("{path} of {} at {revision}", repo.id())));
    }
    let mut watch = context.watch();
    let meta = match watch.guard(context.hub.resolve(repo, revision, path)).await {
        Ok(meta) => meta,
        Err(error) => {
            let found = fall_back(context, repo, revision, path, local.as_ref(), error, progress)?;
            context.check_match(path, &found.etag)?;
            return Ok(found);
        }
    };
    context.check_match(path, &meta.etag)?;
    let commit = meta.commit.clone();
    let wanted = Wanted { repo: repo.clone(), path: path.to_owned(), meta };
    let result = one(context, &wanted, local.as_ref(), progress.clone()).await?;
    if !context.options.bool(Opt::DryRun)
        && let Ok(cache) = context.cache()
    {
        let is_new = local.is_none() && result.state == FileState::Done && context.sync();
        let (repo, revision, path) = (repo.clone(), revision.to_owned(), path.to_owned());
        blocking(move || {
            if is_new {
                cache.sync_name(&repo, &commit, &path)?;
            }
            cache.write_ref(&repo, &revision, &commit)
        })
        .await?;
    }
    Ok(result)
}

/// The etag of a file of the cache: by the blob that it links to, else by the listing of its commit; empty where neither
/// tells.
pub fn etag_of(cache: &Cache, repo: &RepoId, commit: &str, path: &str, found: &Path) -> String {
    let blob = blob_name(found);
    if !blob.is_empty() || !is_commit(commit) {
        return blob;
    }
    let listed = cache.read_tree(repo, commit).and_then(|tree| Some(tree.get(path)?.etag().to_owned()));
    listed.unwrap_or_default()
}

/// The etag of a file of the cache, by the blob that it links to; empty where it is no link.
pub fn blob_name(path: &Path) -> String {
    let blob = std::fs::read_link(path).ok();
    let name = blob.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

/// What the cache says without the network, when that is enough: asked by commit, offline, or pinned.
fn known(context: &Context, repo: &RepoId, revision: &str, path: &str) -> Result<Option<FileResult>> {
    let enough = is_commit(revision) || context.offline() || context.options.bool(Opt::Pin);
    if !enough {
        return Ok(None);
    }
    let cache = context.cache()?;
    match cache.lookup(repo, revision, path)? {
        Lookup::Found(found) => Ok(Some(FileResult::cached(&cache, repo, revision, path, found))),
        Lookup::Missing => Err(Error::new(
            Kind::EntryNotFound,
            format!("{} at {revision} is known not to have {path}", repo.id()),
        )),
        Lookup::Unknown => Ok(None),
    }
}

fn known_local(context: &Context, dir: &LocalDir, revision: &str, path: &str) -> Result<Option<FileResult>> {
    match dir.state(path, Some(revision), None)? {
        LocalState::Current(found) => Ok(Some(noted(dir, path, revision, found)?)),
        _ if context.offline() => last_local(dir, revision, path),
        _ => Ok(None),
    }
}

/// What lies in the folder, where the Hub can't be asked: for a branch or a tag, any version of the file.
fn last_local(dir: &LocalDir, revision: &str, path: &str) -> Result<Option<FileResult>> {
    let there = dir.file(path)?;
    if is_commit(revision) || !there.is_file() {
        return Ok(None);
    }
    noted(dir, path, "", there).map(Some)
}

/// A file of the folder as its note tells; `commit` counts where there is none.
fn noted(dir: &LocalDir, path: &str, commit: &str, found: PathBuf) -> Result<FileResult> {
    let note = dir.metadata(path)?;
    let (commit, etag) = note.map_or((commit.to_owned(), String::new()), |note| (note.commit, note.etag));
    Ok(FileResult { etag, ..FileResult::local(path, &commit, found) })
}

/// After a failure that the cache can outlive: what it knows of the ref's last commit.
fn fall_back(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    path: &str,
    local: Option<&LocalDir>,
    error: Error,
    progress: &FileProgress,
) -> Result<FileResult> {
    let last = cache_may_answer(&error) && !context.options.bool(Opt::Force);
    if let Some(dir) = local
        && last
        && let Some(found) = last_local(dir, revision, path)?
    {
        context.tell_stale(&error);
        return Ok(found.told(progress));
    }
    if let Ok(cache) = context.cache() {
        if error.kind() == Kind::EntryNotFound
            && let Some(commit) = error.commit_text().filter(|commit| is_commit(commit))
        {
            // A note is a courtesy; the answer is that there is no such file.
            let _ = cache.write_no_exist(repo, commit, path);
        }
        if last
            && local.is_none()
            && let Lookup::Found(found) = cache.lookup(repo, revision, path)?
        {
            context.tell_stale(&error);
            return Ok(FileResult::cached(&cache, repo, revision, path, found).told(progress));
        }
    }
    Err(error)
}

/// Brings one known file where it is wanted, from the nearest place that has it.
pub async fn one(
    context: &Context,
    wanted: &Wanted,
    local: Option<&LocalDir>,
    progress: Arc<FileProgress>,
) -> Result<FileResult> {
    progress.set_size(wanted.meta.size);
    let (context_, wanted_, local_, progress_) =
        (context.clone(), wanted.clone(), local.cloned(), progress.clone());
    if let Some(found) = blocking(move || near(&context_, &wanted_, local_.as_ref(), &progress_)).await? {
        return Ok(found.told(&progress));
    }
    let place = place(context, wanted, local)?;
    if context.options.bool(Opt::DryRun) {
        progress.set_state(FileState::Planned);
        return Ok(FileResult::of(wanted, planned_path(context, wanted, local)?, None, FileState::Planned));
    }
    let Fetched { path, verified } =
        fetch::fetch(context, place, item(context, wanted)?, progress.clone()).await?;
    Ok(FileResult::of(wanted, path, verified, FileState::Done).told(&progress))
}

/// The file from the disk, where it or its content is already. Blocks.
fn near(
    context: &Context,
    wanted: &Wanted,
    local: Option<&LocalDir>,
    progress: &FileProgress,
) -> Result<Option<FileResult>> {
    if context.options.bool(Opt::Force) {
        return Ok(None);
    }
    let (repo, path, meta) = (&wanted.repo, wanted.path.as_str(), &wanted.meta);
    let dry = context.options.bool(Opt::DryRun);
    let mut go_on = hashing(context, progress);
    let cached = |path: PathBuf| Some(FileResult::of(wanted, path, None, FileState::Cached));
    if let Some(dir) = local {
        match dir.state(path, Some(&meta.commit), Some(&meta.etag))? {
            LocalState::Current(found) => {
                if !dry {
                    dir.write_metadata(path, &meta.commit, &meta.etag)?;
                }
                return Ok(cached(found));
            }
            LocalState::Unproven(found)
                if !dry && dir.adopt(path, &meta.commit, &meta.etag, &mut go_on)? =>
            {
                return Ok(Some(FileResult::of(wanted, found, Some(Verified::Hash), FileState::Cached)));
            }
            _ => {}
        }
        let Some(blob) = context.cache().ok().and_then(|c| c.has_blob(repo, &meta.etag, Some(meta.size)))
        else {
            return Ok(None);
        };
        let to = if dry { dir.file(path)? } else { dir.copy_from(&blob, path, &meta.commit, &meta.etag)? };
        return Ok(cached(to));
    }
    let cache = context.cache()?;
    // Another size is another content: cut off by a crash, or written over.
    if let Lookup::Found(found) = cache.lookup(repo, &meta.commit, path)?
        && std::fs::metadata(&found).is_ok_and(|there| there.len() == meta.size)
    {
        return Ok(cached(found));
    }
    if dry {
        let blob = cache.has_blob(repo, &meta.etag, Some(meta.size));
        return Ok(blob.map(|_| cache.paths(repo).pointer(&meta.commit, path)).and_then(cached));
    }
    if cache.has_blob(repo, &meta.etag, Some(meta.size)).is_some()
        && let Some(found) = cache.link(repo, &meta.commit, path, &meta.etag)?
    {
        return Ok(cached(found));
    }
    if let Some(xet_hash) = &meta.xet_hash
        && let Ok(Some(found)) = cache.link_shared(repo, &meta.commit, path, &meta.etag, xet_hash, meta.size)
    {
        return Ok(cached(found));
    }
    if !cache.symlinks()
        && let Some(found) = cache.link_copy(repo, &meta.commit, path, &meta.etag, meta.size, &mut go_on)?
    {
        return Ok(cached(found));
    }
    Ok(None)
}

/// Tells how far the hashing of a file that is there has come, and whether it shall go on.
pub fn hashing(context: &Context, progress: &FileProgress) -> impl FnMut(u64) -> bool {
    let (watch, mut hashed) = (context.watch(), 0);
    move |bytes| {
        hashed += bytes;
        progress.set_hashed(hashed);
        watch.wish() != Wish::Cancel
    }
}

/// Where a file of the Hub goes.
pub fn place(context: &Context, wanted: &Wanted, local: Option<&LocalDir>) -> Result<Place> {
    let (commit, path, etag) = (wanted.meta.commit.clone(), wanted.path.clone(), wanted.meta.etag.clone());
    Ok(match local {
        Some(dir) => Place::Local { dir: dir.clone(), commit, path, etag },
        None => Place::Cache {
            cache: context.cache()?,
            repo: wanted.repo.clone(),
            commit,
            path,
            etag,
            replace: context.options.bool(Opt::Force),
            before: context.before.clone(),
        },
    })
}

fn planned_path(context: &Context, wanted: &Wanted, local: Option<&LocalDir>) -> Result<PathBuf> {
    match local {
        Some(dir) => dir.file(&wanted.path),
        None => Ok(context.cache()?.paths(&wanted.repo).pointer(&wanted.meta.commit, &wanted.path)),
    }
}

/// What the transfer needs to know of a file of the Hub.
pub fn item(context: &Context, wanted: &Wanted) -> Result<Item> {
    let meta = &wanted.meta;
    Ok(Item {
        remote: remote(context, &wanted.repo, &wanted.path, meta)?,
        etag: meta.etag.clone(),
        size: meta.size,
        expected: Expected::from_etag(&meta.etag),
        first: None,
    })
}

/// The remote side of a file of the Hub, at its commit.
pub fn remote(context: &Context, repo: &RepoId, path: &str, meta: &FileMeta) -> Result<Remote> {
    let hub = &context.hub;
    let mut headers = hub.headers().clone();
    headers.insert("x-hf-download-counter", http::HeaderValue::from_static("1"));
    Ok(Remote {
        url: hub.file_url(repo, &meta.commit, path)?,
        location: meta.location.clone(),
        home: hub.home().clone(),
        headers,
        allow_http_token: hub.allows_http_token(),
        size: Some(meta.size),
        etag: Some(meta.etag.clone()),
        timeouts: hub.timeouts(),
    })
}

impl FileResult {
    fn of(wanted: &Wanted, path: PathBuf, verified: Option<Verified>, state: FileState) -> Self {
        Self {
            name: wanted.path.clone(),
            path,
            size: wanted.meta.size,
            etag: wanted.meta.etag.clone(),
            commit: wanted.meta.commit.clone(),
            verified,
            state,
        }
    }

    fn cached(cache: &Cache, repo: &RepoId, revision: &str, path: &str, found: PathBuf) -> Self {
        let commit = cache.commit_of(repo, revision).unwrap_or_default();
        let etag = etag_of(cache, repo, &commit, path, &found);
        Self { etag, ..Self::local(path, &commit, found) }
    }

    /// One that is on this disk, as far as that tells.
    pub(super) fn local(path: &str, commit: &str, found: PathBuf) -> Self {
        Self {
            name: path.to_owned(),
            size: std::fs::metadata(&found).map_or(0, |m| m.len()),
            path: found,
            etag: String::new(),
            commit: commit.to_owned(),
            verified: None,
            state: FileState::Cached,
        }
    }

    /// The same, told to who listens.
    pub(super) fn told(self, progress: &FileProgress) -> Self {
        progress.set_size(self.size);
        progress.set_state(self.state);
        self
    }
}
