//! Where a file goes: a blob of the cache, a file of a local folder, or a path of the caller's.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::{Cache, LocalDir};
use crate::error::{Error, Result};
use crate::repo::RepoId;
use crate::sys::folder::Folder;
use crate::sys::link;
use crate::sys::lock::{Attempt, FileLock};

/// Unfinished downloads by their etag, last written first.
pub type Partials = HashMap<String, Vec<PathBuf>>;

/// A destination, and what it is called there.
#[derive(Debug, Clone)]
pub enum Place {
    /// The shared cache.
    Cache {
        /// The cache.
        cache: Cache,
        /// The repository.
        repo: RepoId,
        /// The commit.
        commit: String,
        /// The path in the repository.
        path: String,
        /// The blob's name.
        etag: String,
        /// Whether a blob that is there is replaced.
        replace: bool,
        /// The unfinished downloads that lay there when the job began, where it has looked: to look anew for each of many
        /// files would read the folder as often.
        before: Option<Arc<Partials>>,
    },
    /// A folder given with `local_dir`.
    Local {
        /// The folder.
        dir: LocalDir,
        /// The commit.
        commit: String,
        /// The path in the repository, and below the folder.
        path: String,
        /// The version.
        etag: String,
    },
    /// A path.
    Path(PathBuf),
}

impl Place {
    /// Makes the folders.
    pub fn prepare(&self) -> Result<()> {
        match self {
            Self::Cache { cache, repo, .. } => cache.prepare(repo),
            Self::Local { dir, .. } => dir.prepare(),
            Self::Path(path) => {
                if let Ok(there) = fs::metadata(path)
                    && !there.is_file()
                {
                    let what = if there.is_dir() { "a folder" } else { "not a regular file" };
                    return Err(Error::invalid(format!("{} is {what}", path.display())));
                }
                let parent = folder_of(path);
                fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))
            }
        }
    }

    /// The file that processes lock to fetch it one at a time.
    pub fn lock(&self) -> Result<Option<PathBuf>> {
        match self {
            Self::Cache { cache, repo, etag, .. } => cache.lock(repo, etag).map(Some),
            Self::Local { dir, path, .. } => dir.lock(path).map(Some),
            Self::Path(_) => Ok(None),
        }
    }

    /// Unfinished downloads of the same, last written first.
    pub fn partials(&self) -> Result<Vec<PathBuf>> {
        match self {
            Self::Cache { cache, repo, etag, .. } => Ok(cache.partials(repo, etag)),
            Self::Local { dir, path, etag, .. } => dir.partials(path, etag),
            Self::Path(path) => Ok(partials_beside(path)),
        }
    }

    /// The same as of the job's beginning, where it has looked then.
    pub fn partials_before(&self) -> Result<Vec<PathBuf>> {
        match self {
            Self::Cache { before: Some(before), etag, .. } => {
                Ok(before.get(etag).cloned().unwrap_or_default())
            }
            _ => self.partials(),
        }
    }

    /// A name for a new one.
    pub fn new_partial(&self) -> Result<PathBuf> {
        match self {
            Self::Cache { cache, repo, etag, .. } => cache.new_partial(repo, etag),
            Self::Local { dir, path, etag, .. } => dir.new_partial(path, etag),
            Self::Path(path) => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{:08x}.incomplete", fastrand::u32(..)));
                Ok(path.with_file_name(name))
            }
        }
    }

    /// Makes the file of a new one, below no symlink that was put in the way meanwhile.
    pub fn create(&self, partial: &Path) -> Result<fs::File> {
        let made = self.partials_folder()?.create_new(partial.file_name().unwrap_or_default());
        made.map_err(|error| Error::io("create", partial, &error))
    }

    /// Opens one of [`Place::partials`]: never a symlink, whose target would be written to.
    pub fn open(&self, partial: &Path) -> Result<fs::File> {
        let opened = self.partials_folder()?.open_file(partial.file_name().unwrap_or_default());
        opened.map_err(|error| Error::io("open", partial, &error))
    }

    /// Gives a partial another name.
    pub fn take_over(&self, partial: &Path, name: &Path) -> Result<()> {
        let (folder, part) = (self.partials_folder()?, |path: &Path| path.file_name().map(OsStr::to_owned));
        folder
            .rename(&part(partial).unwrap_or_default(), &folder, &part(name).unwrap_or_default())
            .map_err(|error| Error::io("rename", partial, &error))
    }

    /// Tries to take the lock that [`Place::lock`] named.
    pub fn try_lock(&self, lock: &Path) -> Result<Attempt> {
        let tried = match self {
            Self::Cache { cache, .. } => FileLock::try_acquire_in(&cache.locks(lock)?, lock),
            Self::Local { dir, path, .. } => FileLock::try_acquire_in(&dir.notes(path)?, lock),
            Self::Path(_) => Ok(Attempt::Unsupported),
        };
        tried.map_err(|error| Error::io("lock", lock, &error))
    }

    /// The folder of the partials, reached through no symlink but one of the caller's own.
    fn partials_folder(&self) -> Result<Folder> {
        match self {
            Self::Cache { cache, repo, .. } => cache.blobs(repo),
            Self::Local { dir, path, .. } => dir.notes(path),
            Self::Path(path) => {
                let folder = folder_of(path);
                Folder::open(folder).map_err(|error| Error::io("open the folder", folder, &error))
            }
        }
    }

    /// What another process has published meanwhile.
    pub fn published(&self, size: u64) -> Result<Option<PathBuf>> {
        match self {
            Self::Cache { cache, repo, commit, path, etag, replace: false, .. }
                if cache.has_blob(repo, etag, Some(size)).is_some() =>
            {
                cache.link(repo, commit, path, etag)
            }
            _ => Ok(None),
        }
    }

    /// Makes a finished, proven download visible.
    pub fn publish(&self, partial: &Path) -> Result<PathBuf> {
        match self {
            Self::Cache { cache, repo, commit, path, etag, replace, .. } => {
                cache.publish(repo, commit, path, etag, partial, *replace)
            }
            Self::Local { dir, commit, path, etag } => dir.publish(path, commit, etag, partial),
            Self::Path(path) => {
                link::set_default_mode(partial)
                    .map_err(|e| Error::io("set the permissions of", partial, &e))?;
                fs::rename(partial, path).map_err(|e| Error::io("rename the download to", path, &e))?;
                Ok(path.clone())
            }
        }
    }

    /// A folder on the file system that will hold it.
    pub fn folder(&self) -> PathBuf {
        match self {
            Self::Cache { cache, .. } => cache.root().to_owned(),
            Self::Local { dir, .. } => dir.root().to_owned(),
            Self::Path(path) => folder_of(path).to_owned(),
        }
    }

    /// The commit, for the journal.
    pub fn commit(&self) -> &str {
        match self {
            Self::Cache { commit, .. } | Self::Local { commit, .. } => commit,
            Self::Path(_) => "",
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `name.<8 hex>.incomplete` beside `name`.
fn partials_beside(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return Vec::new() };
    let ours = |other: &str| {
        let id = other.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".incomplete")?;
        (id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(())
    };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    names
        .filter(|other| other.to_str().and_then(ours).is_some())
        .map(|other| path.with_file_name(other))
        .collect()
}
