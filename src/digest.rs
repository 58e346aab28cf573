//! The hash of a file, taken while its bytes are hot.
//!
//! A [`Hasher`] follows the contiguous edge of a transfer; a SHA-256 can be put away and taken up again, so that
//! resuming a file of 90 GB does not hash 90 GB. The Hub names a file by its SHA-256 (LFS) or by its git blob
//! SHA-1 (regular files), and the etag is that name.

use crate::sys::sha::{Sha1, Sha256, hex};

/// The hash that a file must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// SHA-256 of the bytes.
    Sha256(String),
    /// SHA-1 of `blob <length>\0` and the bytes.
    GitSha1(String),
}

/// How far a result was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Verified {
    /// Its hash is right.
    Hash = 1,
    /// No hash is known; its length is right.
    Length = 2,
}

impl Expected {
    /// The hash that an etag of the Hub is: 64 hex digits, or 40.
    pub fn from_etag(etag: &str) -> Option<Self> {
        let hex = etag.bytes().all(|b| b.is_ascii_hexdigit());
        match etag.len() {
            64 if hex => Some(Self::Sha256(etag.to_ascii_lowercase())),
            40 if hex => Some(Self::GitSha1(etag.to_ascii_lowercase())),
            _ => None,
        }
    }

    /// The hash in hex.
    pub fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::GitSha1(hex) => hex,
        }
    }

    /// A hasher for a file of this size.
    pub fn hasher(&self, size: u64) -> Hasher {
        match self {
            Self::Sha256(_) => Hasher::Sha256(Sha256::new()),
            Self::GitSha1(_) => Hasher::Sha1(Sha1::git_blob(size)),
        }
    }

    /// Whether these bytes are the whole file.
    pub fn matches(&self, bytes: &[u8]) -> Result<(), String> {
        let mut hasher = self.hasher(bytes.len() as u64);
        hasher.update(bytes);
        let actual = hasher.finish();
        if actual == self.hex() { Ok(()) } else { Err(actual) }
    }
}

/// A hash under way.
#[derive(Clone)]
pub enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// Git's SHA-1, its header taken already.
    Sha1(Sha1),
}

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha1(hash) => hash.update(bytes),
        }
    }

    /// The hash in lower-case hex.
    pub fn finish(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finish()),
            Self::Sha1(hash) => hex(&hash.finish()),
        }
    }

    /// The state, to go on with later: of a SHA-256 between two blocks. Regular files, named by SHA-1, are small.
    pub fn save(&self) -> Option<Vec<u8>> {
        match self {
            Self::Sha256(hash) => hash.save().map(Vec::from),
            Self::Sha1(_) => None,
        }
    }

    /// A hasher for `expected` from a state that was saved.
    pub fn restore(expected: &Expected, state: &[u8]) -> Option<Self> {
        match expected {
            Expected::Sha256(_) => Sha256::restore(state).map(Self::Sha256),
            Expected::GitSha1(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let sha256 =
            Expected::from_etag("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").unwrap();
        assert_eq!(sha256.matches(b"abc"), Ok(()));
        // `printf 'hello\n' | git hash-object --stdin`
        let git = Expected::from_etag("ce013625030ba8dba906f756967f9e9ca394464a").unwrap();
        assert_eq!(git.matches(b"hello\n"), Ok(()));
        assert!(git.matches(b"hello").is_err());
        assert_eq!(Expected::from_etag("\"abc\""), None);
    }
}
