//! A folder on its way into a repository: walked, filtered, committed at once or in several commits.
//!
//! What is walked is what the Python client takes: regular files and links to files, in the order of their paths; links
//! to folders and to nothing are passed over; `.git` and `.cache/huggingface` are left out everywhere. Several commits stand each for
//! itself: after a crash the same call goes on, because what the repository holds already is left out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commit::{ask, item, prepare, publish, send};
use super::draft::{Addition, Input, Operation, check_commit_path};
use super::push::Item;
use super::ready::{Aim, Ready};
use super::state::State;
use crate::client::context::Context;
use crate::client::output::{CommitResult, HowCommitted};
use crate::error::{Error, Kind, Result};
use crate::hub::discussions::PullRequest;
use crate::log::Level;
use crate::options::Opt;
use crate::pattern::Filter;
use crate::transfer::download::blocking;

/// From so many changed files on, several commits are made.
const MANY: usize = 1000;
/// Bytes of regular content in one commit.
const REGULAR: u64 = 100 << 20;
/// What a commit should take.
const AIM: Duration = Duration::from_secs(40);
/// Bounds of the files in one commit, and where it begins.
const PACE: (usize, usize, usize) = (20, 1000, 100);

/// What stands before the paths of a folder's files: nothing at the root, else the path and a slash.
pub(super) fn below(path: &str) -> Result<String> {
    match path.trim_matches('/') {
        "" | "." => Ok(String::new()),
        path => Ok(format!("{}/", check_commit_path(path)?)),
    }
}

/// Uploads a folder; `below` stands before the paths of its files.
pub(super) async fn upload(context: &Context, aim: &Aim, folder: &Path, below: &str) -> Result<CommitResult> {
    context.online()?;
    let (hub, mut watch) = (&context.hub, context.watch());
    let (root, filter, prefix) = (folder.to_owned(), context.filter(), below.to_owned());
    let additions = blocking(move || walk(&root, &filter, &prefix)).await?;
    let parent = match &aim.parent {
        Some(parent) => parent.clone(),
        None => watch.guard(hub.repo_info(&aim.repo, &aim.revision)).await?.sha,
    };
    let mut aim = aim.on(parent.clone());
    let context = &context.patient();
    let hub = &context.hub;
    let mut deletions = Vec::new();
    let patterns = context.options.list(Opt::Delete);
    if !patterns.is_empty() {
        let filter = Filter::new(patterns, &[]);
        let listed = match watch.guard(hub.tree(&aim.repo, &parent, below.trim_end_matches('/'))).await {
            // A folder that comes anew has nothing to delete.
            Err(error) if error.kind() == Kind::EntryNotFound => Vec::new(),
            listed => listed?,
        };
        let goes = |path: &str| {
            path != ".gitattributes" && path.strip_prefix(below).is_some_and(|p| filter.matches(p))
        };
        deletions.extend(listed.into_iter().filter(|f| goes(&f.path)).map(|f| Operation::DeleteFile(f.path)));
    }
    // A file that comes anew is replaced, not deleted.
    let coming: HashSet<&str> = additions.iter().map(|a| a.path.as_str()).collect();
    deletions.retain(
        |operation| !matches!(operation, Operation::DeleteFile(path) if coming.contains(path.as_str())),
    );
    let mut items: Vec<Item> = additions.into_iter().map(|addition| item(context, addition)).collect();
    ask(context, &aim, &mut items).await?;
    let hashes = Arc::new(State::of(context).hashes(Some(folder)));
    let regular: u64 = items.iter().filter(|item| !is_lfs(item)).map(|item| item.addition.size()).sum();
    let several = match context.options.text(Opt::Commits) {
        "one" => false,
        "paced" => true,
        _ => items.len() + deletions.len() > MANY || regular > REGULAR,
    };
    if !several {
        let ready = prepare(context, &aim, items, deletions, hashes).await?;
        let made = send(context, &aim, ready).await?.made;
        publish(context, &aim, &made).await;
        return Ok(made);
    }
    let mut pace = Pace::default();
    let mut part = 0;
    let mut all =
        CommitResult { oid: Some(parent), url: String::new(), pull_request: None, commits: 0, files: vec![] };
    let (mut first, mut old) = in_the_way(deletions, &items);
    let mut items = items.into_iter().peekable();
    loop {
        // Unchanged files cost nothing: a commit is filled up with changed ones.
        let mut ready = Ready::default();
        while ready.changes.len() < pace.files() && (items.peek().is_some() || !old.is_empty()) {
            let mut chunk = Vec::new();
            let mut bytes = regular_bytes(&ready);
            while chunk.len() + ready.changes.len() < pace.files()
                && let Some(next) =
                    items.next_if(|next| is_lfs(next) || bytes + next.addition.size() <= REGULAR)
            {
                bytes += if is_lfs(&next) { 0 } else { next.addition.size() };
                chunk.push(next);
            }
            let mut others = std::mem::take(&mut first);
            if items.peek().is_none() {
                // What goes goes last: until the new files are there, the old ones are of use.
                let left = pace.files().saturating_sub(ready.changes.len() + chunk.len() + others.len());
                others.extend(old.drain(..left.min(old.len())));
            }
            if chunk.is_empty() && others.is_empty() {
                if !ready.changes.is_empty() {
                    break;
                }
                // Larger than a commit should be, and alone in it.
                chunk.extend(items.next());
            }
            let more = prepare(context, &aim, chunk, others, hashes.clone()).await?;
            ready.changes.extend(more.changes);
            ready.left_out.extend(more.left_out);
            ready.same.extend(more.same);
        }
        let last = items.peek().is_none() && old.is_empty();
        if ready.changes.is_empty() {
            let sent = send(context, &aim, ready).await.map_err(|error| after(error, &all))?;
            all.files.extend(sent.made.files);
            if all.commits == 0 {
                (all.oid, all.url) = (sent.made.oid, sent.made.url);
            }
            if last {
                break;
            }
            continue;
        }
        part += 1;
        let named = Aim { message: format!("{} (part {part:05})", aim.message), ..aim.clone() };
        let (began, count) = (Instant::now(), ready.changes.len());
        let sent = send(context, &named, ready).await.map_err(|error| after(error, &all))?;
        pace.took(began.elapsed(), count);
        context.engine.log.tell(Level::Info, "commit", || {
            format!("part {part}: {count} changes in {} ms", began.elapsed().as_millis())
        });
        aim.followed |= sent.followed;
        take_over(&mut aim, &mut all, sent.made);
        if last {
            break;
        }
    }
    publish(context, &aim, &all).await;
    Ok(all)
}

/// Deletions apart that have to come before the files: of a file where a folder comes, or of a folder's where a file does.
fn in_the_way(deletions: Vec<Operation>, items: &[Item]) -> (Vec<Operation>, Vec<Operation>) {
    let paths: HashSet<&str> = items.iter().map(|item| item.addition.path.as_str()).collect();
    let folders: HashSet<&str> = paths.iter().flat_map(|path| folders_of(path)).collect();
    deletions.into_iter().partition(|operation| match operation {
        Operation::DeleteFile(path) => {
            folders.contains(path.as_str()) || folders_of(path).any(|folder| paths.contains(folder))
        }
        _ => true,
    })
}

/// The folders above a path.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The next part follows this one: on the pull request, when it has opened one.
fn take_over(aim: &mut Aim, all: &mut CommitResult, made: CommitResult) {
    aim.parent.clone_from(&made.oid);
    if let Some(opened) = &made.pull_request {
        aim.revision = PullRequest::revision(opened);
        aim.create_pr = false;
        all.pull_request.clone_from(&made.pull_request);
    }
    (all.oid, all.url) = (made.oid, made.url);
    all.commits += made.commits;
    all.files.extend(made.files);
}

fn after(error: Error, all: &CommitResult) -> Error {
    match all.commits {
        0 => error,
        made => {
            let last = all.oid.as_deref().unwrap_or("unknown");
            let on = match &all.pull_request {
                None => "the same call goes on from there".to_owned(),
                Some(opened) => format!(
                    "they are in pull request {}: the same call with revision {} and without create_pr goes on there",
                    opened.number,
                    opened.revision()
                ),
            };
            error.context(format!("{made} commits were made, the last one is {last}; {on}"))
        }
    }
}

fn is_lfs(item: &Item) -> bool {
    item.addition.mode.as_ref().is_some_and(|mode| mode.lfs)
}

fn regular_bytes(ready: &Ready) -> u64 {
    let files = ready.changes.iter().map(|prepared| &prepared.file);
    files.filter(|file| file.how == HowCommitted::Regular).map(|file| file.size).sum()
}

/// How many files the next commit gets (pure): so many that it takes about as long as it should.
#[derive(Debug)]
struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(PACE.2)
    }
}

impl Pace {
    fn files(&self) -> usize {
        self.0
    }

    fn took(&mut self, time: Duration, files: usize) {
        if time > AIM {
            self.0 = (self.0 / 2).max(PACE.0);
        } else if time < AIM / 2 && files >= self.0 {
            self.0 = (self.0 * 2).min(PACE.1);
        }
    }
}

/// The files of a folder that pass the filter, in the order of their paths.
pub(super) fn walk(folder: &Path, filter: &Filter, below: &str) -> Result<Vec<Addition>> {
    let metadata = std::fs::metadata(folder).map_err(|error| Error::io("open", folder, &error))?;
    if !metadata.is_dir() {
        return Err(Error::invalid(format!("{} is not a folder", folder.display())));
    }
    let mut found = Vec::new();
    enter(folder, &mut String::new(), filter, &mut found)?;
    found.sort();
    found
        .into_iter()
        .map(|(path, file)| Addition::new(&format!("{below}{path}"), Input::Path(file, None)))
        .collect()
}

fn enter(
    folder: &Path,
    path: &mut String,
    filter: &Filter,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<()> {
    let failed = |error: std::io::Error| Error::io("list", folder, &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(Error::invalid(format!("{} has a name that is not UTF-8", entry.path().display())));
        };
        let kept_out = name == ".git" || (name == "huggingface" && is_or_ends_in(path, ".cache"));
        if kept_out {
            continue;
        }
        let length = path.len();
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            enter(&entry.path(), path, filter, found)?;
        } else if (kind.is_file() || (kind.is_symlink() && entry.path().is_file())) && filter.matches(path) {
            found.push((path.clone(), entry.path()));
        }
        path.truncate(length);
    }
    Ok(())
}

fn is_or_ends_in(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_the_time() {
        let mut pace = Pace::default();
        for _ in 0..8 {
            pace.took(Duration::from_secs(1), pace.files());
        }
        assert_eq!(pace.files(), 1000);
        pace.took(Duration::from_secs(1), 3);
        pace.took(Duration::from_secs(30), 1000);
        assert_eq!(pace.files(), 1000, "near what it should take");
        for _ in 0..9 {
            pace.took(Duration::from_secs(90), pace.files());
        }
        assert_eq!(pace.files(), 20);
        pace.took(Duration::from_secs(1), 3);
        assert_eq!(pace.files(), 20, "a commit that was not full says nothing");
    }

    #[test]
    #[cfg(unix)]
    fn a_walk_takes_what_the_python_client_takes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("f");
        for path in [
            "b/c.txt",
            "a.txt",
            ".hidden",
            ".git/config",
            "x/.git/y",
            ".cache/huggingface/z",
            "empty/.keep",
            "x/.cache/huggingface/z",
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink(root.join("a.txt"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("b"), root.join("folder_link")).unwrap();
        let walked = |filter: &Filter| -> Vec<String> {
            walk(&root, filter, "in/").unwrap().into_iter().map(|addition| addition.path).collect()
        };
        assert_eq!(
            walked(&Filter::default()),
            ["in/.hidden", "in/a.txt", "in/b/c.txt", "in/empty/.keep", "in/link"]
        );
        assert_eq!(walked(&Filter::new(&["*.txt".into()], &["b/*".into()])), ["in/a.txt"]);
        assert!(walk(&root.join("a.txt"), &Filter::default(), "").is_err());
        std::os::unix::fs::symlink(root.join("nothing"), root.join("broken")).unwrap();
        assert_eq!(walk(&root, &Filter::default(), "").unwrap().len(), 5, "a link to nothing is no file");
    }
}
