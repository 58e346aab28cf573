//! Asking before something is gone for ever.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use hfx::error::{Error, Kind};

use crate::fail::Failure;

/// Asks; a no is a failure, and so is nobody to ask, with `hint` on how to do without.
pub(crate) fn deletion(question: &str, hint: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::usage("nothing was deleted: there is no terminal to ask on").hint(hint.to_owned())
        );
    }
    let mut prompt = io::stderr().lock();
    let _ = write!(prompt, "{question} [y/N] ").and_then(|()| prompt.flush());
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Error::new(Kind::Io, "can't read the answer").os(&error))?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::plain("nothing was deleted"))
}
