//! `hfx repo files`, `commits` and `exists`.

use hfx::client::Output;
use hfx::hub::{CommitInfo, TreeFile};
use hfx::options::Options;
use serde_json::{Value, json};

use crate::args::repo::{RepoCommitsArgs, RepoExistsArgs, RepoFilesArgs};
use crate::ask::{self, Session};
use crate::fail::Failure;
use crate::{text, ui};

pub(super) fn files(args: &RepoFilesArgs) -> Result<(), Failure> {
    let (session, answer) = (Session::at(&args.which, args.revision.as_deref())?, args.which.answer);
    let (revision, folder) = (session.revision.as_deref(), args.folder.as_deref().unwrap_or(""));
    let job = session.client.tree(&session.repo, revision, folder, &Options::new(), ask::hooks());
    let Output::Tree(files) = ask::output(job)? else { return Err(ask::other()) };
    if answer.json {
        let entry = |file: &TreeFile| {
            json!({
                "path": file.path, "size": file.size, "blob_id": file.blob_id,
                "sha256": file.sha256, "xet_hash": file.xet_hash,
            })
        };
        let mut object = session.object();
        object["files"] = files.iter().map(entry).collect();
        return ui::json(&object);
    }
    if answer.quiet {
        return files.iter().try_for_each(|file| ui::line(&file.path));
    }
    if files.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = files.iter().map(|file| vec![text::size(file.size), file.path.clone()]).collect();
    ui::line(text::table(&["SIZE", "PATH"], &rows, &[0]).trim_end())
}

pub(super) fn commits(args: &RepoCommitsArgs) -> Result<(), Failure> {
    let (session, answer) = (Session::at(&args.which, args.revision.as_deref())?, args.which.answer);
    let revision = session.revision.as_deref();
    let job = session.client.commits(&session.repo, revision, args.limit, &Options::new(), ask::hooks());
    let Output::Commits(commits) = ask::output(job)? else { return Err(ask::other()) };
    if answer.json {
        let entry = |commit: &CommitInfo| {
            json!({
                "id": commit.id, "title": commit.title, "message": commit.message,
                "authors": commit.authors, "date": commit.date,
            })
        };
        let mut object = session.object();
        object["commits"] = commits.iter().map(entry).collect::<Value>();
        return ui::json(&object);
    }
    if answer.quiet {
        return commits.iter().try_for_each(|commit| ui::line(&commit.id));
    }
    if commits.is_empty() {
        return Ok(());
    }
    let row = |commit: &CommitInfo| {
        vec![commit.id.clone(), commit.date.clone(), commit.authors.join(", "), commit.title.clone()]
    };
    let rows: Vec<_> = commits.iter().map(row).collect();
    ui::line(text::table(&["COMMIT", "DATE", "AUTHORS", "TITLE"], &rows, &[]).trim_end())
}

pub(super) fn exists(args: &RepoExistsArgs) -> Result<(), Failure> {
    let (session, answer) = (Session::at(&args.which, args.revision.as_deref())?, args.which.answer);
    let (revision, options) = (session.revision.as_deref(), Options::new());
    let job = match &args.file {
        Some(file) => session.client.file_exists(&session.repo, revision, file, &options, ask::hooks()),
        None => session.client.repo_exists(&session.repo, revision, &options, ask::hooks()),
    };
    let Output::Exists(yes) = ask::output(job)? else { return Err(ask::other()) };
    if answer.json {
        let mut object = session.object();
        (object["revision"], object["file"], object["exists"]) =
            (json!(revision), json!(args.file), json!(yes));
        ui::json(&object)?;
    } else if !answer.quiet {
        ui::line(if yes { "yes" } else { "no" })?;
    }
    // The answer was no: nothing has failed, so there is nothing more to say.
    if yes { Ok(()) } else { Err(Failure::no()) }
}
