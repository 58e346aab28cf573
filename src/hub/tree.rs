//! Listings: what a repository holds at a commit, and which names its commits have.

use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderMap, HeaderValue, Method, header};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::api::{Hub, parse};
use crate::error::{Error, Kind, Result};
use crate::repo::{RepoId, check_commit, check_etag, check_repo_path, encode_path, encode_revision};

/// A listing longer than this is not believed.
const MOST_FILES: usize = 5_000_000;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path in the repository, checked.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The git blob's SHA-1 (of the pointer, for LFS files).
    pub blob_id: String,
    /// SHA-256, for LFS files.
    pub sha256: Option<String>,
    /// The Xet hash, for files stored that way.
    pub xet_hash: Option<String>,
}

impl TreeFile {
    /// The name under which the cache keeps the file.
    pub fn etag(&self) -> &str {
        self.sha256.as_deref().unwrap_or(&self.blob_id)
    }
}

/// What the Hub says of a repository.
#[derive(Debug, Clone)]
pub struct RepoInfo {
    /// Its name as the Hub writes it.
    pub id: String,
    /// The commit that the revision means.
    pub sha: String,
    /// Whether only some may see it.
    pub private: bool,
    /// Whether access has to be asked for.
    pub gated: bool,
    /// Whether access is disabled.
    pub disabled: bool,
    /// The whole answer, for what is not named here.
    pub json: String,
}

/// A branch, tag, conversion or pull request.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GitRef {
    /// `main`.
    pub name: String,
    /// `refs/heads/main`.
    #[serde(rename = "ref")]
    pub full: String,
    /// The commit.
    pub target_commit: String,
}

/// The refs of a repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refs {
    /// Branches.
    #[serde(default)]
    pub branches: Vec<GitRef>,
    /// Conversions (`refs/convert/...`).
    #[serde(default)]
    pub converts: Vec<GitRef>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<GitRef>,
    /// Pull requests.
    #[serde(default)]
    pub pull_requests: Option<Vec<GitRef>>,
}

#[derive(Deserialize)]
struct WireInfo {
    id: Option<String>,
    sha: Option<String>,
    #[serde(default)]
    private: Option<bool>,
    /// `false`, `"auto"` or `"manual"`.
    #[serde(default)]
    gated: serde_json::Value,
    #[serde(default)]
    disabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
    lfs: Option<WireLfs>,
    xet_hash: Option<String>,
}

#[derive(Deserialize)]
struct WireLfs {
    #[serde(alias = "sha256")]
    oid: String,
    size: Option<u64>,
}

impl Hub {
    /// The repository at a revision.
    pub async fn repo_info(&self, repo: &RepoId, revision: &str) -> Result<RepoInfo> {
        let url = self.url(&format!("{}/revision/{}", Self::api_path(repo), encode_revision(revision)))?;
        let (wire, reply): (WireInfo, _) =
            self.get_json(&url).await.map_err(|e| e.context(format!("{} at {revision}", repo.id())))?;
        let sha = wire
            .sha
            .ok_or_else(|| Error::new(Kind::Protocol, "the answer names no commit").url(url.as_str()))?;
        check_commit(&sha).map_err(|e| e.with_kind(Kind::Protocol))?;
        Ok(RepoInfo {
            id: wire.id.unwrap_or_else(|| repo.id().to_owned()),
            sha,
            private: wire.private.unwrap_or(false),
            gated: !matches!(wire.gated, serde_json::Value::Null | serde_json::Value::Bool(false)),
            disabled: wire.disabled.unwrap_or(false),
            json: String::from_utf8_lossy(&reply.body).into_owned(),
        })
    }

    /// All files at a revision, below `folder` when it is not empty, in the order of their paths.
    pub async fn tree(&self, repo: &RepoId, revision: &str, folder: &str) -> Result<Vec<TreeFile>> {
        let api = Self::api_path(repo);
        let below = if folder.is_empty() {
            String::new()
        } else {
            // Here the slashes are encoded as well.
            format!("/{}", encode_path(folder).replace('/', "%2F"))
        };
        let first = format!("{api}/tree/{}{below}?recursive=true&expand=false", encode_revision(revision));
        let mut next = Some(self.url(&first)?);
        let (mut files, mut seen) = (BTreeMap::new(), 0);
        while let Some(url) = next {
            let (page, reply): (Listing, _) =
                self.get_json(&url).await.map_err(|e| e.context(format!("{} at {revision}", repo.id())))?;
            // Pages count as well: empty ones, or a circle of them, must end.
            seen += page.entries.max(1000);
            files.extend(page.files.into_iter().map(|file| (file.path.clone(), file)));
            if seen > MOST_FILES {
                return Err(Error::new(Kind::Protocol, "the listing does not end").url(url.as_str()));
            }
            next = self.page_after(&url, &reply.headers)?;
        }
        Ok(files.into_values().collect())
    }

    /// Branches, tags, conversions and, if asked for, pull requests.
    pub async fn refs(&self, repo: &RepoId, pull_requests: bool) -> Result<Refs> {
        let query = if pull_requests { "?include_prs=1" } else { "" };
        let url = self.url(&format!("{}/refs{query}", Self::api_path(repo)))?;
        Ok(self.get_json(&url).await?.0)
    }

    /// What is known of these paths at a revision; unknown ones are left out. At most 500.
    pub async fn paths_info(&self, repo: &RepoId, revision: &str, paths: &[String]) -> Result<Vec<TreeFile>> {
        let url = self.url(&format!("{}/paths-info/{}", Self::api_path(repo), encode_revision(revision)))?;
        let mut form: Vec<String> =
            paths.iter().map(|path| format!("paths={}", encode_path(path).replace('/', "%2F"))).collect();
        form.push("expand=false".to_owned());
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let reply = self.call(Method::POST, &url, headers, form.join("&").into_bytes()).await?;
        Ok(parse::<Listing>(&reply)?.files)
    }
}

/// A page of a listing, checked entry by entry, so that a bad one ends it and folders take no room.
#[derive(Default)]
struct Listing {
    files: Vec<TreeFile>,
    entries: usize,
}

impl<'de> Deserialize<'de> for Listing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de> Visitor<'de> for Listing {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> std::result::Result<Self, A::Error> {
        while let Some(entry) = list.next_element()? {
            self.entries += 1;
            self.files.extend(checked(entry).map_err(serde::de::Error::custom)?);
        }
        Ok(self)
    }
}

/// A listing's files, for tests/fuzz.
#[cfg(fuzzing)]
pub fn read(json: &[u8]) -> Result<Vec<TreeFile>> {
    let listing: Listing =
        serde_json::from_slice(json).map_err(|error| Error::new(Kind::Protocol, "not JSON").cause(&error))?;
    Ok(listing.files)
}

/// A wire entry as a file; folders are none.
fn checked(entry: WireEntry) -> Result<Option<TreeFile>> {
    if entry.kind != "file" {
        return Ok(None);
    }
    let hostile = |e: Error| e.with_kind(Kind::Protocol);
    let path = check_repo_path(&entry.path).map_err(hostile)?;
    if path != entry.path {
        return Err(hostile(Error::invalid(format!("not a path: {}", entry.path))));
    }
    let (sha256, size) = match entry.lfs {
        Some(lfs) => (Some(lfs.oid), lfs.size.unwrap_or(entry.size)),
        None => (None, entry.size),
    };
    check_etag(sha256.as_deref().unwrap_or(&entry.oid)).map_err(hostile)?;
    Ok(Some(TreeFile { path, size, blob_id: entry.oid, sha256, xet_hash: entry.xet_hash }))
}
