//! Where words go: results to stdout, all other talk to stderr.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use hfx::options::parse_bool;
use serde::Serialize;

use crate::args::TalkArgs;
use crate::fail::Failure;

/// Lines on stdout. On a terminal names from a repository must not steer it.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        return bytes(harmless(text).as_bytes());
    }
    bytes(text.as_bytes())
}

/// A text without control characters but the ends of lines and tabs: they are written as in Rust, `\u{1b}`.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(steers) {
        return text.into();
    }
    let escaped = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect::<String>().into()
}

/// A path on stdout, byte by byte as it is.
pub(crate) fn path(path: &Path) -> Result<(), Failure> {
    bytes(path.as_os_str().as_encoded_bytes())
}

/// An object on a line of stdout.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec(value).map_err(|error| Failure::plain(error.to_string()))?;
    bytes(&text)
}

fn bytes(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let wrote = out.write_all(text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    wrote.map_err(|error| broken(&error))
}

/// stdout can't be written to. Who closes a pipe has seen enough: that is nothing to talk about.
pub(crate) fn broken(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::plain("");
    }
    Failure::plain(format!("can't write to stdout: {error}"))
}

/// A line on stderr; that it can't be written is no failure.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Whether bars may be drawn on stderr.
pub(crate) fn bars() -> bool {
    let disabled = std::env::var("HF_HUB_DISABLE_PROGRESS_BARS").ok().and_then(|value| parse_bool(&value));
    io::stderr().is_terminal() && disabled != Some(true)
}

/// With `--json` a failure is the last event, too.
pub(crate) fn ended(result: Result<(), Failure>, talk: TalkArgs) -> Result<(), Failure> {
    if let Err(failure) = &result
        && talk.json
    {
        json(&failure.event())?;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\r\u{9b}c\td\n"), "a\\u{1b}[31mb\\r\\u{9b}c\td\n");
        assert_eq!(harmless("plain é"), "plain é");
    }
}
