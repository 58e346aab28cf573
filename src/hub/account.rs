//! Whose token it is, and what it opens.

use http::{Method, header};
use serde_json::Value;

use super::api::Hub;
use super::call::{ApiReply, Request};
use crate::error::{Error, Kind, Result};
use crate::repo::RepoId;

impl Hub {
    /// What the Hub says of the token's owner.
    pub async fn whoami(&self) -> Result<ApiReply> {
        if !self.headers().contains_key(header::AUTHORIZATION) {
            return Err(Error::new(Kind::Unauthorized, "there is no token to ask about"));
        }
        let request = Request::new(Method::GET, self.url("/api/whoami-v2")?);
        ApiReply::read(&self.make(&request).await.result?)
    }

    /// Asks whether the files of a repository may be read, or written to: an error says why not.
    pub async fn check_access(&self, repo: &RepoId, write: bool) -> Result<ApiReply> {
        let write = if write { "/write" } else { "" };
        let url = self.url(&format!("{}/auth-check{write}", Self::api_path(repo)))?;
        let answer = self.make(&Request::new(Method::GET, url)).await.result;
        ApiReply::read(&answer.map_err(|error| error.context(format!("access to {repo}")))?)
    }

    /// The name of the token's owner.
    pub(super) async fn user_name(&self) -> Result<String> {
        let reply = self.whoami().await?;
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let name = told["name"].as_str().map(str::to_owned);
        name.ok_or_else(|| Error::new(Kind::Protocol, "the Hub did not say whose token it is"))
    }
}
