//! Waiting for a job: with bars on a terminal, with events for `--json`, else without a word.

use std::time::Duration;

use hfx::client::{Job, Output};
use hfx::error::{Error, Kind};

use crate::args::TalkArgs;
use crate::bar::Bars;
use crate::fail::Failure;
use crate::json::Event;
use crate::{heard, stop, text, ui};

/// Between two looks at the job.
const BARS: Duration = Duration::from_millis(100);
const EVENTS: Duration = Duration::from_millis(250);
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
    }
    job.join().map_err(|error| ended(job, error))
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
