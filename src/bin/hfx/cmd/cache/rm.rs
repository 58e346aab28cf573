//! `hfx cache rm`.

use std::collections::BTreeSet;

use hfx::cache::evict::{Deletion, delete_repos, delete_revisions};
use hfx::cache::scan::CacheInfo;
use hfx::error::{Error, Kind};
use hfx::repo::{RepoId, RepoSpec, is_commit};

use super::{cache_id, confirm, look, parse_cache_id};
use crate::args::CacheRmArgs;
use crate::fail::Failure;
use crate::{text, ui};

/// What the targets mean in this cache.
#[derive(Debug, Default)]
struct Chosen {
    repos: Vec<RepoId>,
    commits: BTreeSet<String>,
}

/// Deletes repositories and revisions.
pub(super) fn run(args: &CacheRmArgs) -> Result<(), Failure> {
    let Some(info) = look(&args.cache)? else { return Err(not_found(&args.targets)) };
    let chosen = choose(&info, &args.targets)?;
    let repos = delete_repos(&info, &chosen.repos);
    // A revision goes with its repository.
    let gone = |commit: &String| {
        let mut homes = info.repos.iter().filter(|repo| repo.revisions.iter().any(|of| of.commit == *commit));
        homes.clone().count() > 0 && homes.all(|repo| repos.repos.contains(&repo.path))
    };
    let commits: Vec<String> = chosen.commits.iter().filter(|commit| !gone(commit)).cloned().collect();
    let revisions = delete_revisions(&info, &commits);
    let missing = [repos.not_found.clone(), revisions.not_found.clone()].concat();
    let plans = [repos, revisions];
    if plans.iter().all(Deletion::is_empty) {
        return Err(not_found(&missing));
    }
    for target in &missing {
        ui::note(&format!("hfx: not in the cache: {target}"));
    }
    tell(&info, &plans, &commits)?;
    confirm::execute(&plans, args.confirm)?;
    if missing.is_empty() { Ok(()) } else { Err(not_found(&missing)) }
}

fn choose(info: &CacheInfo, targets: &[String]) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::default();
    for target in targets {
        let target = target.trim();
        let lower = target.to_ascii_lowercase();
        if is_commit(&lower) {
            chosen.commits.insert(lower);
            continue;
        }
        let repo = if target.contains("://") {
            let spec = RepoSpec::parse(target, None, &[])?;
            if spec.path.is_some() || spec.revision.is_some() {
                let why = format!("'{target}': single files and named revisions can't be deleted");
                return Err(Failure::usage(why)
                    .hint("name the repository, or a revision by its 40-digit commit hash"));
            }
            spec.repo
        } else {
            plain(info, target)?
        };
        if !chosen.repos.contains(&repo) {
            chosen.repos.push(repo);
        }
    }
    Ok(chosen)
}

/// `model/owner/name`; or `owner/name`, where only one kind of repository has that name here.
fn plain(info: &CacheInfo, target: &str) -> Result<RepoId, Failure> {
    let known = |wanted: &dyn Fn(&str, &str) -> bool| -> Result<Vec<RepoId>, Error> {
        let same = info.repos.iter().filter(|repo| wanted(&cache_id(repo.kind, &repo.id), &repo.id));
        same.map(|repo| RepoId::new(repo.kind, &repo.id)).collect()
    };
    if let Some(repo) = known(&|whole, _| whole.eq_ignore_ascii_case(target))?.pop() {
        return Ok(repo);
    }
    let mut same = known(&|_, id| id.eq_ignore_ascii_case(target))?;
    match (same.pop(), same.is_empty(), parse_cache_id(target)) {
        (Some(repo), true, _) => Ok(repo),
        (Some(_), false, _) => Err(Failure::usage(format!("'{target}' names several repositories"))
            .hint("write the type before it: model/owner/name, dataset/owner/name")),
        // Perhaps one that the scan could make no sense of.
        (None, _, Some((kind, id))) => Ok(RepoId::new(kind, id)?),
        (None, _, None) => Err(not_found(&[target.to_owned()])),
    }
}

fn not_found(targets: &[String]) -> Failure {
    let text = format!("not in the cache: {}", targets.join(", "));
    Failure::from(Error::new(Kind::EntryNotFound, text))
        .hint("`hfx cache ls --verbose` lists repositories and revisions")
}

fn tell(info: &CacheInfo, plans: &[Deletion], commits: &[String]) -> Result<(), Failure> {
    let freed = plans.iter().map(|plan| plan.freed).sum();
    ui::line(&format!("To delete ({} in all):", text::size(freed)))?;
    for path in plans.iter().flat_map(|plan| &plan.repos) {
        match info.repos.iter().find(|repo| repo.path == *path) {
            Some(repo) => ui::line(&format!("  {} (all of it)", cache_id(repo.kind, &repo.id)))?,
            None => ui::line(&format!("  {}", path.display()))?,
        }
    }
    for repo in info.repos.iter().filter(|repo| plans.iter().all(|plan| !plan.repos.contains(&repo.path))) {
        for revision in repo.revisions.iter().filter(|revision| commits.contains(&revision.commit)) {
            let refs = if revision.refs.is_empty() { "detached".to_owned() } else { revision.refs.join(" ") };
            ui::line(&format!("  {} {} ({refs})", cache_id(repo.kind, &repo.id), revision.commit))?;
        }
    }
    Ok(())
}
