//! Every flag of `hfx auth`, with the names that `hf auth` has for them.

use clap::{Args, Subcommand};

use super::hub::{AnswerArgs, HubArgs};

pub(crate) const AUTH_HELP: &str = "\
Examples:
  hfx auth login                       asks for a token, which is not shown while it is typed
  pass show hub | hfx auth login       from a password manager
  hfx auth whoami
  hfx auth list
  hfx auth switch --token-name work
  hfx auth logout

Tokens are made on https://huggingface.co/settings/tokens. They are kept where the Python client keeps
them, $HF_HOME/token and $HF_HOME/stored_tokens, for your eyes only; both tools use the same ones.
HF_TOKEN, when it is set, comes before what is stored.";

#[derive(Args)]
pub(crate) struct AuthArgs {
    #[command(subcommand)]
    pub(crate) command: AuthCommand,
}

#[derive(Subcommand)]
pub(crate) enum AuthCommand {
    /// Check a token with the Hub, store it, and use it from now on
    Login(LoginArgs),
    /// Forget stored tokens
    Logout(LogoutArgs),
    /// Say whose token is in use
    Whoami(WhoamiArgs),
    /// List the stored tokens by their names
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Use another one of the stored tokens
    Switch(SwitchArgs),
}

#[derive(Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) hub: HubArgs,
    /// Give the token to git's credential helper as well, for `git push`
    #[arg(long)]
    pub(crate) add_to_git_credential: bool,
    /// Log in even when logged in already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

#[derive(Args)]
pub(crate) struct LogoutArgs {
    /// Forget this one only [default: all of them]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_name: Option<String>,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

#[derive(Args)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    pub(crate) hub: HubArgs,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

#[derive(Args)]
pub(crate) struct SwitchArgs {
    /// Its name, as `hfx auth list` shows it [default: asks]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_name: Option<String>,
    /// Give the token to git's credential helper as well, for `git push`
    #[arg(long)]
    pub(crate) add_to_git_credential: bool,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}
