//! A commit on its way: where it goes and what it says, what is ready to be sent, and what came of it.

use std::sync::Arc;

use crate::client::output::{CommitFile, CommitResult};
use crate::error::{Error, Kind, Result};
use crate::event::FileProgress;
use crate::hub::commit::Change;
use crate::options::{Opt, Options};
use crate::repo::{DEFAULT_REVISION, RepoId, is_commit};

/// Where a commit goes, and what it says.
#[derive(Debug, Clone)]
pub struct Aim {
    /// The repository.
    pub repo: RepoId,
    /// The branch or `refs/pr/N`.
    pub revision: String,
    /// The first line.
    pub message: String,
    /// What follows.
    pub description: String,
    /// The commit that must be the head; none takes the one that is.
    pub parent: Option<String>,
    /// Whether the caller named it.
    pub pinned: bool,
    /// The commit at which all was looked up: the parent of the first commit.
    pub base: String,
    /// Whether commits by others came between that and the parent.
    pub followed: bool,
    /// Opens a pull request instead of committing to the branch.
    pub create_pr: bool,
}

impl Aim {
    /// What the options say of a commit; `message` is its first line when they say nothing.
    pub fn new(options: &Options, repo: &RepoId, revision: &str, message: &str) -> Result<Self> {
        let parent = Some(options.text(Opt::ParentCommit)).filter(|parent| !parent.is_empty());
        if let Some(parent) = parent
            && !is_commit(parent)
        {
            return Err(Error::invalid("option parent_commit: a commit has 40 hex digits"));
        }
        let create_pr = options.bool(Opt::CreatePr);
        if create_pr && revision != DEFAULT_REVISION {
            return Err(Error::new(
                Kind::Unsupported,
                format!("a pull request is opened against {DEFAULT_REVISION}, not against {revision}"),
            ));
        }
        let message = Some(options.text(Opt::CommitMessage)).filter(|own| !own.is_empty()).unwrap_or(message);
        if message.trim().is_empty() {
            return Err(Error::invalid("a commit needs a message (option commit_message)"));
        }
        Ok(Self {
            repo: repo.clone(),
            revision: revision.to_owned(),
            message: message.to_owned(),
            description: options.text(Opt::CommitDescription).to_owned(),
            parent: parent.map(str::to_owned),
            pinned: parent.is_some(),
            base: String::new(),
            followed: false,
            create_pr,
        })
    }

    /// The same, on top of this commit.
    pub(super) fn on(&self, base: String) -> Self {
        Self { parent: Some(base.clone()), base, ..self.clone() }
    }
}

/// A commit whose content is known and stored: what is left to be sent.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) changes: Vec<Prepared>,
    /// What was left out, and why.
    pub(super) left_out: Vec<CommitFile>,
    /// Of these, what the repository was found to hold already: path and etag.
    pub(super) same: Vec<(String, String)>,
}

/// One change that is ready.
pub(super) struct Prepared {
    pub(super) change: Change,
    /// What is told of it when it is made.
    pub(super) file: CommitFile,
    /// Of content that is sent.
    pub(super) progress: Option<Arc<FileProgress>>,
}

/// What came of sending a commit.
pub(super) struct Sent {
    pub(super) made: CommitResult,
    /// Whether it follows others that came after all was looked up.
    pub(super) followed: bool,
}
