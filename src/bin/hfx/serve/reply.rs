//! Answers: what a route says, and how it becomes a response (ranges, gzip, HEAD, faults).

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::body::{Body, Slice, Source};
use super::control::Record;
use super::fault::{Action, Answered};
use super::range::{Wanted, wanted};
use super::wire::Link;

/// Larger files are never gzipped: they would have to fit into memory.
const MOST_GZIPPED: u64 = 64 << 20;
/// One value of a header bomb.
const BOMB_VALUE: usize = 1000;

/// What is sent.
pub(super) enum Content {
    Bytes(Bytes),
    /// A file, whole or in part as the request wants; `text` may be gzipped.
    File {
        slice: Slice,
        size: u64,
        text: bool,
    },
}

/// An answer before it meets the request's headers.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
}

impl Reply {
    pub(super) fn new(status: StatusCode, mime: &str, body: impl Into<Bytes>) -> Reply {
        let reply = Reply { status, headers: HeaderMap::new(), content: Content::Bytes(body.into()) };
        reply.with("content-type", mime)
    }

    pub(super) fn file(slice: Slice, size: u64, mime: &str, text: bool) -> Reply {
        let content = Content::File { slice, size, text };
        let reply = Reply { status: StatusCode::OK, headers: HeaderMap::new(), content };
        reply.with("content-type", mime).with("accept-ranges", "bytes")
    }

    pub(super) fn json(value: &Value) -> Reply {
        Reply::new(StatusCode::OK, "application/json; charset=utf-8", value.to_string())
    }

    /// An error as the Hub words it: code and message in headers, the message in the body too.
    pub(super) fn error(status: StatusCode, code: Option<&str>, message: &str) -> Reply {
        let body = json!({ "error": message }).to_string();
        let reply =
            Reply::new(status, "application/json; charset=utf-8", body).with("x-error-message", message);
        match code {
            Some(code) => reply.with("x-error-code", code),
            None => reply,
        }
    }

    /// What went wrong on our side.
    pub(super) fn failed(error: impl std::fmt::Display) -> Reply {
        Reply::error(StatusCode::INTERNAL_SERVER_ERROR, None, &error.to_string())
    }

    pub(super) fn bad(message: &str) -> Reply {
        Reply::error(StatusCode::BAD_REQUEST, None, message)
    }

    /// A repository that was there a moment ago.
    pub(super) fn gone() -> Reply {
        Reply::error(StatusCode::NOT_FOUND, Some("RepoNotFound"), "Repository not found")
    }

    pub(super) fn not_found() -> Reply {
        Reply::error(StatusCode::NOT_FOUND, None, "Sorry, we can't find the page you are looking for.")
    }

    /// Sets a header; a value that no header can hold loses the offending characters.
    pub(super) fn with(mut self, name: &str, value: &str) -> Reply {
        set(&mut self.headers, name, value);
        self
    }
}

fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let printable =
        |text: &str| text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect::<String>();
    let value = HeaderValue::from_str(value).or_else(|_| HeaderValue::from_str(&printable(value)));
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
        headers.insert(name, value);
    }
}

/// What of a request shapes its answer.
pub(super) struct Shape {
    pub(super) method: Method,
    pub(super) range: Option<String>,
    if_range: Option<String>,
    gzip: bool,
}

impl Shape {
    pub(super) fn of(parts: &http::request::Parts) -> Shape {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let gzip = text(header::ACCEPT_ENCODING).is_some_and(|accepted| accepts_gzip(&accepted));
        Shape {
            method: parts.method.clone(),
            range: text(header::RANGE),
            if_range: text(header::IF_RANGE),
            gzip,
        }
    }

    fn wanted(&self, reply: &Reply) -> Wanted {
        let Content::File { size, .. } = reply.content else { return Wanted::Whole };
        let etag = reply.headers.get(header::ETAG).and_then(|value| value.to_str().ok());
        let changed = self.if_range.as_deref().is_some_and(|known| Some(known) != etag);
        if changed || self.method != Method::GET || reply.status != StatusCode::OK {
            return Wanted::Whole;
        }
        wanted(self.range.as_deref(), size)
    }

    /// What a fault on the body can look at, if the answer will have a body.
    pub(super) fn answered(&self, reply: &Reply) -> Option<Answered> {
        let whole = |size: u64| (size > 0).then_some((0, size));
        let (covers, length) = match (&reply.content, self.wanted(reply)) {
            (Content::Bytes(bytes), _) => (None, bytes.len() as u64),
            (Content::File { .. }, Wanted::Nothing) => (None, 0),
            (Content::File { .. }, Wanted::Part { start, end }) => (Some((start, end)), end - start),
            (Content::File { size, .. }, Wanted::Whole) => (whole(*size), *size),
        };
        let ranged = matches!(self.wanted(reply), Wanted::Part { .. });
        let has_body = self.method != Method::HEAD && reply.status.is_success() && length > 0;
        has_body.then_some(Answered { covers, ranged })
    }

    /// Builds the response.
    pub(super) async fn respond(
        &self,
        mut reply: Reply,
        action: &Action,
        link: Arc<Link>,
        record: Option<Arc<Record>>,
    ) -> io::Result<Response<Body>> {
        let head = self.method == Method::HEAD;
        let wanted = if action.ignore_range { Wanted::Whole } else { self.wanted(&reply) };
        let (source, start, end) = match (reply.content, wanted) {
            (Content::Bytes(bytes), _) => {
                let end = bytes.len() as u64;
                let gzipped = if action.gzip && !head { Some(gzip(bytes.to_vec()).await?) } else { None };
                match gzipped {
                    Some(bytes) => (encoded(&mut reply.headers, bytes, false), 0, None),
                    None => (Source::Memory(bytes), 0, Some(end)),
                }
            }
            (Content::File { size, .. }, Wanted::Nothing) => {
                reply.status = StatusCode::RANGE_NOT_SATISFIABLE;
                set(&mut reply.headers, "content-range", &format!("bytes */{size}"));
                (Source::Memory(Bytes::new()), 0, Some(0))
            }
            (Content::File { slice, size, text }, wanted) => {
                let (start, end) = match wanted {
                    Wanted::Part { start, end } => {
                        reply.status = StatusCode::PARTIAL_CONTENT;
                        let value = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
                        set(&mut reply.headers, "content-range", &value);
                        (start, end)
                    }
                    _ => (0, size),
                };
                let whole = wanted == Wanted::Whole && self.range.is_none();
                let agreed = text && self.gzip && whole && size > 0;
                if (agreed || action.gzip) && end - start <= MOST_GZIPPED {
                    let bytes = if head {
                        Bytes::new()
                    } else {
                        gzip_file(slice, start, end, action.flip_byte).await?
                    };
                    (encoded(&mut reply.headers, bytes, true), 0, None)
                } else {
                    (Source::File(slice), start, Some(end))
                }
            }
        };
        Ok(finish(reply.status, reply.headers, (source, start, end), action, head, link, record))
    }
}

/// The last steps: what the action says of head and length, then the response itself; no `end` means chunked.
fn finish(
    status: StatusCode,
    mut headers: HeaderMap,
    (source, start, end): (Source, u64, Option<u64>),
    action: &Action,
    head: bool,
    link: Arc<Link>,
    record: Option<Arc<Record>>,
) -> Response<Body> {
    let chunked = end.is_none();
    let mut end = end.unwrap_or(match &source {
        Source::Memory(bytes) => bytes.len() as u64,
        Source::File(_) => start,
    });
    if let Some(short) = action.short {
        end = end.min(start.saturating_add(short));
    }
    if !chunked {
        let told = action.size.filter(|_| head && headers.contains_key(header::ETAG)).unwrap_or(end - start);
        headers.insert(header::CONTENT_LENGTH, told.into());
    }
    lie(&mut headers, action);
    let body = if head { Body::empty(link) } else { Body::new(source, start, end, link).in_manner(action) };
    let body = match headers.contains_key(header::CONTENT_LENGTH) {
        _ if chunked => body.encoded(),
        true => body,
        // A fault took it away: it must not come back from the body.
        false => body.chunked(),
    };
    if let Some(record) = &record {
        record.answered(status);
    }
    let mut response = Response::new(body.counted(record));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What the action says of the head.
fn lie(headers: &mut HeaderMap, action: &Action) {
    if let Some(etag) = &action.etag {
        for name in ["etag", "x-linked-etag"]
            .into_iter()
            .filter(|name| headers.contains_key(*name))
            .collect::<Vec<_>>()
        {
            set(headers, name, etag);
        }
    }
    if let Some(size) = action.size.filter(|_| headers.contains_key("x-linked-size")) {
        set(headers, "x-linked-size", &size.to_string());
    }
    if let Some(range) = &action.content_range {
        set(headers, "content-range", range);
    }
    for name in &action.remove_headers {
        headers.remove(name.as_str());
    }
    for (name, value) in &action.set_headers {
        set(headers, name, value);
    }
    let bomb = action.header_bomb.unwrap_or(0) as usize;
    for number in 0..bomb.div_ceil(BOMB_VALUE).min(20_000) {
        set(headers, &format!("x-bomb-{number}"), &"b".repeat(BOMB_VALUE.min(bomb - number * BOMB_VALUE)));
    }
}

/// Marks the answer as gzipped; a file's etag becomes a weak one.
fn encoded(headers: &mut HeaderMap, bytes: Bytes, weaken: bool) -> Source {
    set(headers, "content-encoding", "gzip");
    set(headers, "vary", "Accept-Encoding");
    headers.remove(header::ACCEPT_RANGES);
    let etag = headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(|etag| format!("W/{etag}"));
    if let Some(etag) = etag.filter(|_| weaken) {
        set(headers, "etag", &etag);
    }
    Source::Memory(bytes)
}

async fn gzip_file(slice: Slice, start: u64, end: u64, flip: Option<u64>) -> io::Result<Bytes> {
    let read = move || {
        let mut bytes = slice.read(start, end)?;
        if let Some(byte) = flip.and_then(|flip| bytes.get_mut(flip.checked_sub(start)? as usize)) {
            *byte ^= 0xff;
        }
        Ok::<_, io::Error>(bytes)
    };
    gzip(tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??).await
}

async fn gzip(bytes: Vec<u8>) -> io::Result<Bytes> {
    let compress = move || {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes)?;
        Ok(Bytes::from(encoder.finish()?))
    };
    tokio::task::spawn_blocking(compress).await.map_err(io::Error::other)?
}

/// Whether `Accept-Encoding` takes gzip (and not with a weight of zero).
fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight =
            parameters.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
        name.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_only_when_it_is_asked_for() {
        for text in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5"] {
            assert!(accepts_gzip(text), "{text}");
        }
        for text in ["identity", "", "gzip;q=0", "deflate", "xgzip", "*"] {
            assert!(!accepts_gzip(text), "{text}");
        }
    }

    #[test]
    fn headers_hold_what_they_can() {
        let reply = Reply::error(StatusCode::NOT_FOUND, Some("EntryNotFound"), "no \u{e9}\nhere");
        assert_eq!(reply.headers["x-error-message"], "no ??here");
        assert_eq!(reply.headers["x-error-code"], "EntryNotFound");
    }

    #[test]
    fn a_bomb_has_its_size() {
        let mut headers = HeaderMap::new();
        lie(&mut headers, &Action { header_bomb: Some(2500), ..Action::default() });
        assert_eq!(headers.values().map(HeaderValue::len).sum::<usize>(), 2500);
    }
}
