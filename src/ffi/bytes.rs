//! Bytes that were read into memory.

use std::ffi::{c_char, c_void};

use super::convert::{Text, maybe_handle, take};
use super::file::{lend, verified};
use super::guard::value;
use crate::client::BytesResult;

/// Bytes of a remote file. Immutable; may be read from many threads.
pub struct hfx_bytes {
    bytes: Vec<u8>,
    length: u64,
    size: u64,
    verified: i32,
    commit: Text,
    etag: Text,
}

impl hfx_bytes {
    /// Moves the bytes, which may be many, out of the result.
    pub(super) fn new(result: &mut BytesResult) -> Self {
        Self {
            bytes: std::mem::take(&mut result.bytes),
            length: result.length,
            size: result.size,
            verified: verified(Some(result.verified)),
            commit: Text::new(&result.commit),
            etag: Text::new(&result.etag),
        }
    }
}

/// The bytes; NULL when they went into the caller's memory or a callback, or when there are none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_data(bytes: *const hfx_bytes) -> *const c_void {
    value(std::ptr::null(), || {
        maybe_handle(bytes)
            .filter(|b| !b.bytes.is_empty())
            .map_or(std::ptr::null(), |b| b.bytes.as_ptr().cast())
    })
}

/// How many bytes were read.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_length(bytes: *const hfx_bytes) -> u64 {
    value(0, || maybe_handle(bytes).map_or(0, |b| b.length))
}

/// The size of the whole remote file in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_file_size(bytes: *const hfx_bytes) -> u64 {
    value(0, || maybe_handle(bytes).map_or(0, |b| b.size))
}

/// The commit, 40 hex digits; empty when unknown and for plain URLs. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_commit(bytes: *const hfx_bytes) -> *const c_char {
    lend(bytes, |b| Some(&b.commit))
}

/// The etag of the whole file, as hfx_file_etag; empty when unknown. With it, the option `if_match` makes later reads
/// be of the same content.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_etag(bytes: *const hfx_bytes) -> *const c_char {
    lend(bytes, |b| Some(&b.etag))
}

/// What was proven: `HFX_VERIFIED_HASH` for a whole file whose hash is known, else `HFX_VERIFIED_LENGTH`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_verified(bytes: *const hfx_bytes) -> i32 {
    value(0, || maybe_handle(bytes).map_or(0, |b| b.verified))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_bytes_free(bytes: *mut hfx_bytes) {
    value((), || drop(take(bytes)));
}
