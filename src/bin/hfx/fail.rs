//! Failures as the shell sees them: a line on stderr, a hint, an exit code.

use std::process::ExitCode;

use hfx::error::{Error, Kind};

use crate::json::Event;
use crate::ui;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
    error: Option<Error>,
}

/// Another reason than those with a number of their own.
const OTHER: u8 = 1;
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const NO_ACCESS: u8 = 4;
const NETWORK: u8 = 5;
const DISK: u8 = 6;
const WRONG_HASH: u8 = 7;
const INTERRUPTED: u8 = 130;

/// The exit code for a kind of error.
fn code(kind: Kind) -> u8 {
    match kind {
        Kind::InvalidArgument => USAGE,
        Kind::Cancelled => INTERRUPTED,
        Kind::RepoNotFound | Kind::RevisionNotFound | Kind::EntryNotFound | Kind::Offline => NOT_FOUND,
        Kind::Gated | Kind::Unauthorized | Kind::Forbidden | Kind::Disabled => NO_ACCESS,
        Kind::Network
        | Kind::Tls
        | Kind::Proxy
        | Kind::Timeout
        | Kind::RateLimited
        | Kind::Http
        | Kind::Protocol => NETWORK,
        Kind::Io | Kind::DiskFull | Kind::Permission | Kind::Locked | Kind::CorruptCache => DISK,
        Kind::HashMismatch | Kind::NoHash | Kind::ContentChanged => WRONG_HASH,
        _ => OTHER,
    }
}

/// What to do about it, where there is something to say.
fn hint(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        Kind::Cancelled => "run the same command again: it goes on where it stopped",
        Kind::Network | Kind::Timeout => {
            "check the connection and run the same command again: it goes on where it stopped"
        }
        Kind::RepoNotFound => {
            "check the name and --repo-type; a private repository needs a token (`hfx auth login`, --token or HF_TOKEN)"
        }
        Kind::RevisionNotFound => "check --revision: a branch, a tag, a whole commit hash or refs/pr/N",
        Kind::Unauthorized => "give a valid token with HF_TOKEN or --token, or log in with `hfx auth login`",
        Kind::Gated => "ask for access on the repository's page, and give the token of that account",
        Kind::Forbidden => "a token that may do it helps (HF_TOKEN or --token), where the server is the Hub",
        Kind::RateLimited => "wait a little; with a token the limits are higher",
        Kind::Offline => "run once with network, without HF_HUB_OFFLINE and --local-files-only",
        Kind::Tls => "behind a proxy that opens TLS, name its certificate with --ca-file or SSL_CERT_FILE",
        Kind::Proxy => "check http_proxy, https_proxy and no_proxy",
        Kind::DiskFull => {
            "make room (`hfx cache prune`, `hfx cache rm`) and run the same command again: it goes on"
        }
        Kind::Permission => "see who may read and write there, or name another place",
        Kind::CorruptCache => "`hfx cache verify` tells more; --force-download fetches it again",
        Kind::HashMismatch => "nothing was kept; run it again, and if it stays, the server's copy is damaged",
        Kind::NoHash => "without --require-hash it is checked by its length alone",
        Kind::Internal => "please report this, with the output of `hfx env`",
        _ => return None,
    })
}

impl Failure {
    /// Something was asked for that can't be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::from(Error::invalid(message))
    }

    /// A failure without a kind.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self { code: OTHER, message: message.into(), hint: None, error: None }
    }

    /// The answer was no: told already, and nothing has failed.
    pub(crate) fn no() -> Self {
        Self { code: NOT_FOUND, message: String::new(), hint: None, error: None }
    }

    /// Whether all was told already.
    pub(crate) fn is_told(&self) -> bool {
        self.message.is_empty()
    }

    /// With this to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With this message instead of its error's.
    pub(crate) fn says(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The kind of the error behind it.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.error.as_ref().map(Error::kind)
    }

    /// The event for `--json`.
    pub(crate) fn event(&self) -> Event<'_> {
        Event::failure(self.error.as_ref(), &self.message, self.code)
    }

    /// Says it on stderr.
    pub(crate) fn tell(&self) -> ExitCode {
        if !self.message.is_empty() {
            ui::note(&format!("hfx: {}", self.message));
        }
        if let Some(hint) = &self.hint {
            ui::note(&format!("hint: {hint}"));
        }
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = hint(&error).map(str::to_owned);
        Self { code: code(error.kind()), message: error.message(), hint, error: Some(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_documented_ones() {
        for kind in Kind::ALL {
            assert!(matches!(code(*kind), 1..=7 | 130), "{}", kind.name());
        }
        assert_eq!(code(Kind::Cancelled), 130);
        assert_eq!(code(Kind::InvalidArgument), 2);
    }
}
