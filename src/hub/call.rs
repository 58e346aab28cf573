//! Any call of the Hub's API, for what has no function of its own; and the rule of when a call is made again.
//!
//! A call that reads, or that has the same outcome twice as once, is made again after every failure that may pass. Any
//! other is made again only when the Hub surely did not act on it: the request never left, or it was put off (429, or
//! 503 with `Retry-After`). Else the error says that it may have been done, and whoever asked has to look.

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use super::api::{Hub, Reply, next_page};
use crate::error::{Error, Kind, Result};
use crate::net::{Payload, Url, classify, redirect};

/// Pages that are joined are together no larger than this.
const LARGEST: usize = 256 << 20;

/// What is said to the Hub.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    /// JSON, where there is a body.
    pub(super) body: Option<String>,
    /// Whether doing it twice is the same as doing it once.
    pub(super) repeatable: bool,
}

/// How a call ended.
pub(super) struct Outcome {
    pub(super) result: Result<Reply>,
    /// Whether a try whose answer was lost may have been carried out.
    pub(super) in_doubt: bool,
}

/// What the Hub answered, for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiReply {
    /// The status, below 400 (a failure is an error).
    pub status: u16,
    /// The headers (of the first page), names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body: JSON as a rule.
    pub body: String,
    /// The id under which the server logged the request.
    pub request_id: Option<String>,
    /// Where the next page is, when there are more than were asked for.
    pub next: Option<String>,
}

impl Request {
    /// A call with a JSON body.
    pub(super) fn json(method: Method, url: Url, body: &Value) -> Self {
        Self { method, url, body: Some(body.to_string()), repeatable: false }
    }

    /// Without a body.
    pub(super) fn new(method: Method, url: Url) -> Self {
        let repeatable = method.is_safe();
        Self { method, url, body: None, repeatable }
    }

    /// The same, with the knowledge that twice is as good as once.
    pub(super) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

impl Outcome {
    /// Whether it was refused since what it makes is there, or what it deletes is not.
    pub(super) fn found(&self, kinds: &[Kind]) -> bool {
        self.result.as_ref().is_err_and(|error| kinds.contains(&error.kind()))
    }

    /// The answer. Being there already, or not being there, is a success where that will do; else, after a lost answer,
    /// the error says that it may be this call's own doing.
    pub(super) fn settled(self, kinds: &[Kind], will_do: bool) -> Result<ApiReply> {
        let found = self.found(kinds);
        match self.result {
            Ok(reply) => ApiReply::read(&reply),
            Err(error) if found && will_do => Ok(ApiReply::made("", Some(&error))),
            Err(error) if found && self.in_doubt => {
                Err(error.context("the answer to an earlier try was lost, so this may be its own doing"))
            }
            Err(error) => Err(error),
        }
    }
}

impl ApiReply {
    /// An answer, word for word.
    pub(super) fn read(reply: &Reply) -> Result<Self> {
        Ok(Self::of(reply, text_of(reply)?))
    }

    /// An answer whose body was put into what its readers want.
    pub(super) fn of(reply: &Reply, body: String) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            status: reply.status,
            headers: reply
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body,
            request_id: classify::request_id(&reply.headers),
            next: None,
        }
    }

    /// Of a success that came as an error, or without an answer.
    pub(super) fn made(body: &str, error: Option<&Error>) -> Self {
        Self {
            status: error.map_or(200, Error::http_status),
            headers: Vec::new(),
            body: body.to_owned(),
            request_id: error.and_then(Error::request_id).map(str::to_owned),
            next: None,
        }
    }

    /// A header's value; the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl Hub {
    /// Calls the API: `target` is a path below the endpoint, as `/api/models`, or an address on one of the Hub's
    /// origins; `json` the body. Up to `pages` pages of a list are fetched and joined to one array.
    pub async fn api(&self, method: &str, target: &str, json: Option<&str>, pages: u32) -> Result<ApiReply> {
        let (method, body) = (check_method(method)?, json.map(str::to_owned));
        let repeatable = method.is_safe() || method == Method::PUT;
        let request = Request { method, url: self.target(target)?, body, repeatable };
        let reply = self.make(&request).await.result?;
        let mut answer = ApiReply::read(&reply)?;
        if request.method != Method::GET {
            return Ok(answer);
        }
        let mut next = self.page_after(&request.url, &reply.headers)?;
        let mut more = Vec::new();
        for _ in 1..pages {
            let Some(url) = next else { break };
            let page = self.make(&Request::new(Method::GET, url.clone())).await.result?;
            more.push(text_of(&page)?);
            if more.iter().map(String::len).sum::<usize>() > LARGEST {
                let text = format!("the pages are larger than {LARGEST} bytes together");
                return Err(Error::new(Kind::Protocol, text).url(url.as_str()));
            }
            next = self.page_after(&url, &page.headers)?;
        }
        if !more.is_empty() {
            answer.body = join(&answer.body, &more).map_err(|error| error.url(request.url.as_str()))?;
        }
        answer.next = next.map(|url| url.as_str().to_owned());
        Ok(answer)
    }

    /// Makes a call, and makes it again by the rule of this file.
    pub(super) async fn make(&self, request: &Request) -> Outcome {
        let mut headers = HeaderMap::new();
        if request.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = Payload::from(request.body.clone().unwrap_or_default().into_bytes());
        let hub = if request.repeatable { self.clone() } else { self.working() };
        let (mut tries, mut in_doubt) = (self.tries(), false);
        loop {
            let error = match hub.follow(&request.method, &request.url, &headers, &body).await {
                Ok(reply) => return Outcome { result: Ok(reply), in_doubt },
                Err(error) => error,
            };
            in_doubt |= !request.method.is_safe() && error.may_have_acted();
            if !(request.repeatable || error.is_unprocessed()) || !tries.again(&error).await {
                let error = if in_doubt && !request.repeatable { doubtful(error) } else { error };
                return Outcome { result: Err(error), in_doubt };
            }
        }
    }

    /// The address that a path below the endpoint, or one on the Hub's origins, means.
    pub fn target(&self, target: &str) -> Result<Url> {
        if target.starts_with('/') {
            return self.url(target);
        }
        let url = Url::parse(target).map_err(|error| {
            error.context("the target of a call is a path that starts with '/', or an address on the Hub")
        })?;
        if redirect::stays_at_hub(self.home(), url.origin()) {
            return Ok(url);
        }
        let text = format!("{} is not the endpoint, {}, nor one of the Hub's own", url.origin(), self.home());
        Err(Error::invalid(text))
    }

    /// The next page of a list, from the same server.
    pub(super) fn page_after(&self, url: &Url, headers: &HeaderMap) -> Result<Option<Url>> {
        let Some(link) = next_page(headers) else { return Ok(None) };
        let next = url.join(&link).map_err(|e| e.with_kind(Kind::Protocol))?;
        // A mirror that passes the Hub's own links on is asked itself.
        let mine = if next.origin() == self.home() { next } else { self.url(next.path_and_query())? };
        if mine == *url {
            return Err(
                Error::new(Kind::Protocol, "the listing's next page is the same page").url(url.as_str())
            );
        }
        Ok(Some(mine))
    }
}

/// The methods that the API knows.
pub fn check_method(method: &str) -> Result<Method> {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(method))
        .ok_or_else(|| {
            Error::invalid(format!("{method:?} is none of GET, HEAD, POST, PUT, PATCH and DELETE"))
        })
}

/// Checks that a body is JSON.
pub fn check_json(json: &str) -> Result<()> {
    serde_json::from_str::<serde::de::IgnoredAny>(json)
        .map(|_| ())
        .map_err(|error| Error::invalid("the body is not JSON").cause(&error))
}

/// An error behind which the change may have been made.
pub(super) fn doubtful(error: Error) -> Error {
    error.retryable(false).context("the answer was lost, so it may have been done")
}

/// The body as text; a web page is no answer of an API (though a bare "OK" may be called one).
fn text_of(reply: &Reply) -> Result<String> {
    let html =
        classify::header(&reply.headers, "content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let what = match String::from_utf8(reply.body.to_vec()) {
        Ok(text) if !(html && text.trim_start().starts_with('<')) => return Ok(text),
        Ok(_) => "a web page came instead of the Hub's answer",
        Err(_) => "the answer is not text",
    };
    let id = classify::request_id(&reply.headers);
    Err(Error::new(Kind::Protocol, what).http(reply.status, id).url(reply.url.as_str()))
}

/// Arrays, as texts, to one (pure).
fn join(first: &str, more: &[String]) -> Result<String> {
    let pages = std::iter::once(first).chain(more.iter().map(String::as_str));
    let inner = pages.map(inside).collect::<Result<Vec<_>>>()?;
    let full: Vec<&str> = inner.into_iter().filter(|page| !page.is_empty()).collect();
    Ok(format!("[{}]", full.join(",")))
}

/// What stands between an array's brackets.
fn inside(page: &str) -> Result<&str> {
    let text = page.trim();
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).map(str::trim);
    let array = serde_json::from_str::<Vec<serde::de::IgnoredAny>>(text).is_ok();
    inner.filter(|_| array).ok_or_else(|| {
        Error::new(Kind::Protocol, "only pages that are JSON arrays can be joined: ask for one page")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_joined_as_they_are() {
        for (first, second, want) in [
            ("[1, 2]", " [3]\n", "[1, 2,3]"),
            ("[]", "[3]", "[3]"),
            ("[ ]", "[]", "[]"),
            ("[1.0000000000000000000001]", "[]", "[1.0000000000000000000001]"),
            (r#"["]"]"#, r#"["["]"#, r#"["]","["]"#),
        ] {
            assert_eq!(join(first, &[second.to_owned()]).unwrap(), want);
        }
        for bad in ["{}", "", "[1,]", "[1", "[1][2]", "null"] {
            assert_eq!(join("[]", &[bad.to_owned()]).unwrap_err().kind(), Kind::Protocol, "{bad}");
        }
    }

    #[test]
    fn methods_and_bodies() {
        assert_eq!(check_method("get").unwrap(), Method::GET);
        assert_eq!(check_method("PATCH").unwrap(), Method::PATCH);
        for bad in ["", "CONNECT", "TRACE", "GE T", "get\r\n"] {
            assert_eq!(check_method(bad).unwrap_err().kind(), Kind::InvalidArgument, "{bad:?}");
        }
        assert!(check_json("{\"a\": [1, null]}").is_ok());
        assert!(check_json("{a: 1}").is_err() && check_json("").is_err() && check_json("{} {}").is_err());
    }
}
