//! A commit that was made.

use std::ffi::c_char;

use super::convert::{Text, maybe_handle, take};
use super::file::lend;
use super::guard::value;
use crate::client::{CommitFile, CommitResult};

/// The content is part of the commit.
pub const HFX_COMMITTED_REGULAR: i32 = 1;
/// The content is an LFS object.
pub const HFX_COMMITTED_LFS: i32 = 2;
/// Left out: the repository holds the same.
pub const HFX_COMMITTED_UNCHANGED: i32 = 3;
/// Left out by the repository's `.gitignore`.
pub const HFX_COMMITTED_IGNORED: i32 = 4;
/// Deleted; a folder, with all that was in it, has a slash at its end.
pub const HFX_COMMITTED_DELETED: i32 = 5;

/// What a commit, an upload, a preupload or a schedule came to. Immutable; may be read from many threads.
pub struct hfx_committed {
    oid: Option<Text>,
    url: Text,
    pull_request: u64,
    pull_request_url: Option<Text>,
    commits: u64,
    files: Vec<File>,
}

struct File {
    path: Text,
    oid: Option<Text>,
    size: u64,
    how: i32,
}

impl hfx_committed {
    pub(super) fn new(made: &CommitResult) -> Self {
        let file = |file: &CommitFile| File {
            path: Text::new(&file.path),
            oid: file.oid.as_deref().map(Text::new),
            size: file.size,
            how: file.how as i32,
        };
        Self {
            oid: made.oid.as_deref().map(Text::new),
            url: Text::new(&made.url),
            pull_request: made.pull_request.as_ref().map_or(0, |opened| opened.number),
            pull_request_url: made.pull_request.as_ref().map(|opened| Text::new(&opened.url)),
            commits: made.commits,
            files: made.files.iter().map(file).collect(),
        }
    }
}

/// The commit, 40 hex digits: the last one that was made, or the head when nothing had changed; NULL after a preupload,
/// after a schedule without commits, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_commit(committed: *const hfx_committed) -> *const c_char {
    lend(committed, |c| c.oid.as_ref())
}

/// The address of its page; empty when there is none. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_url(committed: *const hfx_committed) -> *const c_char {
    lend(committed, |c| Some(&c.url))
}

/// How many commits were made; 0 when nothing had changed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_commit_count(committed: *const hfx_committed) -> u64 {
    value(0, || maybe_handle(committed).map_or(0, |c| c.commits))
}

/// The number of the pull request that was opened (its revision is `refs/pr/N`); 0 when none was.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_pull_request(committed: *const hfx_committed) -> u64 {
    value(0, || maybe_handle(committed).map_or(0, |c| c.pull_request))
}

/// The address of the pull request's page; NULL when none was opened.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_pull_request_url(committed: *const hfx_committed) -> *const c_char {
    lend(committed, |c| c.pull_request_url.as_ref())
}

/// How many files there are: those of the commits, deleted ones among them, and those that were left out.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_file_count(committed: *const hfx_committed) -> usize {
    value(0, || maybe_handle(committed).map_or(0, |c| c.files.len()))
}

/// A file's path in the repository; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_file_path(committed: *const hfx_committed, index: usize) -> *const c_char {
    lend(committed, |c| Some(&c.files.get(index)?.path))
}

/// A file's size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_file_size(committed: *const hfx_committed, index: usize) -> u64 {
    value(0, || maybe_handle(committed).and_then(|c| c.files.get(index)).map_or(0, |file| file.size))
}

/// The SHA-256 of an LFS file, 64 hex digits; NULL for others, and behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_file_oid(committed: *const hfx_committed, index: usize) -> *const c_char {
    lend(committed, |c| c.files.get(index)?.oid.as_ref())
}

/// How a file was committed, one of `HFX_COMMITTED_*`; 0 behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_file_how(committed: *const hfx_committed, index: usize) -> i32 {
    value(0, || maybe_handle(committed).and_then(|c| c.files.get(index)).map_or(0, |file| file.how))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_committed_free(committed: *mut hfx_committed) {
    value((), || drop(take(committed)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::HowCommitted;

    #[test]
    fn the_ways_have_the_header_s_numbers() {
        let ways = [
            (HowCommitted::Regular, HFX_COMMITTED_REGULAR),
            (HowCommitted::Lfs, HFX_COMMITTED_LFS),
            (HowCommitted::Unchanged, HFX_COMMITTED_UNCHANGED),
            (HowCommitted::Ignored, HFX_COMMITTED_IGNORED),
            (HowCommitted::Deleted, HFX_COMMITTED_DELETED),
        ];
        assert!(ways.iter().all(|(way, number)| *way as i32 == *number));
        assert_eq!(ways.len(), crate::ffi::constants(include_str!("committed.rs"), "HFX_COMMITTED_").len());
    }
}
