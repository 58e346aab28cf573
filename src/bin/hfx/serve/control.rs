//! For test suites, with `--control` only: the log of requests, the faults in force, the counts of connections.
//!
//! - `GET /_hfx/requests`: the requests since the start or the last clear, in the order they came, with what of their
//!   bodies was read and sent; `DELETE` clears.
//! - `PUT /_hfx/faults`: new rules in place of the old ones; `GET`: how often each was met and acted.
//! - `GET /_hfx/stats`: connections open, in total, and at most at once, for each port.
//!
//! They are neither logged nor subject to faults.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Shared;
use super::fault;
use super::reply::Reply;
use super::wire::Port;

/// The log forgets the oldest beyond this.
const MOST: usize = 200_000;

/// One request, and what became of it.
pub(super) struct Record {
    at_ms: u64,
    port: Port,
    method: String,
    path: String,
    range: Option<String>,
    authorization: bool,
    user_agent: Option<String>,
    download_counter: Option<String>,
    accept_encoding: Option<String>,
    host: Option<String>,
    status: AtomicU16,
    received: AtomicU64,
    sent: AtomicU64,
}

impl Record {
    /// Counts bytes of the request's body.
    pub(super) fn receive(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of the answer's body.
    pub(super) fn add(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The answer's status; a request that got none keeps 0.
    pub(super) fn answered(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }

    fn json(&self) -> Value {
        json!({
            "at_ms": self.at_ms,
            "port": self.port.name(),
            "method": self.method,
            "path": self.path,
            "range": self.range,
            "status": self.status.load(Ordering::Relaxed),
            "authorization": self.authorization,
            "user_agent": self.user_agent,
            "x_hf_download_counter": self.download_counter,
            "accept_encoding": self.accept_encoding,
            "host": self.host,
            "bytes_received": self.received.load(Ordering::Relaxed),
            "bytes_sent": self.sent.load(Ordering::Relaxed),
        })
    }
}

/// The requests since the start or the last clear.
pub(super) struct Log {
    begun: Instant,
    records: Mutex<VecDeque<Arc<Record>>>,
}

impl Log {
    pub(super) fn new() -> Log {
        Log { begun: Instant::now(), records: Mutex::default() }
    }

    pub(super) fn enter(&self, port: Port, parts: &Parts) -> Arc<Record> {
        let header =
            |name: &str| Some(String::from_utf8_lossy(parts.headers.get(name)?.as_bytes()).into_owned());
        let path = match (port, parts.uri.query()) {
            // Signatures are secrets, and no two are the same.
            (Port::Cdn, Some(_)) => format!("{}?...", parts.uri.path()),
            (_, Some(query)) => format!("{}?{query}", parts.uri.path()),
            (_, None) => parts.uri.path().to_owned(),
        };
        let record = Arc::new(Record {
            at_ms: self.begun.elapsed().as_millis() as u64,
            port,
            method: parts.method.to_string(),
            path,
            range: header("range"),
            authorization: parts.headers.contains_key("authorization"),
            user_agent: header("user-agent"),
            download_counter: header("x-hf-download-counter"),
            accept_encoding: header("accept-encoding"),
            host: header("host"),
            status: AtomicU16::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == MOST {
            records.pop_front();
        }
        records.push_back(Arc::clone(&record));
        record
    }
}

/// Answers `/_hfx/...`.
pub(super) fn answer(shared: &Shared, log: &Log, method: &Method, path: &str, body: &[u8]) -> Reply {
    let records = || log.records.lock().unwrap_or_else(PoisonError::into_inner);
    match (method.as_str(), path) {
        ("GET", "/_hfx/requests") => Reply::json(&records().iter().map(|record| record.json()).collect()),
        ("DELETE", "/_hfx/requests") => {
            records().clear();
            Reply::json(&json!({}))
        }
        ("GET", "/_hfx/faults") => Reply::json(&shared.faults.counts()),
        ("PUT", "/_hfx/faults") => match fault::parse(body) {
            Ok(faults) => {
                let count = faults.len();
                shared.faults.replace(faults);
                Reply::json(&json!({"rules": count}))
            }
            Err(message) => Reply::error(StatusCode::BAD_REQUEST, None, &message),
        },
        ("GET", "/_hfx/stats") => {
            Reply::json(&json!({"hub": shared.hub_counts.json(), "cdn": shared.cdn_counts.json()}))
        }
        _ => Reply::not_found(),
    }
}
