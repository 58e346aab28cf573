//! What jobs end with.

use std::path::PathBuf;

use crate::cache::scan::CacheInfo;
use crate::cache::verify::VerifyReport;
use crate::digest::Verified;
use crate::error::Error;
use crate::event::FileState;
use crate::hub::discussions::PullRequest;
use crate::hub::{ApiReply, CommitInfo, FileMeta, Refs, RepoInfo, TreeFile};

/// The result of a job, by what was asked.
#[derive(Debug)]
pub enum Output {
    /// A file on disk.
    File(FileResult),
    /// A snapshot, with each file's outcome.
    Snapshot(SnapshotResult),
    /// Bytes in memory; none where they went into the caller's.
    Bytes(BytesResult),
    /// What the Hub says of a file.
    Meta(FileMeta),
    /// What the Hub says of a repository.
    Info(RepoInfo),
    /// A listing.
    Tree(Vec<TreeFile>),
    /// Branches and tags.
    Refs(Refs),
    /// The cache, looked over.
    Cache(CacheInfo),
    /// What hashing the cache found.
    Verification(VerifyReport),
    /// A commit, or what was sent ahead of one.
    Commit(CommitResult),
    /// Done, and nothing to tell.
    Nothing,
    /// What a store answered to the parts of a file.
    Parts(PartsResult),
    /// What the Hub answered to a call.
    Reply(ApiReply),
    /// A history.
    Commits(Vec<CommitInfo>),
    /// Whether something is there.
    Exists(bool),
}

/// What a store answered to each part of a file, in order.
#[derive(Debug, Clone)]
pub struct PartsResult {
    /// The headers of the answers.
    pub parts: Vec<http::HeaderMap>,
}

/// A commit that was made, or was not needed.
#[derive(Debug, Clone)]
pub struct CommitResult {
    /// The commit: the last one made, or the head, when nothing had to be committed. None for a preupload.
    pub oid: Option<String>,
    /// Its page.
    pub url: String,
    /// The pull request that was opened for it.
    pub pull_request: Option<PullRequest>,
    /// How many commits were made; 0 says that nothing had changed.
    pub commits: u64,
    /// Each file, those among them that were deleted or left out.
    pub files: Vec<CommitFile>,
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub struct CommitFile {
    /// Its path in the repository.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256, where it is an LFS file.
    pub oid: Option<String>,
    /// How it was committed.
    pub how: HowCommitted,
}

/// How a file was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum HowCommitted {
    /// As part of the commit.
    Regular = 1,
    /// By its LFS object.
    Lfs = 2,
    /// Not at all: the repository holds the same.
    Unchanged = 3,
    /// Not at all: the repository's `.gitignore` leaves it out.
    Ignored = 4,
    /// Deleted; a folder, with all that was in it, has a slash at its end.
    Deleted = 5,
}

/// A file that is where it was wanted.
#[derive(Debug, Clone)]
pub struct FileResult {
    /// Its path in the repository, or the URL without its query.
    pub name: String,
    /// Where it is; in a dry run, where it would be.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its etag, empty when unknown (a cache hit without the network).
    pub etag: String,
    /// Its commit, empty for plain URLs.
    pub commit: String,
    /// What was proven now; a cache hit is trusted by its name.
    pub verified: Option<Verified>,
    /// How it came here.
    pub state: FileState,
}

/// A snapshot.
#[derive(Debug)]
pub struct SnapshotResult {
    /// The snapshot's folder, or the local folder.
    pub path: PathBuf,
    /// The commit.
    pub commit: String,
    /// Each file, in the order of the paths.
    pub files: Vec<FileOutcome>,
}

/// How one file of a snapshot ended.
#[derive(Debug, Clone)]
pub struct FileOutcome {
    /// Its path in the repository.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The file, or why there is none.
    pub result: Result<FileResult, Error>,
}

/// Bytes that were asked for.
#[derive(Debug, Clone)]
pub struct BytesResult {
    /// The bytes, unless the caller gave the memory.
    pub bytes: Vec<u8>,
    /// How many there are.
    pub length: u64,
    /// Size of the whole remote file.
    pub size: u64,
    /// What was proven.
    pub verified: Verified,
    /// The commit, empty when unknown and for plain URLs.
    pub commit: String,
    /// Its etag, empty when unknown.
    pub etag: String,
}

impl SnapshotResult {
    /// The first failure.
    pub fn first_error(&self) -> Option<&Error> {
        self.files.iter().find_map(|file| file.result.as_ref().err())
    }
}
