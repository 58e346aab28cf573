//! Signed addresses of large files: the file, when the address ends, and a signature over both.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::clock::unix_ms;
use super::names::{decode, encode_path, hex, is_hex, value};
use super::state::Stored;

/// Signs addresses and knows what they stand for.
pub(super) struct Signer {
    key: [u8; 32],
    lifetime: Duration,
    count: AtomicU64,
    /// What lies behind each SHA-256 that an address was given for.
    objects: Mutex<HashMap<String, Stored>>,
    /// Signatures that a fault ended before their time.
    ended: Mutex<HashSet<String>>,
}

/// Why an address is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    WrongSignature,
    Expired,
    NoSuchObject,
}

impl Signer {
    pub(super) fn new(lifetime: Duration) -> Signer {
        let mut key = [0; 32];
        fastrand::fill(&mut key);
        Signer { key, lifetime, count: AtomicU64::new(0), objects: Mutex::default(), ended: Mutex::default() }
    }

    /// The path and query for a file; the path ends in the repo's own path, so that people (and faults) can read it.
    pub(super) fn sign(&self, repo: &str, path: &str, sha256: &str, stored: &Stored) -> String {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256.to_owned(), stored.clone());
        let place = format!("/{sha256}/{repo}/{path}");
        let expires = unix_ms(SystemTime::now() + self.lifetime);
        let serial = self.count.fetch_add(1, Ordering::Relaxed);
        let signature = self.signature(&place, expires, serial);
        let place = encode_path(&place);
        format!("{place}?X-Expires={expires}&X-Serial={serial}&X-Signature={signature}")
    }

    /// The file behind a path and query.
    pub(super) fn open(&self, path: &str, query: &[(String, String)]) -> Result<(String, Stored), Refusal> {
        // Decoded: clients write the same path in more than one way.
        let path = decode(path).unwrap_or_default();
        let number = |name| value(query, name).and_then(|text| text.parse::<u64>().ok());
        let (expires, serial) = (number("X-Expires"), number("X-Serial"));
        let (Some(expires), Some(serial)) = (expires, serial) else { return Err(Refusal::WrongSignature) };
        let given = value(query, "X-Signature").unwrap_or_default();
        if given != self.signature(&path, expires, serial) {
            return Err(Refusal::WrongSignature);
        }
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(given);
        if ended || expires < unix_ms(SystemTime::now()) {
            return Err(Refusal::Expired);
        }
        let sha256 =
            path.split('/').nth(1).filter(|segment| is_hex(segment, 64)).ok_or(Refusal::NoSuchObject)?;
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.get(sha256).map(|stored| (sha256.to_owned(), stored.clone())).ok_or(Refusal::NoSuchObject)
    }

    /// From now on this address is refused.
    pub(super) fn end(&self, query: &[(String, String)]) {
        if let Some(signature) = value(query, "X-Signature") {
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(signature.to_owned());
        }
    }

    /// Two rounds, so that a known signature can't be carried on to a longer address.
    fn signature(&self, place: &str, expires: u64, serial: u64) -> String {
        let inner =
            Sha256::new_with_prefix(self.key).chain_update(format!("{expires}.{serial}.{place}")).finalize();
        hex(&Sha256::new_with_prefix(self.key).chain_update(inner).finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::super::hashes::Stamp;
    use super::super::names::pairs;
    use super::*;

    fn signed(lifetime: Duration) -> (Signer, String, Vec<(String, String)>) {
        let signer = Signer::new(lifetime);
        let stored = Stored { path: "x".into(), stamp: Stamp { size: 1, modified: SystemTime::UNIX_EPOCH } };
        let url = signer.sign("models/o/n", "a b.bin", &"a".repeat(64), &stored);
        let (path, query) = url.split_once('?').expect("a query");
        let query = pairs(query);
        (signer, path.to_owned(), query)
    }

    #[test]
    fn an_address_opens_its_file_alone() {
        let (signer, path, query) = signed(Duration::from_mins(1));
        assert!(signer.open(&path, &query).is_ok());
        assert_eq!(signer.open(&path.replace("a%20b", "c"), &query), Err(Refusal::WrongSignature));
        assert_eq!(signer.open(&path, &[]), Err(Refusal::WrongSignature));
        let mut later = query.clone();
        later[0].1 = "99999999999999".into();
        assert_eq!(signer.open(&path, &later), Err(Refusal::WrongSignature));
        signer.end(&query);
        assert_eq!(signer.open(&path, &query), Err(Refusal::Expired));
    }

    #[test]
    fn an_address_ends() {
        let (signer, path, query) = signed(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(3));
        assert_eq!(signer.open(&path, &query), Err(Refusal::Expired));
    }
}
