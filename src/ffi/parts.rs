//! What a store answered to the parts of a file.

use std::ffi::c_char;

use super::convert::{Text, maybe_handle, maybe_text, take};
use super::file::lend;
use super::guard::value;
use crate::client::PartsResult;

/// The answers of a store to the parts of a file, in their order. Immutable; may be read from many threads.
pub struct hfx_parts(Vec<Vec<Header>>);

struct Header {
    name: Text,
    /// In lower case.
    key: String,
    value: Text,
}

impl hfx_parts {
    pub(super) fn new(result: &PartsResult) -> Self {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Header {
            name: Text::new(name.as_str()),
            key: name.as_str().to_owned(),
            value: Text::new(&String::from_utf8_lossy(value.as_bytes())),
        };
        let part = |headers: &http::HeaderMap| headers.iter().map(header).collect();
        Self(result.parts.iter().map(part).collect())
    }
}

/// How many parts there are; 1 for a file that was sent whole.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_parts_count(parts: *const hfx_parts) -> usize {
    value(0, || maybe_handle(parts).map_or(0, |p| p.0.len()))
}

/// A header of the answer to a part, its name in any case, as "ETag"; NULL when it was not sent, or behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_parts_header(
    parts: *const hfx_parts,
    index: usize,
    name: *const c_char,
) -> *const c_char {
    lend(parts, |p| {
        let name = maybe_text(name, "name").ok().flatten()?;
        Some(&p.0.get(index)?.iter().find(|header| header.key.eq_ignore_ascii_case(name))?.value)
    })
}

/// How many headers the answer to a part has.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_parts_header_count(parts: *const hfx_parts, index: usize) -> usize {
    value(0, || maybe_handle(parts).and_then(|p| p.0.get(index)).map_or(0, Vec::len))
}

/// The name of a header by its place, in lower case; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_parts_header_name(
    parts: *const hfx_parts,
    index: usize,
    header: usize,
) -> *const c_char {
    lend(parts, |p| Some(&p.0.get(index)?.get(header)?.name))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_parts_free(parts: *mut hfx_parts) {
    value((), || drop(take(parts)));
}
