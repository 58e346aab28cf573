//! A plain folder becomes a stored repository: every revision that it shows is one commit, under the id that it had.
//!
//! The bytes are copied (without cost where the file system shares them), not linked: whoever edits the folder later
//! must not change what was committed.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::super::clock::parse_iso;
use super::super::state::{Commits, Entry, Place, State, Told, View};
use super::commit::{Change, Commit};
use super::disk::{self, Temp};
use super::repo::Head;

/// Writes a view's repository into an empty folder.
pub(super) fn write(view: &View, root: &Path) -> io::Result<()> {
    let Commits::Read { states, .. } = &view.commits else {
        return Err(io::Error::other("the repository is stored already"));
    };
    disk::make_folders(root, &["commits", "lfs"])?;
    let mut copied = HashSet::new();
    for state in states.values() {
        if let Some(told) = view.told(&state.commit) {
            commit(state, &told, root, &mut copied)?;
        }
    }
    let created = states.values().map(|state| state.modified).min().unwrap_or_else(SystemTime::now);
    Head::new(view.settings.clone(), created, view.refs.clone()).write(root, root)
}

fn commit(state: &State, told: &Told, root: &Path, copied: &mut HashSet<String>) -> io::Result<()> {
    let at = parse_iso(&told.date).unwrap_or(state.modified);
    let mut commit = Commit::new(&told.title, &told.message, &told.author, at, told.parent.clone());
    commit.whole = true;
    let mut contents = Temp::new(root)?;
    for (path, entry) in &state.files {
        let start = contents.length();
        match &entry.ids.sha256 {
            Some(sha256) if copied.insert(sha256.clone()) => {
                copy(entry, &super::lfs_path(root, sha256), root)?;
            }
            Some(_) => {}
            None => append(entry, &mut contents)?,
        }
        let change = Change {
            blob: entry.ids.blob.clone(),
            size: entry.size,
            sha256: entry.ids.sha256.clone(),
            from: None,
            start: if entry.ids.sha256.is_some() { 0 } else { start },
        };
        commit.changes.insert(path.clone(), Some(change));
    }
    commit.write(contents, &root.join("commits").join(&state.commit))
}

/// A regular file that is larger than those pushed are: it comes piece by piece.
fn append(entry: &Entry, contents: &mut Temp) -> io::Result<()> {
    let slice = entry.place.as_ref().ok_or(io::ErrorKind::NotFound)?.open()?;
    let mut at = 0;
    while at < entry.size {
        let end = entry.size.min(at + (1 << 20));
        contents.write(&slice.read(at, end)?)?;
        at = end;
    }
    Ok(())
}

fn copy(entry: &Entry, to: &Path, root: &Path) -> io::Result<()> {
    match &entry.place {
        Some(Place::Loose(stored)) => disk::copy_unchanged(stored, to, root),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}
