//! Pull requests: opened, and taken out of draft.
//!
//! Source: `huggingface_hub` 2.4.0, `hf_api.py` (`create_discussion`, `change_discussion_status`).

use http::Method;
use serde_json::{Value, json};

use super::api::{Hub, parse};
use super::call::{ApiReply, Request};
use crate::error::{Error, Kind, Result};
use crate::repo::RepoId;

/// What a pull request says that nobody has described.
const DESCRIPTION: &str = "Pull request opened with hfx";

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// What the Hub answered, as `{"num", "ref", "url"}`.
    pub reply: ApiReply,
}

impl PullRequest {
    /// The revision of its commits.
    pub fn revision(&self) -> String {
        format!("refs/pr/{}", self.number)
    }
}

/// The text of a pull request, where the caller has none.
pub fn described(description: &str) -> &str {
    if description.trim().is_empty() { DESCRIPTION } else { description }
}

/// Checks a title as the Hub does, and returns it without white space around it.
pub fn check_title(title: &str) -> Result<&str> {
    let title = title.trim();
    if (3..=200).contains(&title.chars().count()) && !title.contains(char::is_control) {
        return Ok(title);
    }
    Err(Error::invalid("a title has 3 to 200 characters, on one line"))
}

impl Hub {
    /// Opens a pull request, in draft, to which commits can be made at `refs/pr/N`. Each time it is asked for the Hub opens another one: after a lost answer the error says
    /// that there may be one.
    pub async fn open_pull_request(
        &self,
        repo: &RepoId,
        title: &str,
        description: &str,
    ) -> Result<PullRequest> {
        let opening = |error: Error| error.context(format!("open a pull request on {repo}"));
        let url = self.url(&format!("{}/discussions", Self::api_path(repo)))?;
        let body = json!({"title": title, "description": description, "pullRequest": true});
        let reply = self.make(&Request::json(Method::POST, url, &body)).await.result.map_err(opening)?;
        let told: Value = parse(&reply)?;
        let number = told["num"].as_u64().ok_or_else(|| {
            Error::new(Kind::Protocol, "the answer names no number")
                .url(reply.url.as_str())
                .context("open a pull request")
        })?;
        let url = format!("{}/discussions/{number}", self.page(repo)?);
        let told = json!({"num": number, "ref": format!("refs/pr/{number}"), "url": url});
        Ok(PullRequest { number, url, reply: ApiReply::of(&reply, told.to_string()) })
    }

    /// Takes a pull request out of draft.
    pub async fn publish_pull_request(&self, repo: &RepoId, opened: &PullRequest) -> Result<()> {
        let path = format!("{}/discussions/{}/status", Self::api_path(repo), opened.number);
        let request = Request::json(Method::POST, self.url(&path)?, &json!({"status": "open"}));
        self.make(&request).await.result?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        assert_eq!(check_title("  a title ").unwrap(), "a title");
        for bad in ["", "  ab ", "a\nb\nc", &"x".repeat(201)] {
            assert_eq!(check_title(bad).unwrap_err().kind(), Kind::InvalidArgument, "{bad:?}");
        }
    }
}
