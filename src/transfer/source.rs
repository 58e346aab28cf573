//! Where the bytes of a transfer come from: ranges of a remote file over HTTP.
//!
//! A [`Source`] finds the place that serves the bytes (the Hub redirects to signed addresses), shares it between
//! all parts, finds it again when it expires, and lets an answer through only when it is exactly what was asked for.
//! The token goes where [`Net::token_may_go`] lets it.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};

use crate::digest::Expected;
use crate::error::{Error, Kind, Result};
use crate::net::{Answer, Body, Call, Net, Origin, Payload, Timeouts, Url, classify, redirect};

/// How often in a row a signed address may be refused before the refusal is believed.
const REFUSALS: u32 = 3;
/// An error's body is read up to here, for the server's own words.
const ERROR_BODY: usize = 64 << 10;

/// A remote file.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The address that people know: the Hub's `resolve` URL, or any URL.
    pub url: Url,
    /// A signed address that was found already.
    pub location: Option<Url>,
    /// The origin that the headers below belong to.
    pub home: Origin,
    /// `Authorization` and the caller's headers: for `home` only.
    pub headers: HeaderMap,
    /// Whether they may travel over plain http to other machines.
    pub allow_http_token: bool,
    /// Size in bytes, where it is known.
    pub size: Option<u64>,
    /// The etag that the address itself (not its redirect target) must show, where it is known.
    pub etag: Option<String>,
    /// The bounds on waiting.
    pub timeouts: Timeouts,
}

/// Serves the parts of one remote file.
pub struct Source {
    net: Arc<Net>,
    remote: Remote,
    place: tokio::sync::Mutex<Option<Url>>,
    /// The etag and the origin that the first good answer showed.
    seen: Mutex<Option<(Origin, String)>>,
    refusals: AtomicU32,
}

/// An answer that may be used.
pub enum Opened {
    /// Exactly the bytes that were asked for.
    Part(Body),
    /// The server does not do ranges: the whole file, from its first byte.
    Whole(Body),
}

/// What the first answer tells of a file that nothing is known of.
#[derive(Debug, Clone)]
pub struct Found {
    /// Size in bytes, unless the server does not tell.
    pub size: Option<u64>,
    /// Etag without quotes.
    pub etag: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
}

impl Source {
    /// A source over the client's network.
    pub fn new(net: Arc<Net>, remote: Remote) -> Self {
        let place = tokio::sync::Mutex::new(remote.location.clone());
        Self { net, remote, place, seen: Mutex::default(), refusals: 0.into() }
    }

    /// The same source, now that the size is known; it keeps the place that was found.
    pub async fn sized(&self, net: Arc<Net>, remote: Remote) -> Self {
        let sized = Self::new(net, remote);
        sized.place.lock().await.clone_from(&*self.place.lock().await);
        // The bytes to come must be of the same version as the first answer's.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *sized.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        sized
    }

    /// What it reads.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The network it uses.
    pub fn net(&self) -> &Arc<Net> {
        &self.net
    }

    /// Asks for a range of a file of known size.
    pub async fn open(&self, range: Range<u64>) -> Result<Opened> {
        let answer = self.get(&range).await?;
        let opened = self.check(answer, &range)?;
        self.refusals.store(0, Relaxed);
        Ok(opened)
    }

    /// Asks for the first `length` bytes of a file of which nothing is known. The range that comes may be shorter.
    pub async fn probe(&self, length: u64) -> Result<(Opened, Found)> {
        let answer = self.get(&(0..length)).await?;
        self.same_place(&answer)?;
        let refuse = |what: &str| Err(Error::new(Kind::Protocol, what).url(self.remote.url.as_str()));
        if let Some(encoding) = answer.encoding() {
            return refuse(&format!("the server sent {encoding} where plain bytes were asked for"));
        }
        let size = match answer.status {
            206 => {
                let range = answer.header("content-range").and_then(classify::content_range);
                match range {
                    Some(range)
                        if range.first == 0
                            && range.total.is_some_and(|t| t.min(length) == range.last + 1) =>
                    {
                        range.total
                    }
                    _ => return refuse("the server's Content-Range makes no sense"),
                }
            }
            416 => Some(0),
            _ => answer.header("content-length").and_then(classify::number),
        };
        let etag = answer.header("etag").map(|e| classify::bare_etag(e).to_owned());
        let found = Found { size, etag, headers: answer.headers.clone() };
        let whole = answer.status != 206;
        let body = answer.body;
        Ok((if whole { Opened::Whole(body) } else { Opened::Part(body) }, found))
    }

    /// Sends the request, following redirects and renewing the place as needed. Returns an answer that has bytes, or
    /// says that the file is empty.
    async fn get(&self, range: &Range<u64>) -> Result<Answer> {
        let mut held = self.place.lock().await;
        let Some(mut url) = held.clone() else {
            // Only the first part looks for the place; the others wait for what it finds.
            return self.find(&mut held, range).await;
        };
        drop(held);
        loop {
            let answer = self.ask(&url, range).await?;
            if is_good(&answer) {
                return Ok(answer);
            }
            let moved = matches!(answer.status, 300..=399);
            let refused = is_refusal(&answer) && url != self.remote.url;
            if !moved && !refused {
                return Err(self.error_of(answer, &url).await);
            }
            answer.body.drain().await;
            let mut held = self.place.lock().await;
            match &*held {
                // Another part has renewed it meanwhile.
                Some(newer) if *newer != url => url = newer.clone(),
                _ => return self.find(&mut held, range).await,
            }
        }
    }

    /// Follows redirects to the place that answers, and keeps it.
    async fn find(&self, place: &mut Option<Url>, range: &Range<u64>) -> Result<Answer> {
        *place = None;
        let mut url = self.remote.url.clone();
        let mut redirects = 0;
        loop {
            let answer = self.ask(&url, range).await?;
            match answer.status {
                _ if is_good(&answer) => {
                    *place = Some(url);
                    return Ok(answer);
                }
                301 | 302 | 303 | 307 | 308 => {
                    redirects += 1;
                    if redirects > redirect::MOST {
                        return Err(Error::new(Kind::Protocol, "too many redirects").url(url.as_str()));
                    }
                    let location = answer.header("location").map(str::to_owned);
                    let linked = answer.header("x-linked-etag").map(|e| classify::bare_etag(e).to_owned());
                    self.same_etag(linked.as_deref(), &url)?;
                    answer.body.drain().await;
                    let location = location.ok_or_else(|| {
                        Error::new(Kind::Protocol, "a redirect without a Location").url(url.as_str())
                    })?;
                    url = url.join(&location).map_err(|e| e.with_kind(Kind::Protocol))?;
                }
                // A new address may be refused as well: it is believed only when that goes on.
                _ if is_refusal(&answer)
                    && url != self.remote.url
                    && self.refusals.fetch_add(1, Relaxed) < REFUSALS =>
                {
                    answer.body.drain().await;
                    (url, redirects) = (self.remote.url.clone(), 0);
                }
                _ => return Err(self.error_of(answer, &url).await),
            }
        }
    }

    async fn ask(&self, url: &Url, range: &Range<u64>) -> Result<Answer> {
        let home = &self.remote.home;
        let mut headers = HeaderMap::new();
        if self.net.token_may_go(home, url.origin(), self.remote.allow_http_token) {
            headers.clone_from(&self.remote.headers);
        } else if url.origin() == home {
            // A host that may not see the token still gets the harmless rest.
            headers.clone_from(&self.remote.headers);
            headers.remove(header::AUTHORIZATION);
        }
        let value = format!("bytes={}-{}", range.start, range.end - 1);
        headers
            .insert(header::RANGE, HeaderValue::from_str(&value).map_err(|_| Error::invalid("not a range"))?);
        let call = Call {
            method: Method::GET,
            url: url.clone(),
            headers,
            body: Payload::default(),
            timeouts: self.remote.timeouts,
        };
        self.net.send(&call).await
    }

    /// Lets an answer through only when it is exactly what was asked for.
    fn check(&self, answer: Answer, range: &Range<u64>) -> Result<Opened> {
        let size = self.remote.size;
        if answer.status == 416 {
            return Err(Error::new(Kind::ContentChanged, "the server says that the file is empty now")
                .http(416, classify::request_id(&answer.headers))
                .url(self.remote.url.as_str()));
        }
        let wrong = |what: String| {
            Err(Error::new(Kind::Protocol, what).url(self.remote.url.as_str()).retryable(true))
        };
        if let Some(encoding) = answer.encoding() {
            return wrong(format!("the server sent {encoding} where plain bytes were asked for"));
        }
        self.same_place(&answer)?;
        let length = answer.header("content-length").and_then(classify::number);
        if answer.status == 200 {
            return match (size, length) {
                (Some(size), Some(length)) if size != length => {
                    wrong(format!("the server sent {length} bytes of a file of {size}"))
                }
                _ => Ok(Opened::Whole(answer.body)),
            };
        }
        let shown = answer.header("content-range").unwrap_or("none");
        match classify::content_range(shown) {
            Some(got)
                if got.first == range.start
                    && got.last + 1 == range.end
                    && (size.is_none() || got.total.is_none() || got.total == size) => {}
            _ => {
                let (first, last) = (range.start, range.end - 1);
                return wrong(format!(
                    "asked for bytes {first}-{last}, the server's Content-Range is {shown}"
                ));
            }
        }
        if length.is_some_and(|length| length != range.end - range.start) {
            return wrong("the server's Content-Length does not fit its Content-Range".to_owned());
        }
        Ok(Opened::Part(answer.body))
    }

    /// All answers from one origin must show one etag.
    fn same_place(&self, answer: &Answer) -> Result<()> {
        let Some(etag) = answer.header("etag").map(classify::bare_etag) else { return Ok(()) };
        let origin = answer.origin();
        if *origin == self.remote.home
            && self.remote.location.is_none()
            && answer.header("x-linked-etag").is_none()
        {
            // Where the etag is a hash the bytes prove themselves, and a mirror may show an etag of its own.
            let proves_itself = self.remote.etag.as_deref().and_then(Expected::from_etag).is_some();
            if !proves_itself {
                self.same_etag(Some(etag), &self.remote.url)?;
            }
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((place, first)) if place == origin && first != etag => {
                Err(changed(first, etag, &self.remote.url))
            }
            Some(_) => Ok(()),
            None => {
                *seen = Some((origin.clone(), etag.to_owned()));
                Ok(())
            }
        }
    }

    fn same_etag(&self, shown: Option<&str>, url: &Url) -> Result<()> {
        match (&self.remote.etag, shown) {
            (Some(expected), Some(shown)) if expected != shown => Err(changed(expected, shown, url)),
            _ => Ok(()),
        }
    }

    async fn error_of(&self, mut answer: Answer, url: &Url) -> Error {
        let body = answer.body.read(ERROR_BODY).await.unwrap_or_default();
        if answer.status == 416 {
            return Error::new(Kind::ContentChanged, "the server says the file is shorter than it was")
                .http(416, classify::request_id(&answer.headers))
                .url(url.as_str());
        }
        // Any other server says by a 401 what everybody says by it.
        let repo_path = url == &self.remote.url && url.path().contains("/resolve/");
        classify::status_error(answer.status, &answer.headers, &body, url.as_str(), repo_path)
            .held_back(answer.held_back)
    }
}

/// Whether it brings bytes, or says that there are none.
fn is_good(answer: &Answer) -> bool {
    let empty = || answer.header("content-range").is_some_and(|range| range.trim() == "bytes */0");
    matches!(answer.status, 200 | 206) || (answer.status == 416 && empty())
}

/// What a store says of a signed address that is no longer good.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer.status, 401 | 403 | 404 | 410)
}

fn changed(before: &str, now: &str, url: &Url) -> Error {
    Error::new(Kind::ContentChanged, format!("the file's etag was {before} and is now {now}"))
        .url(url.as_str())
        .retryable(true)
}
