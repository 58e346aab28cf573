//! `hfx auth logout`.

use hfx::options::{Opt, Options};
use serde_json::json;

use super::{from_environment, git, login};
use crate::args::auth::LogoutArgs;
use crate::fail::Failure;
use crate::tokens::Store;
use crate::{ask, ui};

/// Forgets one stored token, or all.
pub(super) fn run(args: &LogoutArgs) -> Result<(), Failure> {
    let store = Store::here()?;
    let (changed, words) = match &args.token_name {
        Some(name) => {
            let was_active = store.remove(name).map_err(login::unknown)?;
            let more = if was_active { "; it was the one in use" } else { "" };
            (true, format!("the token '{name}' is forgotten{more}"))
        }
        None if store.clear()? => (true, "all stored tokens are forgotten".to_owned()),
        None => (false, "no token was stored".to_owned()),
    };
    git::reject(Options::from_env()?.text(Opt::Endpoint));
    let environment = from_environment();
    let object = json!({"changed": changed, "environment": environment.as_ref().map(|(name, _)| name)});
    ask::done(args.answer, &object, &words)?;
    if let Some((name, _)) = environment {
        ui::note(&format!("note: {name} is set, and still logs you in: unset it as well"));
    }
    Ok(())
}
