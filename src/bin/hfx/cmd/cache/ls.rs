//! `hfx cache ls`.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use hfx::cache::scan::{CacheInfo, FileInfo, RepoInfo, RevisionInfo};
use serde_json::{Value, json};

use super::select::select;
use super::{cache_id, look};
use crate::args::CacheLsArgs;
use crate::fail::Failure;
use crate::text::{ago, count, size, table};
use crate::ui;

/// Prints what is cached.
pub(super) fn run(args: &CacheLsArgs) -> Result<(), Failure> {
    let Some(mut info) = look(&args.cache)? else {
        return if args.json { ui::line("null") } else { Ok(()) };
    };
    select(&mut info, &args.filter, args.sort, args.limit, args.verbose);
    if args.json {
        return ui::json(&object(&info, args.verbose));
    }
    if args.quiet {
        return ids(&info, args.verbose).iter().try_for_each(|id| ui::line(id));
    }
    let now = SystemTime::now();
    let list = if args.verbose { revisions(&info, now) } else { repos(&info, now) };
    if !info.repos.is_empty() {
        ui::line(list.trim_end())?;
        ui::line("")?;
    }
    let number = info.repos.iter().map(|repo| repo.revisions.len() as u64).sum();
    ui::line(&format!(
        "{} with {}, {} in {}",
        count(info.repos.len() as u64, "repository"),
        count(number, "revision"),
        size(info.size),
        info.root.display()
    ))?;
    notes(&info, args.verbose);
    Ok(())
}

fn ids(info: &CacheInfo, each_revision: bool) -> Vec<String> {
    let of = |repo: &RepoInfo| -> Vec<String> {
        if each_revision {
            repo.revisions.iter().map(|revision| revision.commit.clone()).collect()
        } else {
            vec![cache_id(repo.kind, &repo.id)]
        }
    };
    info.repos.iter().flat_map(of).collect()
}

fn repos(info: &CacheInfo, now: SystemTime) -> String {
    let row = |repo: &RepoInfo| {
        let refs: BTreeSet<&str> =
            repo.revisions.iter().flat_map(|revision| &revision.refs).map(String::as_str).collect();
        vec![
            cache_id(repo.kind, &repo.id),
            size(repo.size),
            ago(repo.last_accessed, now),
            ago(repo.last_modified, now),
            refs.into_iter().collect::<Vec<_>>().join(" "),
        ]
    };
    let rows: Vec<_> = info.repos.iter().map(row).collect();
    table(&["ID", "SIZE", "LAST READ", "LAST WRITTEN", "REFS"], &rows, &[1])
}

fn revisions(info: &CacheInfo, now: SystemTime) -> String {
    let row = |repo: &RepoInfo, revision: &RevisionInfo| {
        let refs = if revision.refs.is_empty() { "(detached)".to_owned() } else { revision.refs.join(" ") };
        vec![
            cache_id(repo.kind, &repo.id),
            revision.commit.clone(),
            size(revision.size),
            revision.files.len().to_string(),
            ago(revision.last_modified, now),
            refs,
            revision.path.display().to_string(),
        ]
    };
    let rows: Vec<_> = info
        .repos
        .iter()
        .flat_map(|repo| repo.revisions.iter().map(move |revision| row(repo, revision)))
        .collect();
    table(&["ID", "REVISION", "SIZE", "FILES", "LAST WRITTEN", "REFS", "PATH"], &rows, &[2, 3])
}

fn notes(info: &CacheInfo, verbose: bool) {
    if !info.partials.is_empty() {
        let bytes = info.partials.iter().map(|partial| partial.size).sum();
        ui::note(&format!(
            "{} ({}): run the download again to go on, or `hfx cache prune` to drop what is abandoned",
            count(info.partials.len() as u64, "unfinished download"),
            size(bytes)
        ));
    }
    if verbose {
        info.warnings.iter().for_each(|warning| ui::note(&format!("warning: {warning}")));
    } else if !info.warnings.is_empty() {
        ui::note(&format!("{}: --verbose shows them", count(info.warnings.len() as u64, "warning")));
    }
}

/// The whole, for programs. Times are seconds since 1970.
fn object(info: &CacheInfo, verbose: bool) -> Value {
    let file = |file: &FileInfo| {
        json!({
            "name": file.name,
            "path": file.path.to_string_lossy(),
            "blob": file.blob.to_string_lossy(),
            "size": file.size,
            "last_accessed": seconds(file.last_accessed),
            "last_modified": seconds(file.last_modified),
        })
    };
    let revision = |revision: &RevisionInfo| {
        let mut object = json!({
            "commit": revision.commit,
            "path": revision.path.to_string_lossy(),
            "size": revision.size,
            "refs": revision.refs,
            "file_count": revision.files.len(),
            "last_modified": seconds(revision.last_modified),
        });
        if verbose {
            object["files"] = revision.files.iter().map(file).collect();
        }
        object
    };
    let repo = |repo: &RepoInfo| {
        json!({
            "id": cache_id(repo.kind, &repo.id),
            "repo_id": repo.id,
            "repo_type": repo.kind.name(),
            "path": repo.path.to_string_lossy(),
            "size": repo.size,
            "blobs": repo.blobs,
            "last_accessed": seconds(repo.last_accessed),
            "last_modified": seconds(repo.last_modified),
            "revisions": repo.revisions.iter().map(revision).collect::<Value>(),
        })
    };
    let partials = info.partials.iter();
    json!({
        "root": info.root.to_string_lossy(),
        "size": info.size,
        "repos": info.repos.iter().map(repo).collect::<Value>(),
        "partials": partials
            .map(|partial| json!({ "path": partial.path.to_string_lossy(), "size": partial.size }))
            .collect::<Value>(),
        "warnings": info.warnings,
    })
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
