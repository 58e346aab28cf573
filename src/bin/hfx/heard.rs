//! What the library tells of its work: on stderr with --verbose, else the last trouble alone, for the bar and for who
//! interrupts a wait.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hfx::client::Client;
use hfx::error::Result;
use hfx::log::{Level, Log};
use hfx::options::Options;

use crate::args::TalkArgs;
use crate::ui;

/// The last trouble, and when it came.
static LAST: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// A client that is listened to.
pub(crate) fn client(options: Options, talk: TalkArgs) -> Result<Client> {
    let level = if talk.verbose { Level::Debug } else { Level::Warn };
    let sink = move |level, room: &str, text: &str| {
        // That the cache answers in the Hub's place changes what was asked for.
        let always = room == "cache" && !talk.quiet && !talk.json;
        if talk.verbose || always {
            ui::note(&format!("hfx: {text}"));
        }
        if level <= Level::Warn {
            *last_one() = Some((Instant::now(), text.to_owned()));
        }
    };
    Client::open_with(options, Log::new(level, Box::new(sink)))
}

/// The last trouble of this time.
pub(crate) fn within(time: Duration) -> Option<String> {
    last_one().as_ref().filter(|(at, _)| at.elapsed() < time).map(|(_, text)| text.clone())
}

fn last_one() -> std::sync::MutexGuard<'static, Option<(Instant, String)>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}
