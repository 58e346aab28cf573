//! The environment as options: read only when asked ([`Options::from_env`]), and by nothing else in the library.
//!
//! Names, defaults and precedence are `huggingface_hub` 2.4.0's (`constants.py`, `utils/_auth.py`). Left for later:
//! the OIDC exchange (`HF_OIDC_RESOURCE`) and the refresh of browser logins kept in `stored_tokens`; the active
//! token of either lies in the token file as well.

use std::path::PathBuf;

use super::{Opt, Options, Type, parse_bool};
use crate::error::{Error, Result};
use crate::secret::Secret;

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Options {
    /// What the environment of this process sets: `HF_*`, proxies, certificates, and the token file.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// The same, from any look-up of variables.
    pub fn from_variables(raw: Lookup<'_>) -> Result<Self> {
        let get = |name: &str| raw(name).filter(|value| !value.is_empty());
        let mut options = Self::new();
        for spec in super::TABLE {
            let Some((name, value)) = spec.env.iter().find_map(|name| Some((name, get(name)?))) else {
                continue;
            };
            let set = match spec.kind {
                Type::Bool => options.set_bool(spec.id, parse_bool(&value).unwrap_or(false)),
                _ if matches!(spec.id, Opt::CacheDir | Opt::AssetsDir) => {
                    options.set_text(spec.id, &expand(&value, &get))
                }
                _ if spec.id == Opt::Endpoint => options.set_text(spec.id, value.trim_end_matches('/')),
                _ if spec.id == Opt::UserAgent => options.set_text(spec.id, &format!("origin/{value}")),
                _ => options.set_text(spec.id, &value),
            };
            set.map_err(|error| error.context(format!("environment variable {name}")))?;
        }
        let home = hf_home(&get);
        if let Some(home) = &home {
            for (id, folder) in [(Opt::CacheDir, "hub"), (Opt::AssetsDir, "assets"), (Opt::StateDir, "hfx")] {
                if !options.is_set(id) {
                    options.set_text(id, &home.join(folder).to_string_lossy())?;
                }
            }
        }
        for (name, id) in
            [("HF_HUB_ETAG_TIMEOUT", Opt::HeadTimeout), ("HF_HUB_DOWNLOAD_TIMEOUT", Opt::StallTimeout)]
        {
            if let Some(seconds) = get(name) {
                let seconds: i64 = seconds.trim().parse().map_err(|_| {
                    Error::invalid(format!("environment variable {name}: not a number of seconds"))
                })?;
                options.set_int(id, seconds.saturating_mul(1000))?;
            }
        }
        let is_true = |name: &str| get(name).and_then(|value| parse_bool(&value)).unwrap_or(false);
        if is_true("HF_HUB_DISABLE_SYMLINKS") {
            options.set_bool(Opt::Symlinks, false)?;
        }
        if is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            options.unset(Opt::Token);
        } else if options.secret(Opt::Token).is_none()
            && let Some(token) =
                token_file(&get, home.as_ref()).and_then(|path| std::fs::read_to_string(path).ok())
            && !Secret::new(&token).is_empty()
        {
            options.set_text(Opt::Token, token.trim()).map_err(|error| error.context("the token file"))?;
        }
        Ok(options)
    }
}

/// Where the environment of this process says that the active token lies. The named ones lie beside it, in
/// `stored_tokens`.
pub fn token_path() -> Option<PathBuf> {
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    token_file(&get, hf_home(&get).as_ref())
}

/// `HF_HOME`, by default below the user's cache folder.
fn hf_home(get: Lookup<'_>) -> Option<PathBuf> {
    if let Some(home) = get("HF_HOME") {
        return Some(PathBuf::from(expand(&home, get)));
    }
    let cache = match get("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(expand(&cache, get)),
        None => PathBuf::from(user_home(get)?).join(".cache"),
    };
    Some(cache.join("huggingface"))
}

/// Where the active token lies.
fn token_file(get: Lookup<'_>, home: Option<&PathBuf>) -> Option<PathBuf> {
    match get("HF_TOKEN_PATH") {
        Some(path) => Some(PathBuf::from(expand(&path, get))),
        None => home.map(|home| home.join("token")),
    }
}

fn user_home(get: Lookup<'_>) -> Option<String> {
    get("HOME").or_else(|| get("USERPROFILE"))
}

/// `~`, `$VAR` and `${VAR}` in a path, as Python's `expanduser` and `expandvars`.
fn expand(path: &str, get: Lookup<'_>) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    if let Some(home) = user_home(get)
        && let Some(after) = path.strip_prefix('~')
        && (after.is_empty() || after.starts_with('/'))
    {
        out.push_str(&home);
        rest = after;
    }
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (name, length) = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((name, _)) => (name, name.len() + 2),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match get(name) {
            Some(value) if !name.is_empty() => out.push_str(&value),
            // What is not set stays as it was written.
            _ => out.push_str(&rest[dollar..=dollar + length]),
        }
        rest = &after[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Options {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        Options::from_variables(&get).unwrap()
    }

    #[test]
    fn folders_follow_hf_home() {
        assert_eq!(from(&[("HOME", "/u")]).text(Opt::CacheDir), "/u/.cache/huggingface/hub");
        let xdg = from(&[("HOME", "/u"), ("XDG_CACHE_HOME", "~/x")]);
        assert_eq!(xdg.text(Opt::AssetsDir), "/u/x/huggingface/assets");
        let home = from(&[("HOME", "/u"), ("HF_HOME", "$HOME/${X}y"), ("X", "z")]);
        assert_eq!(home.text(Opt::CacheDir), "/u/zy/hub");
        let own = from(&[("HF_HUB_CACHE", "/c$UNSET"), ("HUGGINGFACE_HUB_CACHE", "/old")]);
        assert_eq!(own.text(Opt::CacheDir), "/c$UNSET");
        assert_eq!(from(&[("HUGGINGFACE_HUB_CACHE", "/old")]).text(Opt::CacheDir), "/old");
    }

    #[test]
    fn tokens_have_an_order() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "from_file\n").unwrap();
        let home = dir.path().to_str().unwrap();
        let token = |pairs: &[(&str, &str)]| {
            from(&[pairs, &[("HF_HOME", home)]].concat()).secret(Opt::Token).map(|t| t.expose().to_owned())
        };
        assert_eq!(token(&[]).as_deref(), Some("from_file"));
        assert_eq!(token(&[("HF_TOKEN", " a\n")]).as_deref(), Some("a"));
        assert_eq!(token(&[("HUGGING_FACE_HUB_TOKEN", "b")]).as_deref(), Some("b"));
        assert_eq!(token(&[("HF_TOKEN", "a"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
    }

    #[test]
    fn flags_and_times() {
        let options = from(&[
            ("HF_HUB_OFFLINE", "yes"),
            ("HF_HUB_DISABLE_SYMLINKS", "1"),
            ("HF_HUB_ETAG_TIMEOUT", "3"),
            ("HF_ENDPOINT", "http://localhost:1/"),
            ("HTTPS_PROXY", "http://p:1"),
            ("ALL_PROXY", "socks5h://q:2"),
        ]);
        assert!(options.bool(Opt::Offline));
        assert!(!options.bool(Opt::Symlinks));
        assert_eq!(options.int(Opt::HeadTimeout), 3000);
        assert_eq!(options.text(Opt::Endpoint), "http://localhost:1");
        assert_eq!(options.secret(Opt::HttpsProxy).unwrap().expose(), "http://p:1");
        assert_eq!(options.secret(Opt::HttpProxy).unwrap().expose(), "socks5h://q:2");
    }
}
