//! One file: from its name to commit, etag, size and the place that serves its bytes.
//!
//! Source: `huggingface_hub` 2.4.0, `file_download.py` (`get_hf_file_metadata`). Servers that leave headers out or
//! refuse HEAD are asked again with a GET of one byte.

use http::{HeaderMap, HeaderValue, Method, header};

use super::api::{Hub, redirect_of};
use crate::error::{Error, Kind, Result};
use crate::net::{Answer, Payload, Url, classify, redirect};
use crate::repo::{RepoId, check_commit, check_etag, encode_path, encode_revision};

/// What the Hub says of a file.
#[derive(Debug, Clone)]
pub struct FileMeta {
    /// The commit that the revision means, 40 hex.
    pub commit: String,
    /// SHA-256 (LFS) or git SHA-1; another name where the server has its own.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// The address that people know.
    pub url: Url,
    /// The signed address, when the Hub redirected elsewhere.
    pub location: Option<Url>,
    /// The Xet hash, for files stored that way.
    pub xet_hash: Option<String>,
}

/// What was found in the headers so far.
#[derive(Default)]
struct Seen {
    commit: Option<String>,
    etag: Option<String>,
    size: Option<u64>,
    xet_hash: Option<String>,
    location: Option<Url>,
}

impl Hub {
    /// `/{prefix}{id}/resolve/{revision}/{path}`.
    pub fn file_url(&self, repo: &RepoId, revision: &str, path: &str) -> Result<Url> {
        let prefix = repo.kind().url_prefix();
        self.url(&format!(
            "/{prefix}{}/resolve/{}/{}",
            repo.id(),
            encode_revision(revision),
            encode_path(path)
        ))
    }

    /// Asks for a file.
    pub async fn resolve(&self, repo: &RepoId, revision: &str, path: &str) -> Result<FileMeta> {
        let url = self.file_url(repo, revision, path)?;
        let mut tries = self.tries();
        loop {
            match self.resolve_once(&url).await {
                Ok(meta) => return Ok(meta),
                Err(error) if tries.again(&error).await => {}
                Err(error) => return Err(error.context(format!("{path} of {} at {revision}", repo.id()))),
            }
        }
    }

    async fn resolve_once(&self, url: &Url) -> Result<FileMeta> {
        let mut seen = Seen::default();
        let head = self.look(Method::HEAD, url, &mut seen).await;
        // A presigned address refuses HEAD, and some proxies do not know it: a GET of one byte tells as much.
        let refused = matches!(&head, Err(error) if matches!(error.http_status(), 400 | 403 | 405 | 501));
        if (refused && seen.commit.is_some())
            || (head.is_ok() && !seen.is_complete())
            || matches!(&head, Err(e) if matches!(e.http_status(), 405 | 501))
        {
            self.look(Method::GET, url, &mut seen).await?;
        } else {
            head?;
        }
        let missing = |what: &str| {
            Error::new(
                Kind::Protocol,
                format!("{} did not send {what}: is it a Hub, or a proxy that drops headers?", self.home()),
            )
            .url(url.as_str())
        };
        let commit = seen.commit.ok_or_else(|| missing("X-Repo-Commit"))?;
        let etag = seen.etag.ok_or_else(|| missing("an ETag"))?;
        let size = seen.size.ok_or_else(|| missing("the file's size"))?;
        check_commit(&commit).and_then(|()| check_etag(&etag)).map_err(|e| e.with_kind(Kind::Protocol))?;
        Ok(FileMeta {
            commit,
            etag,
            size,
            url: url.clone(),
            location: seen.location,
            xet_hash: seen.xet_hash,
        })
    }

    /// One question, following redirects within the Hub; what the headers tell goes into `seen`.
    async fn look(&self, method: Method, url: &Url, seen: &mut Seen) -> Result<()> {
        let mut url = url.clone();
        for _ in 0..=redirect::MOST {
            let mut headers = HeaderMap::new();
            if method == Method::GET {
                headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-0"));
            }
            let mut answer = self.send(method.clone(), &url, &headers, Payload::default()).await?;
            if answer.status >= 400 {
                let body = answer.body.read(64 << 10).await.unwrap_or_default();
                let error =
                    self.error_of(answer.status, &answer.headers, &body, &url).held_back(answer.held_back);
                // An empty file has no byte 0.
                let empty = answer.header("content-range").is_some_and(|range| range.trim() == "bytes */0");
                if answer.status == 416 && empty {
                    seen.size = Some(0);
                    seen.read(&answer);
                    return Ok(());
                }
                return Err(error);
            }
            seen.read(&answer);
            let next = redirect_of(&answer, &url)?;
            if next.is_none() {
                seen.read_size(&answer, &method);
            }
            let answered = answer.status;
            if method == Method::GET && answered == 200 {
                drop(answer); // The whole file is coming: it is not wanted.
            } else {
                answer.body.drain().await;
            }
            match next {
                None => return Ok(()),
                Some(next) if redirect::stays_at_hub(self.home(), next.origin()) => url = next,
                Some(next) => {
                    seen.location = Some(next.clone());
                    // The redirect itself described the file; if not, the place it leads to may.
                    if seen.is_complete() || method == Method::HEAD {
                        return Ok(());
                    }
                    url = next;
                }
            }
        }
        Err(Error::new(Kind::Protocol, "too many redirects").url(url.as_str()))
    }
}

impl Seen {
    fn is_complete(&self) -> bool {
        self.commit.is_some() && self.etag.is_some() && self.size.is_some()
    }

    /// What any answer of the chain tells; the first one counts.
    fn read(&mut self, answer: &Answer) {
        let text = |name: &str| answer.header(name).map(str::to_owned);
        self.commit = self.commit.take().or_else(|| text("x-repo-commit"));
        let linked = answer.header("x-linked-etag");
        if self.etag.is_none() || linked.is_some() {
            let etag = linked.or_else(|| answer.header("etag")).map(classify::bare_etag);
            self.etag = etag.map(str::to_owned).or_else(|| self.etag.take());
        }
        self.size = answer.header("x-linked-size").and_then(classify::number).or(self.size);
        self.xet_hash = self.xet_hash.take().or_else(|| text("x-xet-hash"));
    }

    /// The size of the body itself: never that of a redirect.
    fn read_size(&mut self, answer: &Answer, method: &Method) {
        if self.size.is_some() {
            return;
        }
        self.size = match answer.header("content-range").and_then(classify::content_range) {
            Some(range) => range.total,
            None if method == Method::HEAD || answer.status == 200 => {
                answer.header("content-length").and_then(classify::number)
            }
            None => None,
        };
    }
}
