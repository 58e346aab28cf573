//! Asking before something is deleted, and deleting it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use hfx::cache::evict::Deletion;
use hfx::error::{Error, Kind};

use crate::args::ConfirmArgs;
use crate::fail::Failure;
use crate::{text, ui};

/// Deletes what the plans say, when that is wanted.
pub(super) fn execute(plans: &[Deletion], args: ConfirmArgs) -> Result<(), Failure> {
    if args.dry_run {
        return ui::line("Dry run: nothing was deleted.");
    }
    if !args.yes && !agreed()? {
        return Err(Failure::plain("nothing was deleted"));
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

fn agreed() -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("nothing was deleted: there is no terminal to ask on")
            .hint("say --yes to delete without being asked, --dry-run to see what would go"));
    }
    let mut prompt = io::stderr().lock();
    let _ = prompt.write_all(b"Delete? [y/N] ").and_then(|()| prompt.flush());
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Error::new(Kind::Io, "can't read the answer").os(&error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
