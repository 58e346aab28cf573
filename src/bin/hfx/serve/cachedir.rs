//! A Hugging Face cache folder as a set of repositories, read-only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::folder::walk;
use super::hashes::{Ids, Memo};
use super::names::{Kind, RepoName, is_hex};
use super::state::{Commits, Entry, Place, Settings, State, Stored, View};

/// The folder of a repo in a cache, if it is there.
pub(super) fn locate(cache: &Path, name: &RepoName) -> Option<PathBuf> {
    let folder = format!("{}--{}", name.kind.plural(), name.id.replace('/', "--"));
    Some(cache.join(folder)).filter(|path| path.join("snapshots").is_dir())
}

/// All repos of that type.
pub(super) fn ids(cache: &Path, kind: Kind) -> Vec<String> {
    let prefix = format!("{}--", kind.plural());
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut ids: Vec<String> =
        names.filter_map(|name| Some(name.strip_prefix(&prefix)?.replacen("--", "/", 1))).collect();
    ids.sort();
    ids
}

/// Reads a repo of the cache; snapshots that an earlier view holds are taken over as long as nothing in them changed.
pub(super) fn view(name: &RepoName, root: &Path, memo: &Memo, before: Option<&View>) -> Result<View, String> {
    let mut states = HashMap::new();
    for entry in fs::read_dir(root.join("snapshots")).map_err(|error| error.to_string())?.flatten() {
        let Some(commit) = entry.file_name().into_string().ok().filter(|commit| is_hex(commit, 40)) else {
            continue;
        };
        let found = walk(&entry.path(), |_| false).map_err(|error| error.to_string())?;
        // Without a list of the commit's files nobody knows what is missing, but for what was asked for in vain.
        let listed = listed(&root.join("trees").join(format!("{commit}.json")));
        let absent =
            if listed.is_empty() { Some(files(&root.join(".no_exist").join(&commit))) } else { None };
        let same = |state: &Arc<State>| state.absent == absent && same(state, &found, &listed);
        let state = match before.and_then(|view| view.state(&commit)).filter(same) {
            Some(state) => state,
            None => Arc::new(State { absent, ..state(root, &commit, found, listed, memo)? }),
        };
        states.insert(commit, state);
    }
    let refs = walk(&root.join("refs"), |_| false).unwrap_or_default().into_iter();
    let refs = refs
        .filter_map(|(name, stored)| Some((name, fs::read_to_string(stored.path).ok()?.trim().to_owned())));
    // A cache does not say which refs are tags.
    let full = |name: String| if name.starts_with("refs/") { name } else { format!("refs/heads/{name}") };
    let refs = refs.filter(|(_, commit)| states.contains_key(commit));
    let refs = refs.map(|(name, commit)| (full(name), commit)).collect();
    let commits = Commits::Read { states, notes: HashMap::new() };
    Ok(View { name: name.clone(), settings: Settings::default(), created: None, refs, commits })
}

/// One file of `trees/<commit>.json`.
#[derive(Deserialize)]
struct Listed {
    size: u64,
    blob_id: String,
    #[serde(default)]
    lfs_sha256: Option<String>,
}

#[derive(Deserialize, Default)]
struct Tree {
    #[serde(default)]
    files: BTreeMap<String, Listed>,
}

fn listed(path: &Path) -> BTreeMap<String, Listed> {
    let tree = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Tree>(&text).ok());
    tree.unwrap_or_default().files
}

fn same(state: &State, found: &BTreeMap<String, Stored>, listed: &BTreeMap<String, Listed>) -> bool {
    let held = state.files.iter().filter_map(|(path, entry)| Some((path, entry.loose()?)));
    held.eq(found.iter()) && listed.keys().all(|path| state.files.contains_key(path))
}

fn state(
    root: &Path,
    commit: &str,
    found: BTreeMap<String, Stored>,
    listed: BTreeMap<String, Listed>,
    memo: &Memo,
) -> Result<State, String> {
    let mut files = BTreeMap::new();
    for (path, listed) in listed {
        let ids = Ids { blob: listed.blob_id, sha256: listed.lfs_sha256 };
        files.insert(path, Entry { size: listed.size, ids, place: None });
    }
    for (path, stored) in found {
        let size = stored.stamp.size;
        let ids = match blob_name(root, &stored.path) {
            Some(etag) if is_hex(&etag, 64) => Ids::lfs(etag, size),
            Some(etag) => Ids { blob: etag, sha256: None },
            // A link to somewhere else: nothing is followed out of the cache.
            None if stored.path.is_symlink() => continue,
            // A cache without symlinks keeps the file itself in the snapshot.
            None => match files.get(&path) {
                Some(entry) if entry.size == size => entry.ids.clone(),
                _ => memo.ids(&stored.path, stored.stamp, false).map_err(|error| error.to_string())?,
            },
        };
        files.insert(path, Entry { size, ids, place: Some(Place::Loose(stored)) });
    }
    Ok(State::new(files, Some(commit.to_owned())))
}

/// The blob that a snapshot's link names: one step only, since a blob may itself be a link into the shared store.
fn blob_name(root: &Path, link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    let folder = link.parent()?.join(target.parent()?).canonicalize().ok()?;
    let name = target.file_name()?.to_str()?.to_owned();
    (folder == root.join("blobs").canonicalize().ok()?).then_some(name)
}

/// The paths of the files below a folder that may be missing.
fn files(folder: &Path) -> BTreeSet<String> {
    walk(folder, |_| false).unwrap_or_default().into_keys().collect()
}
