//! Progress on a terminal: a bar for the whole job, and below it one for each of the files that take long.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hfx::event::{FileProgress, FileState, Progress, Totals};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::{heard, text, ui};

/// Files shown at once.
const FILES: usize = 8;
/// Columns for a file's name.
const NAME: usize = 40;
/// Columns for what goes wrong.
const MESSAGE: usize = 100;
/// While nothing moves, trouble of this time is why.
const TROUBLE: Duration = Duration::from_mins(10);
/// The rate is that of this time.
const WINDOW: Duration = Duration::from_secs(3);

/// The bars of one job; they vanish when dropped.
pub(crate) struct Bars {
    screen: MultiProgress,
    total: ProgressBar,
    files: BTreeMap<usize, ProgressBar>,
    /// Files that were running at the last look: small ones that come and go get no bar.
    seen: Vec<usize>,
    rate: Rate,
}

/// Bytes per second over the last moments.
#[derive(Default)]
struct Rate(VecDeque<(Instant, u64)>);

impl Bars {
    pub(crate) fn new() -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = bar("[{wide_bar}] {msg}");
        set(&total, 0, 0, summed(&Totals::default(), 0.0));
        let total = screen.add(total);
        Self { screen, total, files: BTreeMap::new(), seen: Vec::new(), rate: Rate::default() }
    }

    /// Draws the job as it is now.
    pub(crate) fn show(&mut self, progress: &Progress) {
        let totals = progress.totals();
        let files = progress.files();
        let running: Vec<usize> =
            (0..files.len()).filter(|&n| files[n].state() == FileState::Running).collect();
        let screen = &self.screen;
        self.files.retain(|place, bar| {
            let stays = running.contains(place);
            if !stays {
                screen.remove(bar);
            }
            stays
        });
        for &place in running.iter().filter(|place| self.seen.contains(place)) {
            if files.len() > 1 && self.files.len() < FILES && !self.files.contains_key(&place) {
                let bar = bar("  {prefix} [{wide_bar}] {msg}");
                bar.set_prefix(format!("{:NAME$}", shortened(&ui::harmless(&files[place].name), NAME)));
                set(&bar, 0, files[place].size(), told(&files[place]));
                self.files.insert(place, self.screen.add(bar));
            }
        }
        self.seen = running;
        for (place, bar) in &self.files {
            let file = &files[*place];
            set(bar, shown(file), file.size(), told(file));
        }
        let moved = if hashing(&totals) { totals.hashed } else { totals.received + totals.sent };
        let rate = self.rate.of(Instant::now(), moved);
        let message = match heard::within(TROUBLE) {
            Some(trouble) if rate < 1.0 => format!("{:.MESSAGE$}", ui::harmless(&trouble)),
            _ => summed(&totals, rate),
        };
        set(&self.total, position(&totals), totals.bytes, message);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        let _ = self.screen.clear();
    }
}

/// A count of bytes without an end that is known.
pub(crate) struct Count(ProgressBar);

impl Count {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style))
    }

    /// Draws what is being read, and how many bytes were.
    pub(crate) fn show(&mut self, name: &str, bytes: u64) {
        self.0.set_message(format!("{:>10}  {}", text::size(bytes), shortened(name, 60)));
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Rate {
    fn of(&mut self, now: Instant, bytes: u64) -> f64 {
        self.0.push_back((now, bytes));
        while self.0.len() > 2 && self.0.front().is_some_and(|(then, _)| now - *then > WINDOW) {
            self.0.pop_front();
        }
        let Some((then, before)) = self.0.front() else { return 0.0 };
        bytes.saturating_sub(*before) as f64 / (now - *then).as_secs_f64().max(0.1)
    }
}

fn bar(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // Not drawn before it is complete and on the screen; and not once more when it is dropped.
    ProgressBar::hidden().with_style(style.progress_chars("=> ")).with_finish(ProgressFinish::AndClear)
}

fn set(bar: &ProgressBar, done: u64, size: u64, message: String) {
    bar.set_length(size.max(1));
    bar.set_position(done);
    bar.set_message(message);
}

/// How far a file's bar is: of an upload the bytes that went out, which the server has stored a little later.
fn shown(file: &FileProgress) -> u64 {
    file.done().max(file.sent().min(file.size()))
}

/// The end of a file's line, always as wide, so that the bars end below each other.
fn told(file: &FileProgress) -> String {
    let text = match (file.size(), file.done()) {
        (0, _) => "starting".to_owned(),
        (size, 0) if file.received() + file.sent() == 0 && file.hashed() > 0 => {
            format!("hashing {} / {}", text::size(file.hashed()), text::size(size))
        }
        (size, done) if done >= size => "checking".to_owned(),
        (size, done) => format!("{} / {}", text::size(done), text::size(size)),
    };
    format!("{text:>23}")
}

/// Whether an upload only hashes so far.
fn hashing(totals: &Totals) -> bool {
    totals.received + totals.sent == 0 && totals.hashed > 0 && totals.done < totals.bytes
}

/// How far the job's bar is.
fn position(totals: &Totals) -> u64 {
    if hashing(totals) { totals.hashed } else { totals.done.max(totals.sent.min(totals.bytes)) }
}

/// The end of the job's line; padded, so that its bar does not jump about.
fn summed(totals: &Totals, rate: f64) -> String {
    if totals.bytes == 0 {
        return "starting".to_owned();
    }
    let now = position(totals);
    let what = if hashing(totals) { "hashing " } else { "" };
    let mut parts = vec![format!("{what}{} / {}", text::size(now), text::size(totals.bytes))];
    if totals.done >= totals.bytes {
        parts.push("checking".to_owned());
    } else if rate >= 1.0 {
        let left = totals.bytes.saturating_sub(now) as f64 / rate;
        parts.push(format!("{}/s", text::size(rate as u64)));
        if left < 1e6 {
            parts.push(format!("{} left", text::time(Duration::from_secs_f64(left))));
        }
    }
    if totals.files > 1 {
        parts.push(format!("{}/{} files", totals.files_done, totals.files));
    }
    format!("{:58}", parts.join(", "))
}

/// The end of a name that is too long: what differs between shards stands there.
fn shortened(name: &str, width: usize) -> Cow<'_, str> {
    let length = name.chars().count();
    if length <= width {
        return name.into();
    }
    let end: String = name.chars().skip(length - (width - 3)).collect();
    format!("...{end}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shortened("abc", 5), "abc");
        assert_eq!(shortened("abcdefg", 5), "...fg");
        assert_eq!(shortened("ééééééé", 5), "...éé");
    }

    #[test]
    fn the_rate_forgets() {
        let mut rate = Rate::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        rate.of(start, 0);
        assert!((rate.of(after(1), 1000) - 1000.0).abs() < 1.0);
        for second in 2..10 {
            rate.of(after(second), 1000);
        }
        assert!(rate.of(after(10), 1000) < 1.0);
    }
}
