//! What a repository holds at one commit, and the repository as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::hashes::{Ids, Stamp, commit_id, tree_ids};
use super::names::{RepoName, is_hex};

/// A file on disk and the stamp it had when it was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) size: u64,
    pub(super) ids: Ids,
    /// Where its bytes lie; `None` for a file that a partial cache knows of but does not hold.
    pub(super) stored: Option<Stored>,
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
        let stamps = files.values().filter_map(|entry| Some(entry.stored.as_ref()?.stamp.modified));
        let modified = stamps.max().unwrap_or(SystemTime::UNIX_EPOCH);
        State { commit, files, folders, modified, absent: None }
    }
}

/// What is said about a commit.
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

/// `.hfx/repo.json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) private: bool,
    gated: Value,
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

/// A repository as it was when it was last looked at; never changed, only replaced.
#[derive(Debug)]
pub(super) struct View {
    pub(super) name: RepoName,
    pub(super) settings: Settings,
    /// Full ref names (`refs/heads/main`) and the commits they stand at.
    pub(super) refs: BTreeMap<String, String>,
    pub(super) states: HashMap<String, Arc<State>>,
    /// By commit id; a parent is a commit id here.
    pub(super) notes: HashMap<String, Note>,
}

impl View {
    /// The state a revision names: a branch, a tag, a full ref, a commit id or the first seven digits of one or more.
    pub(super) fn find(&self, revision: &str) -> Option<&Arc<State>> {
        let by_ref = ["refs/heads/", "refs/tags/", ""]
            .iter()
            .find_map(|prefix| self.refs.get(&format!("{prefix}{revision}")))
            .and_then(|commit| self.states.get(commit));
        by_ref.or_else(|| self.states.get(revision)).or_else(|| self.find_short(revision))
    }

    fn find_short(&self, revision: &str) -> Option<&Arc<State>> {
        if !(7..40).contains(&revision.len()) || !is_hex(revision, revision.len()) {
            return None;
        }
        let mut hits = self.states.iter().filter(|(commit, _)| commit.starts_with(revision));
        let first = hits.next().map(|(_, state)| state);
        first.filter(|_| hits.next().is_none())
    }

    /// The state and those before it, newest first.
    pub(super) fn history(&self, from: &Arc<State>) -> Vec<&Arc<State>> {
        let mut seen = HashSet::new();
        let next = |state: &&Arc<State>| {
            let parent = self.notes.get(&state.commit)?.parent.as_ref()?;
            self.states.get(parent)
        };
        let first = self.states.get(&from.commit);
        std::iter::successors(first, next).take_while(|state| seen.insert(state.commit.clone())).collect()
    }
}
