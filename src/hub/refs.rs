//! Branches and tags, made and deleted. Each is named, so doing it twice does no harm: see [`super::repos`].
//!
//! Source: `huggingface_hub` 2.4.0, `hf_api.py`.

use http::Method;
use serde_json::json;

use super::api::Hub;
use super::call::{ApiReply, Request};
use super::repos::THERE;
use crate::error::{Error, Kind, Result};
use crate::repo::{RepoId, encode_revision};

/// What says that a branch or tag is not there; of others the Hub says that the repository is missing.
const MISSING: &[Kind] = &[Kind::RevisionNotFound, Kind::EntryNotFound];

impl Hub {
    /// Makes a branch at a revision, the head of main when none is named. With `exist_ok` one that is there will do,
    /// wherever it points.
    pub async fn create_branch(
        &self,
        repo: &RepoId,
        branch: &str,
        start: Option<&str>,
        exist_ok: bool,
    ) -> Result<ApiReply> {
        let making = |error: Error| error.context(format!("create branch {branch} of {repo}"));
        let body = start.map_or(json!({}), |start| json!({"startingPoint": start}));
        let url = self.ref_url(repo, "branch", branch)?;
        let outcome = self.make(&Request::json(Method::POST, url, &body).repeatable()).await;
        // Who may not make it may see it all the same.
        if exist_ok
            && let Err(error) = &outcome.result
            && error.http_status() == 403
            && let Ok(refs) = self.refs(repo, false).await
            && refs.branches.iter().any(|known| known.name == branch)
        {
            return Ok(ApiReply::made("", Some(error)));
        }
        outcome.settled(THERE, exist_ok).map_err(making)
    }

    /// Deletes a branch.
    pub async fn delete_branch(&self, repo: &RepoId, branch: &str, missing_ok: bool) -> Result<ApiReply> {
        let request = Request::new(Method::DELETE, self.ref_url(repo, "branch", branch)?).repeatable();
        let settled = self.make(&request).await.settled(MISSING, missing_ok);
        settled.map_err(|error| error.context(format!("delete branch {branch} of {repo}")))
    }

    /// Tags a revision. With `exist_ok` a tag that is there will do, wherever it points.
    pub async fn create_tag(
        &self,
        repo: &RepoId,
        tag: &str,
        revision: &str,
        message: Option<&str>,
        exist_ok: bool,
    ) -> Result<ApiReply> {
        let mut body = json!({"tag": tag});
        if let Some(message) = message {
            body["message"] = json!(message);
        }
        let url = self.ref_url(repo, "tag", revision)?;
        let outcome = self.make(&Request::json(Method::POST, url, &body).repeatable()).await;
        outcome
            .settled(THERE, exist_ok)
            .map_err(|error| error.context(format!("create tag {tag} of {repo} at {revision}")))
    }

    /// Deletes a tag.
    pub async fn delete_tag(&self, repo: &RepoId, tag: &str, missing_ok: bool) -> Result<ApiReply> {
        let request = Request::new(Method::DELETE, self.ref_url(repo, "tag", tag)?).repeatable();
        let settled = self.make(&request).await.settled(MISSING, missing_ok);
        settled.map_err(|error| error.context(format!("delete tag {tag} of {repo}")))
    }

    fn ref_url(&self, repo: &RepoId, what: &str, name: &str) -> Result<crate::net::Url> {
        self.url(&format!("{}/{what}/{}", Self::api_path(repo), encode_revision(name)))
    }
}
