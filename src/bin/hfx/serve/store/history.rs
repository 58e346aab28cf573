//! The commits of a stored repository, and the files of each, put together when they are asked for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::super::clock::iso;
use super::super::hashes::Ids;
use super::super::names::is_hex;
use super::super::state::{Entry, Place, State, Told};
use super::commit::{Change, Commit};
use super::{entry, lfs_path};

/// So many states stay in memory.
const RECENT: usize = 8;

/// All commits of a repository; it only grows.
#[derive(Debug)]
pub(in crate::serve) struct History {
    root: PathBuf,
    commits: RwLock<HashMap<String, Arc<Known>>>,
    recent: Mutex<VecDeque<Arc<State>>>,
}

/// A commit and its file.
#[derive(Debug)]
struct Known {
    commit: Commit,
    path: Arc<Path>,
}

impl History {
    /// Reads the records of all commits.
    pub(super) fn load(root: &Path) -> Result<History, String> {
        let folder = root.join("commits");
        let mut commits = HashMap::new();
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let Some(id) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_hex(name, 40))
            else {
                continue;
            };
            let commit = Commit::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            commits.insert(id.to_owned(), Arc::new(Known { commit, path: path.as_path().into() }));
        }
        Ok(History { root: root.to_owned(), commits: RwLock::new(commits), recent: Mutex::default() })
    }

    fn get(&self, id: &str) -> Option<Arc<Known>> {
        self.commits.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Whether there is such a commit.
    pub(super) fn has(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    /// The ids of all commits.
    pub(in crate::serve) fn ids(&self) -> Vec<String> {
        self.commits.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Takes in a commit that was published, with its files.
    pub(super) fn add(&self, commit: Commit, path: PathBuf, state: Arc<State>) {
        let known = Arc::new(Known { commit, path: path.into() });
        let id = state.commit.clone();
        self.commits.write().unwrap_or_else(PoisonError::into_inner).insert(id, known);
        self.keep(state);
    }

    fn keep(&self, state: Arc<State>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|other| other.commit != state.commit);
        recent.push_front(state);
        recent.truncate(RECENT);
    }

    fn remembered(&self, id: &str) -> Option<Arc<State>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|state| state.commit == id).cloned()
    }

    /// The files of a commit.
    pub(in crate::serve) fn state(&self, id: &str) -> Option<Arc<State>> {
        if let Some(state) = self.remembered(id) {
            return Some(state);
        }
        let last = self.get(id)?;
        // Back to a state that is known, or to a beginning; then forth again.
        let mut later = vec![Arc::clone(&last)];
        let mut files = BTreeMap::new();
        while let Some(parent) = later.last().and_then(|known| parent(&known.commit)) {
            if let Some(state) = self.remembered(parent) {
                files.clone_from(&state.files);
                break;
            }
            let Some(known) = self.get(parent) else { break };
            later.push(known);
        }
        for known in later.iter().rev() {
            self.apply(&known.commit, &known.path, &mut files);
        }
        let mut state = State::new(files, Some(id.to_owned()));
        state.modified = last.commit.when();
        let state = Arc::new(state);
        self.keep(Arc::clone(&state));
        Some(state)
    }

    /// Changes files as a commit did.
    pub(super) fn apply(&self, commit: &Commit, own: &Arc<Path>, files: &mut BTreeMap<String, Entry>) {
        for (path, change) in &commit.changes {
            match change {
                Some(change) => files.insert(path.clone(), entry(change, own, &self.root)),
                None => files.remove(path),
            };
        }
    }

    /// A file of some commit, to be had in another one too; nothing, if it is not ours.
    pub(in crate::serve) fn refer(entry: &Entry) -> Option<Change> {
        let Some(Place::Kept { path, start }) = &entry.place else { return None };
        let from = path.file_name()?.to_str()?.to_owned();
        let Ids { blob, sha256 } = entry.ids.clone();
        Some(Change { blob, size: entry.size, from: sha256.is_none().then_some(from), sha256, start: *start })
    }

    /// A large file, in a commit or not yet.
    pub(in crate::serve) fn large(&self, sha256: &str) -> Option<(u64, Place)> {
        let path = lfs_path(&self.root, sha256);
        let size = fs::metadata(&path).ok().filter(|_| is_hex(sha256, 64))?.len();
        Some((size, Place::Kept { path: path.into(), start: 0 }))
    }

    /// What is told about a commit.
    pub(in crate::serve) fn told(&self, id: &str) -> Option<Told> {
        let known = self.get(id)?;
        let commit = &known.commit;
        Some(Told {
            title: commit.title.clone(),
            message: commit.message.clone(),
            date: iso(commit.when()),
            author: commit.author.clone(),
            parent: commit.parent.clone().filter(|parent| self.has(parent)),
        })
    }

    /// The last commit at or before that one that changed the path or something below it.
    pub(in crate::serve) fn last_to_touch(&self, from: &str, path: &str) -> String {
        let below = format!("{path}/");
        let mut id = from.to_owned();
        while let Some(known) = self.get(&id) {
            let changes = &known.commit.changes;
            let inner = changes.range(below.clone()..).next();
            if changes.contains_key(path) || inner.is_some_and(|(inner, _)| inner.starts_with(&below)) {
                break;
            }
            match known.commit.parent.as_ref().filter(|parent| self.has(parent)) {
                Some(parent) => id.clone_from(parent),
                None => break,
            }
        }
        id
    }
}

/// The commit whose files this one's changes are made to.
fn parent(commit: &Commit) -> Option<&str> {
    commit.parent.as_deref().filter(|_| !commit.whole)
}
