//! Signed addresses of large files, to fetch or to store them: the file, when the address ends, and a signature.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::clock::unix_ms;
use super::names::{decode, encode_path, hex, is_hex, value};
use super::state::Place;

/// Signs addresses and knows what they stand for.
pub(super) struct Signer {
    key: [u8; 32],
    lifetime: Duration,
    count: AtomicU64,
    /// What lies behind each address that was given for a download: its size and its bytes.
    objects: Mutex<HashMap<String, (u64, Place)>>,
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

    /// The path and query of a download; the path ends in the repo's own path, so that people (and faults) can read it.
    pub(super) fn sign(&self, repo: &str, path: &str, sha256: &str, size: u64, place: &Place) -> String {
        let address = format!("/{sha256}/{repo}/{path}");
        let object = (size, place.clone());
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), object);
        self.address(&address)
    }

    /// That path, encoded, with a query that says until when it is good, signed.
    pub(super) fn address(&self, place: &str) -> String {
        let expires = unix_ms(SystemTime::now() + self.lifetime);
        let serial = self.count.fetch_add(1, Ordering::Relaxed);
        let signature = self.signature(place, expires, serial);
        format!("{}?X-Expires={expires}&X-Serial={serial}&X-Signature={signature}", encode_path(place))
    }

    /// The path, decoded, if the query's signature is ours and still good.
    pub(super) fn check(&self, path: &str, query: &[(String, String)]) -> Result<String, Refusal> {
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
        Ok(path)
    }

    /// The download behind a path and query: its SHA-256, size and bytes.
    pub(super) fn open(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Result<(String, u64, Place), Refusal> {
        let path = self.check(path, query)?;
        let sha256 =
            path.split('/').nth(1).filter(|segment| is_hex(segment, 64)).ok_or(Refusal::NoSuchObject)?;
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, place) = objects.get(&path).ok_or(Refusal::NoSuchObject)?;
        Ok((sha256.to_owned(), *size, place.clone()))
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
    use super::super::names::pairs;
    use super::*;

    fn signed(lifetime: Duration) -> (Signer, String, Vec<(String, String)>) {
        let signer = Signer::new(lifetime);
        let place = Place::Kept { path: std::path::Path::new("x").into(), start: 0 };
        let url = signer.sign("models/o/n", "a b.bin", &"a".repeat(64), 1, &place);
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
