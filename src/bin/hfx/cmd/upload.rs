//! `hfx upload`: a file or a folder, in a commit; or a folder again and again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hfx::client::{Client, CommitResult, Hooks, HowCommitted, Input, Output, Schedule};
use hfx::error::{Error, Kind};
use hfx::options::{Opt, Options};
use hfx::repo::{RepoId, RepoKind, RepoSpec, is_commit};
use hfx::secret::safe_url;
use serde_json::Value;

use crate::args::{TalkArgs, UploadArgs};
use crate::fail::Failure;
use crate::json::Event;
use crate::{heard, settings, stop, text, ui, watch};

/// Uploads, and says how it went.
pub(crate) fn run(args: &UploadArgs) -> Result<(), Failure> {
    stop::listen();
    ui::ended(upload(args), args.talk)
}

/// What goes where.
struct Plan {
    repo: RepoId,
    revision: Option<String>,
    local: PathBuf,
    to: String,
    include: Vec<String>,
}

fn upload(args: &UploadArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let mut options = settings::base(&args.option)?;
    settings::lay_network(&mut options, &args.network)?;
    for (text, id) in
        [(&args.commit_message, Opt::CommitMessage), (&args.commit_description, Opt::CommitDescription)]
    {
        if let Some(text) = text {
            options.set_text(id, text)?;
        }
    }
    if args.create_pr {
        options.set_bool(Opt::CreatePr, true)?;
    }
    let mut plan = plan(args, &options)?;
    let lists = [(&plan.include, Opt::Include), (&args.exclude, Opt::Exclude), (&args.delete, Opt::Delete)];
    for (patterns, id) in lists {
        for pattern in patterns {
            options.set_text(id, pattern)?;
        }
    }
    if args.talk.json && !args.talk.quiet {
        ui::json(&Event::Start {
            repo: Some(plan.repo.id()),
            repo_type: Some(plan.repo.kind().name()),
            revision: plan.revision.as_deref(),
            url: safe_url(options.text(Opt::Endpoint)).into(),
        })?;
    }
    let client = heard::client(options, args.talk)?;
    make_room(&client, &mut plan, args)?;
    if let Some(minutes) = args.every {
        return keep_committing(&client, &plan, minutes, args.talk);
    }
    let (revision, own) = (plan.revision.as_deref(), Options::new());
    let job = if plan.local.is_dir() {
        client.upload_folder(&plan.repo, revision, &plan.local, &plan.to, &own, Hooks::default())?
    } else {
        let input = Input::Path(plan.local.clone(), None);
        client.upload_file(&plan.repo, revision, input, &plan.to, &own, Hooks::default())?
    };
    let made = committed(watch::wait(&job, args.talk)?)?;
    let (totals, elapsed) = (job.totals(), start.elapsed());
    if args.talk.json {
        if !args.talk.quiet {
            made.files.iter().try_for_each(|file| ui::json(&Event::committed_file(file)))?;
        }
        return ui::json(&Event::committed(&made, &totals, elapsed));
    }
    if !args.talk.quiet {
        ui::note(&summary(&made, totals.sent, totals.restored, elapsed));
    }
    ui::line(made.pull_request.as_ref().map_or(&made.url, |opened| &opened.url))
}

fn committed(output: Output) -> Result<CommitResult, Failure> {
    match output {
        Output::Commit(made) => Ok(made),
        _ => Err(Failure::plain("the library answered something else than what was asked for")),
    }
}

/// Repository and branch, made where they are missing.
fn make_room(client: &Client, plan: &mut Plan, args: &UploadArgs) -> Result<(), Failure> {
    let mut own = Options::new();
    own.set_bool(Opt::ExistOk, true)?;
    let mut making = own.clone();
    if args.private {
        making.set_text(Opt::Visibility, "private")?;
    }
    if plan.repo.kind() == RepoKind::Space {
        making.set_text(Opt::SpaceSdk, "gradio")?;
    }
    let job = client.create_repo(&plan.repo, &making, Hooks::default())?;
    stop::attach(&job);
    if let Output::Reply(reply) = job.join()?
        && !plan.repo.id().contains('/')
    {
        // A name alone is one of the token's owner.
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let whole = whole_id(told["url"].as_str().unwrap_or_default(), plan.repo.id());
        let whole =
            whole.ok_or_else(|| Failure::plain("the Hub does not say whose the new repository is"))?;
        plan.repo = RepoId::new(plan.repo.kind(), whole)?;
    }
    let Some(revision) = &plan.revision else { return Ok(()) };
    if args.create_pr || revision.starts_with("refs/") || is_commit(revision) {
        return Ok(());
    }
    let info = client.repo_info(&plan.repo, Some(revision), &Options::new(), Hooks::default())?;
    stop::attach(&info);
    match info.join() {
        Err(error) if error.kind() == Kind::RevisionNotFound => {
            let job = client.create_branch(&plan.repo, revision, None, &own, Hooks::default())?;
            stop::attach(&job);
            job.join()?;
            Ok(())
        }
        found => Ok(found.map(|_| ())?),
    }
}

/// `owner/name` at the end of a repository's page.
fn whole_id<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, path) = page.split_once("://")?.1.split_once('/')?;
    let before = path.strip_suffix(name)?.strip_suffix('/')?;
    let owner = before.rsplit('/').next().filter(|owner| !owner.is_empty())?;
    Some(&path[before.len() - owner.len()..])
}

/// Commits what is new every so often, until Ctrl-C, which makes the last commit.
fn keep_committing(client: &Client, plan: &Plan, minutes: f64, talk: TalkArgs) -> Result<(), Failure> {
    let every = Duration::try_from_secs_f64(minutes * 60.0).ok().filter(|every| !every.is_zero());
    let every = every.ok_or_else(|| Error::invalid("--every takes a number of minutes above 0"))?;
    let mut own = Options::new();
    let (folder, to) = if plan.local.is_dir() {
        (plan.local.clone(), plan.to.clone())
    } else {
        // A file is committed under its own name; the folder is watched for it alone.
        let name = plan.local.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        own.set_text(Opt::Include, &crate::target::escape(name))?;
        let folder = plan.local.parent().filter(|folder| !folder.as_os_str().is_empty());
        let to = plan.to.rsplit_once('/').map_or("", |(folder, _)| folder);
        (folder.unwrap_or(Path::new(".")).to_owned(), to.to_owned())
    };
    let schedule = Schedule::new();
    let revision = plan.revision.as_deref();
    let job =
        client.schedule(&plan.repo, revision, &folder, &to, every, &schedule, &own, Hooks::default())?;
    if !talk.quiet && !talk.json {
        ui::note(&format!("committing what is new to {} every {minutes} minutes; Ctrl-C ends it", plan.repo));
    }
    schedule.trigger();
    stop::instead(move || schedule.stop());
    let start = Instant::now();
    let made = committed(job.join()?)?;
    if talk.json {
        return ui::json(&Event::committed(&made, &job.totals(), start.elapsed()));
    }
    if !talk.quiet {
        ui::note(&text::count(made.commits, "commit"));
    }
    if made.url.is_empty() { Ok(()) } else { ui::line(&made.url) }
}

fn summary(made: &CommitResult, sent: u64, restored: u64, elapsed: Duration) -> String {
    let of = |how| made.files.iter().filter(move |file| file.how == how).count() as u64;
    let (unchanged, ignored) = (of(HowCommitted::Unchanged), of(HowCommitted::Ignored));
    let deleted = of(HowCommitted::Deleted);
    let mut parts = Vec::new();
    if made.commits == 0 {
        parts.push("nothing to commit".to_owned());
    } else {
        parts.push(text::count(made.files.len() as u64 - unchanged - ignored - deleted, "file"));
        parts.push(format!("sent {}", text::size(sent)));
    }
    for (count, what) in [(deleted, "deleted"), (unchanged, "unchanged"), (ignored, "ignored")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if restored > 0 {
        parts.push(format!("resumed {}", text::size(restored)));
    }
    if made.commits > 1 {
        parts.push(text::count(made.commits, "commit"));
    }
    format!("{}; {}", parts.join(", "), text::time(elapsed))
}

fn plan(args: &UploadArgs, options: &Options) -> Result<Plan, Error> {
    let spec = RepoSpec::parse(&args.repo, args.repo_type, &[options.text(Opt::Endpoint)])?;
    let twice = |what: &str| Error::invalid(format!("'{}' names {what} already", args.repo));
    let revision = match (spec.revision, &args.revision) {
        (Some(own), Some(flag)) if own != *flag => return Err(twice("a revision")),
        (own, flag) => own.or_else(|| flag.clone()),
    };
    let to = match (spec.path, &args.path_in_repo) {
        (Some(_), Some(_)) => return Err(twice("a path")),
        (own, flag) => own.or_else(|| flag.clone()),
    };
    if let Some(pattern) = args.path_in_repo.as_deref().filter(|path| path.contains(['*', '?'])) {
        return Err(Error::invalid(format!(
            "{pattern} is no path in a repository: each pattern has a flag of its own (--include A --include B)"
        )));
    }
    let name = spec.repo.id().rsplit('/').next().unwrap_or_default().to_owned();
    let (local, to, include) = resolve(args.local.as_deref(), to, &name, &args.include)?;
    Ok(Plan { repo: spec.repo, revision, local, to, include })
}

/// What is uploaded and where to, by what is on disk: the rules of `hf upload`.
fn resolve(
    local: Option<&Path>,
    to: Option<String>,
    name: &str,
    include: &[String],
) -> Result<(PathBuf, String, Vec<String>), Error> {
    let local = match local {
        None if Path::new(name).exists() => PathBuf::from(name),
        None => {
            let what = format!("there is no file or folder {name} here: say what to upload");
            return Err(Error::invalid(what));
        }
        Some(local) => local.to_owned(),
    };
    if local.exists() {
        if !local.is_dir() {
            let own = local.file_name().map(|own| own.to_string_lossy().into_owned()).unwrap_or_default();
            let to = match to.as_deref() {
                None | Some("" | ".") => own,
                Some(folder) if folder.ends_with('/') => format!("{folder}{own}"),
                Some(to) => to.to_owned(),
            };
            return Ok((local, to, Vec::new()));
        }
        return Ok((local, to.unwrap_or_default(), include.to_vec()));
    }
    let pattern = local.to_string_lossy();
    if pattern.contains(['*', '?', '[']) && include.is_empty() && to.as_deref().is_none_or(|to| to == ".") {
        return Ok((PathBuf::from("."), String::new(), vec![pattern.into_owned()]));
    }
    Err(Error::invalid(format!("there is no file or folder {}", local.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_found_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.bin");
        std::fs::write(&file, "x").unwrap();
        let to = |local: &Path, to: Option<&str>| {
            resolve(Some(local), to.map(str::to_owned), "n", &[]).map(|(_, to, _)| to)
        };
        assert_eq!(to(&file, None).unwrap(), "a.bin");
        assert_eq!(to(&file, Some("dir/")).unwrap(), "dir/a.bin");
        assert_eq!(to(&file, Some("b.bin")).unwrap(), "b.bin");
        assert_eq!(to(dir.path(), None).unwrap(), "");
        assert_eq!(to(dir.path(), Some("sub")).unwrap(), "sub");
        assert!(to(&dir.path().join("none"), None).is_err());
        let (local, _, include) = resolve(Some(Path::new("no*such.bin")), None, "n", &[]).unwrap();
        assert_eq!((local, include), (PathBuf::from("."), vec!["no*such.bin".to_owned()]));
    }

    #[test]
    fn the_owner_is_on_the_page() {
        for (page, id) in [
            ("https://hub.example/datasets/me/name", Some("me/name")),
            ("http://127.0.0.1:1/me/name", Some("me/name")),
            ("http://127.0.0.1:1/name", None),
            ("http://127.0.0.1:1//name", None),
            ("", None),
        ] {
            assert_eq!(whole_id(page, "name"), id, "{page}");
        }
    }
}
