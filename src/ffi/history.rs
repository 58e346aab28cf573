//! The commits behind a revision.

use std::ffi::c_char;

use super::client::{hfx_client, run, start};
use super::convert::{Text, maybe_handle, out, take};
use super::error::{hfx_error, hfx_status};
use super::file::lend;
use super::guard::{guard, value};
use super::job::{as_commits, hfx_job};
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::hub::CommitInfo;

/// Commits, newest first. Immutable; may be read from many threads.
pub struct hfx_commits(Vec<Commit>);

struct Commit {
    id: Text,
    title: Text,
    message: Text,
    date: Text,
    authors: Vec<Text>,
}

impl hfx_commits {
    pub(super) fn new(commits: &[CommitInfo]) -> Self {
        let commit = |info: &CommitInfo| Commit {
            id: Text::new(&info.id),
            title: Text::new(&info.title),
            message: Text::new(&info.message),
            date: Text::new(&info.date),
            authors: info.authors.iter().map(|name| Text::new(name)).collect(),
        };
        Self(commits.iter().map(commit).collect())
    }
}

/// Starts listing the commits behind the revision of `repo`, newest first: `most` of them, 0 for all. The result is taken
/// with hfx_job_take_commits.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_commits(
    client: *const hfx_client,
    repo: *const hfx_repo,
    most: usize,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| {
            client.commits(&repo.id, repo.revision.as_deref(), most, options, hooks)
        })
    })
}

/// As hfx_client_commits, and waits for its end. Not inside a callback.
/// On success `*out_commits` is the list, to be freed with hfx_commits_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_commits_wait(
    client: *const hfx_client,
    repo: *const hfx_repo,
    most: usize,
    options: *const hfx_options,
    out_commits: *mut *mut hfx_commits,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_commits, "out_commits")?;
        let repo = repo::of(repo)?;
        run(client, options, place, as_commits, |client, options, hooks| {
            client.commits(&repo.id, repo.revision.as_deref(), most, options, hooks)
        })
    })
}

/// How many commits there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_count(commits: *const hfx_commits) -> usize {
    value(0, || maybe_handle(commits).map_or(0, |c| c.0.len()))
}

/// A commit's hash, 40 hex digits; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_id(commits: *const hfx_commits, index: usize) -> *const c_char {
    lend(commits, |c| Some(&c.0.get(index)?.id))
}

/// The first line of a commit's message; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_title(commits: *const hfx_commits, index: usize) -> *const c_char {
    lend(commits, |c| Some(&c.0.get(index)?.title))
}

/// The rest of a commit's message, empty when there is none; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_message(commits: *const hfx_commits, index: usize) -> *const c_char {
    lend(commits, |c| Some(&c.0.get(index)?.message))
}

/// When a commit was made, as "2026-01-31T12:00:00.000Z"; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_date(commits: *const hfx_commits, index: usize) -> *const c_char {
    lend(commits, |c| Some(&c.0.get(index)?.date))
}

/// Who made a commit, by the names on the Hub: the first at 0; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_author(
    commits: *const hfx_commits,
    index: usize,
    author: usize,
) -> *const c_char {
    lend(commits, |c| c.0.get(index)?.authors.get(author))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commits_free(commits: *mut hfx_commits) {
    value((), || drop(take(commits)));
}
