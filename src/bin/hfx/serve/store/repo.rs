//! A stored repository: what changes of it is one small file, replaced whole.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::clock::unix_ms;
use super::super::discussion::Discussion;
use super::super::hashes::{git_commit_id, tree_ids};
use super::super::names::RepoName;
use super::super::reply::Reply;
use super::super::state::{Commits, Entry, Place, Settings, State, View};
use super::commit::{Change, Commit};
use super::disk::{Temp, copy_unchanged, rename};
use super::history::History;
use super::lfs_path;

/// The file that holds a [`Head`].
const HEAD: &str = "repo.json";

/// All of a repository that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::serve) struct Head {
    /// Milliseconds since 1970.
    created: u64,
    pub(in crate::serve) settings: Settings,
    /// Full ref names and the commits they stand at.
    pub(in crate::serve) refs: BTreeMap<String, String>,
    /// The first has number 1.
    #[serde(default)]
    pub(in crate::serve) discussions: Vec<Discussion>,
}

impl Head {
    pub(super) fn new(settings: Settings, created: SystemTime, refs: BTreeMap<String, String>) -> Head {
        Head { created: unix_ms(created), settings, refs, discussions: Vec::new() }
    }

    /// Replaces what a repository's folder holds; `temp` is a folder on the same disk.
    pub(super) fn write(&self, root: &Path, temp: &Path) -> io::Result<()> {
        let mut file = Temp::new(temp)?;
        file.write(&serde_json::to_vec_pretty(self)?)?;
        file.publish(&root.join(HEAD))
    }

    fn read(root: &Path) -> Result<Head, String> {
        let path = root.join(HEAD);
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A commit before it is made.
pub(in crate::serve) struct Draft {
    pub(in crate::serve) title: String,
    pub(in crate::serve) message: String,
    pub(in crate::serve) author: String,
    pub(in crate::serve) changes: BTreeMap<String, Option<Change>>,
    /// The contents of regular files.
    pub(in crate::serve) contents: Temp,
}

/// A repository.
pub(in crate::serve) struct Repo {
    pub(in crate::serve) name: RepoName,
    root: PathBuf,
    /// Where files are written before they get their names.
    temp: PathBuf,
    pub(in crate::serve) history: Arc<History>,
    /// Held by whoever changes the repository, one at a time; nothing, once it is deleted or moved.
    head: Mutex<Option<Head>>,
    view: RwLock<Arc<View>>,
}

impl Repo {
    /// Reads a repository's folder.
    pub(super) fn load(name: &RepoName, root: PathBuf, temp: PathBuf) -> Result<Repo, String> {
        let head = Head::read(&root)?;
        let history = Arc::new(History::load(&root)?);
        let view = RwLock::new(view(name, &head, &history));
        Ok(Repo { name: name.clone(), root, temp, history, head: Mutex::new(Some(head)), view })
    }

    /// The repository as it is now.
    pub(in crate::serve) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What changes of it, as it is now.
    pub(in crate::serve) fn head(&self) -> Result<Head, Reply> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(Reply::gone)
    }

    /// Changes the repository: all that `edit` does becomes visible at once, or, if it refuses, nothing. Blocks.
    pub(in crate::serve) fn change<T>(
        &self,
        edit: impl FnOnce(&mut Head) -> Result<T, Reply>,
    ) -> Result<T, Reply> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let current = head.as_ref().ok_or_else(Reply::gone)?;
        let mut next = current.clone();
        let told = edit(&mut next)?;
        if next != *current {
            next.write(&self.root, &self.temp).map_err(Reply::failed)?;
            *self.view.write().unwrap_or_else(PoisonError::into_inner) =
                view(&self.name, &next, &self.history);
            *head = Some(next);
        }
        Ok(told)
    }

    /// A file to write contents to.
    pub(in crate::serve) fn spool(&self) -> io::Result<Temp> {
        Temp::new(&self.temp)
    }

    /// Puts a commit on a ref, to be called while changing; the files that it leads to. A draft that changes nothing
    /// makes no commit.
    pub(in crate::serve) fn commit(
        &self,
        head: &mut Head,
        full_ref: &str,
        draft: Draft,
    ) -> Result<Arc<State>, Reply> {
        let parent = head.refs.get(full_ref).and_then(|commit| self.history.state(commit));
        let parent = parent.ok_or_else(|| Reply::failed(format!("{full_ref} stands at no commit")))?;
        let mut changes = draft.changes;
        changes.retain(|path, change| match (change, parent.files.get(path)) {
            (Some(change), Some(entry)) => change.blob != entry.ids.blob,
            (None, before) => before.is_some(),
            (Some(_), None) => true,
        });
        if changes.is_empty() {
            return Ok(parent);
        }
        let parent_id = Some(parent.commit.clone());
        let mut commit =
            Commit::new(&draft.title, &draft.message, &draft.author, SystemTime::now(), parent_id);
        commit.changes = changes;
        self.publish(head, full_ref, commit, parent.files.clone(), draft.contents)
    }

    /// Puts a commit on a ref that has its files, but none before it; to be called while changing.
    pub(in crate::serve) fn squash(
        &self,
        head: &mut Head,
        full_ref: &str,
        title: &str,
        author: &str,
    ) -> Result<Arc<State>, Reply> {
        let last = head.refs.get(full_ref).and_then(|commit| self.history.state(commit));
        let last = last.ok_or_else(|| Reply::failed(format!("{full_ref} stands at no commit")))?;
        let mut commit = Commit::new(title, "", author, SystemTime::now(), None);
        commit.whole = true;
        for (path, entry) in &last.files {
            let change = History::refer(entry).ok_or_else(|| Reply::failed("a file without a place"))?;
            commit.changes.insert(path.clone(), Some(change));
        }
        self.publish(head, full_ref, commit, BTreeMap::new(), self.spool().map_err(Reply::failed)?)
    }

    /// Writes a commit whose changes are made to these files, and moves the ref to it.
    fn publish(
        &self,
        head: &mut Head,
        full_ref: &str,
        commit: Commit,
        mut files: BTreeMap<String, Entry>,
        contents: Temp,
    ) -> Result<Arc<State>, Reply> {
        let mut blobs: BTreeMap<&str, &str> =
            files.iter().map(|(path, entry)| (path.as_str(), entry.ids.blob.as_str())).collect();
        for (path, change) in &commit.changes {
            match change {
                Some(change) => blobs.insert(path, &change.blob),
                None => blobs.remove(path.as_str()),
            };
        }
        let tree = tree_ids(blobs.into_iter());
        let id = git_commit_id(&tree[""], &commit.text());
        let path = self.root.join("commits").join(&id);
        // The same commit in the same second, made before on another ref.
        if !self.history.has(&id) {
            commit.write(contents, &path).map_err(Reply::failed)?;
            self.history.apply(&commit, &path.as_path().into(), &mut files);
            let modified = commit.when();
            let state = State { commit: id.clone(), files, folders: tree, modified, absent: None };
            self.history.add(commit, path, Arc::new(state));
        }
        head.refs.insert(full_ref.to_owned(), id.clone());
        self.history.state(&id).ok_or_else(|| Reply::failed("the commit vanished"))
    }

    /// Where a large file of that hash belongs.
    pub(in crate::serve) fn lfs(&self, sha256: &str) -> PathBuf {
        lfs_path(&self.root, sha256)
    }

    /// The size of a large file, if the repository has it.
    pub(in crate::serve) fn lfs_size(&self, sha256: &str) -> Option<u64> {
        fs::metadata(self.lfs(sha256)).ok().map(|metadata| metadata.len())
    }

    /// Takes over a large file from another repository: the store's are shared, others copied.
    pub(in crate::serve) fn adopt_lfs(&self, place: &Place, sha256: &str) -> io::Result<()> {
        match place {
            Place::Kept { path, .. } => match fs::hard_link(path, self.lfs(sha256)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                done => done,
            },
            Place::Loose(stored) => copy_unchanged(stored, &self.lfs(sha256), &self.temp),
        }
    }

    /// Moves the folder away; nothing can be changed any more.
    pub(super) fn leave(&self, to: &Path) -> Result<(), Reply> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.as_ref().ok_or_else(Reply::gone)?;
        rename(&self.root, to).map_err(Reply::failed)?;
        *head = None;
        Ok(())
    }
}

fn view(name: &RepoName, head: &Head, history: &Arc<History>) -> Arc<View> {
    Arc::new(View {
        name: name.clone(),
        settings: head.settings.clone(),
        created: Some(UNIX_EPOCH + Duration::from_millis(head.created)),
        refs: head.refs.clone(),
        commits: Commits::Stored(Arc::clone(history)),
    })
}
