//! `hfx lfs-agent`: git-lfs' custom transfer agent, in both directions; `hfx lfs-enable-largefiles` installs it.
//!
//! The agent stands alone: git-lfs hands it objects, and it asks the LFS server itself how each goes. One JSON object a
//! line on stdin and stdout, as `docs/custom-transfers.md` of git-lfs says; git-lfs starts several agents at once. The
//! token goes to its own endpoint; other servers get what `git credential` has for them.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hfx::client::{Client, Hooks, Job, LfsObject};
use hfx::error::{Error, Kind, Result};
use hfx::options::{Opt, Options};
use serde::Deserialize;
use serde_json::json;

use crate::args::LfsEnableArgs;
use crate::fail::Failure;
use crate::{settings, stop, ui};

/// Time between two words on how far an object is.
const PROGRESS: Duration = Duration::from_millis(100);

/// What git-lfs says.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Order {
    Init { remote: Option<String> },
    Upload { oid: String, size: u64, path: PathBuf },
    Download { oid: String, size: u64 },
    Terminate,
}

/// Where objects come from and go to.
struct Agent {
    client: Client,
    server: String,
    /// Where objects are put for git-lfs to take them.
    folder: PathBuf,
}

/// Tells git to use the agent.
pub(crate) fn enable(args: &LfsEnableArgs) -> std::result::Result<(), Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::plain(format!("where is hfx? {error}")))?;
    let pairs = [
        ("lfs.customtransfer.hfx.path", own.to_string_lossy().into_owned()),
        ("lfs.customtransfer.hfx.args", "lfs-agent".to_owned()),
        ("lfs.standalonetransferagent", "hfx".to_owned()),
    ];
    for (name, value) in &pairs {
        let mut git = Command::new("git");
        match &args.path {
            Some(path) => git.arg("-C").arg(path).args(["config", "--local"]),
            None => git.args(["config", "--global"]),
        };
        said(git.args([*name, value.as_str()]))?;
    }
    let what =
        args.path.as_ref().map_or("all repositories of this user".to_owned(), |p| p.display().to_string());
    ui::note(&format!("git-lfs moves large files with hfx in {what}"));
    Ok(())
}

/// Does what git-lfs says, until it says that this is all.
pub(crate) fn agent() -> std::result::Result<(), Failure> {
    stop::listen();
    let mut agent = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::plain(format!("can't read from git-lfs: {error}")))?;
        let order = serde_json::from_str(&line)
            .map_err(|error| Failure::plain(format!("git-lfs said what makes no sense: {error}")))?;
        match order {
            Order::Terminate => break,
            Order::Init { remote } => match Agent::new(remote.as_deref().unwrap_or("origin")) {
                Ok(new) => {
                    agent = Some(new);
                    ui::json(&json!({}))?;
                }
                Err(error) => ui::json(&json!({ "error": failure(&error) }))?,
            },
            Order::Upload { oid, size, path } => {
                let ended =
                    agent.as_ref().ok_or_else(not_begun).and_then(|agent| agent.upload(&oid, size, &path));
                told(&oid, ended.map(|()| None))?;
            }
            Order::Download { oid, size } => {
                let ended = agent.as_ref().ok_or_else(not_begun).and_then(|agent| agent.download(&oid, size));
                told(&oid, ended.map(Some))?;
            }
        }
        if stop::asked() {
            break;
        }
    }
    Ok(())
}

fn not_begun() -> Error {
    Error::invalid("git-lfs asked for an object before it began")
}

fn failure(error: &Error) -> serde_json::Value {
    json!({ "code": error.kind() as i32, "message": error.message() })
}

/// How an object ended.
fn told(oid: &str, ended: Result<Option<PathBuf>>) -> std::result::Result<(), Failure> {
    let mut event = json!({ "event": "complete", "oid": oid });
    match ended {
        Ok(Some(path)) => event["path"] = json!(path.to_string_lossy()),
        Ok(None) => {}
        Err(error) => event["error"] = failure(&error),
    }
    ui::json(&event)
}

impl Agent {
    fn new(remote: &str) -> Result<Self> {
        let mut options = settings::base(&[])?;
        let lfs = Lfs::of(remote)?;
        let (server, user) = apart(&lfs.server);
        let home = origin(options.text(Opt::Endpoint)).to_owned();
        if origin(&server) != home || options.secret(Opt::Token).is_none() {
            // The token is for its endpoint; this server has users of its own.
            options.unset(Opt::Token);
            if let Some(basic) = user.or_else(|| credential(&server)) {
                options.set_text(Opt::Headers, &format!("Authorization: Basic {basic}"))?;
            }
            options.set_text(Opt::Endpoint, origin(&server))?;
        }
        std::fs::create_dir_all(&lfs.folder).map_err(|error| Error::io("create", &lfs.folder, &error))?;
        Ok(Self { client: Client::open(options)?, server, folder: lfs.folder })
    }

    fn upload(&self, oid: &str, size: u64, file: &Path) -> Result<()> {
        let object = LfsObject::new(oid, size)?;
        let job = self.client.lfs_upload(&self.server, &object, file, &Options::new(), Hooks::default())?;
        wait(&job, oid)
    }

    fn download(&self, oid: &str, size: u64) -> Result<PathBuf> {
        let object = LfsObject::new(oid, size)?;
        let to = self.folder.join(format!("hfx-{oid}"));
        let job = self.client.lfs_download(&self.server, &object, &to, &Options::new(), Hooks::default())?;
        wait(&job, oid)?;
        Ok(to)
    }
}

/// Waits, and says how far it is.
fn wait(job: &Job, oid: &str) -> Result<()> {
    stop::attach(job);
    let mut before = 0;
    loop {
        let ended = job.wait(Some(PROGRESS))?;
        let done = job.totals().done;
        if done > before {
            let event = json!({ "event": "progress", "oid": oid, "bytesSoFar": done, "bytesSinceLast": done - before });
            // Who does not listen any more has gone: the job ends with this process.
            ui::json(&event).map_err(|_| Error::cancelled())?;
            before = done;
        }
        if ended {
            return job.join().map(|_| ());
        }
    }
}

/// What git-lfs says of the working copy.
struct Lfs {
    server: String,
    folder: PathBuf,
}

impl Lfs {
    fn of(remote: &str) -> Result<Self> {
        let text = said(Command::new("git").args(["lfs", "env"]))?;
        let value = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let folder = value("TempDir").ok_or_else(|| Error::invalid("git lfs env names no TempDir"))?;
        let named = value(&format!("Endpoint ({remote})")).or_else(|| value("Endpoint"));
        let server = match named {
            _ if remote.contains("://") => server_of(remote),
            // "http://host/path (auth=none)"
            Some(text) => text.split(" (").next().unwrap_or_default().to_owned(),
            None => return Err(Error::invalid(format!("git lfs env names no endpoint of {remote}"))),
        };
        if !server.starts_with("http") {
            return Err(Error::new(Kind::Unsupported, format!("{server} is no LFS server that speaks http")));
        }
        Ok(Self { server, folder: PathBuf::from(folder) })
    }
}

/// The LFS server beside a git repository, where git-lfs looks for it.
fn server_of(remote: &str) -> String {
    let remote = remote.trim_end_matches('/');
    format!("{}.git/info/lfs", remote.strip_suffix(".git").unwrap_or(remote))
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    &url[..url[start..].find('/').map_or(url.len(), |at| start + at)]
}

/// A URL without its user, and the user as a Basic authorisation.
fn apart(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let host = &rest[..rest.find('/').unwrap_or(rest.len())];
    let Some((user, _)) = host.rsplit_once('@') else { return (url.to_owned(), None) };
    let decoded = percent_encoding::percent_decode_str(user).decode_utf8_lossy().into_owned();
    let basic = decoded.contains(':').then(|| basic(&decoded));
    (format!("{scheme}://{}", &rest[user.len() + 1..]), basic)
}

fn basic(pair: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(pair)
}

/// What git knows of a user at a server; it is not let ask.
fn credential(server: &str) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["credential", "fill"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "");
    let mut git = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    git.stdin.take()?.write_all(format!("url={server}\n\n").as_bytes()).ok()?;
    let output = git.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    Some(basic(&format!("{}:{}", value("username")?, value("password")?)))
}

/// What a command says, when it goes well.
fn said(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Error::new(Kind::Unsupported, "can't run git").os(&error))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(Error::invalid(format!("git refused: {}", why.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_users() {
        assert_eq!(server_of("https://h/o/n"), "https://h/o/n.git/info/lfs");
        assert_eq!(server_of("https://h/o/n.git/"), "https://h/o/n.git/info/lfs");
        assert_eq!(origin("http://h:1/a/b"), "http://h:1");
        assert_eq!(origin("http://h"), "http://h");
        assert_eq!(apart("http://h/a@b"), ("http://h/a@b".into(), None));
        let (url, basic) = apart("http://us%40er:pa%3Ass@h:1/a");
        assert_eq!((url.as_str(), basic.as_deref()), ("http://h:1/a", Some("dXNAZXI6cGE6c3M=")));
    }
}
