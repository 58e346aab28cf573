//! `hfx auth login` and `switch`: which token is in use.

use std::io::{self, IsTerminal as _};

use hfx::error::Kind;
use hfx::hub::ApiReply;
use hfx::options::{Opt, Options};
use hfx::secret::{Secret, safe_url};
use serde_json::{Value, json};

use super::{from_environment, git};
use crate::args::auth::{LoginArgs, SwitchArgs};
use crate::fail::Failure;
use crate::tokens::Store;
use crate::{ask, prompt, ui};

/// Checks a token with the Hub, stores it and makes it the active one.
pub(super) fn run(args: &LoginArgs) -> Result<(), Failure> {
    let store = Store::here()?;
    let Some(token) = token(args, &store)? else {
        let words = "logged in already; --force logs in again";
        return ask::done(args.answer, &json!({"logged_in": true, "changed": false}), words);
    };
    if token.expose().starts_with("api_org") {
        return Err(Failure::usage("this is an organisation's token: log in with one of your own"));
    }
    // Asked with this token, whatever the environment says.
    let client = ask::client(&args.hub)?;
    let mut options = Options::new();
    options.set_text(Opt::Token, token.expose())?;
    let endpoint = client.options().text(Opt::Endpoint).to_owned();
    let account =
        ask::reply(client.whoami(&options, ask::hooks())).map_err(|failure| match failure.kind() {
            Some(Kind::Unauthorized) => {
                let page = format!("{}/settings/tokens", safe_url(&endpoint));
                failure.says("the Hub does not know this token").hint(format!("tokens are made on {page}"))
            }
            _ => failure,
        })?;
    let account = Account::of(&account)?;
    store.add(&account.token_name, &token)?;
    let in_git = args.add_to_git_credential && git::approve(&endpoint, &token)?;
    if !args.answer.json && !args.answer.quiet {
        let role = account.role.as_deref().map_or_else(String::new, |role| format!(" (permission: {role})"));
        ui::note(&format!("logged in as {}, with the token '{}'{role}", account.user, account.token_name));
        ui::note(&format!("stored in {}", store.stored_path().display()));
    }
    warn_of_environment(&token);
    let object = json!({
        "logged_in": true, "changed": true, "user": account.user, "token_name": account.token_name,
        "role": account.role, "path": store.token_path().to_string_lossy(), "git_credential": in_git,
        "environment_wins": overridden(&token),
    });
    if args.answer.json { ui::json(&object) } else { Ok(()) }
}

/// Makes another stored token the active one.
pub(super) fn switch(args: &SwitchArgs) -> Result<(), Failure> {
    let store = Store::here()?;
    let name = match &args.token_name {
        Some(name) => name.clone(),
        None => choose(&store)?,
    };
    let token = store.find(&name).map_err(unknown)?;
    store.activate(&token)?;
    let endpoint = Options::from_env()?.text(Opt::Endpoint).to_owned();
    let in_git = args.add_to_git_credential && git::approve(&endpoint, &token)?;
    let object =
        json!({"token_name": name, "git_credential": in_git, "environment_wins": overridden(&token)});
    ask::done(args.answer, &object, &format!("the token in use is '{name}'"))?;
    warn_of_environment(&token);
    Ok(())
}

/// What to do about a name that nobody knows.
pub(super) fn unknown(error: hfx::error::Error) -> Failure {
    match error.kind() {
        Kind::EntryNotFound => Failure::from(error).hint("`hfx auth list` lists the names"),
        _ => error.into(),
    }
}

/// What the Hub says of a token's owner.
struct Account {
    user: String,
    token_name: String,
    role: Option<String>,
}

impl Account {
    fn of(reply: &ApiReply) -> Result<Self, Failure> {
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let user = text("/name").ok_or_else(|| Failure::plain("the Hub did not say whose token it is"))?;
        // Tokens of a browser login have no name of their own.
        let named = text("/auth/accessToken/displayName").filter(|name| !name.is_empty());
        let token_name = named.unwrap_or_else(|| format!("oauth-{user}"));
        Ok(Self { user, token_name, role: text("/auth/accessToken/role") })
    }
}

/// The token to log in with; none when logged in already and nothing else was given.
fn token(args: &LoginArgs, store: &Store) -> Result<Option<Secret>, Failure> {
    if let Some(token) = &args.hub.token {
        let token = Secret::new(token);
        if token.is_empty() {
            return Err(Failure::usage("--token is empty"));
        }
        return Ok(Some(token));
    }
    let logged_in = !args.force && (from_environment().is_some() || store.active()?.is_some());
    if logged_in && io::stdin().is_terminal() {
        return Ok(None);
    }
    match prompt::secret("Token (it is not shown): ")? {
        Some(token) => Ok(Some(token)),
        None if logged_in => Ok(None),
        None => {
            Err(Failure::usage("no token was given")
                .hint("type one on a terminal, pipe one in, or give --token"))
        }
    }
}

fn choose(store: &Store) -> Result<String, Failure> {
    let mut names: Vec<String> = store.named()?.into_iter().map(|one| one.name).collect();
    if names.is_empty() {
        return Err(Failure::usage("no token is stored").hint("`hfx auth login` stores one"));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on").hint("say which with --token-name"));
    }
    let chosen = prompt::choice("Which token?", &names)?;
    Ok(names.swap_remove(chosen))
}

/// Whether the environment sets another token, which wins.
fn overridden(token: &Secret) -> bool {
    from_environment().is_some_and(|(_, other)| other != *token)
}

fn warn_of_environment(token: &Secret) {
    if let Some((name, other)) = from_environment()
        && other != *token
    {
        ui::note(&format!("note: {name} is set to another token, which comes before the one stored now"));
    }
}
