//! The repositories that are served: those that were written to, from the store; else those found on disk, read when
//! asked for, remembered while nothing changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::StatusCode;

use super::hashes::Memo;
use super::names::{Kind, RepoName};
use super::reply::Reply;
use super::state::{Commits, View};
use super::store::{Repo, Store};
use super::{cachedir, folder};

/// How long downloads trust what they know before the folder is walked again; listings always walk it.
const TRUST: Duration = Duration::from_millis(250);

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// Looked at after the request came.
    Fresh,
    /// A moment old.
    Recent,
}

/// Everything that is served.
pub(super) struct Repos {
    pub(super) dir: Option<PathBuf>,
    pub(super) cache: Option<PathBuf>,
    pub(super) lfs_threshold: u64,
    /// There where a folder is served.
    store: Option<Store>,
    memo: Memo,
    slots: Mutex<HashMap<RepoName, Arc<Slot>>>,
}

/// A repo as last read.
#[derive(Default)]
struct Slot {
    /// Held while reading, so that a crowd of requests hashes a file once.
    reading: Mutex<()>,
    known: RwLock<Option<(Instant, Arc<View>)>>,
}

impl Repos {
    pub(super) fn new(
        dir: Option<PathBuf>,
        cache: Option<PathBuf>,
        lfs_threshold: u64,
    ) -> Result<Repos, String> {
        let store = dir.as_deref().map(Store::new).transpose()?;
        Ok(Repos { dir, cache, lfs_threshold, store, memo: Memo::default(), slots: Mutex::default() })
    }

    /// The store, where there is one.
    pub(super) fn store(&self) -> Result<&Store, Reply> {
        let message = "Nothing can be written here: no folder is served";
        self.store.as_ref().ok_or_else(|| Reply::error(StatusCode::FORBIDDEN, None, message))
    }

    /// The repository of that name, if there is one.
    pub(super) async fn view(
        self: &Arc<Self>,
        name: &RepoName,
        age: Age,
    ) -> Result<Option<Arc<View>>, String> {
        let asked = Instant::now();
        if let Some(store) = &self.store
            && let Some(repo) = tokio::task::block_in_place(|| store.get(name))?
        {
            return Ok(Some(repo.view()));
        }
        let slot = Arc::clone(
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default(),
        );
        let oldest = if age == Age::Fresh { Some(asked) } else { asked.checked_sub(TRUST) };
        if let Some(view) = slot.known_since(oldest) {
            return Ok(Some(view));
        }
        let (repos, name) = (Arc::clone(self), name.clone());
        let read = move || repos.read(&name, &slot, oldest);
        tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())?
    }

    /// The stored repository behind a view; a plain folder becomes one by this.
    pub(super) async fn stored(self: &Arc<Self>, view: &Arc<View>) -> Result<Arc<Repo>, Reply> {
        self.store()?;
        let (repos, view) = (Arc::clone(self), Arc::clone(view));
        let find = move || {
            let store = repos.store()?;
            if let Some(repo) = store.get(&view.name).map_err(Reply::failed)? {
                return Ok(repo);
            }
            if matches!(view.commits, Commits::Stored(_)) {
                return Err(Reply::gone());
            }
            if !repos.in_dir(&view.name) {
                let message = "This repository is served from a cache: it can only be read";
                return Err(Reply::error(StatusCode::FORBIDDEN, None, message));
            }
            store.import(&view)
        };
        tokio::task::spawn_blocking(find).await.map_err(Reply::failed)?
    }

    /// The stored repository behind a view, if it is one.
    pub(super) fn find_stored(&self, view: &View) -> Result<Option<Arc<Repo>>, Reply> {
        let Some(store) = &self.store else { return Ok(None) };
        tokio::task::block_in_place(|| store.get(&view.name)).map_err(Reply::failed)
    }

    fn in_dir(&self, name: &RepoName) -> bool {
        self.dir.as_deref().is_some_and(|dir| folder::locate(dir, name).is_some())
    }

    fn read(
        &self,
        name: &RepoName,
        slot: &Slot,
        oldest: Option<Instant>,
    ) -> Result<Option<Arc<View>>, String> {
        let _reading = slot.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = slot.known_since(oldest) {
            return Ok(Some(view));
        }
        let begun = Instant::now();
        let before = slot.known_since(None);
        let in_dir = self.dir.as_deref().and_then(|dir| folder::locate(dir, name));
        let in_cache = || self.cache.as_deref().and_then(|cache| cachedir::locate(cache, name));
        let read = if let Some(root) = in_dir {
            let reader = folder::Reader { memo: &self.memo, lfs_threshold: self.lfs_threshold };
            reader.view(name, &root, before.as_deref()).map(Some)
        } else if let Some(root) = in_cache() {
            cachedir::view(name, &root, &self.memo, before.as_deref()).map(Some)
        } else {
            // Names that were only guessed at take no memory.
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            Ok(None)
        };
        let view = read?.map(Arc::new);
        let known = view.clone().map(|view| (begun, view));
        *slot.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(view)
    }

    /// The ids of all repos of a type, sorted.
    pub(super) async fn ids(self: &Arc<Self>, kind: Kind) -> Vec<String> {
        let repos = Arc::clone(self);
        let list = move || {
            let mut ids =
                repos.dir.as_deref().map(|dir| folder::ids(&dir.join(kind.plural()))).unwrap_or_default();
            ids.extend(repos.store.as_ref().map(|store| store.ids(kind)).unwrap_or_default());
            ids.extend(repos.cache.as_deref().map(|cache| cachedir::ids(cache, kind)).unwrap_or_default());
            ids.sort();
            ids.dedup();
            ids
        };
        tokio::task::spawn_blocking(list).await.unwrap_or_default()
    }
}

impl Slot {
    /// What is known, unless it was read before that.
    fn known_since(&self, oldest: Option<Instant>) -> Option<Arc<View>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .filter(|(begun, _)| oldest.is_none_or(|oldest| *begun >= oldest))
            .map(|(_, view)| Arc::clone(view))
    }
}
