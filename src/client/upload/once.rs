//! One commit, made once.
//!
//! When the answer to its request is lost, the commits since its parent are searched for it before it is sent again; a
//! commit by somebody else in between is a conflict that names the head.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::commit::{Aim, Prepared};
use crate::client::context::Context;
use crate::error::{Error, Kind, Result};
use crate::hub::commit::{Change, CommitHeader, Committed};
use crate::net::Content;
use crate::sys::sha::{Sha1, hex};

/// Commits looked at to find one that may be ours.
const MOST_COMMITS: usize = 1000;
/// Paths asked about at once.
const PATHS: usize = 500;

/// One commit, made once.
pub(super) struct Once<'a> {
    pub(super) context: &'a Context,
    pub(super) aim: &'a Aim,
    pub(super) revision: &'a str,
    pub(super) header: &'a CommitHeader,
    pub(super) changes: &'a [Prepared],
}

impl Once<'_> {
    pub(super) async fn make(&self) -> Result<Committed> {
        let hub = &self.context.hub;
        let changes: Vec<Change> = self.changes.iter().map(|prepared| prepared.change.clone()).collect();
        let patient = hub.patient();
        let mut tries = patient.tries();
        let mut furthest = 0;
        // Set once a request may have made the commit without our knowing.
        let mut uncertain = false;
        loop {
            self.context.watch().go_on().await?;
            let sent = self.context.job.totals().sent;
            let error = match hub.commit(&self.aim.repo, self.revision, self.header, &changes).await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            let conflict = error.kind() == Kind::Conflict;
            uncertain |= !conflict && may_have_happened(&error);
            // After a conflict as well: a run that was killed may have sent it when the head had been read.
            if uncertain || (conflict && !self.aim.pinned) {
                match self.find().await {
                    Ok(Some(made)) => return Ok(made),
                    // It can't be seen now: the parent keeps it from being made twice.
                    Err(error) if uncertain && !error.is_retryable() => return Err(doubtful(error)),
                    _ => {}
                }
            }
            if conflict {
                return Err(self.conflict(error).await);
            }
            let out = self.context.job.totals().sent - sent;
            if out > furthest {
                // Time while content goes out costs nothing; to get no further than before is no progress.
                furthest = out;
                tries.progress();
            }
            if !tries.again(&error).await {
                return Err(if uncertain { doubtful(error) } else { error });
            }
        }
    }

    /// The commit since the parent that is this one.
    async fn find(&self) -> Result<Option<Committed>> {
        let Some(parent) = &self.header.parent else { return Ok(None) };
        let hub = &self.context.hub;
        let title = self.header.summary.trim().lines().next().unwrap_or("").trim();
        let since = hub.commits_since(&self.aim.repo, self.revision, parent, MOST_COMMITS).await?;
        for commit in
            since.into_iter().rev().filter(|commit| commit.title.trim() == title).map(|commit| commit.id)
        {
            if self.is_ours(&commit).await? {
                let url = hub.commit_page(&self.aim.repo, &commit)?;
                return Ok(Some(Committed { oid: commit, url }));
            }
        }
        Ok(None)
    }

    /// Whether the paths of a commit hold what this one puts there.
    async fn is_ours(&self, commit: &str) -> Result<bool> {
        // What each path holds after it; nothing where it is deleted, and not put again.
        let (mut wanted, mut folders) = (BTreeMap::<&str, Option<String>>::new(), Vec::new());
        for prepared in self.changes {
            match &prepared.change {
                Change::LfsFile { path, oid, .. } => {
                    wanted.insert(path, Some(oid.clone()));
                }
                Change::File { path, content } => {
                    wanted.insert(path, Some(sha1_of(content.clone()).await?));
                }
                Change::DeletedFile(path) => {
                    wanted.entry(path).or_default();
                }
                Change::DeletedFolder(path) => folders.push(path.trim_end_matches('/')),
            }
        }
        let (hub, repo) = (&self.context.hub, &self.aim.repo);
        let wanted: Vec<_> = wanted.into_iter().collect();
        for some in wanted.chunks(PATHS) {
            let paths: Vec<String> = some.iter().map(|(path, _)| (*path).to_owned()).collect();
            let found = hub.paths_info(repo, commit, &paths).await?;
            let found: HashMap<&str, &str> = found.iter().map(|f| (f.path.as_str(), f.etag())).collect();
            if some.iter().any(|(path, oid)| found.get(path).copied() != oid.as_deref()) {
                return Ok(false);
            }
        }
        for folder in folders {
            let left = match hub.tree(repo, commit, folder).await {
                Ok(left) => left,
                Err(error) if error.kind() == Kind::EntryNotFound => continue,
                Err(error) => return Err(error),
            };
            let put = |path: &str| wanted.binary_search_by(|(other, _)| (*other).cmp(path)).is_ok();
            if !left.iter().all(|file| put(&file.path)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn conflict(&self, error: Error) -> Error {
        let head = self.context.hub.repo_info(&self.aim.repo, self.revision).await.ok().map(|info| info.sha);
        let what = match &head {
            Some(head) => format!(
                "{} is at {head} by now: look at what came in between and commit again",
                self.revision
            ),
            None => format!("{} has changed: look at what came in between and commit again", self.revision),
        };
        error.context(what).commit(head)
    }
}

fn doubtful(error: Error) -> Error {
    error.context("the commit may have been made: the same call again finds that out")
}

/// Whether the server may have done what was asked, although the answer is an error.
fn may_have_happened(error: &Error) -> bool {
    match error.kind() {
        Kind::Network | Kind::Timeout | Kind::Protocol | Kind::Proxy | Kind::Tls => true,
        _ => error.http_status() >= 500,
    }
}

async fn sha1_of(content: Arc<dyn Content>) -> Result<String> {
    let mut hash = Sha1::git_blob(content.length());
    let mut chunks = content.open();
    while let Some(chunk) = chunks.recv().await {
        hash.update(&chunk?);
    }
    Ok(hex(&hash.finish()))
}
