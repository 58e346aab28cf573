//! The commands, a file each.

mod api;
mod auth;
pub(crate) mod cache;
mod completions;
mod download;
mod env;
mod get;
mod lfs;
mod man;
mod repo;
#[cfg(feature = "serve")]
mod serve;
mod upload;

use crate::args::Command;
use crate::fail::Failure;

/// Does what was asked.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Download(args) => download::run(&args),
        Command::Get(args) => get::run(&args),
        Command::Repo(args) => repo::run(&args.command),
        Command::Auth(args) => auth::run(&args.command),
        Command::Api(args) => api::run(&args),
        Command::Upload(args) => upload::run(&args),
        Command::LfsEnableLargefiles(args) => lfs::enable(&args),
        Command::LfsAgent => lfs::agent(),
        Command::Cache(args) => cache::run(args.command),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args),
        Command::Env => env::run(),
        Command::Completions(args) => completions::run(args.shell),
        Command::Man(args) => man::run(&args.folder),
    }
}
