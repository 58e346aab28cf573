//! `hfx download`: a file, some files or all of a repository.

use std::path::Path;
use std::time::{Duration, Instant};

use hfx::client::{Client, FileOutcome, FileResult, Hooks, Job, Output, SnapshotResult};
use hfx::error::{Error, Kind};
use hfx::event::FileState;
use hfx::options::{Opt, Options};
use hfx::secret::safe_url;

use crate::args::{DownloadArgs, TalkArgs};
use crate::fail::Failure;
use crate::json::Event;
use crate::settings;
use crate::target::{self, Target, What, Words};
use crate::{heard, stop, summary, text, ui, watch};

/// Downloads, and says how it went.
pub(crate) fn run(args: &DownloadArgs) -> Result<(), Failure> {
    stop::listen();
    ui::ended(download(args), args.talk)
}

fn download(args: &DownloadArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let mut options = settings(args)?;
    let target = target::read(&Words {
        repo: &args.repo,
        kind: args.repo_type,
        revision: args.revision.as_deref(),
        files: &args.files,
        include: &args.include,
        exclude: &args.exclude,
        endpoint: options.text(Opt::Endpoint),
    })?;
    if let What::Snapshot { include, exclude, .. } = &target.what {
        for pattern in include {
            options.set_text(Opt::Include, pattern)?;
        }
        for pattern in exclude {
            options.set_text(Opt::Exclude, pattern)?;
        }
    }
    if options.path(Opt::CacheDir).is_none() && options.path(Opt::LocalDir).is_none() {
        return Err(settings::no_cache().into());
    }
    announce(&target, &options, args.talk)?;
    let client = heard::client(options, args.talk)?;
    let job = begin(&client, &target)?;
    let result = watch::wait(&job, args.talk).and_then(|output| {
        let dry = client.options().bool(Opt::DryRun);
        let end = End { talk: args.talk, dry, job: &job, elapsed: start.elapsed() };
        finish(&end, &target, output, client.options())
    });
    result.map_err(|failure| match failure.kind() {
        Some(Kind::Gated) => {
            let page = format!("{}/{}", safe_url(client.options().text(Opt::Endpoint)), target.repo);
            failure.hint(format!("ask for access on {page}, and give the token of that account"))
        }
        Some(Kind::EntryNotFound) => failure.hint(
            "a folder is named with a slash at its end, a pattern with --include; --dry-run lists the files",
        ),
        _ => failure,
    })
}

fn finish(end: &End<'_>, target: &Target, output: Output, options: &Options) -> Result<(), Failure> {
    match output {
        Output::File(file) => end.file(&file),
        Output::Snapshot(snapshot) => {
            end.snapshot(&snapshot)?;
            nothing_matched(&target.what, &snapshot, options);
            let missing = missing(&target.what, &snapshot);
            if missing.is_empty() {
                return end.path(&snapshot.path, &snapshot.commit);
            }
            let text = format!("{} has no {}", target.repo, missing.join(", no "));
            Err(Error::new(Kind::EntryNotFound, text).into())
        }
        _ => Err(Failure::plain("the library answered something else than what was asked for")),
    }
}

fn settings(args: &DownloadArgs) -> Result<Options, Error> {
    let mut options = settings::base(&args.option)?;
    settings::lay_network(&mut options, &args.network)?;
    settings::set_path(&mut options, Opt::CacheDir, args.cache_dir.as_deref())?;
    settings::set_path(&mut options, Opt::LocalDir, args.local_dir.as_deref())?;
    for (flag, id) in [
        (args.force_download, Opt::Force),
        (args.dry_run, Opt::DryRun),
        (args.local_files_only, Opt::LocalFilesOnly),
        (args.pin, Opt::Pin),
    ] {
        if flag {
            options.set_bool(id, true)?;
        }
    }
    if let Some(most) = args.max_workers {
        options.set_int(Opt::MaxWorkers, i64::from(most))?;
    }
    Ok(options)
}

fn announce(target: &Target, options: &Options, talk: TalkArgs) -> Result<(), Failure> {
    if !talk.json || talk.quiet {
        return Ok(());
    }
    ui::json(&Event::Start {
        repo: Some(target.repo.id()),
        repo_type: Some(target.repo.kind().name()),
        revision: target.revision.as_deref(),
        url: safe_url(options.text(Opt::Endpoint)).into(),
    })
}

fn begin(client: &Client, target: &Target) -> Result<Job, Error> {
    let (repo, revision, own) = (&target.repo, target.revision.as_deref(), Options::new());
    match &target.what {
        What::File(name) => client.download_file(repo, revision, name, &own, Hooks::default()),
        What::Snapshot { .. } => client.download_snapshot(repo, revision, &own, Hooks::default()),
    }
}

/// The files that were named and that the repository does not have.
fn missing<'a>(what: &'a What, snapshot: &SnapshotResult) -> Vec<&'a str> {
    let What::Snapshot { named, exclude, .. } = what else { return Vec::new() };
    let excluded = hfx::pattern::Filter::new(&[], exclude);
    let there = |name: &str| {
        // Without a listing (offline) only the disk can say.
        let folder = name.ends_with('/');
        let is_it = |file: &FileOutcome| file.name == name || (folder && file.name.starts_with(name));
        snapshot.files.iter().any(is_it) || snapshot.path.join(name).exists()
    };
    // Of a folder, what is excluded may be all there is.
    let counts = |name: &str| if name.ends_with('/') { exclude.is_empty() } else { excluded.matches(name) };
    named.iter().map(String::as_str).filter(|name| counts(name) && !there(name)).collect()
}

fn nothing_matched(what: &What, snapshot: &SnapshotResult, options: &Options) {
    let without_listing =
        options.bool(Opt::Offline) || options.bool(Opt::LocalFilesOnly) || options.bool(Opt::Pin);
    if let What::Snapshot { include, exclude, named } = what
        && snapshot.files.is_empty()
        && named.is_empty()
        && !without_listing
    {
        let why =
            if include.is_empty() && exclude.is_empty() { "it has no files" } else { "no file matches" };
        ui::note(&format!("hfx: {why}"));
    }
}

/// What is said at the end.
struct End<'a> {
    talk: TalkArgs,
    dry: bool,
    job: &'a Job,
    elapsed: Duration,
}

impl End<'_> {
    fn file(&self, file: &FileResult) -> Result<(), Failure> {
        self.told(&[file])?;
        self.path(&file.path, &file.commit)
    }

    fn snapshot(&self, snapshot: &SnapshotResult) -> Result<(), Failure> {
        let (good, bad) = split(&snapshot.files);
        if bad.is_empty() {
            return self.told(&good);
        }
        if self.events() {
            for outcome in &snapshot.files {
                ui::json(&Event::outcome(outcome))?;
            }
        }
        let (mut real, mut left) = (Vec::new(), 0);
        for (name, error) in &bad {
            if error.kind() == Kind::Cancelled {
                left += 1;
            } else {
                real.push((name, error));
            }
        }
        let Some((_, first)) = real.first() else { return Err(Error::cancelled().into()) };
        for (name, error) in real.iter().copied() {
            let text = error.message();
            // Most errors name their file themselves.
            let text = if text.contains(*name) { text } else { format!("{name}: {text}") };
            ui::note(&format!("hfx: {text}"));
        }
        let left = if left > 0 { format!(", {left} more were not fetched") } else { String::new() };
        let all = text::count(snapshot.files.len() as u64, "file");
        Err(Failure::from(Error::clone(first)).says(format!("{} of {all} failed{left}", real.len())))
    }

    /// Each file, and the summary.
    fn told(&self, files: &[&FileResult]) -> Result<(), Failure> {
        if self.events() {
            return files.iter().try_for_each(|file| ui::json(&Event::file(file)));
        }
        if self.talk.json {
            return Ok(());
        }
        if self.dry {
            return plan(files, self.talk);
        }
        if !self.talk.quiet {
            ui::note(&summary::line(files.iter().copied(), &self.job.totals(), self.elapsed));
        }
        Ok(())
    }

    /// The last line.
    fn path(&self, path: &Path, commit: &str) -> Result<(), Failure> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if self.talk.json {
            return ui::json(&Event::done(&path, commit, &self.job.totals(), self.elapsed, self.dry));
        }
        if self.dry {
            return Ok(());
        }
        ui::path(&path)
    }

    fn events(&self) -> bool {
        self.talk.json && !self.talk.quiet
    }
}

fn split(files: &[FileOutcome]) -> (Vec<&FileResult>, Vec<(&str, &Error)>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for file in files {
        match &file.result {
            Ok(result) => good.push(result),
            Err(error) => bad.push((file.name.as_str(), error)),
        }
    }
    (good, bad)
}

/// A dry run's answer: what would be fetched. Quiet, the names alone.
fn plan(files: &[&FileResult], talk: TalkArgs) -> Result<(), Failure> {
    let wanted: Vec<_> = files.iter().filter(|file| file.state == FileState::Planned).collect();
    if talk.quiet {
        return wanted.iter().try_for_each(|file| ui::line(&file.name));
    }
    let bytes = wanted.iter().map(|file| file.size).sum();
    ui::line(&format!(
        "[dry-run] Will download {} (out of {}) totalling {}.",
        text::count(wanted.len() as u64, "file"),
        files.len(),
        text::size(bytes)
    ))?;
    let row = |file: &&FileResult| {
        let size = if file.state == FileState::Planned { text::size(file.size) } else { "-".to_owned() };
        vec![file.name.clone(), size]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    ui::line(text::table(&["FILE", "TO FETCH"], &rows, &[1]).trim_end())
}
