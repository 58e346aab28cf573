//! `hfx env`: what this hfx is and what it would do, fit for a bug report. No secret is in it.

use hfx::options::{Opt, Options, Spec, TABLE};
use hfx::secret::safe_url;

use crate::fail::Failure;
use crate::{text, ui};

/// Prints it.
pub(crate) fn run() -> Result<(), Failure> {
    let features: Vec<&str> = [("cli", cfg!(feature = "cli")), ("serve", cfg!(feature = "serve"))]
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    ui::line(&format!("hfx         {}", env!("CARGO_PKG_VERSION")))?;
    ui::line(&format!("platform    {} {}", std::env::consts::OS, std::env::consts::ARCH))?;
    ui::line(&format!("build       {}", if cfg!(debug_assertions) { "debug" } else { "release" }))?;
    ui::line(&format!("features    {}", features.join(" ")))?;
    let cores =
        std::thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
    ui::line(&format!("cores       {cores}"))?;
    let options = Options::from_env()?;
    let cache = options.path(Opt::CacheDir);
    let shown = cache.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let there = if cache.is_some_and(|path| path.is_dir()) { "" } else { " (does not exist)" };
    ui::line(&format!("cache       {shown}{there}\n"))?;
    let rows: Vec<Vec<String>> = TABLE.iter().map(|spec| row(spec, &options)).collect();
    ui::line(text::table(&["OPTION", "VALUE", "FROM", "MEANING"], &rows, &[]).trim_end())
}

fn row(spec: &Spec, options: &Options) -> Vec<String> {
    let value = match spec.id {
        Opt::Endpoint => safe_url(options.text(spec.id)),
        _ => options.show(spec.id),
    };
    let value = if value.is_empty() { "-".to_owned() } else { value };
    vec![spec.name.to_owned(), value, source(spec, options), spec.doc.to_owned()]
}

/// Where a value comes from: the first variable that sets it, as [`Options::from_env`] reads them.
fn source(spec: &Spec, options: &Options) -> String {
    let is_set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    if !options.is_set(spec.id) {
        return "default".to_owned();
    }
    let derived: &[&str] = match spec.id {
        Opt::CacheDir | Opt::AssetsDir => &["HF_HOME", "XDG_CACHE_HOME", "HOME"],
        Opt::HeadTimeout => &["HF_HUB_ETAG_TIMEOUT"],
        Opt::StallTimeout => &["HF_HUB_DOWNLOAD_TIMEOUT"],
        Opt::Symlinks => &["HF_HUB_DISABLE_SYMLINKS"],
        _ => &[],
    };
    match spec.env.iter().chain(derived).copied().find(is_set) {
        Some(name) => name.to_owned(),
        None if spec.id == Opt::Token => "token file".to_owned(),
        None => "environment".to_owned(),
    }
}
