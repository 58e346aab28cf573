//! The commits behind a revision.

use std::ffi::c_char;

use super::convert::{Text, maybe_handle, take};
use super::file::lend;
use super::guard::value;
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
