//! The events of `--json`; `hfx download --help` documents them.

use std::borrow::Cow;
use std::time::Duration;

use hfx::client::{CommitFile, CommitResult, FileOutcome, FileResult, HowCommitted};
use hfx::digest::Verified;
use hfx::error::Error;
use hfx::event::{FileState, Totals};
use serde::Serialize;

/// One line of `--json`. Sizes in bytes.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a> {
    /// What is to be fetched.
    Start { repo: Option<&'a str>, repo_type: Option<&'a str>, revision: Option<&'a str>, url: Cow<'a, str> },
    /// How far the job is.
    Progress {
        files: u64,
        files_done: u64,
        files_failed: u64,
        bytes: u64,
        done: u64,
        received: u64,
        restored: u64,
        sent: u64,
        hashed: u64,
    },
    /// How one file ended.
    File {
        name: &'a str,
        state: &'static str,
        path: Option<Cow<'a, str>>,
        size: u64,
        verified: Option<&'static str>,
        error: Option<String>,
    },
    /// The end, when all went well.
    Done {
        path: Cow<'a, str>,
        commit: Option<&'a str>,
        files: u64,
        bytes: u64,
        received: u64,
        restored: u64,
        seconds: f64,
        dry_run: bool,
    },
    /// The end of an upload.
    Committed {
        url: &'a str,
        commit: Option<&'a str>,
        pull_request: Option<u64>,
        commits: u64,
        files: u64,
        bytes: u64,
        sent: u64,
        restored: u64,
        seconds: f64,
    },
    /// The end by a failure.
    Error {
        /// The number of the kind, as the C ABI has it.
        code: Option<i32>,
        kind: Option<&'static str>,
        message: &'a str,
        http_status: Option<u16>,
        request_id: Option<&'a str>,
        retryable: bool,
        exit_code: u8,
    },
}

impl<'a> Event<'a> {
    /// The numbers of a job.
    pub(crate) fn progress(totals: &Totals) -> Self {
        let Totals { files, files_done, files_failed, bytes, done, received, restored, sent, hashed } =
            *totals;
        Self::Progress { files, files_done, files_failed, bytes, done, received, restored, sent, hashed }
    }

    /// A file that is in place, or would be.
    pub(crate) fn file(result: &'a FileResult) -> Self {
        Self::File {
            name: &result.name,
            state: state(result.state),
            path: Some(result.path.to_string_lossy()),
            size: result.size,
            verified: result.verified.map(verified),
            error: None,
        }
    }

    /// A file of a snapshot.
    pub(crate) fn outcome(outcome: &'a FileOutcome) -> Self {
        match &outcome.result {
            Ok(result) => Self::file(result),
            Err(error) => Self::File {
                name: &outcome.name,
                state: state(FileState::Failed),
                path: None,
                size: outcome.size,
                verified: None,
                error: Some(error.message()),
            },
        }
    }

    /// The end, at this path.
    pub(crate) fn done(
        path: &'a std::path::Path,
        commit: &'a str,
        totals: &Totals,
        elapsed: Duration,
        dry_run: bool,
    ) -> Self {
        Self::Done {
            path: path.to_string_lossy(),
            commit: Some(commit).filter(|commit| !commit.is_empty()),
            files: totals.files,
            bytes: totals.bytes,
            received: totals.received,
            restored: totals.restored,
            seconds: elapsed.as_secs_f64(),
            dry_run,
        }
    }

    /// A file of a commit.
    pub(crate) fn committed_file(file: &'a CommitFile) -> Self {
        Self::File {
            name: &file.path,
            state: match file.how {
                HowCommitted::Regular => "regular",
                HowCommitted::Lfs => "lfs",
                HowCommitted::Unchanged => "unchanged",
                HowCommitted::Ignored => "ignored",
                HowCommitted::Deleted => "deleted",
            },
            path: None,
            size: file.size,
            verified: None,
            error: None,
        }
    }

    /// The end of an upload.
    pub(crate) fn committed(made: &'a CommitResult, totals: &Totals, elapsed: Duration) -> Self {
        Self::Committed {
            url: &made.url,
            commit: made.oid.as_deref(),
            pull_request: made.pull_request.as_ref().map(|opened| opened.number),
            commits: made.commits,
            files: totals.files,
            bytes: totals.bytes,
            sent: totals.sent,
            restored: totals.restored,
            seconds: elapsed.as_secs_f64(),
        }
    }

    /// The end by a failure.
    pub(crate) fn failure(error: Option<&'a Error>, message: &'a str, exit_code: u8) -> Self {
        Self::Error {
            code: error.map(|error| error.kind() as i32),
            kind: error.map(|error| error.kind().name()),
            message,
            http_status: error.map(Error::http_status).filter(|status| *status != 0),
            request_id: error.and_then(Error::request_id),
            retryable: error.is_some_and(Error::is_retryable),
            exit_code,
        }
    }
}

/// The name of a state.
fn state(state: FileState) -> &'static str {
    match state {
        FileState::Waiting => "waiting",
        FileState::Running => "running",
        FileState::Done => "done",
        FileState::Cached => "cached",
        FileState::Failed => "failed",
        FileState::Planned => "planned",
        FileState::Cancelled => "cancelled",
    }
}

/// The name of what was proven.
fn verified(verified: Verified) -> &'static str {
    match verified {
        Verified::Hash => "hash",
        Verified::Length => "length",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_documented_ones() {
        let totals =
            Totals { files: 2, files_done: 1, bytes: 30, done: 20, received: 15, ..Totals::default() };
        assert_eq!(
            serde_json::to_string(&Event::progress(&totals)).unwrap(),
            r#"{"event":"progress","files":2,"files_done":1,"files_failed":0,"bytes":30,"done":20,"received":15,"restored":0,"sent":0,"hashed":0}"#
        );
        let error = Error::new(hfx::error::Kind::EntryNotFound, "no file").http(404, Some("id".into()));
        assert_eq!(
            serde_json::to_string(&Event::failure(Some(&error), "no file", 3)).unwrap(),
            r#"{"event":"error","code":22,"kind":"ENTRY_NOT_FOUND","message":"no file","http_status":404,"request_id":"id","retryable":false,"exit_code":3}"#
        );
    }
}
