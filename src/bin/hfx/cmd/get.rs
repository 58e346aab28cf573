//! `hfx get`: any URL to a file.

use std::path::PathBuf;
use std::time::Instant;

use hfx::client::{Client, Hooks, Output};
use hfx::error::{Error, Result as HfxResult};
use hfx::options::{Opt, Options};
use hfx::secret::safe_url;

use crate::args::GetArgs;
use crate::fail::Failure;
use crate::json::Event;
use crate::{settings, stop, summary, ui, watch};

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
    let to = match &args.output {
        Some(folder) if folder.is_dir() => folder.join(file_name(&args.url)?),
        Some(file) => file.clone(),
        None => file_name(&args.url)?,
    };
    let to = std::path::absolute(&to).unwrap_or(to);
    let events = args.talk.json && !args.talk.quiet;
    if events {
        let url = safe_url(&args.url).into();
        ui::json(&Event::Start { repo: None, repo_type: None, revision: None, url })?;
    }
    let client = Client::open(options)?;
    let job = client.download_url(&args.url, &to, &Options::new(), Hooks::default())?;
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
