//! Files and snapshots on disk, and what the Hub says of a file.

use std::ffi::c_char;

use super::convert::{Text, maybe_handle, take};
use super::error::hfx_error;
use super::guard::value;
use super::progress::{HFX_FILE_CANCELLED, HFX_FILE_FAILED};
use crate::client::{FileOutcome, FileResult, SnapshotResult};
use crate::digest::Verified;
use crate::error::Kind;
use crate::hub::FileMeta;

/// Nothing was checked now: a file of the cache is trusted by its name.
pub const HFX_VERIFIED_NONE: i32 = 0;
/// The hash of the bytes is right.
pub const HFX_VERIFIED_HASH: i32 = 1;
/// No hash is known; the length is right.
pub const HFX_VERIFIED_LENGTH: i32 = 2;

/// A file that is where it was wanted. Immutable; may be read from many threads.
pub struct hfx_file {
    name: Text,
    path: Text,
    etag: Text,
    commit: Text,
    size: u64,
    verified: i32,
    state: i32,
    error: Option<hfx_error>,
}

/// A snapshot: a folder and its files. Immutable; may be read from many threads.
pub struct hfx_snapshot {
    path: Text,
    commit: Text,
    files: Vec<hfx_file>,
}

/// What the Hub says of a file. Immutable; may be read from many threads.
pub struct hfx_meta {
    commit: Text,
    etag: Text,
    url: Text,
    xet_hash: Option<Text>,
    size: u64,
}

impl hfx_file {
    pub(super) fn new(file: &FileResult) -> Self {
        Self {
            name: Text::new(&file.name),
            path: Text::path(&file.path),
            etag: Text::new(&file.etag),
            commit: Text::new(&file.commit),
            size: file.size,
            verified: verified(file.verified),
            state: file.state as i32,
            error: None,
        }
    }

    fn of(snapshot: &SnapshotResult, file: &FileOutcome) -> Self {
        let error = match &file.result {
            Ok(result) => return Self::new(result),
            Err(error) => error,
        };
        let left = error.kind() == Kind::Cancelled;
        Self {
            name: Text::new(&file.name),
            path: Text::path(&snapshot.path.join(&file.name)),
            etag: Text::new(""),
            commit: Text::new(&snapshot.commit),
            size: file.size,
            verified: HFX_VERIFIED_NONE,
            state: if left { HFX_FILE_CANCELLED } else { HFX_FILE_FAILED },
            error: Some(hfx_error::new(error.clone())),
        }
    }
}

impl hfx_snapshot {
    pub(super) fn new(snapshot: &SnapshotResult) -> Self {
        Self {
            path: Text::path(&snapshot.path),
            commit: Text::new(&snapshot.commit),
            files: snapshot.files.iter().map(|file| hfx_file::of(snapshot, file)).collect(),
        }
    }
}

impl hfx_meta {
    pub(super) fn new(meta: &FileMeta) -> Self {
        Self {
            commit: Text::new(&meta.commit),
            etag: Text::new(&meta.etag),
            url: Text::new(&meta.url.safe()),
            xet_hash: meta.xet_hash.as_deref().map(Text::new),
            size: meta.size,
        }
    }
}

pub(super) fn verified(verified: Option<Verified>) -> i32 {
    verified.map_or(HFX_VERIFIED_NONE, |verified| verified as i32)
}

/// The file's path in the repository, or the URL without its query. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_name(file: *const hfx_file) -> *const c_char {
    lend(file, |f| Some(&f.name))
}

/// Where the file is (in a dry run: would be), as the platform's bytes. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_path(file: *const hfx_file) -> *const c_char {
    lend(file, |f| Some(&f.path))
}

/// Its etag as lower-case hex: SHA-256 of an LFS file, git SHA-1 of a regular one; of a plain URL whatever its server
/// says. Empty when unknown (a cache hit without the network). NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_etag(file: *const hfx_file) -> *const c_char {
    lend(file, |f| Some(&f.etag))
}

/// The commit, 40 hex digits; empty when unknown (a cache look-up) and for plain URLs. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_commit(file: *const hfx_file) -> *const c_char {
    lend(file, |f| Some(&f.commit))
}

/// Its size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_size(file: *const hfx_file) -> u64 {
    value(0, || maybe_handle(file).map_or(0, |f| f.size))
}

/// What was proven now, one of `HFX_VERIFIED_*`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_verified(file: *const hfx_file) -> i32 {
    value(0, || maybe_handle(file).map_or(0, |f| f.verified))
}

/// How it came here: `HFX_FILE_DONE`, `HFX_FILE_CACHED` or `HFX_FILE_PLANNED`; of hfx_job_take_outcomes
/// `HFX_FILE_FAILED` and `HFX_FILE_CANCELLED`, too.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_state(file: *const hfx_file) -> i32 {
    value(0, || maybe_handle(file).map_or(0, |f| f.state))
}

/// Why it is not there; NULL when it is. Lent: not to be freed (hfx_error_clone gives one to keep).
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_error(file: *const hfx_file) -> *const hfx_error {
    value(std::ptr::null(), || {
        maybe_handle(file).and_then(|f| f.error.as_ref()).map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// Frees a file that was handed out; not one that a snapshot lends. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_file_free(file: *mut hfx_file) {
    value((), || drop(take(file)));
}

/// The snapshot's folder, or the local folder. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_snapshot_path(snapshot: *const hfx_snapshot) -> *const c_char {
    lend(snapshot, |s| Some(&s.path))
}

/// The commit. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_snapshot_commit(snapshot: *const hfx_snapshot) -> *const c_char {
    lend(snapshot, |s| Some(&s.commit))
}

/// How many files it has.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_snapshot_count(snapshot: *const hfx_snapshot) -> usize {
    value(0, || maybe_handle(snapshot).map_or(0, |s| s.files.len()))
}

/// A file by its place, in the order of the paths; NULL behind the last. Lent: not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_snapshot_file(snapshot: *const hfx_snapshot, index: usize) -> *const hfx_file {
    value(std::ptr::null(), || {
        maybe_handle(snapshot).and_then(|s| s.files.get(index)).map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// Frees a snapshot. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_snapshot_free(snapshot: *mut hfx_snapshot) {
    value((), || drop(take(snapshot)));
}

/// The commit that the revision means; empty when unknown and for plain URLs. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_commit(meta: *const hfx_meta) -> *const c_char {
    lend(meta, |m| Some(&m.commit))
}

/// The etag: SHA-256 (LFS) or git SHA-1 (regular); empty when unknown. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_etag(meta: *const hfx_meta) -> *const c_char {
    lend(meta, |m| Some(&m.etag))
}

/// The file's address on the Hub, without a query. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_url(meta: *const hfx_meta) -> *const c_char {
    lend(meta, |m| Some(&m.url))
}

/// Its hash in the Hub's Xet storage; NULL when it is not stored there.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_xet_hash(meta: *const hfx_meta) -> *const c_char {
    lend(meta, |m| m.xet_hash.as_ref())
}

/// The size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_size(meta: *const hfx_meta) -> u64 {
    value(0, || maybe_handle(meta).map_or(0, |m| m.size))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_meta_free(meta: *mut hfx_meta) {
    value((), || drop(take(meta)));
}

/// A text that a handle lends; NULL when it has none.
pub(super) fn lend<T>(handle: *const T, field: impl FnOnce(&T) -> Option<&Text>) -> *const c_char {
    value(std::ptr::null(), || maybe_handle(handle).and_then(field).map_or(std::ptr::null(), Text::as_ptr))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proofs_have_the_header_s_numbers() {
        assert_eq!(verified(Some(Verified::Hash)), HFX_VERIFIED_HASH);
        assert_eq!(verified(Some(Verified::Length)), HFX_VERIFIED_LENGTH);
        assert_eq!(verified(None), HFX_VERIFIED_NONE);
    }
}
