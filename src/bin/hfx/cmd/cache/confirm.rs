//! Asking before something is deleted, and deleting it.

use hfx::cache::evict::Deletion;
use hfx::error::Error;

use crate::args::ConfirmArgs;
use crate::fail::Failure;
use crate::{confirm, text, ui};

/// Deletes what the plans say, when that is wanted.
pub(super) fn execute(plans: &[Deletion], args: ConfirmArgs) -> Result<(), Failure> {
    if args.dry_run {
        return ui::line("Dry run: nothing was deleted.");
    }
    if !args.yes {
        confirm::deletion(
            "Delete?",
            "say --yes to delete without being asked, --dry-run to see what would go",
        )?;
    }
    let (mut freed, mut failures) = (0, Vec::new());
    for plan in plans {
        let report = plan.execute()?;
        freed += report.freed;
        failures.extend(report.failures);
    }
    ui::line(&format!("Freed {}.", text::size(freed)))?;
    let Some(first) = failures.first() else { return Ok(()) };
    for failure in &failures {
        ui::note(&format!("hfx: {failure}"));
    }
    let count = text::count(failures.len() as u64, "thing");
    Err(Failure::from(Error::clone(first)).says(format!("{count} could not be deleted; all else was")))
}
