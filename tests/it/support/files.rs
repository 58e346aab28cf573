//! Contents that a seed decides.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes without a pattern, the same for the same seed.
pub fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// A seed for this run, told on failure by whoever uses it; `HFX_TEST_SEED` sets it.
pub fn seed() -> u64 {
    std::env::var("HFX_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| fastrand::u64(..))
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// All plain files below a folder (links are not followed), sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// The unfinished downloads below a folder.
pub fn partials(folder: &Path) -> Vec<PathBuf> {
    let mut found = files_below(folder);
    found.retain(|path| path.extension().is_some_and(|e| e == "incomplete"));
    found
}

/// The finished blobs of a cache.
pub fn blobs(cache: &Path) -> Vec<PathBuf> {
    let mut found = files_below(cache);
    found.retain(|path| {
        path.parent().is_some_and(|p| p.ends_with("blobs"))
            && path.extension().is_none_or(|e| e != "incomplete")
    });
    found
}
