//! Waiting for a job: with bars on a terminal, with events for `--json`, else with a line now and then.

use std::time::Duration;

use hfx::client::{Job, Output};
use hfx::error::{Error, Kind};
use hfx::event::Totals;

use crate::args::TalkArgs;
use crate::bar::Bars;
use crate::fail::Failure;
use crate::json::Event;
use crate::{heard, stop, text, ui};

/// Between two looks at the job.
const BARS: Duration = Duration::from_millis(100);
const EVENTS: Duration = Duration::from_millis(250);
const LINES: Duration = Duration::from_secs(30);
/// Trouble so long ago may have been what the user was tired of.
const TROUBLE: Duration = Duration::from_mins(2);

/// Waits until the job has ended.
pub(crate) fn wait(job: &Job, talk: TalkArgs) -> Result<Output, Failure> {
    stop::attach(job);
    if talk.json && !talk.quiet {
        while !job.wait(Some(EVENTS))? {
            ui::json(&Event::progress(&job.totals()))?;
        }
        ui::json(&Event::progress(&job.totals()))?;
    } else if !talk.json && !talk.quiet && !talk.verbose && ui::bars() {
        // What is over before the first look gets no bars.
        let mut bars = None;
        while !job.wait(Some(BARS))? {
            bars.get_or_insert_with(Bars::new).show(job.progress());
        }
    } else if !talk.json && !talk.quiet {
        // In the log of a long run silence would look like a standstill.
        let mut moved = moved_by(&job.totals());
        while !job.wait(Some(LINES))? {
            let now = job.totals();
            let rate = text::rate(moved_by(&now).saturating_sub(moved), LINES);
            moved = moved_by(&now);
            let trouble = heard::within(LINES).map(|text| format!("; {text}")).unwrap_or_default();
            ui::note(&format!("hfx: {}, {rate}{trouble}", so_far(&now)));
        }
    }
    job.join().map_err(|error| ended(job, error))
}

fn moved_by(totals: &Totals) -> u64 {
    totals.received + totals.sent
}

/// How far it is, in words.
fn so_far(totals: &Totals) -> String {
    let files = match totals.files {
        0 | 1 => String::new(),
        all => format!(", {} of {all} files", totals.files_done),
    };
    let hashed = match totals.done {
        0 if totals.hashed > 0 => format!(" ({} hashed)", text::size(totals.hashed)),
        _ => String::new(),
    };
    format!("{} of {}{hashed}{files}", text::size(totals.done), text::size(totals.bytes))
}

fn ended(job: &Job, error: Error) -> Failure {
    if error.kind() != Kind::Cancelled {
        return error.into();
    }
    let totals = job.totals();
    let so_far = match totals.bytes {
        0 => String::new(),
        bytes => format!(" at {} of {}", text::size(totals.done), text::size(bytes)),
    };
    let trouble = heard::within(TROUBLE).map(|text| format!("; before that: {text}")).unwrap_or_default();
    Failure::from(error).says(format!("interrupted{so_far}{trouble}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is() {
        let one = Totals { files: 1, bytes: 4 << 30, done: 3 << 29, ..Totals::default() };
        assert_eq!(so_far(&one), "1.5 GiB of 4.0 GiB");
        let many = Totals { files: 12, files_done: 3, done: 0, hashed: 2 << 20, ..one };
        assert_eq!(so_far(&many), "0 B of 4.0 GiB (2.0 MiB hashed), 3 of 12 files");
    }
}
