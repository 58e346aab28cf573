//! `hfx get`: any URL to a file.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hfx::client::{Hooks, Output, ReadInto, Which, token_may_go};
use hfx::error::{Error, Kind, Result as HfxResult};
use hfx::options::{Opt, Options};
use hfx::secret::safe_url;

use crate::args::GetArgs;
use crate::fail::Failure;
use crate::json::Event;
use crate::{heard, settings, stop, summary, ui, watch};

/// Downloads, and says how it went.
pub(crate) fn run(args: &GetArgs) -> Result<(), Failure> {
    stop::listen();
    ui::ended(get(args), args.talk)
}

fn get(args: &GetArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let mut options = settings::base(&args.option)?;
    settings::lay_network(&mut options, &args.network)?;
    if let Some(hash) = &args.sha256 {
        options.set_text(Opt::ExpectSha256, hash)?;
    }
    check_token(args, &options)?;
    let own = own_headers(&args.headers)?;
    if args.output.as_deref() == Some(Path::new("-")) {
        return to_stdout(args, options, &own);
    }
    let names_folder = |to: &Path| to.is_dir() || to.as_os_str().as_encoded_bytes().ends_with(b"/");
    let to = match &args.output {
        Some(folder) if names_folder(folder) => folder.join(file_name(&args.url)?),
        Some(file) => file.clone(),
        None => file_name(&args.url)?,
    };
    let to = std::path::absolute(&to).unwrap_or(to);
    let events = args.talk.json && !args.talk.quiet;
    if events {
        let url = safe_url(&args.url).into();
        ui::json(&Event::Start { repo: None, repo_type: None, revision: None, url })?;
    }
    let client = heard::client(options, args.talk)?;
    let job = client.download_url(&args.url, &to, &own, Hooks::default())?;
    let output = watch::wait(&job, args.talk)?;
    let Output::File(file) = output else {
        return Err(Failure::plain("the library answered something else than what was asked for"));
    };
    let (totals, elapsed) = (job.totals(), start.elapsed());
    if events {
        ui::json(&Event::file(&file))?;
    }
    if args.talk.json {
        return ui::json(&Event::done(&file.path, "", &totals, elapsed, false));
    }
    if !args.talk.quiet {
        ui::note(&summary::line([&file], &totals, elapsed));
    }
    ui::path(&file.path)
}

/// A token that was given for this call and would stay at home is a mistake.
fn check_token(args: &GetArgs, options: &Options) -> HfxResult<()> {
    let given = args.network.token.as_deref().is_some_and(|token| !token.is_empty());
    if given && !token_may_go(options, &args.url)? {
        let (home, to) = (safe_url(options.text(Opt::Endpoint)), safe_url(&args.url));
        return Err(Error::invalid(format!(
            "--token is for {home}, and over plain http for this machine alone (option allow_http_token); for {to} say \
             -H \"Authorization: Bearer ...\" (or -H @FILE)"
        )));
    }
    Ok(())
}

/// The headers of this call alone: those of the environment's options are for the Hub.
fn own_headers(given: &[String]) -> HfxResult<Options> {
    let mut own = Options::new();
    for header in given {
        let Some(file) = header.strip_prefix('@') else {
            own.set_text(Opt::Headers, header)?;
            continue;
        };
        let lines =
            std::fs::read_to_string(file).map_err(|error| Error::io("read", Path::new(file), &error))?;
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            own.set_text(Opt::Headers, line)?;
        }
    }
    Ok(own)
}

/// The bytes themselves on stdout, in their order.
fn to_stdout(args: &GetArgs, options: Options, own: &Options) -> Result<(), Failure> {
    if args.talk.json {
        return Err(Failure::usage("stdout takes either the bytes or --json"));
    }
    let failed: Arc<Mutex<Option<io::Error>>> = Arc::default();
    let kept = failed.clone();
    let write = Box::new(move |_, bytes: &[u8]| {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
            let told = Error::new(Kind::Callback, "can't write to stdout").os(&error);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            told
        })
    });
    let client = heard::client(options, args.talk)?;
    let which = Which::Url(args.url.clone());
    let job = client.read(which, None, ReadInto::Chunks(write), own, Hooks::default())?;
    let ended = watch::wait(&job, args.talk);
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(ui::broken(&error)),
        None => ended.map(drop),
    }
}

/// The last part of the URL's path, decoded, as a file of this folder.
fn file_name(url: &str) -> HfxResult<PathBuf> {
    let url = safe_url(url);
    let path =
        url.split_once("://").map_or("", |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    if plain {
        return Ok(PathBuf::from(name));
    }
    Err(Error::invalid(format!("{url} does not end in a file name; give one with -o")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_url() {
        for (url, name) in [
            ("http://h/a/b.tar?x=/y#z", Some("b.tar")),
            ("http://h/a%20b", Some("a b")),
            ("http://h/", None),
            ("http://h", None),
            ("http://h/a/..", None),
            ("http://h/..%2fetc", None),
        ] {
            assert_eq!(file_name(url).ok(), name.map(PathBuf::from), "{url}");
        }
    }
}
