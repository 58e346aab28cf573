//! The one error type: what failed, on what, why, and what to do about it.
//!
//! An [`Error`] is made once, at the edge where the failure is seen, and carries what a caller can act on:
//! a stable [`Kind`], the HTTP status and request id, the OS error, a URL without its query, whether trying
//! again may help. No constructor takes a secret; URLs enter through [`Error::url`], which drops user
//! information and query.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::secret::safe_url;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal;)*) => {
        /// What went wrong, as a number that never changes its meaning. The C ABI's `HFX_E_*`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum Kind { $($(#[doc = $doc])* $name = $number,)* }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// The name as the C ABI and `--json` spell it.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// An argument is malformed; nothing was touched.
    InvalidArgument = 1, "INVALID_ARGUMENT";
    /// The job was cancelled. Its state on disk can be resumed.
    Cancelled = 2, "CANCELLED";
    /// A bound on time was reached.
    Timeout = 3, "TIMEOUT";
    /// The call would wait for itself (a wait or close from inside a callback).
    WouldDeadlock = 4, "WOULD_DEADLOCK";
    /// The client was made by the parent of this forked process.
    Forked = 5, "FORKED";
    /// A defect in hfx. Please report it.
    Internal = 6, "INTERNAL";
    /// The client was closed.
    Closed = 7, "CLOSED";
    /// Not possible on this platform or with this server.
    Unsupported = 8, "UNSUPPORTED";
    /// The result was taken already.
    AlreadyTaken = 9, "ALREADY_TAKEN";
    /// The job has not ended yet.
    NotEnded = 10, "NOT_ENDED";

    /// The Hub knows no such repository, or hides it from this token.
    RepoNotFound = 20, "REPO_NOT_FOUND";
    /// The repository has no such branch, tag or commit.
    RevisionNotFound = 21, "REVISION_NOT_FOUND";
    /// The revision has no such file.
    EntryNotFound = 22, "ENTRY_NOT_FOUND";
    /// Access has to be asked for on the Hub's page of the repository.
    Gated = 23, "GATED";
    /// The token is missing, wrong or expired.
    Unauthorized = 24, "UNAUTHORIZED";
    /// The token is known but may not do this.
    Forbidden = 25, "FORBIDDEN";
    /// The rate limit still held when the time for retries was over.
    RateLimited = 26, "RATE_LIMITED";
    /// The Hub has disabled access to the resource.
    Disabled = 27, "DISABLED";
    /// Another HTTP status that is an error.
    Http = 28, "HTTP";
    /// The server's answer makes no sense (not JSON, missing or wrong headers).
    Protocol = 29, "PROTOCOL";
    /// The client is offline and the cache does not hold what was asked for.
    Offline = 30, "OFFLINE";
    /// Another change came first, or it exists already; the error's commit is the head, where it is known.
    Conflict = 31, "CONFLICT";

    /// No connection, or it broke, and the time for retries was over.
    Network = 40, "NETWORK";
    /// TLS failed: certificate, handshake or an unusable CA file.
    Tls = 41, "TLS";
    /// The proxy refused or could not be used.
    Proxy = 42, "PROXY";

    /// The bytes do not have the hash they must have; nothing was published.
    HashMismatch = 50, "HASH_MISMATCH";
    /// The file changed on the server while it was being fetched.
    ContentChanged = 51, "CONTENT_CHANGED";
    /// A hash was required and none is known.
    NoHash = 52, "NO_HASH";

    /// A file operation failed.
    Io = 60, "IO";
    /// The disk is full or the quota is used up. What was fetched is kept.
    DiskFull = 61, "DISK_FULL";
    /// The file system refuses access.
    Permission = 62, "PERMISSION";
    /// A lock was held by somebody else for longer than the wait allows.
    Locked = 63, "LOCKED";
    /// The caller's memory is too small for the file.
    TooSmall = 64, "TOO_SMALL";
    /// A file or folder of the cache is not what it must be.
    CorruptCache = 65, "CORRUPT_CACHE";

    /// A snapshot in which some files failed; the result lists each file's outcome.
    Incomplete = 70, "INCOMPLETE";
    /// The host's own callback asked to stop with a failure.
    Callback = 80, "CALLBACK";
}

/// A failure, with all that is known about it. Cheap to move: one pointer.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Default)]
struct Inner {
    kind: Option<Kind>,
    message: String,
    context: Vec<String>,
    cause: Option<String>,
    http_status: u16,
    request_id: Option<String>,
    os_error: i32,
    url: Option<String>,
    retryable: bool,
    unprocessed: bool,
    held_back: Duration,
    commit: Option<String>,
}

impl Error {
    /// An error of `kind`; `message` says what failed and on what, in one line.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind: Some(kind), message: message.into(), ..Inner::default() }))
    }

    /// An argument that can't be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    /// A file operation that failed: `doing` is the verb ("open", "rename"), `path` its object.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::DiskFull,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Kind::Permission,
            _ => Kind::Io,
        };
        Self::new(kind, format!("can't {doing} {}", path.display())).os(error)
    }

    /// The job was cancelled.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "cancelled")
    }

    /// Adds the OS error number and its text.
    #[must_use]
    pub fn os(mut self, error: &io::Error) -> Self {
        self.0.os_error = error.raw_os_error().unwrap_or(0);
        self.cause(error)
    }

    /// Adds the text of the cause and of its own causes.
    #[must_use]
    pub fn cause(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(error) = next {
            let more = error.to_string();
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            next = error.source();
        }
        self.0.cause = Some(text);
        self
    }

    /// Adds what was being done, outermost last.
    #[must_use]
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        self.0.context.push(doing.into());
        self
    }

    /// Adds the HTTP status and the server's request id.
    #[must_use]
    pub fn http(mut self, status: u16, request_id: Option<String>) -> Self {
        self.0.http_status = status;
        self.0.request_id = request_id;
        self
    }

    /// Adds the URL, without user information and query.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        self.0.url = Some(safe_url(url));
        self
    }

    /// Says that the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self, yes: bool) -> Self {
        self.0.retryable = yes;
        self
    }

    /// Says whether the server can't have acted on the request, since it never left or was put off: then it can be
    /// sent again, whatever it asks for.
    #[must_use]
    pub fn unprocessed(mut self, yes: bool) -> Self {
        self.0.unprocessed = yes;
        self
    }

    /// Says how long the request was held back before it was sent, because the server had asked for that.
    #[must_use]
    pub fn held_back(mut self, time: Duration) -> Self {
        self.0.held_back = time;
        self
    }

    /// Adds the commit that a 404 named.
    #[must_use]
    pub fn commit(mut self, commit: Option<String>) -> Self {
        self.0.commit = commit;
        self
    }

    /// The same error under another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = Some(kind);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind.unwrap_or(Kind::Internal)
    }

    /// The whole message: context, message and causes, in one line.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// The HTTP status, 0 when no answer is behind the error.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// The id under which the server logged the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The OS error number, 0 when there is none.
    pub fn os_error(&self) -> i32 {
        self.0.os_error
    }

    /// The URL without secrets.
    pub fn url_text(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the way to the server failed, and not the server.
    pub fn is_of_the_network(&self) -> bool {
        matches!(self.kind(), Kind::Network | Kind::Timeout | Kind::Tls | Kind::Proxy)
    }

    /// Whether the server surely did not act on the request.
    pub fn is_unprocessed(&self) -> bool {
        self.0.unprocessed
    }

    /// How long the request was held back because the server had asked for that.
    pub fn was_held_back(&self) -> Duration {
        self.0.held_back
    }

    /// Whether the server answered that the request has to wait.
    pub fn is_put_off(&self) -> bool {
        self.is_unprocessed() && self.kind() != Kind::Proxy && matches!(self.http_status(), 429 | 503)
    }

    /// Whether the server may have done what was asked, although its answer is an error or is missing: it broke or timed
    /// out on the way, made no sense, or a gateway spoke.
    pub fn may_have_acted(&self) -> bool {
        let status = self.http_status();
        let lost = matches!(self.kind(), Kind::Network | Kind::Timeout | Kind::Tls | Kind::Protocol);
        (lost || status == 408 || status >= 500) && !self.is_unprocessed()
    }

    /// The commit that the server named in a 404 for a missing file; the head, in a conflict.
    pub fn commit_text(&self) -> Option<&str> {
        self.0.commit.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for context in self.0.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(cause) = &self.0.cause {
            write!(f, ": {cause}")?;
        }
        if self.0.http_status != 0 {
            write!(f, " (HTTP {}", self.0.http_status)?;
            if let Some(id) = &self.0.request_id {
                write!(f, ", request {id}")?;
            }
            f.write_str(")")?;
        }
        if let Some(url) = &self.0.url {
            write!(f, " [{url}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.kind().name())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_ascend() {
        let numbers: Vec<i32> = Kind::ALL.iter().map(|k| *k as i32).collect();
        assert!(numbers.windows(2).all(|w| w[0] < w[1]), "{numbers:?}");
        assert!(!numbers.contains(&0), "0 is OK");
    }

    #[test]
    fn what_is_in_doubt() {
        let error = |kind, status| Error::new(kind, "x").http(status, None);
        let lost = [
            (Kind::Network, 0),
            (Kind::Timeout, 0),
            (Kind::Protocol, 200),
            (Kind::Http, 500),
            (Kind::Http, 504),
            (Kind::Http, 408),
        ];
        for (kind, status) in lost {
            assert!(error(kind, status).may_have_acted(), "{status}");
            assert!(!error(kind, status).unprocessed(true).may_have_acted(), "{status}");
        }
        for (kind, status) in [(Kind::Conflict, 409), (Kind::RepoNotFound, 404), (Kind::Proxy, 407)] {
            assert!(!error(kind, status).may_have_acted(), "{status}");
        }
    }

    #[test]
    fn message_names_all_and_no_secret() {
        let e = Error::new(Kind::Http, "the server refused")
            .http(500, Some("abc".into()))
            .url("https://user:pw@host/path?X-Amz-Signature=secret#frag")
            .context("download a/b");
        assert_eq!(
            e.to_string(),
            "download a/b: the server refused (HTTP 500, request abc) [https://host/path]"
        );
    }
}
