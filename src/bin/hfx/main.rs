//! `hfx`, the command line tool: downloads from the Hugging Face Hub, its repositories and tokens, and a Hub on one
//! machine.
//!
//! Everything it does, the library does; here are only words, flags, bars and exit codes. [`args`] holds every flag,
//! [`cmd`] one file for each command, [`ui`] what is said and where.

use std::process::ExitCode;

mod args;
mod ask;
mod bar;
mod cmd;
mod confirm;
mod fail;
mod heard;
mod ini;
mod json;
mod prompt;
mod settings;
mod stop;
mod summary;
mod target;
mod text;
mod tokens;
mod ui;
mod watch;

#[cfg(feature = "serve")]
mod serve;

fn main() -> ExitCode {
    hfx::sys::heap::share_arenas();
    let command = args::parse();
    match cmd::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
