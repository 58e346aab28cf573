//! From the environment and the flags to the options of a client.

use std::path::{Path, PathBuf};

use hfx::error::{Error, Result};
use hfx::options::{Opt, Options};

use crate::args::hub::HubArgs;
use crate::args::{CacheDirArgs, NetworkArgs};

/// What the environment says, and over it `NAME=VALUE` of `-o`.
pub(crate) fn base(pairs: &[String]) -> Result<Options> {
    let mut options = Options::from_env()?;
    for pair in pairs {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Error::invalid(format!("'{pair}' is no option: write NAME=VALUE (`hfx env` lists the names)"))
        })?;
        options.set_by_name(name.trim(), value)?;
    }
    Ok(options)
}

/// The options of calls of the Hub.
pub(crate) fn hub(args: &HubArgs) -> Result<Options> {
    let mut options = base(&args.option)?;
    lay_hub(&mut options, args.token.as_deref(), args.endpoint.as_deref())?;
    set_path(&mut options, Opt::CaFile, args.ca_file.as_deref())?;
    Ok(options)
}

fn lay_hub(options: &mut Options, token: Option<&str>, endpoint: Option<&str>) -> Result<()> {
    match token {
        Some("") => options.unset(Opt::Token),
        Some(token) => options.set_text(Opt::Token, token)?,
        None => {}
    }
    match endpoint {
        Some(endpoint) => options.set_text(Opt::Endpoint, endpoint.trim_end_matches('/')),
        None => Ok(()),
    }
}

/// The flags of the network over them.
pub(crate) fn lay_network(options: &mut Options, args: &NetworkArgs) -> Result<()> {
    lay_hub(options, args.token.as_deref(), args.endpoint.as_deref())?;
    if let Some(most) = args.max_connections {
        options.set_int(Opt::MaxConnections, i64::from(most))?;
    }
    if let Some(most) = args.limit_rate {
        options.set_int(Opt::MaxRate, i64::try_from(most).unwrap_or(i64::MAX))?;
    }
    if let Some(durability) = &args.durability {
        options.set_text(Opt::Durability, durability)?;
    }
    if args.require_hash {
        options.set_bool(Opt::RequireHash, true)?;
    }
    set_path(options, Opt::CaFile, args.ca_file.as_deref())
}

/// A folder or file that a flag gives.
pub(crate) fn set_path(options: &mut Options, id: Opt, path: Option<&Path>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let text = path.to_str().ok_or_else(|| {
        Error::invalid(format!("{} is not UTF-8, which a path in an option must be", path.display()))
    })?;
    options.set_text(id, text)
}

/// The cache folder that the flag or the environment names.
pub(crate) fn cache_root(args: &CacheDirArgs) -> Result<PathBuf> {
    if let Some(folder) = &args.cache_dir {
        return Ok(folder.clone());
    }
    Options::from_env()?.path(Opt::CacheDir).ok_or_else(no_cache)
}

/// What the library says names an option; here it is a flag.
pub(crate) fn no_cache() -> Error {
    Error::invalid("no cache folder: neither HF_HUB_CACHE, HF_HOME nor HOME is set; use --cache-dir")
}
