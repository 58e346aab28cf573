//! `POST .../commit/{rev}`: a header, then one operation a line; all of them become visible at once, or none.
//!
//! Contents of regular files go to disk while they come; nothing of the repository is held up meanwhile.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::access::{USER, open_to_write, revision_not_found};
use super::base64;
use super::discussion;
use super::hashes::Ids;
use super::line::Line;
use super::names::{RepoName, flag, is_hex};
use super::reply::Reply;
use super::server::Call;
use super::state::State;
use super::store::{Change, Draft, Head, Repo, Temp};

/// A commit's regular files hold no more than this.
const MOST_BODY: u64 = 4 << 30;

/// An operation whose content is on disk.
enum Operation {
    Put(String, Change),
    DeleteFile(String),
    DeleteFolder(String),
}

/// What a body says.
struct Wanted {
    summary: String,
    description: String,
    parent: Option<String>,
    operations: Vec<Operation>,
    contents: Temp,
}

/// Answers it.
pub(super) async fn answer(call: &Call<'_>, name: &RepoName, revision: &str) -> Result<Reply, Reply> {
    let repo = open_to_write(call, name).await?;
    let full = target(&repo.view().refs, revision)?;
    let wanted = read(call, &repo).await?;
    let create_pr = flag(&call.query, "create_pr");
    let (commit, number) = tokio::task::block_in_place(|| {
        repo.change(|head| {
            target(&head.refs, revision)?;
            if create_pr { propose(&repo, head, &full, wanted) } else { publish(&repo, head, &full, wanted) }
        })
    })?;
    let page = format!("{}/{}", call.endpoint(), name.web());
    let mut told = json!({
        "success": true,
        "commitUrl": format!("{page}/commit/{commit}"),
        "commitOid": commit,
        "hookOutput": "",
    });
    if let Some(number) = number {
        told["pullRequestUrl"] = json!(format!("{page}/discussions/{number}"));
    }
    Ok(Reply::json(&told))
}

/// The ref that a revision names: only branches and pull requests can be committed to.
fn target(refs: &BTreeMap<String, String>, revision: &str) -> Result<String, Reply> {
    let full =
        if revision.starts_with("refs/") { revision.to_owned() } else { format!("refs/heads/{revision}") };
    let open = full.starts_with("refs/heads/") || full.starts_with("refs/pr/");
    let known = refs.contains_key(&full) && open;
    known.then_some(full).ok_or_else(|| revision_not_found(revision))
}

async fn read(call: &Call<'_>, repo: &Repo) -> Result<Wanted, Reply> {
    let contents = call.shared.repos.store()?.spool().map_err(Reply::failed)?;
    let mut wanted = Wanted {
        summary: String::new(),
        description: String::new(),
        parent: None,
        operations: vec![],
        contents,
    };
    // A line holds one file that is not large, and a third more for its base64.
    let longest = call.shared.repos.lfs_threshold.clamp(10 << 20, 64 << 20) * 2;
    let mut lines = call.intake.lines(longest as usize, MOST_BODY);
    let mut first = true;
    while let Some(line) = lines.next().await? {
        let line: Line<'_> = serde_json::from_slice(&line)
            .map_err(|error| Reply::bad(&format!("A line of the commit can't be read: {error}")))?;
        if first != matches!(line, Line::Header { .. }) {
            return Err(Reply::bad("The first line of a commit, and no other, is its header"));
        }
        first = false;
        take(line, repo, &mut wanted)?;
    }
    if first {
        return Err(Reply::bad("The commit has no header"));
    }
    Ok(wanted)
}

fn take(line: Line<'_>, repo: &Repo, wanted: &mut Wanted) -> Result<(), Reply> {
    let operation = match line {
        Line::Header { summary, description, parent_commit } => {
            if summary.trim().is_empty() {
                return Err(Reply::bad("\"summary\" is not allowed to be empty"));
            }
            let hex = |id: &String| (7..=40).contains(&id.len()) && is_hex(id, id.len());
            if parent_commit.as_ref().is_some_and(|id| !hex(id)) {
                return Err(Reply::bad("\"parentCommit\" is no commit id"));
            }
            (wanted.summary, wanted.parent) = (summary, parent_commit);
            wanted.description = description.unwrap_or_default();
            return Ok(());
        }
        Line::File { path, content, encoding } => {
            let content: Cow<'_, [u8]> = match encoding.as_deref() {
                Some("base64") => {
                    base64::decode(&content).ok_or_else(|| Reply::bad("Invalid base64"))?.into()
                }
                None | Some("utf-8") => content.as_bytes().into(),
                Some(other) => return Err(Reply::bad(&format!("Unknown encoding: {other}"))),
            };
            let change = Change::regular(&content, wanted.contents.length());
            wanted.contents.write(&content).map_err(Reply::failed)?;
            Operation::Put(check_path(&path)?.to_owned(), change)
        }
        Line::LfsFile { path, algo, oid, size } => {
            let change = large(repo, algo.as_deref(), oid, size)?;
            Operation::Put(check_path(&path)?.to_owned(), change)
        }
        Line::DeletedFile { path } => Operation::DeleteFile(check_path(&path)?.to_owned()),
        Line::DeletedFolder { path } => {
            Operation::DeleteFolder(check_path(path.trim_end_matches('/'))?.to_owned())
        }
    };
    wanted.operations.push(operation);
    Ok(())
}

fn large(repo: &Repo, algo: Option<&str>, oid: String, size: Option<u64>) -> Result<Change, Reply> {
    if algo.is_some_and(|algo| algo != "sha256") || !is_hex(&oid, 64) {
        let message = format!("Not a SHA-256: {oid}");
        return Err(Reply::error(StatusCode::UNPROCESSABLE_ENTITY, None, &message));
    }
    let missing = || Reply::bad(&format!("LFS pointer pointed to a file that does not exist: {oid}"));
    let held = repo.lfs_size(&oid).ok_or_else(missing)?;
    if size.is_some_and(|size| size != held) {
        return Err(Reply::bad(&format!("The LFS file {oid} has {held} bytes")));
    }
    let Ids { blob, sha256 } = Ids::lfs(oid, held);
    Ok(Change { blob, size: held, sha256, from: None, start: 0 })
}

/// A path in a repository, if it may be one; a leading `./` does not count.
pub(super) fn check_path(path: &str) -> Result<&str, Reply> {
    let inner = path.strip_prefix("./").unwrap_or(path);
    let bad = |part: &str| matches!(part, "" | "." | ".." | ".git" | ".cache");
    let odd = |c: char| c.is_ascii_control() || c == '\\';
    if inner.len() > 4096 || inner.split('/').any(bad) || inner.contains(odd) {
        return Err(Reply::bad(&format!("Invalid path in repo: {path:?}")));
    }
    Ok(inner)
}

/// Commits to a branch or a pull request.
fn publish(repo: &Repo, head: &mut Head, full: &str, wanted: Wanted) -> Result<(String, Option<u64>), Reply> {
    let current = head.refs.get(full).and_then(|commit| repo.history.state(commit));
    let current = current.ok_or_else(|| revision_not_found(full))?;
    if wanted.parent.as_ref().is_some_and(|parent| !current.commit.starts_with(parent.as_str())) {
        let message = "A commit has happened since. Please refresh and try again.";
        return Err(Reply::error(StatusCode::PRECONDITION_FAILED, None, message));
    }
    let title = wanted.summary.clone();
    let state = repo.commit(head, full, draft(wanted, &current)?)?;
    if state.commit != current.commit {
        discussion::note_commit(head, full, &title, &state.commit);
    }
    Ok((state.commit.clone(), None))
}

/// Opens a pull request with the commit on it.
fn propose(
    repo: &Repo,
    head: &mut Head,
    base: &str,
    mut wanted: Wanted,
) -> Result<(String, Option<u64>), Reply> {
    // It begins where the caller says that it does.
    let from = wanted.parent.take().unwrap_or_else(|| head.refs[base].clone());
    let from = repo.view().find(&from).ok_or_else(|| revision_not_found(&from))?;
    let number = discussion::open_pull_request(
        head,
        &wanted.summary,
        &wanted.description,
        base,
        &from.commit,
        discussion::Status::Open,
    );
    let (commit, _) = publish(repo, head, &format!("refs/pr/{number}"), wanted)?;
    Ok((commit, Some(number)))
}

fn draft(wanted: Wanted, parent: &Arc<State>) -> Result<Draft, Reply> {
    let changes = apply(parent, wanted.operations)?;
    let (title, message, author) = (wanted.summary, wanted.description, USER.to_owned());
    Ok(Draft { title, message, author, changes, contents: wanted.contents })
}

/// The operations, one after the other, as changes to the parent's files.
fn apply(parent: &State, operations: Vec<Operation>) -> Result<BTreeMap<String, Option<Change>>, Reply> {
    let mut changes: BTreeMap<String, Option<Change>> = BTreeMap::new();
    for operation in operations {
        let holds = |path: &str, changes: &BTreeMap<String, Option<Change>>| {
            changes.get(path).map_or_else(|| parent.files.contains_key(path), Option::is_some)
        };
        match operation {
            Operation::Put(path, change) => drop(changes.insert(path, Some(change))),
            Operation::DeleteFile(path) => {
                if !holds(&path, &changes) {
                    return Err(no_such_file(&path));
                }
                changes.insert(path, None);
            }
            Operation::DeleteFolder(path) => {
                let below = format!("{path}/");
                let doomed: Vec<String> = inner(&parent.files, &below)
                    .chain(inner(&changes, &below))
                    .filter(|path| holds(path, &changes))
                    .cloned()
                    .collect();
                if doomed.is_empty() {
                    return Err(no_such_file(&path));
                }
                changes.extend(doomed.into_iter().map(|path| (path, None)));
            }
        }
    }
    check_folders(parent, &changes)?;
    Ok(changes)
}

/// The paths of a map below a folder, whose slash is there.
fn inner<'a, T>(map: &'a BTreeMap<String, T>, below: &'a str) -> impl Iterator<Item = &'a String> {
    map.range(below.to_owned()..).map(|(path, _)| path).take_while(move |path| path.starts_with(below))
}

/// No file may be a folder too.
fn check_folders(parent: &State, changes: &BTreeMap<String, Option<Change>>) -> Result<(), Reply> {
    let is_file =
        |path: &str| changes.get(path).map_or_else(|| parent.files.contains_key(path), Option::is_some);
    for path in changes.iter().filter(|(_, change)| change.is_some()).map(|(path, _)| path) {
        let below = format!("{path}/");
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).find(|folder| is_file(folder));
        let under = inner(&parent.files, &below).chain(inner(changes, &below)).find(|path| is_file(path));
        if above.is_some() || under.is_some() {
            return Err(Reply::bad(&format!(
                "{path:?} can't be a file: a path can't be both file and folder"
            )));
        }
    }
    Ok(())
}

fn no_such_file(path: &str) -> Reply {
    let message = format!("A file with this name doesn't exist: {path}");
    Reply::error(StatusCode::NOT_FOUND, Some("EntryNotFound"), &message)
}

#[cfg(test)]
mod tests {
    use super::super::hashes::Ids;
    use super::super::state::Entry;
    use super::*;

    fn parent() -> State {
        let entry = || Entry { size: 1, ids: Ids { blob: "0".repeat(40), sha256: None }, place: None };
        let files = ["a", "d/b", "d/e/c", "d-x/y"].map(|path| (path.to_owned(), entry()));
        State::new(files.into(), None)
    }

    fn put(path: &str) -> Operation {
        Operation::Put(path.to_owned(), Change::regular(path.as_bytes(), 0))
    }

    fn after(operations: Vec<Operation>) -> Result<String, StatusCode> {
        let changes = apply(&parent(), operations).map_err(|reply| reply.status)?;
        let told = changes
            .iter()
            .map(|(path, change)| format!("{}{path}", if change.is_some() { "+" } else { "-" }));
        Ok(told.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn operations_follow_each_other() {
        let (file, folder) =
            (|p: &str| Operation::DeleteFile(p.to_owned()), |p: &str| Operation::DeleteFolder(p.to_owned()));
        assert_eq!(after(vec![put("n"), file("a")]).as_deref(), Ok("-a +n"));
        assert_eq!(after(vec![folder("d"), put("d/b")]).as_deref(), Ok("+d/b -d/e/c"));
        assert_eq!(after(vec![put("d/n"), folder("d")]).as_deref(), Ok("-d/b -d/e/c -d/n"));
        assert_eq!(after(vec![file("nope")]), Err(StatusCode::NOT_FOUND));
        assert_eq!(after(vec![file("d")]), Err(StatusCode::NOT_FOUND), "a folder is no file");
        assert_eq!(after(vec![folder("a")]), Err(StatusCode::NOT_FOUND), "a file is no folder");
        assert_eq!(after(vec![file("a"), file("a")]), Err(StatusCode::NOT_FOUND));
        assert_eq!(after(vec![put("a/x")]), Err(StatusCode::BAD_REQUEST), "below a file");
        assert_eq!(after(vec![put("d")]), Err(StatusCode::BAD_REQUEST), "in place of a folder");
        assert_eq!(after(vec![file("a"), put("a/x")]).as_deref(), Ok("-a +a/x"));
        assert_eq!(after(vec![folder("d"), put("d")]).as_deref(), Ok("+d -d/b -d/e/c"));
    }

    #[test]
    fn paths_stay_inside() {
        for good in ["a", "a b/ü.txt", "./a", ".gitignore", "a/.github/x", "a..b"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "/a", "a/", "a//b", "..", "a/../b", ".git", "a/.git/b", ".cache/x", "a\\b", "a\nb", "./",
        ] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }
}
