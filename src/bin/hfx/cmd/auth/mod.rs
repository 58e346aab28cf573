//! `hfx auth`: access tokens, kept beside the Python client's. No token is ever printed.

mod git;
mod list;
mod login;
mod logout;

use hfx::secret::Secret;

use crate::args::auth::AuthCommand;
use crate::ask;
use crate::fail::Failure;

/// Does what was asked.
pub(crate) fn run(command: &AuthCommand) -> Result<(), Failure> {
    let (done, answer) = match command {
        AuthCommand::Login(args) => (login::run(args), args.answer),
        AuthCommand::Logout(args) => (logout::run(args), args.answer),
        AuthCommand::Whoami(args) => (list::whoami(args), args.answer),
        AuthCommand::List(args) => (list::run(args), args.answer),
        AuthCommand::Switch(args) => (login::switch(args), args.answer),
    };
    ask::ended(done, answer.json)
}

/// The token that the environment sets, which comes before stored ones; and the variable's name.
fn from_environment() -> Option<(&'static str, Secret)> {
    ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].into_iter().find_map(|name| {
        let token = Secret::new(std::env::var(name).ok()?);
        (!token.is_empty()).then_some((name, token))
    })
}
