//! What a repository holds at one commit, and the repository as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Slice;
use super::clock::iso;
use super::hashes::{Ids, Stamp, commit_id, tree_ids};
use super::names::{RepoName, is_hex};
use super::store::History;

/// What a commit without a title of its own is called.
const TITLE: &str = "Served from a folder";
/// Longer files are not read into memory.
const MOST_READ: u64 = 16 << 20;

/// A file on disk and the stamp it had when it was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// Where a file's bytes lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file that people may change: it counts while it has the stamp with which it was hashed.
    Loose(Stored),
    /// Bytes of a file of the store, which nobody changes.
    Kept { path: Arc<Path>, start: u64 },
}

impl Place {
    /// The bytes, if they are still those that were hashed.
    pub(super) fn open(&self) -> io::Result<Slice> {
        let (path, start) = match self {
            Place::Loose(stored) => (stored.path.as_path(), 0),
            Place::Kept { path, start } => (&**path, *start),
        };
        let file = File::open(path)?;
        match self {
            Place::Loose(stored) if Stamp::of(&file.metadata()?) != stored.stamp => {
                Err(io::Error::other("the file changes while it is served"))
            }
            _ => Ok(Slice { file: Arc::new(file), start }),
        }
    }
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) size: u64,
    pub(super) ids: Ids,
    /// Where its bytes lie; `None` for a file that a partial cache knows of but does not hold.
    pub(super) place: Option<Place>,
}

impl Entry {
    /// The file as walks of a folder see it.
    pub(super) fn loose(&self) -> Option<&Stored> {
        match &self.place {
            Some(Place::Loose(stored)) => Some(stored),
            _ => None,
        }
    }

    /// All of a small file.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let place = self.place.as_ref().ok_or(io::ErrorKind::NotFound)?;
        if self.size > MOST_READ {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        place.open()?.read(0, self.size)
    }
}

/// The files of one commit.
#[derive(Debug)]
pub(super) struct State {
    pub(super) commit: String,
    pub(super) files: BTreeMap<String, Entry>,
    /// Every folder's git tree id; the root is `""`.
    pub(super) folders: BTreeMap<String, String>,
    pub(super) modified: SystemTime,
    /// What a partial cache knows not to be there; `None` where whatever is not in `files` does not exist.
    pub(super) absent: Option<BTreeSet<String>>,
}

impl State {
    /// A state of these files; its commit id follows from them unless it is known.
    pub(super) fn new(files: BTreeMap<String, Entry>, commit: Option<String>) -> State {
        let blobs = || files.iter().map(|(path, entry)| (path.as_str(), entry.ids.blob.as_str()));
        let commit = commit.unwrap_or_else(|| commit_id(blobs()));
        let folders = tree_ids(blobs());
        let stamps = files.values().filter_map(|entry| Some(entry.loose()?.stamp.modified));
        let modified = stamps.max().unwrap_or(SystemTime::UNIX_EPOCH);
        State { commit, files, folders, modified, absent: None }
    }
}

/// What is said about a commit in a folder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Note {
    pub(super) title: Option<String>,
    pub(super) message: String,
    pub(super) date: Option<String>,
    pub(super) author: Option<String>,
    /// The label or commit id of the commit before.
    pub(super) parent: Option<String>,
}

/// What is told about a commit.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) title: String,
    pub(super) message: String,
    pub(super) date: String,
    pub(super) author: String,
    pub(super) parent: Option<String>,
}

/// Who may read a gated repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Gate {
    #[default]
    Open,
    /// Whoever shows a token.
    Auto,
    /// The tokens listed as `granted`.
    Manual,
}

/// `.hfx/repo.json`, and the settings of a stored repo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) private: bool,
    pub(super) gated: Value,
    pub(super) disabled: bool,
    /// Tokens that may read the files of a repo gated with `manual`.
    pub(super) granted: Vec<String>,
    /// Anything else is shown in the repo's info as it is.
    #[serde(flatten)]
    pub(super) more: Map<String, Value>,
}

impl Settings {
    pub(super) fn gate(&self) -> Gate {
        match &self.gated {
            Value::String(text) if text == "auto" => Gate::Auto,
            Value::String(_) | Value::Bool(true) => Gate::Manual,
            _ => Gate::Open,
        }
    }

    /// As the info says it.
    pub(super) fn gated(&self) -> Value {
        match self.gate() {
            Gate::Open => Value::Bool(false),
            Gate::Auto => "auto".into(),
            Gate::Manual => "manual".into(),
        }
    }
}

/// Where a view's commits are.
#[derive(Debug)]
pub(super) enum Commits {
    /// All of them were read: of a folder or of a cache. Notes by commit id; a parent is a commit id here.
    Read { states: HashMap<String, Arc<State>>, notes: HashMap<String, Note> },
    /// In the store, each put together when it is asked for.
    Stored(Arc<History>),
}

/// A repository as it was when it was last looked at; never changed, only replaced.
#[derive(Debug)]
pub(super) struct View {
    pub(super) name: RepoName,
    pub(super) settings: Settings,
    /// When it was created, where that is known.
    pub(super) created: Option<SystemTime>,
    /// Full ref names (`refs/heads/main`) and the commits they stand at.
    pub(super) refs: BTreeMap<String, String>,
    pub(super) commits: Commits,
}

impl View {
    /// The state a revision names: a branch, a tag, a full ref, a commit id or the first seven digits of one or more.
    pub(super) fn find(&self, revision: &str) -> Option<Arc<State>> {
        let by_ref = ["refs/heads/", "refs/tags/", ""]
            .iter()
            .find_map(|prefix| self.refs.get(&format!("{prefix}{revision}")))
            .and_then(|commit| self.state(commit));
        by_ref.or_else(|| self.state(revision)).or_else(|| self.find_short(revision))
    }

    fn find_short(&self, revision: &str) -> Option<Arc<State>> {
        if !(7..40).contains(&revision.len()) || !is_hex(revision, revision.len()) {
            return None;
        }
        let ids = match &self.commits {
            Commits::Read { states, .. } => states.keys().cloned().collect(),
            Commits::Stored(history) => history.ids(),
        };
        let mut hits = ids.iter().filter(|commit| commit.starts_with(revision));
        let first = hits.next();
        first.filter(|_| hits.next().is_none()).and_then(|commit| self.state(commit))
    }

    /// The files of a commit.
    pub(super) fn state(&self, commit: &str) -> Option<Arc<State>> {
        match &self.commits {
            Commits::Read { states, .. } => states.get(commit).cloned(),
            Commits::Stored(history) => history.state(commit),
        }
    }

    /// What is told about a commit of this repository.
    pub(super) fn told(&self, commit: &str) -> Option<Told> {
        let Commits::Read { states, notes } = &self.commits else {
            let Commits::Stored(history) = &self.commits else { return None };
            return history.told(commit);
        };
        let state = states.get(commit)?;
        let note = notes.get(commit).cloned().unwrap_or_default();
        Some(Told {
            title: note.title.unwrap_or_else(|| TITLE.to_owned()),
            message: note.message,
            date: note.date.unwrap_or_else(|| iso(state.modified)),
            author: note.author.unwrap_or_else(|| "local".to_owned()),
            parent: note.parent.filter(|parent| states.contains_key(parent)),
        })
    }

    /// The size and the bytes of a large file of this repository.
    pub(super) fn large(&self, sha256: &str) -> Option<(u64, Place)> {
        match &self.commits {
            Commits::Read { states, .. } => {
                let mut entries = states.values().flat_map(|state| state.files.values());
                let entry = entries.find(|entry| entry.ids.sha256.as_deref() == Some(sha256))?;
                Some((entry.size, entry.place.clone()?))
            }
            Commits::Stored(history) => history.large(sha256),
        }
    }

    /// The ids of a commit and of those before it, newest first.
    pub(super) fn history(&self, from: &str) -> Vec<String> {
        let mut seen = HashSet::new();
        let next = |commit: &String| self.told(commit)?.parent;
        let first = self.told(from).map(|_| from.to_owned());
        std::iter::successors(first, next).take_while(|commit| seen.insert(commit.clone())).collect()
    }

    /// The commit that last touched a path, seen from that one.
    pub(super) fn last_commit(&self, from: &str, path: &str) -> Option<(String, Told)> {
        let commit = match &self.commits {
            Commits::Read { .. } => from.to_owned(),
            Commits::Stored(history) => history.last_to_touch(from, path),
        };
        self.told(&commit).map(|told| (commit, told))
    }
}
