//! Where a commit touches the repository, and whether others have touched the same.

use std::collections::BTreeMap;

use super::ready::{Aim, Ready};
use crate::client::context::Context;
use crate::error::{Error, Kind, Result};
use crate::hub::TreeFile;
use crate::hub::commit::Change;

/// Paths asked about at once.
pub(super) const PATHS: usize = 500;

/// The paths that a commit changes, and those that it leaves out because they hold the same already.
pub(super) struct Touched {
    changed: Vec<String>,
    folders: Vec<String>,
    /// With the etag that was found.
    same: Vec<(String, String)>,
}

impl Touched {
    /// By what is ready.
    pub(super) fn by(ready: &Ready) -> Self {
        let (mut changed, mut folders) = (Vec::new(), Vec::new());
        for prepared in &ready.changes {
            match &prepared.change {
                Change::LfsFile { path, .. } | Change::File { path, .. } | Change::DeletedFile(path) => {
                    changed.push(path.clone());
                }
                Change::DeletedFolder(path) => folders.push(path.trim_end_matches('/').to_owned()),
            }
        }
        Self { changed, folders, same: ready.same.clone() }
    }

    /// Whether they are at `commit` as they were when all was looked up.
    pub(super) async fn is_as_before(&self, context: &Context, aim: &Aim, commit: &str) -> Result<bool> {
        let (hub, repo, base) = (&context.hub, &aim.repo, aim.base.as_str());
        if commit == base {
            return Ok(true);
        }
        for some in self.changed.chunks(PATHS) {
            let before = held(hub.paths_info(repo, base, some).await?);
            if before != held(hub.paths_info(repo, commit, some).await?) {
                return Ok(false);
            }
        }
        for folder in &self.folders {
            let before = held(hub.tree(repo, base, folder).await?);
            let now = match hub.tree(repo, commit, folder).await {
                Err(error) if error.kind() == Kind::EntryNotFound => return Ok(false),
                listed => held(listed?),
            };
            if before != now {
                return Ok(false);
            }
        }
        self.holds_the_same(context, aim, commit).await
    }

    /// Whether what was left out is at `commit` what it was found to be.
    pub(super) async fn holds_the_same(&self, context: &Context, aim: &Aim, commit: &str) -> Result<bool> {
        for some in self.same.chunks(PATHS) {
            let paths: Vec<String> = some.iter().map(|(path, _)| path.clone()).collect();
            let now = held(context.hub.paths_info(&aim.repo, commit, &paths).await?);
            if some.iter().any(|(path, etag)| now.get(path) != Some(etag)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses a commit where they are not.
    pub(super) async fn check(&self, context: &Context, aim: &Aim, commit: &str) -> Result<()> {
        if self.is_as_before(context, aim, commit).await? {
            return Ok(());
        }
        let what = format!("{} is at {commit}, and the commit was made for {}", aim.revision, aim.base);
        Err(Error::new(Kind::Conflict, what).commit(Some(commit.to_owned())))
    }

    /// The head that holds what was left out, where nothing else is to be done: the one that is known, or the one by now.
    /// True where it is not the one at which all was looked up.
    pub(super) async fn head(&self, context: &Context, aim: &Aim, known: String) -> Result<(String, bool)> {
        if self.same.is_empty() {
            return Ok((known, aim.followed));
        }
        let now = context.hub.repo_info(&aim.repo, &aim.revision).await?.sha;
        // What is asked about here is found at the branch, which has the known head as long as that has not moved.
        if now == known && !aim.followed {
            return Ok((known, false));
        }
        if self.holds_the_same(context, aim, &known).await? {
            return Ok((known, aim.followed));
        }
        if aim.pinned {
            let what = format!("{} is at {now}, and the commit was to follow {known}", aim.revision);
            return Err(Error::new(Kind::Conflict, what).commit(Some(now)));
        }
        self.check(context, aim, &now).await?;
        Ok((now, true))
    }
}

fn held(files: Vec<TreeFile>) -> BTreeMap<String, String> {
    files.into_iter().map(|file| (file.path.clone(), file.etag().to_owned())).collect()
}
