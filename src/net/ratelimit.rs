//! Rate limits as gates: when a server says wait, every request of the client to that resource waits.
//!
//! Source: the Hub's `RateLimit: "api";r=0;t=55` (remaining, seconds to reset) and `Retry-After: seconds`.

use std::collections::HashMap;
use std::hash::{Hash, Hasher as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::{HeaderMap, header};

use super::url::Url;
use crate::log::{Level, Log};

/// A server may not stop a client for longer than this with one answer.
const LONGEST: Duration = Duration::from_mins(10);

/// The gates of one client.
#[derive(Debug, Default)]
pub struct Gates {
    closed: Mutex<HashMap<Key, Instant>>,
}

/// Who is held, and where: a server counts each token's requests, and each of its resources, apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    origin: String,
    resource: &'static str,
    /// A hash of the token, never shown.
    who: u64,
}

impl Gates {
    /// Waits until requests like this, with these headers, may be sent, and tells of it; the answer is how long it took.
    pub async fn pass(&self, url: &Url, sent: &HeaderMap, log: &Log) -> Duration {
        let (key, since) = (key(url, sent), Instant::now());
        let mut waited = Duration::ZERO;
        while let Some(until) = self.closed_until(&key) {
            let seconds = until.saturating_duration_since(Instant::now()).as_secs_f64();
            log.tell(Level::Warn, "net", || format!("{} asks to wait: {seconds:.0} s from now", key.origin));
            tokio::time::sleep_until(until.into()).await;
            waited = since.elapsed();
        }
        waited
    }

    /// Takes note of an answer to a request with the headers `sent`: closes the gate where the server asks for it.
    pub fn learn(&self, url: &Url, sent: &HeaderMap, status: u16, headers: &HeaderMap) {
        if let Some(wait) = wait_asked(status, headers) {
            let key = key(url, sent);
            let until = Instant::now() + wait.min(LONGEST);
            let mut closed = self.closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let gate = closed.entry(key).or_insert(until);
            *gate = (*gate).max(until);
        }
    }

    fn closed_until(&self, key: &Key) -> Option<Instant> {
        let mut closed = self.closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let until = *closed.get(key)?;
        if until <= Instant::now() {
            closed.remove(key);
            return None;
        }
        Some(until)
    }
}

fn key(url: &Url, sent: &HeaderMap) -> Key {
    let who = sent.get(header::AUTHORIZATION).map_or(0, |token| {
        let mut hash = std::hash::DefaultHasher::new();
        token.as_bytes().hash(&mut hash);
        hash.finish()
    });
    Key { origin: url.origin().to_string(), resource: resource(url.path()), who }
}

/// The Hub counts its API and its file resolver apart; elsewhere an origin is one resource.
fn resource(path: &str) -> &'static str {
    if path.starts_with("/api/") {
        "api"
    } else if path.contains("/resolve/") {
        "resolvers"
    } else {
        "pages"
    }
}

/// How long the answer asks to wait, if it does (pure).
pub fn wait_asked(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let limit = text("ratelimit").and_then(exhausted);
    let after = text("retry-after").and_then(|v| v.trim().parse().ok()).map(Duration::from_secs);
    match status {
        429 => Some(limit.or(after).unwrap_or(Duration::from_secs(5))),
        503 => after,
        _ => limit,
    }
}

/// `"api";r=0;t=55` → 56 s; nothing while requests remain.
fn exhausted(value: &str) -> Option<Duration> {
    let field = |name: &str| {
        value.split([';', ',']).filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name)
    };
    let remaining: u64 = field("r")?.1.trim().parse().ok()?;
    let reset: u64 = field("t")?.1.trim().parse().ok()?;
    (remaining == 0).then(|| Duration::from_secs(reset.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn waits_only_when_asked() {
        let seconds = |status, pairs: &[(&'static str, &'static str)]| {
            wait_asked(status, &headers(pairs)).map(|wait| wait.as_secs())
        };
        assert_eq!(seconds(200, &[("ratelimit", "\"api\";r=499;t=55")]), None);
        assert_eq!(seconds(200, &[("ratelimit", "\"api\";r=0;t=55")]), Some(56));
        assert_eq!(seconds(429, &[("ratelimit", "\"api\";r=0;t=2"), ("retry-after", "9")]), Some(3));
        assert_eq!(seconds(429, &[("retry-after", "9")]), Some(9));
        assert_eq!(seconds(429, &[]), Some(5));
        assert_eq!(seconds(503, &[("retry-after", "1")]), Some(1));
        assert_eq!(seconds(429, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), Some(5));
    }

    #[tokio::test]
    async fn a_gate_is_shared_by_its_resource_and_token_only() {
        let (gates, log) = (Gates::default(), Log::default());
        let (none, mine) = (HeaderMap::new(), headers(&[("authorization", "Bearer mine")]));
        let api = Url::parse("http://h/api/models/x").unwrap();
        gates.learn(&api, &none, 429, &headers(&[("retry-after", "600")]));
        let file = Url::parse("http://h/o/n/resolve/main/f").unwrap();
        assert_eq!(gates.pass(&file, &none, &log).await, Duration::ZERO);
        assert_eq!(gates.pass(&api, &mine, &log).await, Duration::ZERO, "another token is counted apart");
        let other = Url::parse("http://h/api/whoami-v2").unwrap();
        let waits = tokio::time::timeout(Duration::from_millis(50), gates.pass(&other, &none, &log)).await;
        assert!(waits.is_err(), "another request to the API waits too");
        gates.learn(&api, &mine, 429, &headers(&[("retry-after", "0")]));
        gates.learn(&api, &mine, 429, &headers(&[("ratelimit", "\"api\";r=0;t=0")]));
        assert!(gates.pass(&api, &mine, &log).await > Duration::from_millis(500), "the time is told");
    }
}
