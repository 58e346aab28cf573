//! Cached files hashed and compared with their names.

use super::context::Context;
use crate::cache::verify::{VerifyReport, verify};
use crate::cancel::Wish;
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
use crate::repo::RepoId;
use crate::transfer::download::blocking;

/// Verifies a repository of the cache, at one revision when it is named.
pub async fn cache(context: &Context, repo: RepoId, revision: Option<String>) -> Result<VerifyReport> {
    let cache = context.cache()?;
    let commit = match &revision {
        None => None,
        Some(revision) => Some(cache.commit_of(&repo, revision).ok_or_else(|| {
            Error::new(Kind::RevisionNotFound, format!("{revision} of {} is not in the cache", repo.id()))
        })?),
    };
    let progress = context.job.shared_progress().add(repo.id(), 0);
    progress.set_state(FileState::Running);
    let watch = context.watch();
    let numbers = progress.clone();
    let report = blocking(move || {
        let mut go_on = |_: &str, bytes: u64| {
            numbers.set_size(bytes);
            numbers.set_hashed(bytes);
            watch.wish() != Wish::Cancel
        };
        verify(&cache, &repo, commit.as_deref(), &mut go_on)
    })
    .await;
    match &report {
        Ok(_) => progress.set_state(FileState::Cached),
        Err(error) => progress.fail(error),
    }
    report
}
