//! `hfx cache verify`.

use std::path::Path;

use hfx::cache::Cache;
use hfx::cache::verify::{VerifyReport, verify};
use hfx::error::{Error, Kind};
use hfx::options::{Opt, Options};
use hfx::repo::{RepoId, RepoSpec};
use serde_json::{Value, json};

use super::parse_cache_id;
use crate::args::CacheVerifyArgs;
use crate::bar::Count;
use crate::fail::Failure;
use crate::{settings, stop, text, ui};

/// Reads what is cached and checks its hashes.
pub(super) fn run(args: &CacheVerifyArgs) -> Result<(), Failure> {
    stop::listen();
    let cache = Cache::new(settings::cache_root(&args.cache)?, true);
    let endpoint = Options::from_env()?;
    let (repo, revision) = which(args, &cache, endpoint.text(Opt::Endpoint))?;
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
    let report = checked.map_err(|error| match error.kind() {
        Kind::Cancelled => Failure::from(error).says("interrupted").hint("nothing was changed"),
        Kind::EntryNotFound => Failure::from(error).hint("`hfx cache ls --verbose` lists what is cached"),
        _ => Failure::from(error),
    })?;
    let damaged = damaged(&cache, &repo, commit.as_deref(), &report)?;
    if args.json {
        ui::json(&object(&repo, commit.as_deref(), &report))?;
    } else {
        tell(&repo, &report, &damaged)?;
    }
    verdict(&report, &damaged)
}

fn which(args: &CacheVerifyArgs, cache: &Cache, endpoint: &str) -> Result<(RepoId, Option<String>), Failure> {
    if let Some((kind, id)) = parse_cache_id(&args.repo)
        && args.repo_type.is_none()
        && let Ok(repo) = RepoId::new(kind, id)
        && cache.paths(&repo).dir().is_dir()
    {
        return Ok((repo, args.revision.clone()));
    }
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

fn tell(repo: &RepoId, report: &VerifyReport, damaged: &[String]) -> Result<(), Failure> {
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
        ui::note(&format!("no hash is known: {name}"));
    }
    let absent = report.missing.len() - damaged.len();
    if absent > 0 {
        ui::note(&format!("{} of the revision not in the cache", text::count(absent as u64, "file")));
    }
    ui::line(&format!(
        "{repo}: {} checked, {}",
        text::count(report.checked as u64, "file"),
        text::size(report.bytes)
    ))
}

fn verdict(report: &VerifyReport, damaged: &[String]) -> Result<(), Failure> {
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
