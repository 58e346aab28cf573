//! Who may see what: tokens, private, gated and disabled repositories.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::Token;
use super::names::RepoName;
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::{Gate, State, View};
use super::store::Repo;

/// Everyone who may write is this user.
pub(super) const USER: &str = "local";

/// What of a repository is wanted: a gate stands before the files alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Info,
    Files,
}

/// The token that the call shows, if it is a known one.
fn known<'a>(call: &Call<'a>) -> Option<&'a Token> {
    let shown = call.token()?;
    call.shared.tokens.iter().find(|token| token.secret == shown)
}

/// Refuses a token that is not known; no token is fine.
pub(super) fn check_token(call: &Call<'_>) -> Result<(), Reply> {
    let any = call.shared.tokens.is_empty();
    match (call.header("authorization"), call.token()) {
        (None, _) => Ok(()),
        (Some(_), Some(_)) if any || known(call).is_some() => Ok(()),
        _ => {
            let message = "Invalid credentials in Authorization header";
            Err(Reply::error(StatusCode::UNAUTHORIZED, None, message).with("www-authenticate", "Bearer"))
        }
    }
}

/// What the caller may do, as `whoami` tells it.
pub(super) fn role(call: &Call<'_>) -> &'static str {
    if known(call).is_none_or(|token| token.may_write) { "write" } else { "read" }
}

/// Refuses who may not write; the name of who may.
pub(super) fn writer(call: &Call<'_>) -> Result<&'static str, Reply> {
    match known(call) {
        None if call.shared.tokens.is_empty() => Ok(USER),
        Some(token) if token.may_write => Ok(USER),
        Some(_) => {
            let message = "Forbidden: this token may only read. You must use a write token for this.";
            Err(Reply::error(StatusCode::FORBIDDEN, None, message))
        }
        None => {
            let reply = Reply::error(StatusCode::UNAUTHORIZED, None, "Invalid username or password.");
            Err(reply.with("www-authenticate", "Bearer"))
        }
    }
}

/// The stored repository, for one who may write; a plain folder becomes one by this.
pub(super) async fn open_to_write(call: &Call<'_>, name: &RepoName) -> Result<Arc<Repo>, Reply> {
    writer(call)?;
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    call.shared.repos.stored(&view).await
}

/// The repository, if the caller may see that part of it.
pub(super) async fn open(call: &Call<'_>, name: &RepoName, part: Part, age: Age) -> Result<Arc<View>, Reply> {
    let view = call.shared.repos.view(name, age).await;
    let view = view.map_err(|message| Reply::error(StatusCode::INTERNAL_SERVER_ERROR, None, &message))?;
    let view = view
        .filter(|view| !view.settings.private || call.token().is_some())
        .ok_or_else(|| repo_not_found(call))?;
    if view.settings.disabled {
        return Err(Reply::error(StatusCode::FORBIDDEN, None, "Access to this resource is disabled."));
    }
    if part == Part::Files {
        check_gate(call, &view)?;
    }
    Ok(view)
}

fn check_gate(call: &Call<'_>, view: &View) -> Result<(), Reply> {
    let granted = |token: &str| view.settings.granted.iter().any(|known| known == token);
    let (kind, id) = (view.name.kind.plural().trim_end_matches('s'), &view.name.id);
    match (view.settings.gate(), call.token()) {
        (Gate::Open, _) | (Gate::Auto, Some(_)) => Ok(()),
        (Gate::Manual, Some(token)) if granted(token) => Ok(()),
        // The owner passes every gate.
        (_, Some(_)) if known(call).is_some_and(|token| token.may_write) => Ok(()),
        (_, Some(_)) => {
            let message =
                format!("Access to {kind} {id} is restricted and you are not in the authorized list.");
            Err(Reply::error(StatusCode::FORBIDDEN, Some("GatedRepo"), &message))
        }
        (_, None) => {
            let message = format!(
                "Access to {kind} {id} is restricted. You must have access to it and be authenticated."
            );
            Err(Reply::error(StatusCode::UNAUTHORIZED, Some("GatedRepo"), &message))
        }
    }
}

/// Missing and hidden look the same; without a token the Hub says 401.
pub(super) fn repo_not_found(call: &Call<'_>) -> Reply {
    let status = if call.token().is_some() { StatusCode::NOT_FOUND } else { StatusCode::UNAUTHORIZED };
    Reply::error(status, Some("RepoNotFound"), "Repository not found")
}

/// The state that the revision names.
pub(super) fn at_revision(view: &View, revision: &str) -> Result<Arc<State>, Reply> {
    view.find(revision).ok_or_else(|| revision_not_found(revision))
}

pub(super) fn revision_not_found(revision: &str) -> Reply {
    let message = format!("Invalid rev id: {revision}");
    Reply::error(StatusCode::NOT_FOUND, Some("RevisionNotFound"), &message)
}

/// What says that a path is not in a commit, or that nobody here knows.
pub(super) fn entry_not_found(state: &State, path: &str) -> Reply {
    if state.absent.as_ref().is_some_and(|absent| !absent.contains(path)) {
        return not_held();
    }
    let message = format!("Entry not found: {path}");
    Reply::error(StatusCode::NOT_FOUND, Some("EntryNotFound"), &message).with("x-repo-commit", &state.commit)
}

/// The file may well exist: no `EntryNotFound`, which a client would remember.
pub(super) fn not_held() -> Reply {
    Reply::error(StatusCode::NOT_FOUND, None, "This file is not in the cache that is served")
}

/// A listing of the state; one that may lack files says so.
pub(super) fn listing(state: &State, entries: &Value) -> Reply {
    let reply = Reply::json(entries);
    if state.absent.is_none() {
        return reply;
    }
    reply
        .with("x-hf-warning", "hfx serve; The cache that is served may hold only some of this commit's files")
}
