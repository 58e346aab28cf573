//! Uploads: a Hub that takes them, the jobs, and what the Hub holds after.

use std::path::{Path, PathBuf};

use hfx::client::{Client, CommitResult, Draft, Hooks, Input, Output, ReadInto, Which};
use hfx::error::Result;
use hfx::hub::CommitInfo;

use super::client::{job, model};
use super::{Hub, Lab};

/// Bytes of a part, and from where on a file has parts, on these Hubs.
pub const PART: usize = 1 << 20;
/// Files of two parts and more are sent in parts; from here on they are LFS.
pub const LFS: usize = 256 << 10;

/// A Hub with an empty `o/n` and small parts.
pub fn lab(more: &[&str]) -> Lab {
    let sizes = [["--lfs-threshold", "256K"], ["--multipart-from", "2M"], ["--chunk-size", "1M"]];
    let mut args: Vec<&str> = sizes.into_iter().filter(|[name, _]| !more.contains(name)).flatten().collect();
    args.extend(more);
    let lab = Lab { hub: Hub::with(&args), cache: tempfile::tempdir().unwrap() };
    let client = lab.client(&[("token", token(more))]);
    client.create_repo(&model(), &job(&[]), Hooks::default()).unwrap().join().unwrap();
    lab.hub.forget();
    lab
}

/// The first token that a Hub was given.
fn token<'a>(args: &[&'a str]) -> &'a str {
    args.iter().skip_while(|arg| **arg != "--token").nth(1).copied().unwrap_or("")
}

/// What a commit's job ended with.
pub fn made(output: Result<Output>) -> Result<CommitResult> {
    match output? {
        Output::Commit(made) => Ok(made),
        other => panic!("{other:?}"),
    }
}

/// Commits a draft to `o/n`.
pub fn commit(client: &Client, draft: &Draft, more: &[(&str, &str)]) -> Result<CommitResult> {
    made(client.commit(&model(), None, draft, &job(more), Hooks::default())?.join())
}

/// Commits one file from memory.
pub fn push(client: &Client, path: &str, bytes: &[u8], more: &[(&str, &str)]) -> Result<CommitResult> {
    let input = Input::Memory(bytes.to_vec().into());
    made(client.upload_file(&model(), None, input, path, &job(more), Hooks::default())?.join())
}

/// Uploads a folder to the root.
pub fn folder(client: &Client, from: &Path, more: &[(&str, &str)]) -> Result<CommitResult> {
    made(client.upload_folder(&model(), None, from, "", &job(more), Hooks::default())?.join())
}

/// A draft of files from memory.
pub fn draft(files: &[(&str, &[u8])]) -> Draft {
    let draft = Draft::new();
    for (path, bytes) in files {
        draft.add(path, Input::Memory(bytes.to_vec().into())).unwrap();
    }
    draft
}

/// The commits of main, or of a revision, newest first.
pub fn history(client: &Client, revision: Option<&str>) -> Vec<CommitInfo> {
    match client.commits(&model(), revision, 0, &job(&[]), Hooks::default()).unwrap().join().unwrap() {
        Output::Commits(commits) => commits,
        other => panic!("{other:?}"),
    }
}

/// The head of main.
pub fn head(client: &Client) -> String {
    history(client, None).remove(0).id
}

/// The paths that a revision holds, without `.gitattributes`.
pub fn listed(client: &Client, revision: Option<&str>) -> Vec<String> {
    match client.tree(&model(), revision, "", &job(&[]), Hooks::default()).unwrap().join().unwrap() {
        Output::Tree(files) => {
            files.into_iter().map(|file| file.path).filter(|path| path != ".gitattributes").collect()
        }
        other => panic!("{other:?}"),
    }
}

/// What the Hub holds, whole and verified.
pub fn held(client: &Client, path: &str, revision: Option<&str>) -> Result<Vec<u8>> {
    let revision = revision.map(str::to_owned);
    let which = Which::Repo { repo: model(), revision, path: path.to_owned() };
    match client.read(which, None, ReadInto::Memory, &job(&[]), Hooks::default())?.join()? {
        Output::Bytes(read) => Ok(read.bytes),
        other => panic!("{other:?}"),
    }
}

/// Writes files below a folder; each path with its content.
pub fn write(folder: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder.to_owned()
}
