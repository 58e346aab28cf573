//! What is pushed, on disk: `DIR/.hub`, made by the first write.
//!
//! ```text
//! lock                            held by the one server that may write
//! tmp/                            what is being written; emptied at the start
//! uploads/<id>/                   multipart uploads under way, see `uploads`
//! repos/models--owner--name/      a repository, all of it: moved and deleted by one rename
//!   repo.json                     all that changes: settings, refs, discussions (`repo`)
//!   commits/<commit id>           a commit and the contents of its regular files (`commit`)
//!   lfs/<SHA-256>                 large files
//! trash/                          plain folders of repositories that were deleted or moved over the network
//! ```
//!
//! Commits and large files never change and become visible by a rename after their bytes are on disk; `repo.json` is
//! replaced by a rename, and only then is an answer given. So a kill or a power loss at any time leaves the last state
//! that was answered, and at most files that nothing refers to. It can lose parts of multipart uploads, which are sent
//! again. Nothing is collected: a large file that no commit came for stays until its repository is deleted.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::folder;
use super::hashes::{Ids, git_commit_id};
use super::names::{Kind, RepoName};
use super::reply::Reply;
use super::state::{Place, Settings, View};

mod commit;
mod disk;
mod history;
mod import;
mod part;
mod repo;
#[cfg(test)]
mod tests;
mod uploads;

pub(super) use commit::{Change, Commit};
pub(super) use disk::Temp;
pub(super) use history::History;
pub(super) use part::etag as part_etag;
pub(super) use repo::{Draft, Head, Repo};
pub(super) use uploads::{Incomplete, Plan, Uploads};

/// All repositories that were written to.
pub(super) struct Store {
    /// The folder that is served, in which `.hub` is.
    dir: PathBuf,
    /// Held while repositories come and go, and until the lock is there.
    open: Mutex<Open>,
    pub(super) uploads: Uploads,
}

#[derive(Default)]
struct Open {
    lock: Option<File>,
    repos: HashMap<RepoName, Arc<Repo>>,
}

impl Store {
    /// The store of a folder, which is taken at once where it is there already.
    pub(super) fn new(dir: &Path) -> Result<Store, String> {
        let uploads = Uploads::new(&dir.join(".hub/uploads"));
        let store = Store { dir: dir.to_owned(), open: Mutex::default(), uploads };
        if store.hub().is_dir() {
            let mut open = store.open.lock().unwrap_or_else(PoisonError::into_inner);
            match store.take(&mut open) {
                // What can't be written can still be read.
                Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => {}
                taken => taken.map_err(|error| format!("{}: {error}", store.hub().display()))?,
            }
        }
        Ok(store)
    }

    fn hub(&self) -> PathBuf {
        self.dir.join(".hub")
    }

    fn temp(&self) -> PathBuf {
        self.hub().join("tmp")
    }

    fn root(&self, name: &RepoName) -> PathBuf {
        // No segment of a name holds two dashes.
        self.hub().join("repos").join(name.key().replace('/', "--"))
    }

    /// Makes the folders and takes the lock.
    fn take(&self, open: &mut Open) -> io::Result<()> {
        if open.lock.is_some() {
            return Ok(());
        }
        for folder in ["repos", "uploads", "trash"] {
            fs::create_dir_all(self.hub().join(folder))?;
        }
        let lock = File::options().create(true).append(true).open(self.hub().join("lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another `hfx serve` writes here"))?;
        // What another server had begun and can't end any more.
        match fs::remove_dir_all(self.temp()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(self.temp())?;
        self.uploads.sweep();
        open.lock = Some(lock);
        Ok(())
    }

    /// A file to write to before it gets its name.
    pub(super) fn spool(&self) -> io::Result<Temp> {
        self.take(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))?;
        Temp::new(&self.temp())
    }

    /// A repository, if it was written to.
    pub(super) fn get(&self, name: &RepoName) -> Result<Option<Arc<Repo>>, String> {
        self.find(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner), name)
    }

    fn find(&self, open: &mut Open, name: &RepoName) -> Result<Option<Arc<Repo>>, String> {
        if let Some(repo) = open.repos.get(name) {
            return Ok(Some(Arc::clone(repo)));
        }
        let root = self.root(name);
        if !root.is_dir() {
            return Ok(None);
        }
        let repo = Arc::new(Repo::load(name, root, self.temp())?);
        open.repos.insert(name.clone(), Arc::clone(&repo));
        Ok(Some(repo))
    }

    /// All stored repos of that type.
    pub(super) fn ids(&self, kind: Kind) -> Vec<String> {
        let prefix = format!("{}--", kind.plural());
        let entries = fs::read_dir(self.hub().join("repos")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| Some(name.strip_prefix(&prefix)?.replacen("--", "/", 1))).collect()
    }

    /// A new repository with one commit; `None` where there is one of that name.
    pub(super) fn create(&self, name: &RepoName, first: First<'_>) -> Result<Option<Arc<Repo>>, Reply> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(&mut open).map_err(Reply::failed)?;
        if self.find(&mut open, name).map_err(Reply::failed)?.is_some() || self.plain(name).is_some() {
            return Ok(None);
        }
        let built = disk::new_folder(&self.temp()).map_err(Reply::failed)?;
        first.write(&built).map_err(Reply::failed)?;
        self.place(&mut open, name, &built).map(Some)
    }

    /// The repository of a plain folder, copied: from now on the store is what is served.
    pub(super) fn import(&self, view: &View) -> Result<Arc<Repo>, Reply> {
        let open = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(&mut open()).map_err(Reply::failed)?;
        // Copied without the lock, since others need not wait for it.
        let built = disk::new_folder(&self.temp()).map_err(Reply::failed)?;
        let written = import::write(view, &built).map_err(Reply::failed);
        let mut open = open();
        let placed = match (written, self.find(&mut open, &view.name).map_err(Reply::failed)) {
            (Ok(()), Ok(None)) if self.plain(&view.name).is_some() => {
                return self.place(&mut open, &view.name, &built);
            }
            (Ok(()), Ok(None)) => Err(Reply::failed("the folder went away")),
            // Another request was faster.
            (Ok(()), Ok(Some(repo))) => Ok(repo),
            (Err(reply), _) | (_, Err(reply)) => Err(reply),
        };
        drop(fs::remove_dir_all(built));
        placed
    }

    /// Gives a folder that is complete its name.
    fn place(&self, open: &mut Open, name: &RepoName, built: &Path) -> Result<Arc<Repo>, Reply> {
        disk::rename(built, &self.root(name)).map_err(Reply::failed)?;
        let found = self.find(open, name).map_err(Reply::failed)?;
        found.ok_or_else(|| Reply::failed("the repository vanished"))
    }

    /// Deletes a repository; whether there was one.
    pub(super) fn delete(&self, name: &RepoName) -> Result<bool, Reply> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(&mut open).map_err(Reply::failed)?;
        let repo = self.find(&mut open, name).map_err(Reply::failed)?;
        let plain = self.set_aside(name)?;
        let Some(repo) = repo else { return Ok(plain) };
        let doomed = disk::free_name(&self.temp());
        repo.leave(&doomed)?;
        open.repos.remove(name);
        drop(open);
        // It is gone by its name; what can't be removed now is removed at the next start.
        drop(fs::remove_dir_all(doomed));
        Ok(true)
    }

    /// Gives a repository another name; `false` where that is taken.
    pub(super) fn rename(&self, repo: &Arc<Repo>, to: &RepoName) -> Result<bool, Reply> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.find(&mut open, to).map_err(Reply::failed)?.is_some() || self.plain(to).is_some() {
            return Ok(false);
        }
        self.set_aside(&repo.name)?;
        repo.leave(&self.root(to))?;
        open.repos.remove(&repo.name);
        Ok(true)
    }

    fn plain(&self, name: &RepoName) -> Option<PathBuf> {
        folder::locate(&self.dir, name)
    }

    /// Moves the plain folder of a repository out of the way: it is not ours to delete.
    fn set_aside(&self, name: &RepoName) -> Result<bool, Reply> {
        let Some(plain) = self.plain(name) else { return Ok(false) };
        let aside = disk::free_name(&self.hub().join("trash").join(name.key().replace('/', "--")));
        disk::rename(&plain, &aside).map_err(Reply::failed)?;
        Ok(true)
    }
}

/// What a new repository begins with.
pub(super) struct First<'a> {
    pub(super) settings: Settings,
    pub(super) author: &'a str,
    /// The content of `.gitattributes`.
    pub(super) attributes: &'a str,
}

impl First<'_> {
    fn write(self, root: &Path) -> io::Result<()> {
        let now = SystemTime::now();
        let content = self.attributes.as_bytes();
        let change = Change::regular(content, 0);
        let blobs = [(".gitattributes", change.blob.as_str())];
        let mut commit = Commit::new("initial commit", "", self.author, now, None);
        let id = git_commit_id(&super::hashes::tree_ids(blobs.into_iter())[""], &commit.text());
        commit.changes.insert(".gitattributes".to_owned(), Some(change));
        disk::make_folders(root, &["commits", "lfs"])?;
        let mut temp = Temp::new(root)?;
        temp.write(content)?;
        commit.write(temp, &root.join("commits").join(&id))?;
        Head::new(self.settings, now, [("refs/heads/main".to_owned(), id)].into()).write(root, root)
    }
}

/// Where a large file of that hash lies in a repository's folder.
fn lfs_path(root: &Path, sha256: &str) -> PathBuf {
    root.join("lfs").join(sha256)
}

/// What a change in a commit looks like in a state.
fn entry(change: &Change, own: &Arc<Path>, root: &Path) -> super::state::Entry {
    let place = match (&change.sha256, &change.from) {
        (Some(sha256), _) => Place::Kept { path: lfs_path(root, sha256).into(), start: 0 },
        (None, None) => Place::Kept { path: Arc::clone(own), start: change.start },
        (None, Some(other)) => {
            Place::Kept { path: root.join("commits").join(other).into(), start: change.start }
        }
    };
    let ids = Ids { blob: change.blob.clone(), sha256: change.sha256.clone() };
    super::state::Entry { size: change.size, ids, place: Some(place) }
}
