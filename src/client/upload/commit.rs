//! Commits: from operations to a commit that is made once, or not at all.
//!
//! What the Hub holds already is left out; LFS content is sent first; then one request makes the commit. It names the
//! head that was read at the beginning as its parent, so that a commit by somebody else in between is noticed, and
//! followed only where it changed nothing that this one changes. A crash before the last request leaves LFS objects on
//! the server, which the next run finds there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::draft::{Addition, Draft, Input, Operation};
use super::hashes::Hashes;
use super::object::Server;
use super::once::Once;
use super::push::{self, Item};
use super::ready::{Aim, Prepared, Ready, Sent};
use super::state::State;
use super::touched::Touched;
use crate::client::context::Context;
use crate::client::output::{CommitFile, CommitResult, HowCommitted};
use crate::digest::Expected;
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::commit::{Change, CommitHeader, Duplicate, Sample};
use crate::hub::discussions::{PullRequest, described};
use crate::hub::{Hub, TreeFile};
use crate::log::Level;
use crate::net::Content;
use crate::repo::{DEFAULT_REVISION, RepoId};
use crate::transfer::download::blocking;
use crate::transfer::rate::Rate;
use crate::transfer::reader::{BLOCK, git_sha1};

/// A file that is copied by content must not be larger.
const COPY: u64 = 64 << 20;

/// Commits a draft.
pub(super) async fn commit(context: &Context, aim: &Aim, draft: &Draft) -> Result<CommitResult> {
    context.online()?;
    let mut watch = context.watch();
    let work = draft.work()?;
    let hub = &context.hub;
    let parent = match &aim.parent {
        Some(parent) => parent.clone(),
        None => {
            watch.guard(hub.repo_info(&aim.repo, &aim.revision)).await.map_err(|e| no_repo(e, &aim.repo))?.sha
        }
    };
    let aim = aim.on(parent);
    let context = &context.patient();
    let (items, others) = split(context, work.operations.clone());
    let hashes = Arc::new(State::of(context).hashes(None));
    let ready = prepare(context, &aim, items, others, hashes).await?;
    let made = send(context, &aim, ready).await?.made;
    publish(context, &aim, &made).await;
    // What was committed is done with; a failure would have left the operations in the draft.
    let mut work = work;
    work.operations.clear();
    Ok(made)
}

/// Sends the LFS content of a draft ahead of its commit, and lets go of it.
pub(super) async fn preupload(context: &Context, aim: &Aim, draft: &Draft) -> Result<CommitResult> {
    context.online()?;
    let context = &context.patient();
    let mut work = draft.work()?;
    let mut items = Vec::new();
    let mut places = Vec::new();
    for (place, operation) in work.operations.iter().enumerate() {
        if let Operation::Add(addition) = operation
            && !addition.stored
        {
            items.push(item(context, addition.clone()));
            places.push(place);
        }
    }
    let hashes = Arc::new(State::of(context).hashes(None));
    let sent = store(context, aim, hashes, &mut items).await;
    let mut files = Vec::new();
    for (place, item) in places.into_iter().zip(items) {
        let mut addition = item.addition;
        if addition.stored {
            addition.input = None;
        }
        // What the branch holds now may be another thing when the commit is made, perhaps elsewhere.
        match &mut addition.mode {
            Some(mode) if addition.stored => mode.oid = None,
            mode => *mode = None,
        }
        files.push(told(&addition, HowCommitted::Lfs));
        work.operations[place] = Operation::Add(addition);
    }
    sent?;
    files.retain(|file| file.oid.is_some());
    Ok(CommitResult { oid: None, url: String::new(), pull_request: None, commits: 0, files })
}

fn told(addition: &Addition, how: HowCommitted) -> CommitFile {
    CommitFile {
        path: addition.path.clone(),
        size: addition.size(),
        oid: addition.object.as_ref().filter(|_| addition.stored).map(|object| object.oid.clone()),
        how,
    }
}

pub(super) fn item(context: &Context, addition: Addition) -> Item {
    let progress = context.job.shared_progress().add(&addition.path, addition.size());
    Item { addition, progress }
}

/// Additions apart from the rest, which keeps its order. Of several with one path the last counts.
fn split(context: &Context, operations: Vec<Operation>) -> (Vec<Item>, Vec<Operation>) {
    let mut last = HashMap::new();
    for (at, operation) in operations.iter().enumerate() {
        if let Operation::Add(addition) = operation {
            last.insert(addition.path.clone(), at);
        }
    }
    let (mut items, mut others) = (Vec::new(), Vec::new());
    for (at, operation) in operations.into_iter().enumerate() {
        match operation {
            Operation::Add(addition) if last[&addition.path] == at => items.push(item(context, addition)),
            Operation::Add(_) => {}
            other => others.push(other),
        }
    }
    (items, others)
}

/// Looks at the files that are new, asks how each is to be committed, and checks a card's metadata.
pub(super) async fn ask(context: &Context, aim: &Aim, items: &mut [Item]) -> Result<()> {
    let unknown: Vec<usize> = (0..items.len()).filter(|at| items[*at].addition.mode.is_none()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut watch = context.watch();
    watch.go_on().await?;
    let looked: Vec<Addition> = items.iter().map(|item| item.addition.clone()).collect();
    let looked = blocking(move || {
        let mut looked = looked;
        for addition in &mut looked {
            if addition.input.is_some() {
                addition.look().map_err(|error| error.context(addition.path.clone()))?;
            }
        }
        Ok(looked)
    })
    .await?;
    for (item, addition) in items.iter_mut().zip(looked) {
        item.progress.set_size(addition.size());
        item.addition = addition;
    }
    let hub = &context.hub;
    let readable =
        |name: &str| items.iter().map(|item| &item.addition).find(|a| a.path == name && a.input.is_some());
    if let Some(card) = readable("README.md") {
        let card = card.clone();
        let text = blocking(move || card.text()).await?;
        for warning in watch.guard(hub.validate_yaml(aim.repo.kind(), &text)).await? {
            context.engine.log.tell(Level::Warn, "commit", || format!("README.md: {warning}"));
        }
    }
    let git_ignore = match readable(".gitignore") {
        Some(addition) => {
            let addition = addition.clone();
            Some(blocking(move || addition.text()).await?)
        }
        None => None,
    };
    let samples: Vec<Sample> = unknown
        .iter()
        .map(|at| {
            let addition = &items[*at].addition;
            let beginning =
                addition.looked.as_ref().map_or_else(Bytes::new, |looked| looked.beginning.clone());
            Sample { path: addition.path.clone(), size: addition.size(), beginning }
        })
        .collect();
    let asked = hub.preupload(&aim.repo, &aim.revision, &samples, git_ignore.as_deref(), aim.create_pr);
    let modes = watch.guard(asked).await.map_err(|error| no_repo(error, &aim.repo))?;
    for (at, mode) in unknown.into_iter().zip(modes) {
        items[at].addition.mode = Some(mode);
    }
    Ok(())
}

/// Asks about the files and brings LFS content to the server.
async fn store(context: &Context, aim: &Aim, hashes: Arc<Hashes>, items: &mut [Item]) -> Result<()> {
    ask(context, aim, items).await?;
    let server = Server {
        url: context.hub.lfs_url(&aim.repo)?,
        reference: (!aim.create_pr).then(|| aim.revision.clone()),
    };
    let is_lfs = |item: &Item| item.addition.mode.as_ref().is_some_and(|mode| mode.lfs && !mode.ignored);
    let mut lfs: Vec<&mut Item> = items.iter_mut().filter(|item| is_lfs(item)).collect();
    push::push(context, &server, hashes, &mut lfs).await
}

/// Makes all ready: LFS content stored, unchanged files left out, copies resolved.
pub(super) async fn prepare(
    context: &Context,
    aim: &Aim,
    mut items: Vec<Item>,
    others: Vec<Operation>,
    hashes: Arc<Hashes>,
) -> Result<Ready> {
    store(context, aim, hashes, &mut items).await?;
    let deleted = Deleted::of(&others);
    let mut ready = Ready::default();
    // What is deleted goes first, so that a file may take a folder's place.
    let (deletions, copies): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|operation| !matches!(operation, Operation::Copy { .. }));
    for operation in deletions {
        let (change, path) = match operation {
            Operation::DeleteFile(path) => (Change::DeletedFile(path.clone()), path),
            Operation::DeleteFolder(path) => {
                let folder = format!("{}/", path.trim_end_matches('/'));
                (Change::DeletedFolder(path), folder)
            }
            _ => continue,
        };
        let file = CommitFile { path, size: 0, oid: None, how: HowCommitted::Deleted };
        ready.changes.push(Prepared { change, file, progress: None });
    }
    items.sort_by(|a, b| a.addition.path.cmp(&b.addition.path));
    for Item { addition, progress } in items {
        let Some(mode) = addition.mode.clone() else { continue };
        if mode.ignored {
            progress.set_state(FileState::Cached);
            ready.left_out.push(told(&addition, HowCommitted::Ignored));
            continue;
        }
        let sha1 = match &mode.oid {
            Some(_) if !mode.lfs => Some(regular_sha1(&addition).await?),
            _ => None,
        };
        let own = addition.object.as_ref().map(|object| object.oid.clone()).or(sha1);
        if let Some(own) = own.filter(|own| mode.oid.as_ref() == Some(own))
            && !deleted.holds(&addition.path)
        {
            progress.set_state(FileState::Cached);
            ready.same.push((addition.path.clone(), own));
            ready.left_out.push(told(&addition, HowCommitted::Unchanged));
            continue;
        }
        ready.changes.push(file_change(context, addition, progress, mode.lfs)?);
    }
    copy(context, aim, copies, &deleted, &mut ready).await?;
    Ok(ready)
}

async fn regular_sha1(addition: &Addition) -> Result<String> {
    let addition = addition.clone();
    blocking(move || git_sha1(&*addition.open(false)?)).await
}

fn file_change(
    context: &Context,
    addition: Addition,
    progress: Arc<FileProgress>,
    lfs: bool,
) -> Result<Prepared> {
    let (path, size) = (addition.path.clone(), addition.size());
    let oid = addition.object.as_ref().map(|object| object.oid.clone());
    let (change, how) = if lfs {
        let object = addition.object.clone();
        let object = object.ok_or_else(|| Error::new(Kind::Internal, format!("{path} was not hashed")))?;
        (Change::LfsFile { path: path.clone(), oid: object.oid, size: Some(object.size) }, HowCommitted::Lfs)
    } else {
        let rate = context.engine.limits.rate.clone();
        let bytes = Arc::new(Regular { addition, rate, progress: progress.clone() });
        (Change::File { path: path.clone(), content: bytes }, HowCommitted::Regular)
    };
    Ok(Prepared { change, file: CommitFile { path, size, oid, how }, progress: Some(progress) })
}

/// The content of a regular file on its way into a commit: opened when its turn comes.
struct Regular {
    addition: Addition,
    rate: Arc<Rate>,
    progress: Arc<FileProgress>,
}

impl Content for Regular {
    fn length(&self) -> u64 {
        self.addition.size()
    }

    fn open(self: Arc<Self>) -> mpsc::Receiver<Result<Bytes>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            if self.length() == 0 {
                return;
            }
            let addition = self.addition.clone();
            let reader = blocking(move || addition.open(false)).await;
            let mut at = 0;
            loop {
                let (reader, size) = (reader.clone(), self.length());
                let end = (at + BLOCK).min(size);
                let block = blocking(move || {
                    let reader = reader?;
                    let block = reader.read(at..end)?;
                    if end == size {
                        reader.check()?;
                    }
                    Ok(block)
                })
                .await;
                let failed = block.is_err();
                self.rate.pass(end - at).await;
                if sender.send(block).await.is_err() || failed {
                    return;
                }
                self.progress.add_sent(end - at);
                at = end;
                if at == size {
                    return;
                }
            }
        });
        receiver
    }
}

/// Paths that a commit deletes.
struct Deleted(HashSet<String>);

impl Deleted {
    fn of(operations: &[Operation]) -> Self {
        let path = |operation: &Operation| match operation {
            Operation::DeleteFile(path) | Operation::DeleteFolder(path) => {
                Some(path.trim_end_matches('/').to_owned())
            }
            _ => None,
        };
        Self(operations.iter().filter_map(path).collect())
    }

    /// Whether the path, or a folder above it, is deleted.
    fn holds(&self, path: &str) -> bool {
        !self.0.is_empty()
            && (self.0.contains(path) || path.match_indices('/').any(|(at, _)| self.0.contains(&path[..at])))
    }
}

/// Resolves copies: LFS files by their object, regular ones by content. A place that holds the same is left out.
async fn copy(
    context: &Context,
    aim: &Aim,
    copies: Vec<Operation>,
    deleted: &Deleted,
    ready: &mut Ready,
) -> Result<()> {
    let (hub, mut watch) = (&context.hub, context.watch());
    for operation in copies {
        let Operation::Copy { repo, revision, from, to } = operation else { continue };
        let source = repo.clone().unwrap_or_else(|| aim.repo.clone());
        let at = revision.unwrap_or_else(|| match repo {
            None => aim.parent.clone().unwrap_or_else(|| aim.revision.clone()),
            Some(_) => DEFAULT_REVISION.to_owned(),
        });
        let found = watch.guard(hub.paths_info(&source, &at, std::slice::from_ref(&from))).await?;
        let found = found.into_iter().find(|file| file.path == from).ok_or_else(|| {
            Error::new(
                Kind::EntryNotFound,
                format!("nothing to copy: {} at {at} has no file {from}", source.id()),
            )
        })?;
        let parent = aim.parent.as_deref().unwrap_or(&aim.revision);
        let there = watch.guard(hub.paths_info(&aim.repo, parent, std::slice::from_ref(&to))).await?;
        let put = |prepared: &Prepared| prepared.file.path == to;
        if there.iter().any(|file| file.path == to && file.etag() == found.etag())
            && !deleted.holds(&to)
            && !ready.changes.iter().any(put)
        {
            ready.same.push((to.clone(), found.etag().to_owned()));
            let (path, size, oid) = (to, found.size, found.sha256.clone());
            ready.left_out.push(CommitFile { path, size, oid, how: HowCommitted::Unchanged });
            continue;
        }
        let (change, how) = match &found.sha256 {
            Some(oid) => {
                if source != aim.repo {
                    let file = Duplicate {
                        sha256: oid.clone(),
                        xet_hash: found.xet_hash.clone(),
                        path: from.clone(),
                    };
                    watch.guard(hub.duplicate_lfs(&source, &aim.repo, &[file])).await?;
                }
                (Change::LfsFile { path: to.clone(), oid: oid.clone(), size: None }, HowCommitted::Lfs)
            }
            None => {
                let bytes = watch.guard(fetch(hub, &source, &at, &found)).await?;
                let mut addition = Addition::new(&to, Input::Memory(bytes))?;
                addition.look()?;
                let progress = context.job.shared_progress().add(&to, found.size);
                ready.changes.push(file_change(context, addition, progress, false)?);
                continue;
            }
        };
        let file = CommitFile { path: to, size: found.size, oid: found.sha256.clone(), how };
        ready.changes.push(Prepared { change, file, progress: None });
    }
    Ok(())
}

/// The content of a small file.
async fn fetch(hub: &Hub, repo: &RepoId, revision: &str, file: &TreeFile) -> Result<Bytes> {
    if file.size > COPY {
        let what = format!("{} is a regular file of {} bytes: too large to be copied", file.path, file.size);
        return Err(Error::new(Kind::Unsupported, what));
    }
    let url = hub.file_url(repo, revision, &file.path)?;
    let bytes = hub.get(&url).await?.body;
    if Expected::GitSha1(file.blob_id.clone()).matches(&bytes).is_err() {
        let what = format!("{} at {revision} has changed while it was copied", file.path);
        return Err(Error::new(Kind::ContentChanged, what).url(url.as_str()).retryable(true));
    }
    Ok(bytes)
}

/// Makes the commit out of what is ready.
pub(super) async fn send(context: &Context, aim: &Aim, ready: Ready) -> Result<Sent> {
    let (hub, mut watch) = (&context.hub, context.watch());
    let touched = Touched::by(&ready);
    let mut files = ready.left_out;
    let head = aim.parent.clone().unwrap_or_default();
    if ready.changes.is_empty() {
        // It was looked up at the branch, which may have moved since the head was read.
        let (now, followed) = watch.guard(touched.head(context, aim, head)).await?;
        let url = hub.commit_page(&aim.repo, &now)?;
        let made = CommitResult { oid: Some(now), url, pull_request: None, commits: 0, files };
        return Ok(Sent { made, followed });
    }
    let (mut revision, mut pull_request) = (aim.revision.clone(), None);
    let mut followed = aim.followed;
    if followed {
        watch.guard(touched.check(context, aim, &head)).await?;
    }
    let mut parent = Some(head);
    watch.go_on().await?;
    if aim.create_pr {
        let description = described(&aim.description);
        let opened = watch.guard(hub.open_pull_request(&aim.repo, &title(&aim.message), description)).await?;
        revision = opened.revision();
        let from = watch.guard(its_head(context, aim, &revision, &touched)).await;
        let (from, moved) = from.map_err(|error| about(error, Some(&opened)))?;
        parent = Some(from);
        followed |= moved;
        pull_request = Some(opened);
    }
    let header = CommitHeader { summary: aim.message.clone(), description: aim.description.clone(), parent };
    let once = Once { context, aim, revision: &revision, header, changes: &ready.changes, touched: &touched };
    let made = watch.guard(once.make()).await.map_err(|error| about(error, pull_request.as_ref()));
    let (made, others) = made?;
    for prepared in ready.changes {
        if let Some(progress) = prepared.progress {
            progress.set_state(FileState::Done);
        }
        files.push(prepared.file);
    }
    let made = CommitResult { oid: Some(made.oid), url: made.url, pull_request, commits: 1, files };
    Ok(Sent { made, followed: followed || others })
}

/// The head of a pull request that was opened now. It is the branch's, or a commit that the Hub made for it; what is
/// changed must be there as it was when all was looked up. True where the branch has moved.
async fn its_head(context: &Context, aim: &Aim, revision: &str, touched: &Touched) -> Result<(String, bool)> {
    let hub = &context.hub;
    let head = hub.repo_info(&aim.repo, revision).await?.sha;
    if head == aim.base {
        return Ok((head, false));
    }
    let now = hub.repo_info(&aim.repo, &aim.revision).await?.sha;
    if now == aim.base {
        return Ok((head, false));
    }
    if aim.pinned {
        let what = format!("{} is at {now}, and the commit was made for {}", aim.revision, aim.base);
        return Err(Error::new(Kind::Conflict, what).commit(Some(now)));
    }
    touched.check(context, aim, &now).await?;
    Ok((head, true))
}

/// A pull request that is opened by a program is a draft: with all its commits there, it is one no more.
pub(super) async fn publish(context: &Context, aim: &Aim, made: &CommitResult) {
    let Some(opened) = &made.pull_request else { return };
    let published = context.hub.publish_pull_request(&aim.repo, opened);
    // The commits are made: a cancel must not take their result along.
    if let Err(error) = context.watch().guard(published).await {
        let what = || format!("pull request {} stays a draft: {error}", opened.number);
        context.engine.log.tell(Level::Warn, "upload", what);
    }
}

/// A pull request's title, as long as the Hub takes it.
fn title(message: &str) -> String {
    let title: String = message.lines().next().unwrap_or("").chars().take(200).collect();
    if title.chars().count() < 3 { format!("Commit {title}") } else { title }
}

fn about(error: Error, pull_request: Option<&PullRequest>) -> Error {
    match pull_request {
        Some(opened) => {
            error.context(format!("pull request {} was opened, and the commit to it failed", opened.number))
        }
        None => error,
    }
}

fn no_repo(error: Error, repo: &RepoId) -> Error {
    match error.kind() {
        Kind::RepoNotFound => error.context(format!("nothing was sent to {} {}", repo.kind(), repo.id())),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_deleted_with_its_folder() {
        let deleted =
            Deleted::of(&[Operation::DeleteFile("a/b".into()), Operation::DeleteFolder("c/d/".into())]);
        for path in ["a/b", "c/d", "c/d/e", "c/d/e/f"] {
            assert!(deleted.holds(path), "{path}");
        }
        for path in ["a", "a/bc", "c", "c/de", "d"] {
            assert!(!deleted.holds(path), "{path}");
        }
    }
}
