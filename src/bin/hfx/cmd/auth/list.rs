//! `hfx auth list` and `whoami`.

use std::time::{SystemTime, UNIX_EPOCH};

use hfx::error::Kind;
use hfx::options::{Opt, Options};
use hfx::secret::safe_url;
use serde_json::{Value, json};

use super::from_environment;
use crate::args::auth::{ListArgs, WhoamiArgs};
use crate::fail::Failure;
use crate::tokens::{Named, Store};
use crate::{ask, text, ui};

/// The stored tokens by their names.
pub(super) fn run(args: &ListArgs) -> Result<(), Failure> {
    let store = Store::here()?;
    let (named, environment) = (store.named()?, from_environment());
    let current = match &environment {
        Some((_, token)) => Some(token.clone()),
        None => store.active()?,
    };
    let is_active = |one: &Named| current.as_ref() == Some(&one.token);
    if args.answer.json {
        let entry =
            |one: &Named| json!({"name": one.name, "active": is_active(one), "expires_at": one.expires_at});
        return ui::json(&json!({
            "tokens": named.iter().map(entry).collect::<Value>(),
            "environment": environment.map(|(name, _)| name),
        }));
    }
    if args.answer.quiet {
        return named.iter().try_for_each(|one| ui::line(&one.name));
    }
    if !named.is_empty() {
        let row = |one: &Named| {
            let mark = if is_active(one) { "*" } else { "" };
            vec![mark.to_owned(), one.name.clone(), expiry(one)]
        };
        let rows: Vec<_> = named.iter().map(row).collect();
        ui::line(text::table(&["", "NAME", "EXPIRES"], &rows, &[]).trim_end())?;
    }
    match environment {
        Some((name, _)) => ui::note(&format!("note: {name} is set, and comes before what is stored")),
        None if named.is_empty() => ui::note("no token is stored: `hfx auth login` stores one"),
        None if !named.iter().any(is_active) => ui::note("no stored token is in use: see `hfx auth switch`"),
        None => {}
    }
    Ok(())
}

/// Whose token is in use.
pub(super) fn whoami(args: &WhoamiArgs) -> Result<(), Failure> {
    let client = ask::client(&args.hub)?;
    if client.options().secret(Opt::Token).is_none() {
        let error = hfx::error::Error::new(Kind::Unauthorized, "not logged in");
        return Err(Failure::from(error).hint("`hfx auth login` stores a token"));
    }
    let reply = ask::reply(client.whoami(&Options::new(), ask::hooks()))?;
    let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let user = told["name"].as_str().unwrap_or_default();
    let orgs: Vec<&str> =
        told["orgs"].as_array().into_iter().flatten().filter_map(|org| org["name"].as_str()).collect();
    let endpoint = safe_url(client.options().text(Opt::Endpoint));
    let token = &told["auth"]["accessToken"];
    if args.answer.json {
        return ui::json(&json!({
            "user": user, "orgs": orgs, "endpoint": endpoint,
            "token_name": token["displayName"], "role": token["role"],
        }));
    }
    ui::line(user)?;
    if !args.answer.quiet {
        if !orgs.is_empty() {
            ui::note(&format!("organisations: {}", orgs.join(", ")));
        }
        ui::note(&format!("endpoint: {endpoint}"));
    }
    Ok(())
}

/// When a browser login's token ends, in words.
fn expiry(one: &Named) -> String {
    let Some(then) = one.expires_at else { return String::new() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64);
    match then - now {
        ..=0 => "expired".to_owned(),
        left => format!("in {}", text::time(std::time::Duration::from_secs(left as u64))),
    }
}
