//! One call to the Hub: authorised, retried, redirected, and its errors understood.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::de::DeserializeOwned;

use super::tries::Tries;
use crate::error::{Error, Kind, Result};
use crate::net::retry::Patience;
use crate::net::{Answer, Call, Net, Origin, Payload, Timeouts, Url, classify, redirect};
use crate::options::{Opt, Options};
use crate::repo::RepoId;

/// Largest JSON answer that is read.
const LARGEST: usize = 64 << 20;

/// An endpoint and who asks it.
#[derive(Clone)]
pub struct Hub {
    net: Arc<Net>,
    endpoint: Url,
    headers: HeaderMap,
    allow_http_token: bool,
    timeouts: Timeouts,
    patience: Duration,
    /// Whether failures cost time only, and no tries.
    patient: bool,
}

/// What is read from an answer.
pub struct Reply {
    /// The status, below 400.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, empty for HEAD.
    pub body: Bytes,
    /// The URL that answered, after redirects.
    pub url: Url,
}

impl Hub {
    /// The Hub that these options name.
    pub fn new(net: Arc<Net>, options: &Options) -> Result<Self> {
        let endpoint = Url::parse(options.text(Opt::Endpoint).trim_end_matches('/'))
            .map_err(|error| error.context("option endpoint"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in options.headers() {
            let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
            else {
                return Err(Error::invalid("option headers: not a header"));
            };
            headers.append(name, value);
        }
        if let Some(token) = options.secret(Opt::Token) {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| Error::invalid("option token: not usable in a header"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(Self {
            net,
            endpoint,
            headers,
            allow_http_token: options.bool(Opt::AllowHttpToken),
            timeouts: timeouts(options),
            patience: options.time(Opt::RetryTimeout),
            patient: false,
        })
    }

    /// The same, for calls in the midst of work that has taken long: they are made again for as long as a transfer would
    /// go on.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { patient: true, ..self.clone() }
    }

    /// The same, for calls that give the Hub work before it can answer.
    #[must_use]
    pub(super) fn working(&self) -> Self {
        Self { timeouts: self.timeouts.for_work(), ..self.clone() }
    }

    /// The network it uses.
    pub fn net(&self) -> &Arc<Net> {
        &self.net
    }

    /// Whose token it is.
    pub fn home(&self) -> &Origin {
        self.endpoint.origin()
    }

    /// The headers for the endpoint alone: token and the caller's.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether the token may travel over plain http.
    pub fn allows_http_token(&self) -> bool {
        self.allow_http_token
    }

    /// The bounds on waiting.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// How long one call goes on failing, from now on.
    pub(super) fn patience(&self) -> Patience {
        Patience::new(self.patience, Instant::now())
    }

    /// The tries of one call.
    pub fn tries(&self) -> Tries<'_> {
        Tries::new(&self.net, self.patience, self.patient)
    }

    /// An URL below the endpoint; `path` is encoded already.
    pub fn url(&self, path: &str) -> Result<Url> {
        Url::parse(&format!("{}{path}", self.endpoint.as_str().trim_end_matches('/')))
    }

    /// `/api/{types}/{id}`.
    pub fn api_path(repo: &RepoId) -> String {
        format!("/api/{}/{}", repo.kind().plural(), repo.id())
    }

    /// GETs JSON.
    pub async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<(T, Reply)> {
        let reply = self.call(Method::GET, url, HeaderMap::new(), Payload::default()).await?;
        let value = parse(&reply)?;
        Ok((value, reply))
    }

    /// Makes a call, follows redirects within the Hub, and returns an answer below 400.
    pub async fn call(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: impl Into<Payload>,
    ) -> Result<Reply> {
        let body = body.into();
        let mut tries = self.tries();
        loop {
            match self.follow(&method, url, &headers, &body).await {
                Err(error) if tries.again(&error).await => {}
                ended => return ended,
            }
        }
    }

    /// GETs whatever is there.
    pub async fn get(&self, url: &Url) -> Result<Reply> {
        self.call(Method::GET, url, HeaderMap::new(), Payload::default()).await
    }

    /// As [`Hub::call`], without trying again: for what must not happen twice.
    pub(super) async fn follow(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: &Payload,
    ) -> Result<Reply> {
        let mut url = url.clone();
        for _ in 0..=redirect::MOST {
            let mut answer = self.send(method.clone(), &url, headers, body.clone()).await?;
            if let Some(next) = redirect_of(&answer, &url)? {
                // What changes something goes to the Hub alone; and 303 says that it was done, and answered elsewhere.
                let stays = answer.status != 303 && redirect::stays_at_hub(self.home(), next.origin());
                if !method.is_safe() && !stays {
                    let what =
                        format!("a {method} was redirected to {} with {}", next.origin(), answer.status);
                    return Err(Error::new(Kind::Protocol, what).url(url.as_str()));
                }
                answer.body.drain().await;
                url = next;
                continue;
            }
            if let Some(encoding) = answer.encoding() {
                let what = format!("the server sent {encoding} where plain bytes were asked for");
                return Err(Error::new(Kind::Protocol, what).url(url.as_str()));
            }
            let body = answer.body.read(LARGEST).await.map_err(|error| error.url(url.as_str()))?;
            if answer.status >= 400 {
                let error = self.error_of(answer.status, &answer.headers, &body, &url);
                return Err(error.held_back(answer.held_back));
            }
            return Ok(Reply { status: answer.status, headers: answer.headers, body, url });
        }
        Err(Error::new(Kind::Protocol, "too many redirects").url(url.as_str()))
    }

    /// One exchange, without retry or redirect; the token goes along only where it may.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Payload,
    ) -> Result<Answer> {
        let mut all = HeaderMap::new();
        if self.net.token_may_go(self.home(), url.origin(), self.allow_http_token) {
            all.clone_from(&self.headers);
        } else if url.origin() == self.home() {
            all.clone_from(&self.headers);
            all.remove(header::AUTHORIZATION);
        }
        // A call's own headers count before those of the client.
        all.extend(headers.clone());
        self.net.send(&Call { method, url: url.clone(), headers: all, body, timeouts: self.timeouts }).await
    }

    /// What an answer of 400 or more means.
    pub fn error_of(&self, status: u16, headers: &HeaderMap, body: &[u8], url: &Url) -> Error {
        let error = classify::status_error(status, headers, body, url.as_str(), is_repo_path(url.path()));
        let withheld = self.headers.contains_key(header::AUTHORIZATION)
            && !self.net.token_may_go(self.home(), self.home(), self.allow_http_token);
        if withheld && matches!(status, 401 | 403 | 404) {
            return error
                .context("the token was not sent, because the endpoint is plain http (allow_http_token)");
        }
        error
    }
}

/// The bounds on waiting that the options set.
pub fn timeouts(options: &Options) -> Timeouts {
    Timeouts {
        connect: options.time(Opt::ConnectTimeout),
        head: options.time(Opt::HeadTimeout),
        work: options.time(Opt::WorkTimeout),
        stall: options.time(Opt::StallTimeout),
    }
}

/// Where a redirect leads, if the answer is one.
pub fn redirect_of(answer: &Answer, url: &Url) -> Result<Option<Url>> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer
        .header("location")
        .ok_or_else(|| Error::new(Kind::Protocol, "a redirect without a Location").url(url.as_str()))?;
    url.join(location).map(Some).map_err(|error| error.with_kind(Kind::Protocol))
}

/// Reads JSON; an HTML page (a proxy's, a captive portal's) is named as such.
pub fn parse<T: DeserializeOwned>(reply: &Reply) -> Result<T> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        let html =
            classify::header(&reply.headers, "content-type").is_some_and(|t| t.starts_with("text/html"));
        let what = if html {
            "a web page came instead of the Hub's answer"
        } else {
            "the answer is not the JSON expected"
        };
        Error::new(Kind::Protocol, what)
            .cause(&error)
            .http(reply.status, classify::request_id(&reply.headers))
            .url(reply.url.as_str())
    })
}

/// Whether a path belongs to one repository, where 401 also means that there is none.
fn is_repo_path(path: &str) -> bool {
    match path.strip_prefix("/api/") {
        Some(rest) => {
            let mut parts = rest.split('/');
            let kind = parts.next().unwrap_or("");
            ["models", "datasets", "spaces", "kernels"].contains(&kind) && parts.next().is_some()
        }
        None => path.contains("/resolve/"),
    }
}

/// The next page's address in a `Link` header.
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::LINK).iter().filter_map(classify::text).find_map(|links| {
        links.split(',').find_map(|link| {
            let (target, parameters) = link.split_once(';')?;
            let next = parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
            next.then(|| target.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::LINK,
            "<http://h/a?c=1>; rel=\"prev\", <http://h/b?c=2>; rel=\"next\"".parse().unwrap(),
        );
        assert_eq!(next_page(&headers).as_deref(), Some("http://h/b?c=2"));
        assert_eq!(next_page(&HeaderMap::new()), None);
    }

    #[test]
    fn repo_paths() {
        assert!(is_repo_path("/api/models/a/b/revision/main"));
        assert!(is_repo_path("/a/b/resolve/main/c"));
        assert!(!is_repo_path("/api/whoami-v2"));
        assert!(!is_repo_path("/api/models"));
    }
}
