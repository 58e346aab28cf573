//! `hfx cache verify`.

use std::path::Path;
use std::time::Duration;

use hfx::cache::Cache;
use hfx::cache::verify::{VerifyReport, verify};
use hfx::client::{Client, Hooks, Output};
use hfx::error::{Error, Kind};
use hfx::options::{Opt, Options};
use hfx::repo::{RepoId, RepoSpec};
use serde_json::{Value, json};

use super::parse_cache_id;
use crate::args::CacheVerifyArgs;
use crate::bar::Count;
use crate::fail::Failure;
use crate::{settings, stop, text, ui};

/// Between two looks at the job.
const LOOK: Duration = Duration::from_millis(100);

/// Reads what is here and checks its hashes.
pub(super) fn run(args: &CacheVerifyArgs) -> Result<(), Failure> {
    stop::listen();
    let options = settings::hub(&args.hub)?;
    match &args.local_dir {
        Some(folder) => run_folder(args, options, folder),
        None => run_cache(args, &options),
    }
}

/// Compares a folder with what the revision holds.
fn run_folder(args: &CacheVerifyArgs, mut options: Options, folder: &Path) -> Result<(), Failure> {
    let (repo, revision) = named(args, options.text(Opt::Endpoint))?;
    if !folder.is_dir() {
        return Err(
            Error::new(Kind::EntryNotFound, format!("there is no folder {}", folder.display())).into()
        );
    }
    settings::set_path(&mut options, Opt::LocalDir, Some(folder))?;
    let client = Client::open(options)?;
    let job = client.verify_cache(&repo, revision.as_deref(), &Options::new(), Hooks::default())?;
    stop::attach(&job);
    let mut bar = (!args.json && ui::bars()).then(Count::new);
    while !job.wait(Some(LOOK))? {
        if let Some(bar) = &mut bar {
            bar.show(repo.id(), job.totals().hashed);
        }
    }
    drop(bar);
    let Output::Verification(report) = job.join().map_err(told)? else {
        return Err(Failure::plain("the library answered something else than what was asked for"));
    };
    conclude(args, &repo, None, &report, &[])
}

fn run_cache(args: &CacheVerifyArgs, options: &Options) -> Result<(), Failure> {
    let cache = Cache::new(settings::cache_root(&args.cache)?, true);
    let (repo, revision) = which(args, &cache, options.text(Opt::Endpoint))?;
    let commit = match &revision {
        Some(revision) => Some(cache.commit_of(&repo, revision).ok_or_else(|| {
            Error::new(Kind::RevisionNotFound, format!("{repo} at {revision} is not in the cache"))
        })?),
        None => None,
    };
    let mut bar = (!args.json && ui::bars()).then(Count::new);
    let mut go_on = |name: &str, bytes: u64| {
        if let Some(bar) = &mut bar {
            bar.show(name, bytes);
        }
        !stop::asked()
    };
    let checked = verify(&cache, &repo, commit.as_deref(), &mut go_on);
    drop(bar);
    let report = checked.map_err(told)?;
    let damaged = damaged(&cache, &repo, commit.as_deref(), &report)?;
    conclude(args, &repo, commit.as_deref(), &report, &damaged)
}

fn told(error: Error) -> Failure {
    match error.kind() {
        Kind::Cancelled => Failure::from(error).says("interrupted").hint("nothing was changed"),
        Kind::EntryNotFound => Failure::from(error).hint("`hfx cache ls --verbose` lists what is cached"),
        _ => Failure::from(error),
    }
}

fn conclude(
    args: &CacheVerifyArgs,
    repo: &RepoId,
    commit: Option<&str>,
    report: &VerifyReport,
    damaged: &[String],
) -> Result<(), Failure> {
    if args.json {
        ui::json(&object(repo, commit, report))?;
    } else {
        tell(args, repo, report, damaged)?;
    }
    verdict(args, report, damaged)
}

fn which(args: &CacheVerifyArgs, cache: &Cache, endpoint: &str) -> Result<(RepoId, Option<String>), Failure> {
    if let Some((kind, id)) = parse_cache_id(&args.repo)
        && args.repo_type.is_none()
        && let Ok(repo) = RepoId::new(kind, id)
        && cache.paths(&repo).dir().is_dir()
    {
        return Ok((repo, args.revision.clone()));
    }
    named(args, endpoint)
}

fn named(args: &CacheVerifyArgs, endpoint: &str) -> Result<(RepoId, Option<String>), Failure> {
    let spec = RepoSpec::parse(&args.repo, args.repo_type, &[endpoint])?;
    if spec.path.is_some() {
        return Err(Failure::usage(format!("'{}' names a file; name its repository", args.repo)));
    }
    Ok((spec.repo, args.revision.clone().or(spec.revision)))
}

/// Names whose blob is gone. Files that were never fetched are no damage.
fn damaged(
    cache: &Cache,
    repo: &RepoId,
    commit: Option<&str>,
    report: &VerifyReport,
) -> Result<Vec<String>, Error> {
    let root = match commit {
        Some(commit) => cache.snapshot_dir(repo, commit)?,
        None => cache.paths(repo).dir(),
    };
    let dangling = |name: &&String| Path::new(&root).join(name.as_str()).symlink_metadata().is_ok();
    Ok(report.missing.iter().filter(dangling).cloned().collect())
}

fn tell(
    args: &CacheVerifyArgs,
    repo: &RepoId,
    report: &VerifyReport,
    damaged: &[String],
) -> Result<(), Failure> {
    for wrong in &report.mismatches {
        ui::line(&format!("wrong: {}", wrong.path))?;
        ui::line(&format!("  has {}", wrong.actual))?;
        ui::line(&format!("  not {}", wrong.expected))?;
        ui::line(&format!("  in  {}", wrong.file.display()))?;
    }
    for name in damaged {
        ui::line(&format!("gone: {name} (its blob is missing)"))?;
    }
    for name in &report.unknown {
        let what = if args.local_dir.is_some() { "not of the revision" } else { "no hash is known" };
        ui::note(&format!("{what}: {name}"));
    }
    let absent = report.missing.len() - damaged.len();
    if args.fail_on_missing_files {
        for name in report.missing.iter().filter(|name| !damaged.contains(name)) {
            ui::line(&format!("missing: {name}"))?;
        }
    } else if absent > 0 {
        ui::note(&format!(
            "{} of the revision not here (--fail-on-missing-files names them)",
            text::count(absent as u64, "file")
        ));
    }
    ui::line(&format!(
        "{repo}: {} checked, {}",
        text::count(report.checked as u64, "file"),
        text::size(report.bytes)
    ))
}

fn verdict(args: &CacheVerifyArgs, report: &VerifyReport, damaged: &[String]) -> Result<(), Failure> {
    let again = "`hfx download --force-download` fetches it again";
    if !report.mismatches.is_empty() {
        let count = text::count(report.mismatches.len() as u64, "file");
        let error = Error::new(Kind::HashMismatch, format!("{count} with a wrong hash"));
        return Err(Failure::from(error).hint(again));
    }
    if !damaged.is_empty() {
        let count = text::count(damaged.len() as u64, "file");
        let error = Error::new(Kind::CorruptCache, format!("{count} without a blob"));
        return Err(Failure::from(error).hint(again));
    }
    let absent = report.missing.len();
    if args.fail_on_missing_files && absent > 0 {
        let count = text::count(absent as u64, "file");
        return Err(Error::new(Kind::Incomplete, format!("{count} of the revision not here")).into());
    }
    if args.fail_on_extra_files && !report.unknown.is_empty() {
        let count = text::count(report.unknown.len() as u64, "file");
        return Err(
            Error::new(Kind::Incomplete, format!("{count} here that the revision does not have")).into()
        );
    }
    Ok(())
}

fn object(repo: &RepoId, commit: Option<&str>, report: &VerifyReport) -> Value {
    let mismatches = report.mismatches.iter().map(|wrong| {
        json!({
            "path": wrong.path,
            "file": wrong.file.to_string_lossy(),
            "expected": wrong.expected,
            "actual": wrong.actual,
        })
    });
    json!({
        "repo": repo.id(),
        "repo_type": repo.kind().name(),
        "commit": commit,
        "checked": report.checked,
        "bytes": report.bytes,
        "mismatches": mismatches.collect::<Value>(),
        "missing": report.missing,
        "unknown": report.unknown,
    })
}
