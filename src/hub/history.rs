//! The commits behind a revision, newest first.

use serde::Deserialize;

use super::api::Hub;
use crate::error::{Error, Kind, Result};
use crate::repo::{RepoId, check_commit, encode_revision};

/// A history longer than this is not believed.
const MOST_PAGES: usize = 100_000;

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its hash, 40 hex.
    pub id: String,
    /// The first line of its message.
    pub title: String,
    /// The rest of it.
    pub message: String,
    /// Who made it, by their names on the Hub.
    pub authors: Vec<String>,
    /// When, as the Hub writes it: `2026-01-31T12:00:00.000Z`.
    pub date: String,
}

#[derive(Deserialize)]
struct WireCommit {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    authors: Vec<WireAuthor>,
    #[serde(default)]
    date: String,
}

#[derive(Deserialize)]
struct WireAuthor {
    #[serde(default)]
    user: String,
}

impl Hub {
    /// The commits behind a revision, newest first: `most` of them, 0 for all.
    pub async fn commits(&self, repo: &RepoId, revision: &str, most: usize) -> Result<Vec<CommitInfo>> {
        self.walk(repo, revision, most, None).await
    }

    /// The commits that came after `parent`, newest first: `most` of them.
    pub async fn commits_since(
        &self,
        repo: &RepoId,
        revision: &str,
        parent: &str,
        most: usize,
    ) -> Result<Vec<CommitInfo>> {
        self.walk(repo, revision, most, Some(parent)).await
    }

    async fn walk(
        &self,
        repo: &RepoId,
        revision: &str,
        most: usize,
        until: Option<&str>,
    ) -> Result<Vec<CommitInfo>> {
        let path = format!("{}/commits/{}", Self::api_path(repo), encode_revision(revision));
        let mut next = Some(self.url(&path)?);
        let (mut commits, mut pages) = (Vec::new(), 0);
        while let Some(url) = next {
            let (page, reply): (Vec<WireCommit>, _) =
                self.get_json(&url).await.map_err(|e| e.context(format!("{} at {revision}", repo.id())))?;
            for commit in page {
                if until == Some(&commit.id) {
                    return Ok(commits);
                }
                commits.push(checked(commit)?);
            }
            pages += 1;
            if most > 0 && commits.len() >= most {
                commits.truncate(most);
                break;
            }
            if pages > MOST_PAGES {
                return Err(Error::new(Kind::Protocol, "the history does not end").url(url.as_str()));
            }
            next = self.page_after(&url, &reply.headers)?;
        }
        Ok(commits)
    }
}

fn checked(wire: WireCommit) -> Result<CommitInfo> {
    check_commit(&wire.id).map_err(|error| error.context("the Hub's history"))?;
    let authors = wire.authors.into_iter().map(|author| author.user).collect();
    Ok(CommitInfo { id: wire.id, title: wire.title, message: wire.message, authors, date: wire.date })
}
