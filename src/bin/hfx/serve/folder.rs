//! A folder of plain files as a repository.
//!
//! The files are branch `main`. `.hfx/` (never listed) holds what plain files can't say:
//! - `.hfx/repo.json`: [`Settings`];
//! - `.hfx/revisions/<label>/...`: the files of another revision. The label, percent-decoded, is a branch (`dev`,
//!   `feature%2Fx`) or a full ref (`refs%2Ftags%2Fv1`, `refs%2Fpr%2F1`); one that begins with `@` is a past commit
//!   without a ref;
//! - `.hfx/refs.json`: `{"refs/tags/v1": "main"}`, more refs, each to a label, to `main` or to a commit id;
//! - `.hfx/commits.json`: `{"<label>": {"title", "message", "date", "author", "parent": "<label>"}}`.
//!
//! The first write over the network copies all of this into the [`store`](super::store), which is what is served from
//! then on: the folder stays as it is, and later changes to it are not seen.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::attributes::Attributes;
use super::hashes::{Memo, Stamp, Task};
use super::names::{RepoName, decode};
use super::state::{Commits, Entry, Note, Place, Settings, State, Stored, View};

/// Our folder within a repo.
const OWN: &str = ".hfx";

/// How folders are read.
pub(super) struct Reader<'a> {
    pub(super) memo: &'a Memo,
    /// Files of this size and more are LFS.
    pub(super) lfs_threshold: u64,
}

/// The folder of a repo below `DIR`, if there is one.
pub(super) fn locate(dir: &Path, name: &RepoName) -> Option<PathBuf> {
    let types = dir.join(name.kind.plural());
    match name.id.split_once('/') {
        None => Some(types.join(&name.id)).filter(|path| holds_files(path)),
        Some((owner, repo)) => {
            let owner = types.join(owner);
            Some(owner.join(repo)).filter(|path| path.is_dir() && !holds_files(&owner))
        }
    }
}

/// All repos of that type.
pub(super) fn ids(types: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for owner in folders(types) {
        if holds_files(&types.join(&owner)) {
            found.push(owner);
        } else {
            found.extend(folders(&types.join(&owner)).into_iter().map(|name| format!("{owner}/{name}")));
        }
    }
    found
}

fn folders(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// Whether files lie directly in it: then it is a repo without a namespace, not a namespace.
fn holds_files(path: &Path) -> bool {
    fs::read_dir(path).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let own = name == OWN || name == ".gitattributes";
        own || (!name.as_encoded_bytes().starts_with(b".") && entry.path().is_file())
    })
}

impl Reader<'_> {
    /// Reads a repo; what an earlier view holds and the disk still shows is taken over.
    pub(super) fn view(&self, name: &RepoName, root: &Path, before: Option<&View>) -> Result<View, String> {
        let own = root.join(OWN);
        let main = self.state(root, before)?;
        let mut refs = BTreeMap::from([("refs/heads/main".to_owned(), main.commit.clone())]);
        let mut labels = HashMap::from([("main".to_owned(), main.commit.clone())]);
        let mut states = HashMap::from([(main.commit.clone(), main)]);
        for folder in folders(&own.join("revisions")) {
            let Some(label) = decode(&folder).filter(|label| label != "main") else { continue };
            let state = self.state(&own.join("revisions").join(&folder), before)?;
            match label.as_str() {
                full if full.starts_with("refs/") => refs.insert(label.clone(), state.commit.clone()),
                past if past.starts_with('@') => None,
                branch => refs.insert(format!("refs/heads/{branch}"), state.commit.clone()),
            };
            labels.insert(label, state.commit.clone());
            states.entry(state.commit.clone()).or_insert(state);
        }
        let commit = |label: &String| {
            labels.get(label).or_else(|| states.get_key_value(label).map(|(id, _)| id)).cloned()
        };
        let more: BTreeMap<String, String> = json(&own.join("refs.json"))?;
        for (name, label) in more {
            refs.insert(
                name,
                commit(&label).ok_or_else(|| format!("{OWN}/refs.json names no revision {label:?}"))?,
            );
        }
        let written: BTreeMap<String, Note> = json(&own.join("commits.json"))?;
        let notes = written.into_iter().filter_map(|(label, mut note)| {
            note.parent = note.parent.and_then(|parent| commit(&parent));
            Some((commit(&label)?, note))
        });
        let notes = notes.collect();
        let settings: Settings = json(&own.join("repo.json"))?;
        let commits = Commits::Read { states, notes };
        Ok(View { name: name.clone(), settings, created: None, refs, commits })
    }

    fn state(&self, root: &Path, before: Option<&View>) -> Result<Arc<State>, String> {
        let found = walk(root, is_hidden).map_err(|error| format!("{}: {error}", root.display()))?;
        let same = |state: &&Arc<State>| {
            state.files.len() == found.len()
                && state
                    .files
                    .iter()
                    .zip(&found)
                    .all(|(had, now)| had.0 == now.0 && had.1.loose() == Some(now.1))
        };
        if let Some(Commits::Read { states, .. }) = before.map(|view| &view.commits)
            && let Some(state) = states.values().find(same)
        {
            return Ok(Arc::clone(state));
        }
        let attributes = fs::read_to_string(root.join(".gitattributes")).unwrap_or_default();
        let attributes = Attributes::parse(&attributes);
        // An empty file has no pointer, whatever the attributes say.
        let is_lfs =
            |path: &str, size: u64| size > 0 && (size >= self.lfs_threshold || attributes.is_lfs(path));
        let tasks = found.iter().map(|(path, Stored { path: place, stamp })| Task {
            path: place,
            stamp: *stamp,
            lfs: is_lfs(path, stamp.size),
        });
        let ids = self.memo.ids_of(&tasks.collect::<Vec<_>>());
        let mut files = BTreeMap::new();
        for ((path, stored), ids) in found.into_iter().zip(ids) {
            match ids {
                Ok(ids) => {
                    let size = stored.stamp.size;
                    files.insert(path, Entry { size, ids, place: Some(Place::Loose(stored)) });
                }
                // It went away while we looked: so it is not there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{}: {error}", stored.path.display())),
            }
        }
        Ok(Arc::new(State::new(files, None)))
    }
}

/// The files below a folder by their path; links to files count as files, links to folders are not followed.
pub(super) fn walk(root: &Path, hidden: impl Fn(&str) -> bool) -> io::Result<BTreeMap<String, Stored>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let inner = format!("{prefix}{name}");
            if hidden(&inner) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), format!("{inner}/")));
            } else if let Ok(metadata) = fs::metadata(entry.path())
                && metadata.is_file()
            {
                found.insert(inner, Stored { path: entry.path(), stamp: Stamp::of(&metadata) });
            }
        }
    }
    Ok(found)
}

/// What no commit holds: our own folder, and what git and the Hub's client leave behind.
fn is_hidden(path: &str) -> bool {
    path == OWN || matches!(path.rsplit('/').next(), Some(".git" | ".cache"))
}

/// A JSON file of ours, or its default where there is none.
fn json<T: DeserializeOwned + Default>(path: &Path) -> Result<T, String> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Kind;
    use super::*;

    fn write(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    #[test]
    fn a_folder_is_a_repo() {
        let dir =
            std::env::temp_dir().join(format!("hfx-serve-{}-{:x}", std::process::id(), fastrand::u64(..)));
        let root = dir.join("models/o/n");
        write(&root, "a.bin", "large");
        write(&root, "deep/b.txt", "b");
        write(&root, ".gitattributes", "*.bin filter=lfs\n");
        write(&root, ".git/config", "hidden");
        write(&root, "deep/.cache/x", "hidden");
        write(&root, ".hfx/revisions/feature%2Fx/a.txt", "x");
        write(&root, ".hfx/revisions/@old/a.txt", "old");
        write(&root, ".hfx/refs.json", r#"{"refs/tags/v1": "@old", "refs/tags/now": "main"}"#);
        write(&root, ".hfx/commits.json", r#"{"main": {"parent": "@old"}}"#);

        let name = |id: &str| RepoName { kind: Kind::Model, id: id.to_owned() };
        assert_eq!(locate(&dir, &name("o/n")).as_deref(), Some(root.as_path()));
        assert_eq!(locate(&dir, &name("o")), None, "a namespace is no repo");
        assert_eq!(ids(&dir.join("models")), ["o/n"]);

        let memo = Memo::default();
        let reader = Reader { memo: &memo, lfs_threshold: 1000 };
        let view = reader.view(&name("o/n"), &root, None).expect("a view");
        let main = view.find("main").expect("main");
        assert_eq!(main.files.keys().collect::<Vec<_>>(), [".gitattributes", "a.bin", "deep/b.txt"]);
        assert!(main.files["a.bin"].ids.sha256.is_some() && main.files["deep/b.txt"].ids.sha256.is_none());
        assert_eq!(view.refs.keys().count(), 4, "main, feature/x and two tags");
        assert!(view.find("feature/x").is_some() && view.find(&main.commit[..8]).is_some());
        assert_eq!(view.find("now").expect("a tag").commit, main.commit);
        assert_eq!(view.history(&main.commit).len(), 2);

        let again = reader.view(&name("o/n"), &root, Some(&view)).expect("a view");
        assert!(Arc::ptr_eq(&again.find("main").expect("main"), &main), "nothing changed, nothing read");
        write(&root, "deep/b.txt", "changed");
        let later = reader.view(&name("o/n"), &root, Some(&again)).expect("a view");
        assert_ne!(later.find("main").expect("main").commit, main.commit);
        write(&root, ".hfx/refs.json", r#"{"refs/tags/v1": "nowhere"}"#);
        assert!(reader.view(&name("o/n"), &root, None).is_err());
        fs::remove_dir_all(dir).expect("cleared");
    }
}
