//! Repositories as wholes: made, deleted, moved, changed, asked for.
//!
//! Each call here names what it acts on, so doing it twice does no harm, and it is made again after failures that may
//! pass. What a repetition can't tell is whether "there already" or "not there" is its own doing: that counts as a
//! success only with `exist_ok` or `missing_ok`; without, the error says that an earlier try may have done it.
//!
//! Source: `huggingface_hub` 2.4.0, `hf_api.py`.

use std::time::Instant;

use http::Method;
use serde_json::{Value, json};

use super::api::{Hub, Reply};
use super::call::{ApiReply, Outcome, Request, doubtful};
use crate::error::{Error, Kind, Result};
use crate::net::retry::Backoff;
use crate::repo::{RepoId, RepoKind};

/// How often a repository is asked to move, when an answer was lost and it has not moved.
const MOVES: u32 = 3;
/// What the Hub says (409) while another repository of the same owner is being made.
const BUSY: &str = "another conflicting operation is in progress";
/// What says that a repository, branch or tag is there already.
pub(super) const THERE: &[Kind] = &[Kind::Conflict];

/// How a repository is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// `public`, `private` or `protected`; what the owner's settings say when none.
    pub visibility: Option<String>,
    /// What a Space runs on.
    pub sdk: Option<String>,
    /// Whether one that is there already will do.
    pub exist_ok: bool,
}

/// What is to be changed of a repository; none is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `public`, `private` or `protected`.
    pub visibility: Option<String>,
    /// `auto`, `manual` or `false`.
    pub gated: Option<String>,
}

impl Making {
    /// Refuses what makes no sense for this kind of repository.
    pub fn check(&self, repo: &RepoId) -> Result<()> {
        check_visibility(repo, self.visibility.as_deref())?;
        match (repo.kind(), &self.sdk) {
            (RepoKind::Space, None) => Err(Error::invalid(
                "a Space is made with an SDK (space_sdk): gradio, streamlit, docker or static",
            )),
            (RepoKind::Space, Some(_)) | (_, None) => Ok(()),
            (kind, Some(_)) => {
                Err(Error::invalid(format!("only a Space has an SDK (space_sdk), not a {kind}")))
            }
        }
    }
}

impl Settings {
    /// Refuses an empty change, and what makes no sense for this kind of repository.
    pub fn check(&self, repo: &RepoId) -> Result<()> {
        check_visibility(repo, self.visibility.as_deref())?;
        if *self == Self::default() {
            return Err(Error::invalid("no setting to change: set the option visibility or gated"));
        }
        Ok(())
    }
}

/// Refuses a move that can't be one.
pub fn check_move(from: &RepoId, to: &RepoId) -> Result<()> {
    for repo in [from, to] {
        if repo.parts().0.is_none() {
            return Err(Error::invalid(format!("'{}': a move needs whole names, owner/name", repo.id())));
        }
    }
    if from.kind() != to.kind() {
        let (from, to) = (from.kind(), to.kind());
        return Err(Error::invalid(format!("a {from} can't become a {to} by a move")));
    }
    if from == to {
        return Err(Error::invalid(format!("'{}' is its name already", to.id())));
    }
    Ok(())
}

fn check_visibility(repo: &RepoId, visibility: Option<&str>) -> Result<()> {
    if visibility == Some("protected") && repo.kind() != RepoKind::Space {
        return Err(Error::invalid(format!("only a Space can be protected, not a {}", repo.kind())));
    }
    Ok(())
}

impl Hub {
    /// Makes a repository. The answer's body is `{"url", "created"}`.
    pub async fn create_repo(&self, repo: &RepoId, making: &Making) -> Result<ApiReply> {
        let mut body = named(repo);
        if let Some(visibility) = &making.visibility {
            body["visibility"] = json!(visibility);
        }
        if let Some(sdk) = &making.sdk {
            body["sdk"] = json!(sdk);
        }
        let request = Request::json(Method::POST, self.url("/api/repos/create")?, &body).repeatable();
        let (mut backoff, patience) = (Backoff::default(), self.patience());
        let outcome = loop {
            let outcome = self.make(&request).await;
            let wait = backoff.next(fastrand::f64());
            if !is_busy(&outcome) || !patience.allows(Instant::now(), wait) {
                break outcome;
            }
            tokio::time::sleep(wait).await;
        };
        let status = match &outcome.result {
            Ok(reply) => return Ok(ApiReply::of(reply, self.page_of(reply, repo)?)),
            Err(error) => error.http_status(),
        };
        // Who may not make it may see it all the same.
        let there = match status {
            401..=403 if making.exist_ok => self.look_up(repo).await.is_ok(),
            _ => false,
        };
        if let Err(error) = &outcome.result
            && (there || (making.exist_ok && outcome.found(THERE)))
        {
            let url = self.page(&self.full_name(repo).await)?;
            return Ok(ApiReply::made(&json!({"url": url, "created": false}).to_string(), Some(error)));
        }
        outcome.settled(THERE, false).map_err(|error| error.context(format!("create {repo}")))
    }

    /// Deletes a repository, for ever.
    pub async fn delete_repo(&self, repo: &RepoId, missing_ok: bool) -> Result<ApiReply> {
        let request =
            Request::json(Method::DELETE, self.url("/api/repos/delete")?, &named(repo)).repeatable();
        let mut outcome = self.make(&request).await;
        outcome.result = outcome.result.map_err(no_repo);
        let settled = outcome.settled(&[Kind::RepoNotFound], missing_ok);
        settled.map_err(|error| error.context(format!("delete {repo}")))
    }

    /// Gives a repository another name or owner. The answer's body is `{"url"}`. It is seen under its old name first; so
    /// after a lost answer, a look at both names tells whether it has moved.
    pub async fn move_repo(&self, from: &RepoId, to: &RepoId) -> Result<ApiReply> {
        let moving = |error: Error| error.context(format!("move {from} to {to}"));
        self.look_up(from).await.map_err(moving)?;
        let body = json!({"fromRepo": from.id(), "toRepo": to.id(), "type": from.kind().name()});
        let request = Request::json(Method::POST, self.url("/api/repos/move")?, &body);
        let done = json!({"url": self.page(to)?}).to_string();
        let (mut in_doubt, mut tries) = (false, 0);
        loop {
            let outcome = self.make(&request).await;
            in_doubt |= outcome.in_doubt;
            tries += 1;
            let error = match outcome.result {
                Ok(reply) => return Ok(ApiReply::of(&reply, done)),
                Err(error) => error,
            };
            match if in_doubt { self.has_moved(from, to).await } else { Some(false) } {
                Some(true) => return Ok(ApiReply::made(&done, None)),
                Some(false) if outcome.in_doubt && tries < MOVES => {}
                None if !outcome.in_doubt => return Err(moving(doubtful(error))),
                _ => return Err(moving(error)),
            }
        }
    }

    /// Changes who may see a repository, and how access has to be asked for.
    pub async fn change_repo(&self, repo: &RepoId, settings: &Settings) -> Result<ApiReply> {
        let mut body = json!({});
        if let Some(visibility) = &settings.visibility {
            body["visibility"] = json!(visibility);
        }
        if let Some(gated) = &settings.gated {
            body["gated"] = if gated == "false" { json!(false) } else { json!(gated) };
        }
        let url = self.url(&format!("{}/settings", Self::api_path(repo)))?;
        let changed = self.make(&Request::json(Method::PUT, url, &body).repeatable()).await.result;
        ApiReply::read(&changed.map_err(|error| error.context(format!("change {repo}")))?)
    }

    /// Whether the repository is there, and has the revision where one is named. A gated one is there.
    pub async fn repo_exists(&self, repo: &RepoId, revision: Option<&str>) -> Result<bool> {
        let found = match revision {
            Some(revision) => self.repo_info(repo, revision).await.map(|_| ()),
            // It may be there without a commit.
            None => self.look_up(repo).await.map(|_| ()),
        };
        let missing = [Kind::RepoNotFound, Kind::RevisionNotFound, Kind::EntryNotFound];
        exists(found, &missing, &[Kind::Gated])
    }

    /// Whether a revision of a repository has the file. Behind a gate nobody can tell.
    pub async fn file_exists(&self, repo: &RepoId, revision: &str, path: &str) -> Result<bool> {
        let found = self.resolve(repo, revision, path).await;
        let missing = [Kind::RepoNotFound, Kind::RevisionNotFound, Kind::EntryNotFound];
        exists(found.map(|_| ()), &missing, &[])
    }

    /// The address of a repository's page.
    pub fn page(&self, repo: &RepoId) -> Result<String> {
        Ok(self.url(&format!("/{repo}"))?.as_str().to_owned())
    }

    /// The address of a commit's page.
    pub fn commit_page(&self, repo: &RepoId, commit: &str) -> Result<String> {
        Ok(format!("{}/commit/{commit}", self.page(repo)?))
    }

    /// The name under which a repository is known, which is another one once it has moved.
    async fn look_up(&self, repo: &RepoId) -> Result<String> {
        let url = self.url(&Self::api_path(repo))?;
        let (told, _): (Value, _) =
            self.get_json(&url).await.map_err(|error| no_repo(error).context(repo.to_string()))?;
        Ok(told["id"].as_str().unwrap_or(repo.id()).to_owned())
    }

    /// With its owner: the token's, where the name has none and the Hub tells.
    async fn full_name(&self, repo: &RepoId) -> RepoId {
        let whole = match repo.parts().0 {
            Some(_) => None,
            None => self.user_name().await.ok().map(|user| format!("{user}/{}", repo.id())),
        };
        whole.and_then(|id| RepoId::new(repo.kind(), &id).ok()).unwrap_or_else(|| repo.clone())
    }

    fn page_of(&self, reply: &Reply, repo: &RepoId) -> Result<String> {
        let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let url = match told["url"].as_str() {
            Some(url) => url.to_owned(),
            None => self.page(repo)?,
        };
        Ok(json!({"url": url, "created": true}).to_string())
    }

    /// Whether a repository that was at `from` is at `to` now; none when that can't be seen.
    async fn has_moved(&self, from: &RepoId, to: &RepoId) -> Option<bool> {
        match self.look_up(from).await {
            // The Hub leads from the old name to the new one.
            Ok(id) if id.eq_ignore_ascii_case(to.id()) => Some(true),
            Ok(_) => Some(false),
            Err(error) if error.kind() == Kind::RepoNotFound => {
                self.look_up(to).await.is_ok().then_some(true)
            }
            Err(_) => None,
        }
    }
}

/// How the calls about whole repositories name one.
fn named(repo: &RepoId) -> Value {
    let (organization, name) = repo.parts();
    json!({"name": name, "organization": organization, "type": repo.kind().name()})
}

/// Some servers' 404 carries no code: of a repository as a whole it can mean one thing only.
fn no_repo(error: Error) -> Error {
    let plain = error.http_status() == 404 && matches!(error.kind(), Kind::Http | Kind::EntryNotFound);
    if plain { error.with_kind(Kind::RepoNotFound) } else { error }
}

fn is_busy(outcome: &Outcome) -> bool {
    outcome.found(THERE) && outcome.result.as_ref().is_err_and(|error| error.message().contains(BUSY))
}

fn exists(found: Result<()>, missing: &[Kind], there: &[Kind]) -> Result<bool> {
    match found {
        Ok(()) => Ok(true),
        Err(error) if there.contains(&error.kind()) => Ok(true),
        Err(error) if missing.contains(&error.kind()) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(kind: RepoKind, id: &str) -> RepoId {
        RepoId::new(kind, id).unwrap()
    }

    #[test]
    fn what_can_t_be_made_is_refused() {
        let (model, space) = (repo(RepoKind::Model, "o/n"), repo(RepoKind::Space, "o/n"));
        let making = |visibility: Option<&str>, sdk: Option<&str>| Making {
            visibility: visibility.map(str::to_owned),
            sdk: sdk.map(str::to_owned),
            exist_ok: false,
        };
        assert!(making(Some("private"), None).check(&model).is_ok());
        assert!(making(Some("protected"), Some("docker")).check(&space).is_ok());
        for (repo, making) in [
            (&model, making(Some("protected"), None)),
            (&model, making(None, Some("gradio"))),
            (&space, making(None, None)),
        ] {
            assert_eq!(making.check(repo).unwrap_err().kind(), Kind::InvalidArgument, "{making:?}");
        }
        assert!(Settings::default().check(&model).is_err());
        assert!(Settings { gated: Some("auto".into()), visibility: None }.check(&model).is_ok());
    }

    #[test]
    fn moves_that_are_none() {
        let (model, other) = (repo(RepoKind::Model, "o/n"), repo(RepoKind::Model, "p/n"));
        assert!(check_move(&model, &other).is_ok());
        for to in [&model, &repo(RepoKind::Dataset, "p/n"), &repo(RepoKind::Model, "n")] {
            assert_eq!(check_move(&model, to).unwrap_err().kind(), Kind::InvalidArgument, "{to}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            named(&repo(RepoKind::Dataset, "o/n")),
            json!({"name": "n", "organization": "o", "type": "dataset"})
        );
        assert_eq!(named(&repo(RepoKind::Model, "n"))["organization"], Value::Null);
    }
}
