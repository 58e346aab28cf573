//! Files on this disk hashed and compared with what they must be: the cache's with their names, a folder's with the listing.

use super::context::{Context, revision_or_main};
use super::snapshot;
use crate::cache::verify::{VerifyReport, verify, verify_folder};
use crate::cancel::Wish;
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
use crate::repo::RepoId;
use crate::transfer::download::blocking;

/// Verifies a repository of the cache, at one revision when it is named; where the options name a local folder, that one
/// against what the revision holds.
pub async fn local(context: &Context, repo: RepoId, revision: Option<String>) -> Result<VerifyReport> {
    if let Some(dir) = context.destination()? {
        let tree =
            snapshot::listing(context, &repo, revision_or_main(revision.as_deref()), Some(&dir)).await?;
        return check(context, repo.id(), move |go_on| verify_folder(dir.root(), &tree, go_on)).await;
    }
    let cache = context.cache()?;
    let commit = match &revision {
        None => None,
        Some(revision) => Some(cache.commit_of(&repo, revision).ok_or_else(|| {
            Error::new(Kind::RevisionNotFound, format!("{revision} of {} is not in the cache", repo.id()))
        })?),
    };
    let name = repo.id().to_owned();
    check(context, &name, move |go_on| verify(&cache, &repo, commit.as_deref(), go_on)).await
}

/// Does it on a thread that may block, in the job's progress.
async fn check(
    context: &Context,
    name: &str,
    work: impl FnOnce(&mut dyn FnMut(&str, u64) -> bool) -> Result<VerifyReport> + Send + 'static,
) -> Result<VerifyReport> {
    let progress = context.job.shared_progress().add(name, 0);
    progress.set_state(FileState::Running);
    let watch = context.watch();
    let numbers = progress.clone();
    let report = blocking(move || {
        let mut go_on = |_: &str, bytes: u64| {
            numbers.set_size(bytes);
            numbers.set_hashed(bytes);
            watch.wish() != Wish::Cancel
        };
        work(&mut go_on)
    })
    .await;
    match &report {
        Ok(_) => progress.set_state(FileState::Cached),
        Err(error) => progress.fail(error),
    }
    report
}
