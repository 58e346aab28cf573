//! What the Hub answered to a call.

use std::collections::HashMap;
use std::ffi::c_char;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::convert::{Text, maybe_handle, maybe_text, take};
use super::file::lend;
use super::guard::value;
use crate::hub::ApiReply;

/// An answer of the Hub. Immutable; may be read from many threads.
pub struct hfx_reply {
    status: i32,
    body: Text,
    request_id: Option<Text>,
    next: Option<Text>,
    headers: HashMap<String, Text>,
    /// Read once somebody asks for a value of it.
    json: OnceLock<Value>,
    /// Texts that were asked for: each is lent for as long as the handle lives.
    lent: Mutex<HashMap<String, Option<Text>>>,
}

impl hfx_reply {
    pub(super) fn new(reply: &ApiReply) -> Self {
        let header = |(name, value): &(String, String)| (name.to_ascii_lowercase(), Text::new(value));
        Self {
            status: i32::from(reply.status),
            body: Text::new(&reply.body),
            request_id: reply.request_id.as_deref().map(Text::new),
            next: reply.next.as_deref().map(Text::new),
            // Of a header that came twice the first counts.
            headers: reply.headers.iter().rev().map(header).collect(),
            json: OnceLock::new(),
            lent: Mutex::default(),
        }
    }

    fn text_at(&self, pointer: &str) -> *const c_char {
        let json = self.json.get_or_init(|| serde_json::from_str(self.body.as_str()).unwrap_or_default());
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lent.entry(pointer.to_owned()).or_insert_with(|| match json.pointer(pointer)? {
            Value::Null => None,
            Value::String(text) => Some(Text::new(text)),
            other => Some(Text::new(&other.to_string())),
        });
        found.as_ref().map_or(std::ptr::null(), Text::as_ptr)
    }
}

/// The HTTP status, below 400: a failure is an error. With the options `exist_ok` and `missing_ok` it may be the one
/// that was fine. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_status(reply: *const hfx_reply) -> i32 {
    value(0, || maybe_handle(reply).map_or(0, |r| r.status))
}

/// The body as it came, JSON as a rule; empty when there was none. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_body(reply: *const hfx_reply) -> *const c_char {
    lend(reply, |r| Some(&r.body))
}

/// One value of a JSON body by its JSON Pointer (RFC 6901), as "/name" or "/orgs/0/name": the text of a string, other
/// values as JSON; "" is the whole. NULL when there is none, or null.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_value(reply: *const hfx_reply, pointer: *const c_char) -> *const c_char {
    value(std::ptr::null(), || {
        let pointer = maybe_text(pointer, "pointer").ok().flatten();
        maybe_handle(reply).zip(pointer).map_or(std::ptr::null(), |(r, pointer)| r.text_at(pointer))
    })
}

/// A header (of the first page), its name in any case; NULL when it was not sent.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_header(reply: *const hfx_reply, name: *const c_char) -> *const c_char {
    lend(reply, |r| r.headers.get(&maybe_text(name, "name").ok().flatten()?.to_ascii_lowercase()))
}

/// The id under which the server logged the request; NULL when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_request_id(reply: *const hfx_reply) -> *const c_char {
    lend(reply, |r| r.request_id.as_ref())
}

/// Where the next page is, to be given to hfx_client_call, when there are more than were asked for; else NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_next(reply: *const hfx_reply) -> *const c_char {
    lend(reply, |r| r.next.as_ref())
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_reply_free(reply: *mut hfx_reply) {
    value((), || drop(take(reply)));
}
