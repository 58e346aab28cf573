//! Every command and flag of the tool.

#![allow(clippy::doc_markdown, reason = "these comments are the help texts")]

pub(crate) mod auth;
pub(crate) mod hub;
pub(crate) mod repo;
mod upload;

use std::ffi::OsString;
#[cfg(feature = "serve")]
use std::net::SocketAddr;
use std::path::PathBuf;
#[cfg(feature = "serve")]
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use hfx::options::parse_size;
use hfx::repo::RepoKind;

use crate::cmd::cache::{Filter, Sort};

pub(crate) use upload::UploadArgs;

const ROOT_HELP: &str = "\
Examples:
  hfx download org/model                               the whole model, into the shared cache
  hfx download org/model config.json                   one file; prints its path
  hfx download org/model --include '*.safetensors'     the files that match
  hfx get https://host/file.tar -o file.tar            any URL, with as many connections as pay
  hfx upload org/model ./model                         a folder, in a commit; prints its URL
  hfx cache ls                                         what the cache holds
  hfx auth login                                       stores an access token
  hfx repo create org/model --private                  a repository; `hfx repo --help` tells more
  hfx serve DIR                                        a Hub on this machine

A download that was interrupted goes on where it stopped when the same command is run again.

Exit codes:
  0    done
  1    failed for another reason than those below
  2    a flag or a name that can't be used; nothing was done
  3    not found: repository, revision or file (or not in the cache, when offline)
  4    no access: token missing or refused, or access must be asked for (a gated repository)
  5    network or server: no connection, TLS, proxy, rate limit, an answer that makes no sense
  6    disk: full, no permission, damaged cache
  7    wrong hash: the bytes are not what they must be, and were not kept
  130  interrupted by Ctrl-C or SIGTERM

The environment is read as the Python client reads it (HF_HOME, HF_TOKEN, HF_ENDPOINT,
HF_HUB_OFFLINE, proxies, ...): `hfx env` shows what it says.";

const DOWNLOAD_HELP: &str = "\
Examples:
  hfx download org/model                                 everything
  hfx download org/model config.json tokenizer.json      these files, from one commit
  hfx download org/data train/ --repo-type dataset       a folder: its name ends in a slash
  hfx download org/model --include '*.safetensors' '*.json' --exclude 'old/*'
  hfx download hf://datasets/org/data@v1.0/train.csv     type, revision and path in one word
  hfx download org/model --local-dir ./model             into this folder, not into the cache
  hfx download org/model --dry-run                       what would be fetched, and how much
  dir=$(hfx download -q org/model)                       nothing but the path on stdout

What is named and what --include takes are taken together, from one commit.
The last line on stdout is the path: of the file when one file is named, else of the folder.";

const JSON_HELP: &str = "\
Events of --json, one object a line on stdout; sizes in bytes, null where there is no value:
  start     repo, repo_type, revision, url
  progress  files, files_done, files_failed, bytes, done, received, restored, sent, hashed: a few times a second
  file      name, state, path, size, verified, error: each file, when all have ended
            (state: done, cached, failed or planned; verified: hash, length or null)
  done      path, commit, files, bytes, received, restored, seconds, dry_run
  error     code, kind, message, http_status, request_id, retryable, exit_code
The name is in the field \"event\". The last line is done or error; with --quiet it is the only one.";

const GET_HELP: &str = "\
Examples:
  hfx get https://host/big.tar                              to ./big.tar
  hfx get https://host/big.tar -o /data/big.tar --sha256 9f86d081...
  hfx get https://host/big.tar --limit-rate 50M --max-connections 4

An interrupted download goes on where it stopped, when the ETag or --sha256 says that the file is
still the same.";

const LFS_HELP: &str = "\
Examples:
  hfx lfs-enable-largefiles .                  this working copy
  hfx lfs-enable-largefiles --global           all of this user
  git -c lfs.standalonetransferagent=hfx -c lfs.customtransfer.hfx.path=hfx \\
      -c lfs.customtransfer.hfx.args=lfs-agent clone https://huggingface.co/org/model

From then on git push, pull and clone send and fetch large files in parallel, resume what was
interrupted, and check what comes by its hash. `git config --unset lfs.standalonetransferagent`
goes back.";

const CACHE_HELP: &str = "\
Examples:
  hfx cache ls --verbose                 revisions and where they are
  hfx cache rm model/org/name            a repository, with all its revisions
  hfx cache rm 3f2a...(40 digits)        one revision
  hfx cache prune --dry-run              what is left over: detached revisions, abandoned downloads
  hfx cache verify org/name              reads every cached file and checks its hash";

#[cfg(feature = "serve")]
const SERVE_HELP: &str = "\
Examples:
  hfx serve ./hub                                the repositories in a folder
  hfx serve --cache ~/.cache/huggingface/hub     what the cache holds, read-only
  hfx serve ./hub --token secret --listen 0.0.0.0:8080

DIR/models/owner/name/ is a model at branch main; likewise datasets/, spaces/, kernels/.
What is pushed lies in DIR/.hub. The first push to a repository in a folder copies it there; from then on the copy is
served, and the folder stays as it was. The Python client needs HF_HUB_DISABLE_XET=1 to push.
The first line on stdout is HF_ENDPOINT=http://...; every Hub client can be pointed there.";

#[derive(Parser)]
#[command(
    name = "hfx",
    version,
    about = "Files, repositories and tokens of the Hugging Face Hub: fast, resumable, verified",
    after_help = ROOT_HELP,
    max_term_width = 120,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Download a file, some files or a whole repository
    #[command(after_help = DOWNLOAD_HELP, after_long_help = concat_help(DOWNLOAD_HELP, JSON_HELP))]
    Download(Box<DownloadArgs>),
    /// Download any URL to a file
    #[command(after_help = GET_HELP, after_long_help = concat_help(GET_HELP, JSON_HELP))]
    Get(Box<GetArgs>),
    /// Make, change and look at repositories on the Hub
    #[command(visible_alias = "repos", after_help = repo::REPO_HELP)]
    Repo(Box<repo::RepoArgs>),
    /// Log in and out, and switch between access tokens
    #[command(after_help = auth::AUTH_HELP)]
    Auth(auth::AuthArgs),
    /// Call anything of the Hub's API
    #[command(after_help = hub::API_HELP)]
    Api(hub::ApiArgs),
    /// Upload a file or a folder in a commit
    #[command(after_help = upload::HELP, after_long_help = concat_help(upload::HELP, upload::JSON_HELP))]
    Upload(Box<UploadArgs>),
    /// Let git-lfs move the large files of a working copy with hfx
    #[command(after_help = LFS_HELP)]
    LfsEnableLargefiles(LfsEnableArgs),
    /// The transfer agent that git-lfs starts; not for people
    #[command(hide = true)]
    LfsAgent,
    /// Look after the cache
    #[command(after_help = CACHE_HELP)]
    Cache(CacheArgs),
    /// Run a Hub on this machine, for tests and machines without internet
    #[cfg(feature = "serve")]
    #[command(after_help = SERVE_HELP, after_long_help = concat_help(SERVE_HELP, crate::serve::FAULT_HELP))]
    Serve(ServeArgs),
    /// Show the version and every option with its value and where it comes from, fit for a bug report
    Env,
    /// Print the completion script for a shell, e.g. `source <(hfx completions bash)`
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder; for packagers
    #[command(hide = true)]
    Man(ManArgs),
}

#[derive(Args)]
pub(crate) struct DownloadArgs {
    /// owner/name, hf://[datasets|spaces|kernels/]owner/name[@revision][/path], or a web address on the Hub
    #[arg(value_name = "REPO")]
    pub(crate) repo: String,
    /// Files in it, or folders when they end in a slash; everything when none is given
    #[arg(value_name = "FILES")]
    pub(crate) files: Vec<String>,
    /// What kind of repository it is
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = kind_parser())]
    pub(crate) repo_type: Option<RepoKind>,
    /// Branch, tag, commit or refs/pr/N [default: main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Take the files that match (* crosses slashes); several patterns may follow
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// Leave out the files that match; several patterns may follow
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
    /// The cache folder [default: what HF_HUB_CACHE or HF_HOME say]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Put the files into this folder under their own names, instead of into the cache
    #[arg(long, value_name = "DIR", conflicts_with = "cache_dir")]
    pub(crate) local_dir: Option<PathBuf>,
    /// Download even what is there
    #[arg(long)]
    pub(crate) force_download: bool,
    /// Say what would be fetched, and fetch nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Use no network: answer from the cache or fail
    #[arg(long)]
    pub(crate) local_files_only: bool,
    /// Do not ask the Hub for changes when the revision is cached
    #[arg(long)]
    pub(crate) pin: bool,
    /// Most files in work at once [default: found out]
    #[arg(long, value_name = "N")]
    pub(crate) max_workers: Option<u32>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Any option of the library (`hfx env` lists them); may be repeated
    #[arg(short = 'o', long = "option", value_name = "NAME=VALUE", help_heading = "Network and disk")]
    pub(crate) option: Vec<String>,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Args)]
pub(crate) struct GetArgs {
    /// The address
    pub(crate) url: String,
    /// Where to put it: a file, a folder (with a slash at its end, or there already), or - for stdout [default: the
    /// URL's last part, in this folder]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The SHA-256 that it must have
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// A header for this server, as "Name: value", or @FILE with one a line, which other users of the machine don't see;
    /// may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Any option of the library (`hfx env` lists them); may be repeated
    #[arg(long = "option", value_name = "NAME=VALUE", help_heading = "Network and disk")]
    pub(crate) option: Vec<String>,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Network and disk")]
pub(crate) struct NetworkArgs {
    /// Access token; better in HF_TOKEN, where other users of the machine don't see it
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Address of the Hub or a mirror [default: what HF_ENDPOINT says, or the public Hub]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Most connections at once [default: as many as pay]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<u32>,
    /// Most bytes per second, e.g. 50M [default: no limit]
    #[arg(long, value_name = "RATE", value_parser = size)]
    pub(crate) limit_rate: Option<u64>,
    /// What a finished file survives: a power loss, or only the end of the process
    #[arg(long, value_name = "WHAT", value_parser = ["power", "process"])]
    pub(crate) durability: Option<String>,
    /// Refuse a file for which no hash is known
    #[arg(long)]
    pub(crate) require_hash: bool,
    /// PEM file of trusted certificates, instead of the system's
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub(crate) struct TalkArgs {
    /// Print the path and nothing else
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object a line instead (`--help` lists them)
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell of each step and each failure on stderr
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

#[derive(Args)]
pub(crate) struct LfsEnableArgs {
    /// The working copy
    #[arg(value_name = "PATH", required_unless_present = "global")]
    pub(crate) path: Option<PathBuf>,
    /// All repositories of this user
    #[arg(long, conflicts_with = "path")]
    pub(crate) global: bool,
}

#[derive(Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Subcommand)]
pub(crate) enum CacheCommand {
    /// List what is cached
    #[command(visible_alias = "list")]
    Ls(CacheLsArgs),
    /// Delete repositories or revisions
    Rm(CacheRmArgs),
    /// Delete what nobody needs: detached revisions and abandoned downloads
    Prune(CachePruneArgs),
    /// Check what is cached, or in a folder, by its hash
    Verify(CacheVerifyArgs),
    /// Print the cache folder
    Path(CacheDirArgs),
}

#[derive(Args)]
pub(crate) struct CacheDirArgs {
    /// The cache folder [default: what HF_HUB_CACHE or HF_HOME say]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CacheLsArgs {
    /// Each revision, with its folder, and every warning; with --json each file too
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// The ids alone, as `hfx cache rm` takes them; of revisions with --verbose
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Those that this is true of: size>1G, accessed>30d, modified<1w, type=model, refs=main; may be repeated
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Vec<Filter>,
    /// The order of repositories: accessed, modified, name or size, with :asc or :desc behind it
    #[arg(long, value_name = "KEY")]
    pub(crate) sort: Option<Sort>,
    /// The first N repositories only
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

#[derive(Args)]
pub(crate) struct CacheRmArgs {
    /// type/owner/name (model/org/name), hf://... or a revision's 40-digit commit hash
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

#[derive(Args)]
pub(crate) struct CachePruneArgs {
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

#[derive(Args, Clone, Copy)]
pub(crate) struct ConfirmArgs {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct CacheVerifyArgs {
    /// owner/name, type/owner/name as `hfx cache ls` prints it, or hf://...
    #[arg(value_name = "REPO")]
    pub(crate) repo: String,
    /// What kind of repository it is
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = kind_parser())]
    pub(crate) repo_type: Option<RepoKind>,
    /// Check this revision only [default: everything cached of the repository; of a folder main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Check the files of this folder instead: they must be what the Hub has at the revision
    #[arg(long, value_name = "DIR", conflicts_with = "cache_dir")]
    pub(crate) local_dir: Option<PathBuf>,
    /// Fail when files of the revision are not here
    #[arg(long)]
    pub(crate) fail_on_missing_files: bool,
    /// Fail when there are files here that the revision does not have
    #[arg(long)]
    pub(crate) fail_on_extra_files: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
    #[command(flatten)]
    pub(crate) hub: hub::HubArgs,
}

#[cfg(feature = "serve")]
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The folder of repositories
    #[arg(required_unless_present = "cache")]
    pub(crate) dir: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Address of the second port, from which large files come [default: the same host, a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) cdn_listen: Option<SocketAddr>,
    /// How clients reach the Hub where something stands before it (TLS, a proxy): https://hub.example
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The same for the second port
    #[arg(long, value_name = "URL")]
    pub(crate) cdn_url: Option<String>,
    /// A token that is known, TOKEN:read for one that may not write; may be repeated. With none, every token is taken
    /// and everyone may write
    #[arg(long)]
    pub(crate) token: Vec<crate::serve::Token>,
    /// A Hugging Face cache to serve as well, read-only
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Rules for faults to commit (`--help` tells their form); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) fault: Vec<PathBuf>,
    /// Answer under /_hfx/: faults, log and counters, for test suites
    #[arg(long)]
    pub(crate) control: bool,
    /// How long a signed address is good, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub(crate) url_lifetime: Duration,
    /// Files of this size and more are LFS
    #[arg(long, value_name = "SIZE", default_value = "10M", value_parser = size)]
    pub(crate) lfs_threshold: u64,
    /// LFS files of this size and more are uploaded in parts, by clients that can
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size)]
    pub(crate) multipart_from: u64,
    /// Size of these parts
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = size)]
    pub(crate) chunk_size: u64,
    /// Entries on one page of a listing
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) page_size: usize,
}

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Reads the command line; on `--help` and mistakes the process ends here.
pub(crate) fn parse() -> Command {
    read(std::env::args_os()).unwrap_or_else(|error| error.exit()).command
}

fn read(line: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut matches = Cli::command().try_get_matches_from(line)?;
    let places = matches.subcommand_matches("download").map(|matches| {
        ["files", "include", "exclude"].map(|id| matches.indices_of(id).into_iter().flatten().collect())
    });
    let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
    if let (Command::Download(args), Some(places)) = (&mut cli.command, places) {
        args.take_patterns(places);
    }
    Ok(cli)
}

impl DownloadArgs {
    /// `--include a b`: words right behind a pattern are patterns too, though to clap they are names. `places` are
    /// the positions of files, includes and excludes on the command line.
    fn take_patterns(&mut self, [files, mut include, mut exclude]: [Vec<usize>; 3]) {
        let mut names = Vec::new();
        for (name, at) in std::mem::take(&mut self.files).into_iter().zip(files) {
            if include.contains(&(at - 1)) {
                include.push(at);
                self.include.push(name);
            } else if exclude.contains(&(at - 1)) {
                exclude.push(at);
                self.exclude.push(name);
            } else {
                names.push(name);
            }
        }
        self.files = names;
    }
}

fn kind_parser() -> impl clap::builder::TypedValueParser<Value = RepoKind> {
    PossibleValuesParser::new(RepoKind::ALL.map(RepoKind::name)).try_map(|text| RepoKind::parse(&text))
}

fn size(text: &str) -> Result<u64, String> {
    let size = parse_size(text).and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| "a size is a number with an optional K, M, G or T".to_owned())
}

#[cfg(feature = "serve")]
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "not a number of seconds".to_owned())
}

fn concat_help(first: &str, second: &str) -> String {
    format!("{first}\n\n{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn download(line: &str) -> DownloadArgs {
        let words = ["hfx", "download"].into_iter().chain(line.split(' ')).map(OsString::from);
        match read(words).map_err(|error| error.to_string()).unwrap().command {
            Command::Download(args) => *args,
            _ => panic!("another command"),
        }
    }

    #[test]
    fn the_flags_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn patterns_may_follow_each_other() {
        let args = download("o/n a --include b c --exclude d e --quiet f");
        assert_eq!((args.repo.as_str(), args.files), ("o/n", vec!["a".to_owned(), "f".to_owned()]));
        assert_eq!(
            (args.include, args.exclude),
            (["b", "c"].map(String::from).into(), ["d", "e"].map(String::from).into())
        );
    }

    #[test]
    fn a_pattern_before_the_repository_takes_nothing_more() {
        let args = download("--include=a o/n b");
        assert_eq!(
            (args.repo.as_str(), args.files, args.include),
            ("o/n", vec!["b".to_owned()], vec!["a".to_owned()])
        );
    }

    #[test]
    fn folders_exclude_each_other() {
        let words = ["hfx", "download", "o/n", "--local-dir", "a", "--cache-dir", "b"].map(OsString::from);
        assert_eq!(read(words).err().map(|error| error.exit_code()), Some(2));
    }
}
