//! `hfx repo create`, `delete`, `move`, `settings`.

use hfx::error::Kind;
use hfx::options::{Opt, Options};
use hfx::repo::RepoId;
use serde_json::{Value, json};

use crate::args::hub::AnswerArgs;
use crate::args::repo::{RepoCreateArgs, RepoDeleteArgs, RepoMoveArgs, RepoSettingsArgs, VisibilityArgs};
use crate::ask::{self, Session};
use crate::fail::Failure;
use crate::{confirm, ui};

pub(super) fn create(args: &RepoCreateArgs) -> Result<(), Failure> {
    let session = Session::whole(&args.which)?;
    let mut options = ask::switched(&[(args.exist_ok, Opt::ExistOk)])?;
    lay_visibility(&mut options, args.visibility)?;
    if let Some(sdk) = &args.sdk {
        options.set_text(Opt::SpaceSdk, sdk)?;
    }
    let made = ask::reply(session.client.create_repo(&session.repo, &options, ask::hooks()));
    let made = made.map_err(|failure| match failure.kind() {
        Some(Kind::Conflict) => failure.hint("with --exist-ok one that is there already will do"),
        Some(Kind::Unauthorized) => failure.hint("`hfx auth login` stores a token that may write"),
        _ => failure,
    })?;
    let told: Value = serde_json::from_str(&made.body).unwrap_or_default();
    let words = if told["created"] == true { "created" } else { "was there already" };
    let mut object = session.object();
    (object["url"], object["created"]) = (told["url"].clone(), told["created"].clone());
    address(args.which.answer, &object, &format!("{} {words}", session.name()))
}

pub(super) fn delete(args: &RepoDeleteArgs) -> Result<(), Failure> {
    let session = Session::whole(&args.which)?;
    if !args.yes {
        let question = format!("Delete {} with all its files, for ever?", session.name());
        confirm::deletion(&question, "say --yes to delete without being asked")?;
    }
    let options = ask::switched(&[(args.missing_ok, Opt::MissingOk)])?;
    let reply = ask::reply(session.client.delete_repo(&session.repo, &options, ask::hooks()))?;
    let deleted = reply.status < 400;
    let mut object = session.object();
    object["deleted"] = json!(deleted);
    let words = if deleted { "deleted" } else { "was not there" };
    ask::done(args.which.answer, &object, &format!("{} {words}", session.name()))
}

pub(super) fn rename(args: &RepoMoveArgs) -> Result<(), Failure> {
    let session = Session::whole(&args.which)?;
    let to = RepoId::new(session.repo.kind(), &args.to)?;
    let moved = session.client.move_repo(&session.repo, &to, &Options::new(), ask::hooks());
    let told: Value = serde_json::from_str(&ask::reply(moved)?.body).unwrap_or_default();
    let object = json!({
        "from": session.repo.id(), "to": to.id(), "repo_type": to.kind().name(), "url": told["url"],
    });
    address(args.which.answer, &object, &format!("{} moved to {}", session.name(), to.id()))
}

pub(super) fn settings(args: &RepoSettingsArgs) -> Result<(), Failure> {
    if args.gated.is_none() && args.visibility.name().is_none() {
        return Err(Failure::usage("no setting to change: give --gated, --private, --public or --protected"));
    }
    let session = Session::whole(&args.which)?;
    let mut options = Options::new();
    lay_visibility(&mut options, args.visibility)?;
    if let Some(gated) = &args.gated {
        options.set_text(Opt::Gated, gated)?;
    }
    ask::reply(session.client.change_repo(&session.repo, &options, ask::hooks()))?;
    let mut object = session.object();
    if let Some(visibility) = args.visibility.name() {
        object["visibility"] = json!(visibility);
    }
    if let Some(gated) = &args.gated {
        object["gated"] = if gated == "false" { json!(false) } else { json!(gated) };
    }
    ask::done(args.which.answer, &object, &format!("{} changed", session.name()))
}

fn lay_visibility(options: &mut Options, args: VisibilityArgs) -> Result<(), Failure> {
    match args.name() {
        Some(name) => Ok(options.set_text(Opt::Visibility, name)?),
        None => Ok(()),
    }
}

/// What was done, and last on stdout the address.
fn address(answer: AnswerArgs, object: &Value, words: &str) -> Result<(), Failure> {
    ask::done(answer, object, words)?;
    if answer.json { Ok(()) } else { ui::line(object["url"].as_str().unwrap_or_default()) }
}
