//! Commits: what the Hub wants to know before, the commit itself, and whether one that was sent has been made.
//!
//! Source: `huggingface_hub` 2.4.0, `_commit_api.py`. The body is NDJSON and is written while it is sent, so that the
//! content of small files is in memory one block at a time.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::api::{Hub, Reply, parse};
use super::call::Request;
use crate::error::{Error, Kind, Result};
use crate::net::{Content, Payload, Url};
use crate::repo::{RepoId, RepoKind, check_commit, encode_revision};

/// Files asked about in one preupload call.
pub const BATCH: usize = 256;
/// Bytes of a file's beginning that the Hub looks at.
pub const SAMPLE: usize = 512;
/// Files of one duplicate call.
const DUPLICATES: usize = 500;
/// Bytes that are encoded at a time; three become four.
const ENCODE: usize = 384 << 10;

/// A file as the Hub wants to see it before a commit.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its path in the repository.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Its first bytes, at most [`SAMPLE`].
    pub beginning: Bytes,
}

/// What the Hub says of a file before a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preupload {
    /// Whether its content goes by LFS; else it is part of the commit.
    pub lfs: bool,
    /// Whether the repository's `.gitignore` leaves it out.
    pub ignored: bool,
    /// What the repository holds at that path: a SHA-256 (LFS) or a git SHA-1.
    pub oid: Option<String>,
}

/// One line of a commit.
#[derive(Clone)]
pub enum Change {
    /// A file whose content is part of the commit.
    File {
        /// Its path.
        path: String,
        /// The bytes.
        content: Arc<dyn Content>,
    },
    /// A file whose content is on the LFS server.
    LfsFile {
        /// Its path.
        path: String,
        /// SHA-256.
        oid: String,
        /// Size in bytes; none for a copy.
        size: Option<u64>,
    },
    /// A file that goes.
    DeletedFile(String),
    /// A folder that goes.
    DeletedFolder(String),
}

impl Change {
    /// The bytes that go with the commit.
    pub fn content_length(&self) -> u64 {
        match self {
            Self::File { content, .. } => content.length(),
            _ => 0,
        }
    }
}

/// What a commit says of itself.
#[derive(Debug, Clone)]
pub struct CommitHeader {
    /// Its first line.
    pub summary: String,
    /// What follows.
    pub description: String,
    /// The commit that it must follow.
    pub parent: Option<String>,
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// 40 hex digits.
    pub oid: String,
    /// Its page.
    pub url: String,
}

/// A file to be made known to another repository's LFS storage.
#[derive(Debug, Clone)]
pub struct Duplicate {
    /// SHA-256.
    pub sha256: String,
    /// The Xet hash, for files stored that way.
    pub xet_hash: Option<String>,
    /// Its path in the source repository.
    pub path: String,
}

#[derive(Deserialize)]
struct WirePreupload {
    files: Vec<WirePreuploaded>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePreuploaded {
    path: String,
    upload_mode: String,
    #[serde(default)]
    should_ignore: bool,
    oid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCommitted {
    commit_url: String,
    commit_oid: String,
}

#[derive(Deserialize)]
struct WireYaml {
    #[serde(default)]
    errors: Vec<WireYamlMessage>,
    #[serde(default)]
    warnings: Vec<WireYamlMessage>,
}

#[derive(Deserialize)]
struct WireYamlMessage {
    message: String,
}

impl Hub {
    /// How each file would be committed at a revision. Any number of files; the answers are in their order.
    pub async fn preupload(
        &self,
        repo: &RepoId,
        revision: &str,
        files: &[Sample],
        git_ignore: Option<&str>,
        create_pr: bool,
    ) -> Result<Vec<Preupload>> {
        let query = if create_pr { "?create_pr=1" } else { "" };
        let url =
            self.url(&format!("{}/preupload/{}{query}", Self::api_path(repo), encode_revision(revision)))?;
        let mut answers = Vec::with_capacity(files.len());
        for batch in files.chunks(BATCH) {
            let asked: Vec<_> = batch
                .iter()
                .map(|file| {
                    let sample = BASE64_STANDARD.encode(&file.beginning);
                    json!({ "path": file.path, "sample": sample, "size": file.size })
                })
                .collect();
            let mut body = json!({ "files": asked });
            if let Some(text) = git_ignore {
                body["gitIgnore"] = json!(text);
            }
            let wire: WirePreupload = self.post(&url, &body).await?;
            let found: std::collections::HashMap<&str, &WirePreuploaded> =
                wire.files.iter().map(|file| (file.path.as_str(), file)).collect();
            for file in batch {
                let nonsense =
                    |what: String| Error::new(Kind::Protocol, format!("preupload: {what}")).url(url.as_str());
                let said = found
                    .get(file.path.as_str())
                    .ok_or_else(|| nonsense(format!("the Hub says nothing of {}", file.path)))?;
                let lfs = match said.upload_mode.as_str() {
                    // A store takes no empty object.
                    "lfs" => file.size > 0,
                    "regular" => false,
                    other => return Err(nonsense(format!("unknown mode {other:?}"))),
                };
                answers.push(Preupload { lfs, ignored: said.should_ignore, oid: said.oid.clone() });
            }
        }
        Ok(answers)
    }

    /// Makes a commit. Sent once: whether a lost answer hides a commit is for the history to say.
    pub async fn commit(
        &self,
        repo: &RepoId,
        revision: &str,
        header: &CommitHeader,
        changes: &[Change],
    ) -> Result<Committed> {
        let url = self.url(&format!("{}/commit/{}", Self::api_path(repo), encode_revision(revision)))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        let body = Payload::Stream(Arc::new(Ndjson::new(header, changes)));
        let reply = self.working().follow(&Method::POST, &url, &headers, &body).await?;
        let wire: WireCommitted = parse(&reply)?;
        check_commit(&wire.commit_oid).map_err(|error| error.with_kind(Kind::Protocol))?;
        Ok(Committed { oid: wire.commit_oid, url: wire.commit_url })
    }

    /// Has the Hub check a card's metadata; what it refuses is an error, what it warns of is returned.
    pub async fn validate_yaml(&self, kind: RepoKind, content: &str) -> Result<Vec<String>> {
        let url = self.url("/api/validate-yaml")?;
        let body = json!({ "content": content, "repoType": kind.name() });
        let wire: WireYaml = match self.post(&url, &body).await {
            // Not every server that speaks the API has it.
            Err(error) if matches!(error.http_status(), 404 | 405 | 501) => return Ok(Vec::new()),
            // The Hub says what is wrong in a 400.
            Err(error) if error.http_status() == 400 => {
                let refused = "the Hub refuses the metadata of README.md";
                return Err(error.with_kind(Kind::InvalidArgument).context(refused));
            }
            answer => answer?,
        };
        let texts =
            |messages: Vec<WireYamlMessage>| messages.into_iter().map(|m| m.message).collect::<Vec<_>>();
        if !wire.errors.is_empty() {
            let what =
                format!("the Hub refuses the metadata of README.md: {}", texts(wire.errors).join("; "));
            return Err(Error::invalid(what));
        }
        Ok(texts(wire.warnings))
    }

    /// Makes LFS content of one repository known to another one.
    pub async fn duplicate_lfs(&self, from: &RepoId, to: &RepoId, files: &[Duplicate]) -> Result<()> {
        let url = self.url(&format!("{}/lfs-files/duplicate", Self::api_path(from)))?;
        for batch in files.chunks(DUPLICATES) {
            let files: Vec<_> = batch
                .iter()
                .map(|f| json!({ "xetHash": f.xet_hash, "sha256": f.sha256, "filename": f.path }))
                .collect();
            let body = json!({ "target": { "type": to.kind().name(), "name": to.id() }, "files": files });
            self.ask(&url, &body).await?;
        }
        Ok(())
    }

    /// POSTs what has the same outcome twice as once.
    async fn ask(&self, url: &Url, body: &serde_json::Value) -> Result<Reply> {
        self.make(&Request::json(Method::POST, url.clone(), body).repeatable()).await.result
    }

    async fn post<T: serde::de::DeserializeOwned>(&self, url: &Url, body: &serde_json::Value) -> Result<T> {
        parse(&self.ask(url, body).await?)
    }
}

/// The body of a commit, written while it is sent.
struct Ndjson {
    pieces: Vec<Piece>,
    length: u64,
}

enum Piece {
    Text(Bytes),
    /// Content in base64.
    Encoded(Arc<dyn Content>),
}

impl Ndjson {
    fn new(header: &CommitHeader, changes: &[Change]) -> Self {
        let mut value = json!({ "summary": header.summary, "description": header.description });
        if let Some(parent) = &header.parent {
            value["parentCommit"] = json!(parent);
        }
        let mut body = Self { pieces: Vec::new(), length: 0 };
        let mut text = line("header", &value);
        for change in changes {
            match change {
                Change::File { path, content } => {
                    // The content stands last, so that the line can be written around it.
                    text += r#"{"key":"file","value":{"encoding":"base64","path":"#;
                    text += &json!(path).to_string();
                    text += r#","content":""#;
                    body.text(std::mem::take(&mut text));
                    body.length += content.length().div_ceil(3) * 4;
                    body.pieces.push(Piece::Encoded(content.clone()));
                    text.push_str("\"}}\n");
                }
                Change::LfsFile { path, oid, size } => {
                    let mut value = json!({ "path": path, "algo": "sha256", "oid": oid });
                    if let Some(size) = size {
                        value["size"] = json!(size);
                    }
                    text += &line("lfsFile", &value);
                }
                Change::DeletedFile(path) => text += &line("deletedFile", &json!({ "path": path })),
                Change::DeletedFolder(path) => text += &line("deletedFolder", &json!({ "path": path })),
            }
        }
        body.text(text);
        body
    }

    fn text(&mut self, text: String) {
        self.length += text.len() as u64;
        self.pieces.push(Piece::Text(text.into()));
    }
}

/// A commit's body and the length that is said of it, for tests/fuzz.
#[cfg(fuzzing)]
pub async fn body(header: &CommitHeader, changes: &[Change]) -> (u64, Vec<u8>) {
    let body = Arc::new(Ndjson::new(header, changes));
    let (length, mut chunks, mut all) = (body.length(), body.open(), Vec::new());
    while let Some(Ok(chunk)) = chunks.recv().await {
        all.extend_from_slice(&chunk);
    }
    (length, all)
}

fn line(key: &str, value: &serde_json::Value) -> String {
    format!("{}\n", json!({ "key": key, "value": value }))
}

impl Content for Ndjson {
    fn length(&self) -> u64 {
        self.length
    }

    fn open(self: Arc<Self>) -> mpsc::Receiver<Result<Bytes>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for piece in &self.pieces {
                let told = match piece {
                    Piece::Text(text) => sender.send(Ok(text.clone())).await.is_ok(),
                    Piece::Encoded(content) => encode(content.clone(), &sender).await,
                };
                if !told {
                    return;
                }
            }
        });
        receiver
    }
}

/// Sends content in base64; false when nobody wants the rest, or it has failed.
async fn encode(content: Arc<dyn Content>, sender: &mpsc::Sender<Result<Bytes>>) -> bool {
    let mut chunks = content.open();
    let mut left: Vec<u8> = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                // The receiver may be gone as well: then nobody asks.
                let _ = sender.send(Err(error)).await;
                return false;
            }
        };
        for bytes in chunk.chunks(ENCODE) {
            left.extend_from_slice(bytes);
            let whole = left.len() / 3 * 3;
            let text = BASE64_STANDARD.encode(&left[..whole]);
            left.drain(..whole);
            if !text.is_empty() && sender.send(Ok(text.into())).await.is_err() {
                return false;
            }
        }
    }
    left.is_empty() || sender.send(Ok(BASE64_STANDARD.encode(&left).into())).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Chunks(Vec<&'static [u8]>);

    impl Content for Chunks {
        fn length(&self) -> u64 {
            self.0.iter().map(|chunk| chunk.len() as u64).sum()
        }

        fn open(self: Arc<Self>) -> mpsc::Receiver<Result<Bytes>> {
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(async move {
                for chunk in self.0.clone() {
                    sender.send(Ok(Bytes::from_static(chunk))).await.unwrap();
                }
            });
            receiver
        }
    }

    #[tokio::test]
    async fn a_commit_is_one_json_a_line() {
        let header = CommitHeader {
            summary: "a \"b\"\n".into(),
            description: String::new(),
            parent: Some("p".into()),
        };
        let file = |path: &str, chunks: Vec<&'static [u8]>| Change::File {
            path: path.into(),
            content: Arc::new(Chunks(chunks)),
        };
        let changes = [
            file("x \"y\"", vec![b"hel", b"lo", b" w", b"", b"orld!!"]),
            file("empty", vec![]),
            Change::LfsFile { path: "l".into(), oid: "0".repeat(64), size: Some(7) },
            Change::LfsFile { path: "copy".into(), oid: "1".repeat(64), size: None },
            Change::DeletedFile("d".into()),
            Change::DeletedFolder("e/".into()),
        ];
        let body = Arc::new(Ndjson::new(&header, &changes));
        let length = body.length();
        let (mut chunks, mut all) = (body.open(), Vec::new());
        while let Some(chunk) = chunks.recv().await {
            all.extend_from_slice(&chunk.unwrap());
        }
        assert_eq!(all.len() as u64, length);
        let lines: Vec<serde_json::Value> =
            String::from_utf8(all).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            lines,
            [
                json!({"key":"header","value":{"summary":"a \"b\"\n","description":"","parentCommit":"p"}}),
                json!({"key":"file","value":{"path":"x \"y\"","content":BASE64_STANDARD.encode("hello world!!"),"encoding":"base64"}}),
                json!({"key":"file","value":{"path":"empty","content":"","encoding":"base64"}}),
                json!({"key":"lfsFile","value":{"path":"l","algo":"sha256","oid":"0".repeat(64),"size":7}}),
                json!({"key":"lfsFile","value":{"path":"copy","algo":"sha256","oid":"1".repeat(64)}}),
                json!({"key":"deletedFile","value":{"path":"d"}}),
                json!({"key":"deletedFolder","value":{"path":"e/"}}),
            ]
        );
    }
}
