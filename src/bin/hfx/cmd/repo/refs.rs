//! `hfx repo branch`, `tag` and `refs`.

use hfx::client::Output;
use hfx::error::Kind;
use hfx::hub::{GitRef, Refs};
use hfx::options::Opt;
use serde_json::{Value, json};

use crate::args::hub::AnswerArgs;
use crate::args::repo::{
    BranchCreateArgs, BranchDeleteArgs, RepoRefsArgs, TagCreateArgs, TagDeleteArgs, WhichArgs,
};
use crate::ask::{self, Session};
use crate::fail::Failure;
use crate::{confirm, text, ui};

pub(super) fn create_branch(args: &BranchCreateArgs) -> Result<(), Failure> {
    let session = Session::at(&args.which, args.revision.as_deref())?;
    let options = ask::switched(&[(args.exist_ok, Opt::ExistOk)])?;
    let (client, start) = (&session.client, session.revision.as_deref());
    let job = client.create_branch(&session.repo, &args.branch, start, &options, ask::hooks());
    let made = ask::reply(job).map_err(exists_already)?.status < 400;
    told(&session, args.which.answer, ("branch", &args.branch), "created", made)
}

pub(super) fn delete_branch(args: &BranchDeleteArgs) -> Result<(), Failure> {
    let session = Session::whole(&args.which)?;
    let options = ask::switched(&[(args.missing_ok, Opt::MissingOk)])?;
    let job = session.client.delete_branch(&session.repo, &args.branch, &options, ask::hooks());
    let gone = ask::reply(job).map_err(|failure| missing(failure, "branch"))?.status < 400;
    told(&session, args.which.answer, ("branch", &args.branch), "deleted", gone)
}

pub(super) fn create_tag(args: &TagCreateArgs) -> Result<(), Failure> {
    let session = Session::at(&args.which, args.revision.as_deref())?;
    let options = ask::switched(&[(args.exist_ok, Opt::ExistOk)])?;
    let (client, revision, message) = (&session.client, session.revision.as_deref(), args.message.as_deref());
    let job = client.create_tag(&session.repo, &args.tag, revision, message, &options, ask::hooks());
    let made = ask::reply(job).map_err(exists_already)?.status < 400;
    told(&session, args.which.answer, ("tag", &args.tag), "created", made)
}

pub(super) fn delete_tag(args: &TagDeleteArgs) -> Result<(), Failure> {
    let session = Session::whole(&args.which)?;
    if !args.yes {
        let question = format!("Delete tag {} of {}?", args.tag, session.name());
        confirm::deletion(&question, "say --yes to delete without being asked")?;
    }
    let options = ask::switched(&[(args.missing_ok, Opt::MissingOk)])?;
    let job = session.client.delete_tag(&session.repo, &args.tag, &options, ask::hooks());
    let gone = ask::reply(job).map_err(|failure| missing(failure, "tag"))?.status < 400;
    told(&session, args.which.answer, ("tag", &args.tag), "deleted", gone)
}

pub(super) fn list_branches(which: &WhichArgs) -> Result<(), Failure> {
    let (session, refs) = refs(which, false)?;
    list(&session, which.answer, &[("branches", "branch", &refs.branches)])
}

pub(super) fn list_tags(which: &WhichArgs) -> Result<(), Failure> {
    let (session, refs) = refs(which, false)?;
    list(&session, which.answer, &[("tags", "tag", &refs.tags)])
}

pub(super) fn list_all(args: &RepoRefsArgs) -> Result<(), Failure> {
    let (session, refs) = refs(&args.which, args.include_prs)?;
    let pulls = refs.pull_requests.unwrap_or_default();
    let mut groups = vec![
        ("branches", "branch", &refs.branches),
        ("tags", "tag", &refs.tags),
        ("converts", "conversion", &refs.converts),
    ];
    if args.include_prs {
        groups.push(("pull_requests", "pull request", &pulls));
    }
    list(&session, args.which.answer, &groups)
}

fn refs(which: &WhichArgs, pull_requests: bool) -> Result<(Session, Refs), Failure> {
    let session = Session::whole(which)?;
    let options = hfx::options::Options::new();
    match ask::output(session.client.refs(&session.repo, pull_requests, &options, ask::hooks()))? {
        Output::Refs(refs) => Ok((session, refs)),
        _ => Err(ask::other()),
    }
}

/// Groups of refs: the field's name, what one is, and they.
fn list(session: &Session, answer: AnswerArgs, groups: &[(&str, &str, &Vec<GitRef>)]) -> Result<(), Failure> {
    if answer.json {
        let entry =
            |one: &GitRef| json!({"name": one.name, "ref": one.full, "target_commit": one.target_commit});
        let mut object = session.object();
        for (field, _, refs) in groups {
            object[*field] = refs.iter().map(entry).collect::<Value>();
        }
        return ui::json(&object);
    }
    let mut all = groups.iter().flat_map(|(_, what, refs)| refs.iter().map(move |one| (*what, one)));
    if answer.quiet {
        return all.try_for_each(|(_, one)| ui::line(&one.name));
    }
    let row =
        |(what, one): (&str, &GitRef)| vec![one.name.clone(), what.to_owned(), one.target_commit.clone()];
    let rows: Vec<_> = all.map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    ui::line(text::table(&["NAME", "KIND", "COMMIT"], &rows, &[]).trim_end())
}

/// What was done to a branch or tag, or had been done before.
fn told(
    session: &Session,
    answer: AnswerArgs,
    (what, name): (&str, &str),
    verb: &str,
    now: bool,
) -> Result<(), Failure> {
    let mut object = session.object();
    (object[what], object[verb]) = (json!(name), json!(now));
    let words = match (now, verb) {
        (true, verb) => verb,
        (false, "created") => "was there already",
        (false, _) => "was not there",
    };
    ask::done(answer, &object, &format!("{what} {name} of {} {words}", session.name()))
}

fn exists_already(failure: Failure) -> Failure {
    match failure.kind() {
        Some(Kind::Conflict) => failure.hint("with --exist-ok one that is there already will do"),
        _ => failure,
    }
}

fn missing(failure: Failure, what: &str) -> Failure {
    match failure.kind() {
        Some(Kind::RevisionNotFound | Kind::EntryNotFound) => failure.hint(format!(
            "`hfx repo {what} list` lists them; with --missing-ok it is fine that there is none"
        )),
        _ => failure,
    }
}
