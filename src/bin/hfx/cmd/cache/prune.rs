//! `hfx cache prune`.

use hfx::cache::evict::{LIVE, prune};

use super::{cache_id, confirm, look};
use crate::args::CachePruneArgs;
use crate::fail::Failure;
use crate::{text, ui};

/// Deletes what nobody needs.
pub(super) fn run(args: &CachePruneArgs) -> Result<(), Failure> {
    let Some(info) = look(&args.cache)? else { return Ok(()) };
    let plan = prune(&info, LIVE);
    let young = info.partials.len() - plan.partials.len();
    if young > 0 {
        ui::note(&format!(
            "{} written to within the last hour, or still under way: kept",
            text::count(young as u64, "unfinished download")
        ));
    }
    if plan.is_empty() {
        return ui::line("Nothing to prune.");
    }
    ui::line(&format!("To delete ({} in all):", text::size(plan.freed)))?;
    for repo in &info.repos {
        let whole = plan.repos.contains(&repo.path);
        for revision in &repo.revisions {
            if whole || plan.snapshots.contains(&revision.path) {
                let id = cache_id(repo.kind, &repo.id);
                ui::line(&format!("  {id} {} (detached), {}", revision.commit, text::size(revision.size)))?;
            }
        }
    }
    for (number, noun) in
        [(plan.partials.len(), "abandoned download"), (plan.payloads.len(), "unused shared file")]
    {
        if number > 0 {
            ui::line(&format!("  {}", text::count(number as u64, noun)))?;
        }
    }
    confirm::execute(&[plan], args.confirm)
}
