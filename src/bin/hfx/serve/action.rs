//! What a fault does, key by key; the keys are told in `faults.txt`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::{Answered, Asked};
use super::wire::Port;

/// What goes wrong.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Action {
    pub(super) refuse: bool,
    pub(super) delay_ms: Option<u64>,
    pub(super) status: Option<u16>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<String>,
    pub(super) expire: bool,
    pub(super) etag: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) remove_headers: Vec<String>,
    pub(super) set_headers: BTreeMap<String, String>,
    pub(super) header_bomb: Option<u64>,
    pub(super) drop_after: Option<u64>,
    pub(super) truncate: Option<u64>,
    pub(super) short: Option<u64>,
    pub(super) stall_after: Option<u64>,
    pub(super) rate: Option<u64>,
    pub(super) flip_byte: Option<u64>,
    pub(super) ignore_range: bool,
    pub(super) content_range: Option<String>,
    pub(super) gzip: bool,
    pub(super) read_body: bool,
    pub(super) redirect: Option<u16>,
    pub(super) perform: bool,
    pub(super) instead_of: Option<u16>,
    pub(super) lose_answer: bool,
    pub(super) drop_request_after: Option<u64>,
    pub(super) stall_request_after: Option<u64>,
    pub(super) request_rate: Option<u64>,
}

impl Action {
    /// Whether it could act on that request before it is answered.
    pub(super) fn fits_request(&self, asked: &Asked) -> bool {
        let edges = [self.drop_request_after, self.stall_request_after, self.request_rate.map(|_| 0)];
        // A body of unknown length may be long enough.
        let reached = |edge: u64| asked.body.is_none_or(|length| length > edge);
        !self.is_on_body()
            && self.instead_of.is_none()
            && (!self.expire || asked.port == Port::Cdn)
            && edges.into_iter().flatten().all(reached)
    }

    pub(super) fn is_on_body(&self) -> bool {
        let limits =
            [self.drop_after, self.truncate, self.short, self.stall_after, self.rate, self.flip_byte];
        limits.iter().any(Option::is_some) || self.ignore_range || self.gzip || self.content_range.is_some()
    }

    /// Whether it could act on that answer.
    pub(super) fn fits(&self, answer: &Answered) -> bool {
        let covered = |offset: u64| answer.covers.is_some_and(|(start, end)| (start..end).contains(&offset));
        self.flip_byte.is_none_or(covered)
            && (!self.ignore_range || (answer.ranged && answer.covers.is_some()))
            && (self.content_range.is_none() || answer.ranged)
    }

    /// Adds what the other says and this does not.
    pub(super) fn join(&mut self, other: Action) {
        self.refuse |= other.refuse;
        self.expire |= other.expire;
        self.ignore_range |= other.ignore_range;
        self.gzip |= other.gzip;
        self.read_body |= other.read_body;
        self.perform |= other.perform;
        self.lose_answer |= other.lose_answer;
        self.redirect = self.redirect.or(other.redirect);
        self.drop_request_after = self.drop_request_after.or(other.drop_request_after);
        self.stall_request_after = self.stall_request_after.or(other.stall_request_after);
        self.request_rate = self.request_rate.or(other.request_rate);
        self.delay_ms = self.delay_ms.or(other.delay_ms);
        self.status = self.status.or(other.status);
        self.body = self.body.take().or(other.body);
        self.etag = self.etag.take().or(other.etag);
        self.size = self.size.or(other.size);
        self.header_bomb = self.header_bomb.or(other.header_bomb);
        self.drop_after = self.drop_after.or(other.drop_after);
        self.truncate = self.truncate.or(other.truncate);
        self.short = self.short.or(other.short);
        self.stall_after = self.stall_after.or(other.stall_after);
        self.rate = self.rate.or(other.rate);
        self.flip_byte = self.flip_byte.or(other.flip_byte);
        self.content_range = self.content_range.take().or(other.content_range);
        self.remove_headers.extend(other.remove_headers);
        for (name, value) in other.headers {
            self.headers.entry(name).or_insert(value);
        }
        for (name, value) in other.set_headers {
            self.set_headers.entry(name).or_insert(value);
        }
    }
}
