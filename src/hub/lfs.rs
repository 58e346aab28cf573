//! Git LFS as the Hub speaks it: which objects are missing, where they go, and that they have arrived.
//!
//! Source: `huggingface_hub` 2.4.0, `lfs.py`, and the git-lfs batch API. Servers differ: an action's headers are sent
//! as they are, a multipart action is told by its `chunk_size`, and an address of the Hub's own that another endpoint
//! passes on is asked for at that endpoint.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};

use super::api::{Hub, parse};
use crate::error::{Error, Kind, Result};
use crate::net::{Url, classify, redirect};
use crate::repo::{RepoId, is_sha256};

/// Objects asked about in one call.
pub const BATCH: usize = 256;
/// Most parts that are believed.
const MOST_PARTS: u64 = 100_000;
const LFS_JSON: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");

/// An object by its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LfsObject {
    /// SHA-256, 64 hex digits.
    pub oid: String,
    /// Size in bytes.
    pub size: u64,
}

/// Which way objects go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To the server.
    Upload,
    /// From it.
    Download,
}

/// An address, and the headers it wants.
#[derive(Debug, Clone)]
pub struct Action {
    /// Where to.
    pub url: Url,
    /// As the server named them; an `Authorization` among them is for this address.
    pub headers: HeaderMap,
}

/// How an object gets to the server.
#[derive(Debug, Clone)]
pub enum UploadBy {
    /// The whole in one PUT.
    Basic(Action),
    /// In parts of one size, then completed.
    Multipart {
        /// Takes the list of parts.
        complete: Action,
        /// Bytes of each part but the last.
        chunk_size: u64,
        /// One address for each part, in order.
        parts: Vec<Url>,
    },
}

/// What the server says of an object.
#[derive(Debug, Clone)]
pub enum Answered {
    /// Nothing to do: it is there (of an upload).
    Present,
    /// To be sent, and then confirmed where the server asks for that.
    Upload {
        /// How.
        by: UploadBy,
        /// To be told when it has arrived.
        verify: Option<Action>,
    },
    /// To be fetched.
    Download(Action),
    /// The server refuses this object.
    Refused(Error),
}

#[derive(Deserialize)]
struct WireBatch {
    objects: Vec<WireObject>,
}

#[derive(Deserialize)]
struct WireObject {
    oid: String,
    #[serde(default)]
    actions: Option<BTreeMap<String, WireAction>>,
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireAction {
    href: String,
    #[serde(default)]
    header: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct WireError {
    code: Option<i64>,
    message: Option<String>,
}

impl Hub {
    /// Where a repository's LFS API lives.
    pub fn lfs_url(&self, repo: &RepoId) -> Result<Url> {
        self.url(&format!("/{}{}.git/info/lfs", repo.kind().url_prefix(), repo.id()))
    }

    /// Asks about at most [`BATCH`] objects at an LFS server; the answers are in the order of the questions.
    /// `reference` is the branch, as `refs/heads/main`, for servers that decide by it.
    pub async fn lfs_batch(
        &self,
        server: &Url,
        operation: Operation,
        objects: &[LfsObject],
        reference: Option<&str>,
    ) -> Result<Vec<Answered>> {
        let url = Url::parse(&format!("{}/objects/batch", server.as_str().trim_end_matches('/')))?;
        let (name, transfers) = match operation {
            Operation::Upload => ("upload", &["basic", "multipart"][..]),
            Operation::Download => ("download", &["basic"][..]),
        };
        let mut body = serde_json::json!({
            "operation": name, "transfers": transfers, "objects": objects, "hash_algo": "sha256",
        });
        if let Some(reference) = reference {
            body["ref"] = serde_json::json!({ "name": reference });
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, LFS_JSON);
        headers.insert(header::CONTENT_TYPE, LFS_JSON);
        let reply = self.call(Method::POST, &url, headers, body.to_string().into_bytes()).await?;
        self.answers(&parse(&reply)?, operation, objects, &url)
    }

    /// An answer's text, for tests/fuzz.
    #[cfg(fuzzing)]
    pub fn read_batch(
        &self,
        json: &[u8],
        operation: Operation,
        objects: &[LfsObject],
        url: &Url,
    ) -> Result<Vec<Answered>> {
        let wire = serde_json::from_slice(json)
            .map_err(|error| Error::new(Kind::Protocol, "not JSON").cause(&error))?;
        self.answers(&wire, operation, objects, url)
    }

    fn answers(
        &self,
        wire: &WireBatch,
        operation: Operation,
        objects: &[LfsObject],
        url: &Url,
    ) -> Result<Vec<Answered>> {
        let mut by_oid: BTreeMap<&str, &WireObject> =
            wire.objects.iter().map(|o| (o.oid.as_str(), o)).collect();
        objects
            .iter()
            .map(|object| {
                let found = by_oid.remove(object.oid.as_str()).ok_or_else(|| {
                    let what = format!("the LFS server says nothing of {}", object.oid);
                    Error::new(Kind::Protocol, what).url(url.as_str())
                })?;
                self.answered(found, object, operation, url)
            })
            .collect()
    }

    fn answered(
        &self,
        wire: &WireObject,
        object: &LfsObject,
        operation: Operation,
        url: &Url,
    ) -> Result<Answered> {
        let nonsense = |what: &str| {
            Error::new(Kind::Protocol, format!("the LFS answer about {}: {what}", object.oid))
                .url(url.as_str())
        };
        if let Some(error) = &wire.error {
            let message = error.message.as_deref().unwrap_or("no reason given");
            let (kind, status) = match error.code {
                Some(404 | 410) => (Kind::EntryNotFound, 404),
                Some(403) => (Kind::Forbidden, 403),
                Some(code) => (Kind::Http, u16::try_from(code).unwrap_or(0)),
                None => (Kind::Http, 0),
            };
            let what = format!("the LFS server refuses {}: {}", object.oid, classify::one_line(message));
            return Ok(Answered::Refused(Error::new(kind, what).http(status, None).url(url.as_str())));
        }
        let action = |name: &str| wire.actions.as_ref().and_then(|actions| actions.get(name));
        if operation == Operation::Download {
            let found = action("download").ok_or_else(|| nonsense("no address to download from"))?;
            return Ok(Answered::Download(self.action(found)?));
        }
        let Some(upload) = action("upload") else { return Ok(Answered::Present) };
        let verify = action("verify").map(|verify| self.action(verify)).transpose()?;
        let Some(chunk_size) = upload.header.as_ref().and_then(|header| header.get("chunk_size")) else {
            return Ok(Answered::Upload { by: UploadBy::Basic(self.action(upload)?), verify });
        };
        let chunk_size = match chunk_size {
            serde_json::Value::String(text) => classify::number(text),
            other => other.as_u64(),
        };
        let chunk_size = chunk_size.filter(|size| *size > 0).ok_or_else(|| nonsense("no size of a part"))?;
        let wanted = object.size.div_ceil(chunk_size).max(1);
        let mut numbered: BTreeMap<u64, Url> = BTreeMap::new();
        for (key, value) in upload.header.iter().flatten() {
            if let (Some(number), Some(text)) = (classify::number(key), value.as_str()) {
                numbered.insert(
                    number,
                    self.rehomed(Url::parse(text).map_err(|e| e.with_kind(Kind::Protocol))?)?,
                );
            }
        }
        if numbered.len() as u64 != wanted || wanted > MOST_PARTS {
            let what = format!("{} addresses for {wanted} parts of {chunk_size} bytes", numbered.len());
            return Err(nonsense(&what));
        }
        let complete = Action { headers: HeaderMap::new(), ..self.action(upload)? };
        let parts = numbered.into_values().collect();
        Ok(Answered::Upload { by: UploadBy::Multipart { complete, chunk_size, parts }, verify })
    }

    fn action(&self, wire: &WireAction) -> Result<Action> {
        let url = self.rehomed(Url::parse(&wire.href).map_err(|error| error.with_kind(Kind::Protocol))?)?;
        let mut headers = HeaderMap::new();
        for (name, value) in wire.header.iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // Transfer-Encoding is not the server's to choose.
            if let (Ok(name), Ok(mut value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&text))
                && !matches!(name, header::TRANSFER_ENCODING | header::CONTENT_LENGTH | header::HOST)
            {
                value.set_sensitive(name == header::AUTHORIZATION);
                headers.insert(name, value);
            }
        }
        Ok(Action { url, headers })
    }

    /// A mirror that passes the Hub's own addresses on is asked itself.
    fn rehomed(&self, url: Url) -> Result<Url> {
        if redirect::is_hub(url.origin()) && !redirect::is_hub(self.home()) {
            return self.url(url.path_and_query());
        }
        Ok(url)
    }

    /// Says that all parts have arrived: `etags` are the store's names of them, in order.
    pub async fn lfs_complete(&self, complete: &Action, object: &LfsObject, etags: &[String]) -> Result<()> {
        let parts: Vec<_> = etags
            .iter()
            .enumerate()
            .map(|(part, etag)| serde_json::json!({ "partNumber": part + 1, "etag": etag }))
            .collect();
        self.lfs_tell(complete, &serde_json::json!({ "oid": object.oid, "parts": parts })).await
    }

    /// Asks the server to confirm that an object has arrived.
    pub async fn lfs_verify(&self, verify: &Action, object: &LfsObject) -> Result<()> {
        self.lfs_tell(verify, &serde_json::json!({ "oid": object.oid, "size": object.size })).await
    }

    async fn lfs_tell(&self, action: &Action, body: &serde_json::Value) -> Result<()> {
        let mut headers = action.headers.clone();
        headers.insert(header::ACCEPT, LFS_JSON);
        headers.insert(header::CONTENT_TYPE, LFS_JSON);
        self.working().call(Method::POST, &action.url, headers, body.to_string().into_bytes()).await?;
        Ok(())
    }
}

impl LfsObject {
    /// An object, checked.
    pub fn new(oid: &str, size: u64) -> Result<Self> {
        if !is_sha256(oid) {
            return Err(Error::invalid(format!("not a SHA-256: {oid}")));
        }
        Ok(Self { oid: oid.to_owned(), size })
    }
}
