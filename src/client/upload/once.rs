//! One commit, made once.
//!
//! When the answer to its request is lost, the commits since its parent are searched for it before it is sent again. A
//! commit by somebody else in between is followed where it left alone what this one changes; else it is a conflict that
//! names the head, and so it is for a caller who named the parent.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ready::{Aim, Prepared};
use super::touched::{PATHS, Touched};
use crate::client::context::Context;
use crate::error::{Error, Kind, Result};
use crate::hub::commit::{Change, CommitHeader, Committed};
use crate::log::Level;
use crate::net::Content;
use crate::sys::sha::{Sha1, hex};

/// Commits looked at to find one that may be ours.
const MOST_COMMITS: usize = 1000;
/// How often one commit follows others that came first.
const MOST_FOLLOWED: u32 = 20;
/// An answer that took longer before it was lost is one that the Hub may still be at work on.
const SLOW: Duration = Duration::from_secs(10);
/// How often a commit is sent whose answer takes so long.
const MOST_SLOW: u32 = 3;
/// Longest search for a commit that the Hub may still be at work on.
const LONGEST_SEARCH: Duration = Duration::from_mins(2);

/// One commit, made once.
pub(super) struct Once<'a> {
    pub(super) context: &'a Context,
    pub(super) aim: &'a Aim,
    pub(super) revision: &'a str,
    pub(super) header: CommitHeader,
    pub(super) changes: &'a [Prepared],
    pub(super) touched: &'a Touched,
}

impl Once<'_> {
    /// The commit, and whether others may have changed something since all was looked up.
    pub(super) async fn make(mut self) -> Result<(Committed, bool)> {
        let hub = &self.context.hub;
        let changes: Vec<Change> = self.changes.iter().map(|prepared| prepared.change.clone()).collect();
        let content: u64 = changes.iter().map(Change::content_length).sum();
        let mut tries = hub.tries();
        let (mut furthest, mut followed, mut slow) = (0, 0, 0);
        // Set once a request may have made the commit without our knowing.
        let mut uncertain = false;
        loop {
            self.context.watch().go_on().await?;
            let (began, sent) = (Instant::now(), self.context.job.totals().sent);
            let error = match hub.commit(&self.aim.repo, self.revision, &self.header, &changes).await {
                Ok(made) => return Ok((made, followed > 0)),
                Err(error) => error,
            };
            let out = self.context.job.totals().sent - sent;
            let conflict = error.kind() == Kind::Conflict;
            uncertain |= !conflict && error.may_have_acted();
            // A try that broke while content went out gave the Hub nothing to work on.
            let at_work = error.may_have_acted() && out >= content;
            let took =
                if at_work { began.elapsed().saturating_sub(error.was_held_back()) } else { Duration::ZERO };
            // After a conflict as well: a run that was killed may have sent it when the head had been read.
            if uncertain || (conflict && !self.aim.pinned) {
                match self.search(took).await {
                    // It may be a twin's, who may have changed more than this commit does.
                    Ok(Some(made)) => return Ok((made, true)),
                    Err(error) if uncertain => return Err(doubtful(error)),
                    _ => {}
                }
            }
            if conflict {
                if followed == MOST_FOLLOWED || !self.follow().await.unwrap_or(false) {
                    return Err(self.conflict(error).await);
                }
                followed += 1;
                // Whoever came first may be about to come again.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..100) * u64::from(followed))).await;
                continue;
            }
            if out > furthest {
                // Time while content goes out costs nothing; to get no further than before is no progress.
                furthest = out;
                tries.progress();
            }
            if uncertain && took > SLOW {
                slow += 1;
                tries.progress();
            }
            if slow == MOST_SLOW || !tries.again(&error).await {
                return Err(if uncertain { doubtful(error) } else { error });
            }
        }
    }

    /// Searches for the commit whose answer was lost, for as long again as the answer `took`.
    async fn search(&self, took: Duration) -> Result<Option<Committed>> {
        let until = Instant::now() + took.min(LONGEST_SEARCH);
        let mut pause = Duration::from_secs(1);
        loop {
            let found = self.find().await?;
            if found.is_some() || Instant::now() + pause > until {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(Duration::from_secs(20));
        }
    }

    /// Takes the head as the parent, where the commits since the old one left alone what this one changes.
    async fn follow(&mut self) -> Result<bool> {
        let Some(parent) = self.header.parent.clone().filter(|_| !self.aim.pinned) else { return Ok(false) };
        let head = self.context.hub.repo_info(&self.aim.repo, self.revision).await?.sha;
        if head == parent || !self.touched.is_as_before(self.context, self.aim, &head).await? {
            return Ok(false);
        }
        let text = || format!("{} is at {head} by now: the commit follows it", self.revision);
        self.context.engine.log.tell(Level::Info, "commit", text);
        self.header.parent = Some(head);
        Ok(true)
    }

    /// The commit since the parent that is this one.
    async fn find(&self) -> Result<Option<Committed>> {
        let Some(parent) = &self.header.parent else { return Ok(None) };
        let hub = &self.context.hub;
        let title = self.header.summary.trim().lines().next().unwrap_or("").trim();
        let since = hub.commits_since(&self.aim.repo, self.revision, parent, MOST_COMMITS).await?;
        for commit in since.into_iter().rev() {
            if commit.title.trim() == title && self.is_ours(&commit.id).await? {
                let url = hub.commit_page(&self.aim.repo, &commit.id)?;
                return Ok(Some(Committed { oid: commit.id, url }));
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
        if !self.touched.holds_the_same(self.context, self.aim, commit).await? {
            return Ok(false);
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
    error.context("the commit may have been made: look at the history before it is made again")
}

async fn sha1_of(content: Arc<dyn Content>) -> Result<String> {
    let mut hash = Sha1::git_blob(content.length());
    let mut chunks = content.open();
    while let Some(chunk) = chunks.recv().await {
        hash.update(&chunk?);
    }
    Ok(hex(&hash.finish()))
}
