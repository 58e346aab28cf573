//! The commits behind a revision.

use std::ffi::c_char;

use super::client::{hfx_client, start};
use super::convert::{Text, maybe_handle, out, take};
use super::error::{hfx_error, hfx_status};
use super::file::lend;
use super::guard::{guard, value};
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo};
use crate::hub::CommitInfo;

/// Commits, newest first. Immutable; may be read from many threads.
pub struct hfx_history(Vec<Commit>);

struct Commit {
    id: Text,
    title: Text,
    message: Text,
    date: Text,
    authors: Vec<Text>,
}

impl hfx_history {
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

/// Starts listing the commits behind the revision of `repo`, newest first: `most` of them, 0 for all. The result is
/// taken with hfx_job_take_history.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_list_commits(
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

/// How many commits there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_count(history: *const hfx_history) -> usize {
    value(0, || maybe_handle(history).map_or(0, |c| c.0.len()))
}

/// A commit's hash, 40 hex digits; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_id(history: *const hfx_history, index: usize) -> *const c_char {
    lend(history, |c| Some(&c.0.get(index)?.id))
}

/// The first line of a commit's message; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_title(history: *const hfx_history, index: usize) -> *const c_char {
    lend(history, |c| Some(&c.0.get(index)?.title))
}

/// The rest of a commit's message, empty when there is none; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_message(history: *const hfx_history, index: usize) -> *const c_char {
    lend(history, |c| Some(&c.0.get(index)?.message))
}

/// When a commit was made, as "2026-01-31T12:00:00.000Z"; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_date(history: *const hfx_history, index: usize) -> *const c_char {
    lend(history, |c| Some(&c.0.get(index)?.date))
}

/// Who made a commit, by the names on the Hub: the first at 0; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_author(
    history: *const hfx_history,
    index: usize,
    author: usize,
) -> *const c_char {
    lend(history, |c| c.0.get(index)?.authors.get(author))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_history_free(history: *mut hfx_history) {
    value((), || drop(take(history)));
}
