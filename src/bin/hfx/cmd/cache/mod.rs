//! `hfx cache`: what is in the shared cache, and how it is taken out again.

mod confirm;
mod ls;
mod prune;
mod rm;
mod select;
mod verify;

use std::path::Path;

use hfx::cache::scan::{CacheInfo, scan};
use hfx::error::{Error, Kind};
use hfx::repo::RepoKind;

use crate::args::{CacheCommand, CacheDirArgs};
use crate::fail::Failure;
use crate::{settings, ui};

pub(crate) use select::{Filter, Sort};

/// Does what was asked.
pub(crate) fn run(command: CacheCommand) -> Result<(), Failure> {
    match command {
        CacheCommand::Ls(args) => ls::run(&args),
        CacheCommand::Rm(args) => rm::run(&args),
        CacheCommand::Prune(args) => prune::run(&args),
        CacheCommand::Verify(args) => verify::run(&args),
        CacheCommand::Path(args) => ui::path(&settings::cache_root(&args)?),
    }
}

/// Looks the cache over. None when there is none yet; a folder that was named must be there.
fn look(args: &CacheDirArgs) -> Result<Option<CacheInfo>, Failure> {
    let root = settings::cache_root(args)?;
    if root.exists() {
        return Ok(Some(scan(&root)?));
    }
    if args.cache_dir.is_some() {
        return Err(absent(&root));
    }
    ui::note(&format!("hfx: nothing is cached yet: {} does not exist", root.display()));
    Ok(None)
}

fn absent(root: &Path) -> Failure {
    let text = format!("no cache at {}: the folder does not exist", root.display());
    Failure::from(Error::new(Kind::EntryNotFound, text))
        .hint("`hfx cache path` prints the folder that is meant without --cache-dir")
}

/// How a repository is written in lists and targets: `model/owner/name`.
fn cache_id(kind: RepoKind, id: &str) -> String {
    format!("{}/{id}", kind.name())
}

/// Takes `model/owner/name` apart.
fn parse_cache_id(text: &str) -> Option<(RepoKind, &str)> {
    let (kind, id) = text.split_once('/')?;
    Some((RepoKind::ALL.into_iter().find(|known| known.name() == kind)?, id))
}
