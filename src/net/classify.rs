//! What an answer means: which kind of error, and whether trying again may help (pure).
//!
//! Source: `huggingface_hub` 2.4.0, `utils/_http.py` (`hf_raise_for_status`) and the Hub's documented headers.

use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Kind};

/// Statuses that a later try may turn into an answer.
pub fn may_retry(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether the server put the request off without acting on it.
fn put_off(status: u16, headers: &HeaderMap) -> bool {
    status == 429 || (status == 503 && header(headers, "retry-after").is_some())
}

/// A header's text: ASCII, or the UTF-8 that servers send in `Location` and `Link`.
pub fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// The text of the first header of a name.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(text).map(str::trim).filter(|text| !text.is_empty())
}

/// The id under which the server logged the request.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"]
        .iter()
        .find_map(|name| header(headers, name))
        .map(|text| text.chars().take(200).collect())
}

/// The error that a status of 400 or more means. `repo_path` says that the URL belongs to one repository, where
/// the Hub answers 401 for repositories that are missing or hidden.
pub fn status_error(status: u16, headers: &HeaderMap, body: &[u8], url: &str, repo_path: bool) -> Error {
    let code = header(headers, "x-error-code").unwrap_or("");
    let told = header(headers, "x-error-message").map(str::to_owned).or_else(|| body_message(body));
    let told_text = told.as_deref().unwrap_or("");
    let bad_token = told_text.contains("Invalid credentials in Authorization header");
    let (kind, what) = match (code, status) {
        ("RevisionNotFound", _) => (Kind::RevisionNotFound, "no such revision"),
        ("EntryNotFound", _) => (Kind::EntryNotFound, "no such file in the repository"),
        ("GatedRepo", _) => (Kind::Gated, "access to this repository has to be asked for on its page"),
        _ if told_text == "Access to this resource is disabled." => (Kind::Disabled, "access is disabled"),
        ("RepoNotFound", _) => (Kind::RepoNotFound, NO_REPO),
        (_, 401) if bad_token => (Kind::Unauthorized, "the token is wrong or expired"),
        (_, 401) if repo_path => (Kind::RepoNotFound, NO_REPO),
        (_, 401) => (Kind::Unauthorized, "a token is needed"),
        (_, 403) => (Kind::Forbidden, "access is forbidden"),
        (_, 404) if repo_path => (Kind::EntryNotFound, "not found"),
        (_, 409 | 412) => (Kind::Conflict, "it is there already, or another change came first"),
        (_, 429) => (Kind::RateLimited, "too many requests"),
        (_, 407) => (Kind::Proxy, "the proxy asks for a user and a password"),
        _ => (Kind::Http, "the server refused"),
    };
    let message = match told {
        Some(told) if !told.is_empty() => format!("{what}: {}", one_line(&told)),
        _ => what.to_owned(),
    };
    Error::new(kind, message)
        .http(status, request_id(headers))
        .url(url)
        .retryable(may_retry(status))
        .unprocessed(put_off(status, headers))
        .commit(header(headers, "x-repo-commit").map(str::to_owned))
}

const NO_REPO: &str = "no such repository, or the token may not see it";

/// The server's own words in a JSON body: `{"error": "..."}` or `{"errors": [{"message": "..."}]}`.
fn body_message(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = json.get("error").and_then(|e| e.as_str());
    let first = || json.get("errors")?.get(0)?.get("message")?.as_str();
    error.or_else(first).map(str::to_owned)
}

/// A server's words, bounded and without line breaks.
pub fn one_line(text: &str) -> String {
    text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A `Content-Range: bytes first-last/total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
    /// Size of the whole, unless `*`.
    pub total: Option<u64>,
}

/// Reads a `Content-Range`; nonsense is none.
pub fn content_range(value: &str) -> Option<ContentRange> {
    let rest = value.trim().strip_prefix("bytes")?.trim_start();
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let total = match total.trim() {
        "*" => None,
        text => Some(number(text)?),
    };
    (first <= last && total.is_none_or(|total| last < total)).then_some(ContentRange { first, last, total })
}

/// Digits only: `parse` alone would take a sign.
pub fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// An etag without `W/` and quotes.
pub fn bare_etag(value: &str) -> &str {
    value.trim().trim_start_matches("W/").trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, pairs: &[(&'static str, &'static str)], body: &str, repo: bool) -> Kind {
        let headers = pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        status_error(status, &headers, body.as_bytes(), "https://h/x?secret", repo).kind()
    }

    #[test]
    fn statuses_become_kinds() {
        assert_eq!(kind(404, &[("x-error-code", "RevisionNotFound")], "", true), Kind::RevisionNotFound);
        assert_eq!(kind(404, &[("x-error-code", "EntryNotFound")], "", true), Kind::EntryNotFound);
        assert_eq!(kind(403, &[("x-error-code", "GatedRepo")], "", true), Kind::Gated);
        assert_eq!(kind(401, &[], "", true), Kind::RepoNotFound);
        assert_eq!(kind(401, &[], "", false), Kind::Unauthorized);
        let bad = "Invalid credentials in Authorization header";
        assert_eq!(kind(401, &[("x-error-message", bad)], "", true), Kind::Unauthorized);
        assert_eq!(kind(401, &[], &format!("{{\"error\":\"{bad}\"}}"), true), Kind::Unauthorized);
        assert_eq!(
            kind(403, &[("x-error-message", "Access to this resource is disabled.")], "", true),
            Kind::Disabled
        );
        assert_eq!(kind(500, &[], "<html>", true), Kind::Http);
        assert_eq!(kind(404, &[], "", true), Kind::EntryNotFound);
        assert_eq!(kind(409, &[], "", false), Kind::Conflict);
    }

    #[test]
    fn content_ranges() {
        let some = |first, last, total| Some(ContentRange { first, last, total });
        assert_eq!(content_range("bytes 0-1/2"), some(0, 1, Some(2)));
        assert_eq!(content_range("bytes 5-9/*"), some(5, 9, None));
        for bad in
            ["", "bytes */5", "bytes 2-1/5", "bytes 0-5/5", "bytes -1-2/5", "bytes 0-+1/5", "items 0-1/2"]
        {
            assert_eq!(content_range(bad), None, "{bad}");
        }
        assert_eq!(content_range("bytes 0-99999999999999999999/999999999999999999999"), None, "overflow");
    }

    #[test]
    fn etags() {
        for (etag, want) in [("\"abc\"", "abc"), ("W/\"abc\"", "abc"), ("abc", "abc")] {
            assert_eq!(bare_etag(etag), want);
        }
    }
}
