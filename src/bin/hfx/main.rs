//! `hfx`, the command line tool: downloads from the Hugging Face Hub, and a Hub on one machine.
//!
//! Everything it does, the library does; here are only words, flags, bars and exit codes. [`args`] holds every flag,
//! [`cmd`] one file for each command, [`ui`] what is said and where.

use std::process::ExitCode;

mod args;
mod bar;
mod cmd;
mod fail;
mod json;
mod settings;
mod stop;
mod summary;
mod target;
mod text;
mod ui;
mod watch;

#[cfg(feature = "serve")]
mod serve;

fn main() -> ExitCode {
    let command = args::parse();
    match cmd::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
