//! What a person is asked on the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use hfx::error::{Error, Kind};
use hfx::secret::Secret;

use crate::fail::Failure;

/// A secret: from the terminal, where it is not shown while it is typed; else the first line of stdin. None when there
/// is none.
pub(crate) fn secret(question: &str) -> Result<Option<Secret>, Failure> {
    let stdin = io::stdin();
    let line = if stdin.is_terminal() {
        let typed = hidden(|| {
            let mut err = io::stderr().lock();
            let _ = write!(err, "{question}").and_then(|()| err.flush());
            read_line(&stdin)
        });
        let _ = writeln!(io::stderr().lock());
        typed?
    } else {
        read_line(&stdin)?
    };
    Ok(Some(Secret::new(line)).filter(|secret| !secret.is_empty()))
}

/// One of several, by its number.
pub(crate) fn choice(question: &str, names: &[String]) -> Result<usize, Failure> {
    let mut err = io::stderr().lock();
    for (number, name) in names.iter().enumerate() {
        let _ = writeln!(err, "  {}  {name}", number + 1);
    }
    let _ = write!(err, "{question} [1-{}] ", names.len()).and_then(|()| err.flush());
    let answer = read_line(&io::stdin())?;
    let number = answer.trim().parse::<usize>().ok().filter(|number| (1..=names.len()).contains(number));
    number.map(|number| number - 1).ok_or_else(|| Failure::plain("nothing was chosen"))
}

fn read_line(stdin: &io::Stdin) -> Result<String, Failure> {
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    read.map_err(|error| Error::new(Kind::Io, "can't read the answer").os(&error))?;
    Ok(line)
}

/// Reads while the terminal shows nothing of what is typed; after Ctrl-C it is as it was before, too.
#[cfg(unix)]
fn hidden<T>(read: impl FnOnce() -> T) -> T {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let Ok(before) = tcgetattr(io::stdin()) else { return read() };
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    let restore = move || {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    };
    let again = restore.clone();
    let _ = ctrlc::set_handler(move || {
        again();
        std::process::exit(130);
    });
    let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &quiet);
    let done = read();
    restore();
    done
}

#[cfg(not(unix))]
fn hidden<T>(read: impl FnOnce() -> T) -> T {
    read()
}
