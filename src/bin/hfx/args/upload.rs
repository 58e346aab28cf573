//! The flags of `hfx upload`.

use std::path::PathBuf;

use clap::Args;
use hfx::repo::RepoKind;

use super::{NetworkArgs, TalkArgs, kind_parser};

pub(super) const HELP: &str = "\
Examples:
  hfx upload org/model                               ./model, a file or a folder of that name
  hfx upload org/model ./out                         a folder, to the root of the repository
  hfx upload org/model ./out ckpt                    the same, to its folder ckpt
  hfx upload org/model ./out/a.gguf b.gguf           one file, under another name
  hfx upload org/model . --include '*.safetensors' --delete '*.bin'
  hfx upload org/model ./out --create-pr             as a pull request
  hfx upload org/data ./logs --repo-type dataset --every 5

The repository and the branch are made when they are missing. What the repository holds already is
not sent; an upload that was interrupted goes on where it stopped when the same command is run again.
The last line on stdout is the URL of the commit, or of the pull request.";

pub(super) const JSON_HELP: &str = "\
Events of --json, one object a line on stdout; sizes in bytes, null where there is no value:
  start     repo, repo_type, revision, url
  progress  files, files_done, files_failed, bytes, done, received, restored, sent, hashed
  file      name, state, size: each file (state: lfs, regular, unchanged or ignored)
  committed url, commit, pull_request, commits, files, bytes, sent, restored, seconds
            (commits is 0 when nothing had changed)
  error     code, kind, message, http_status, request_id, retryable, exit_code
The name is in the field \"event\". The last line is committed or error.";

#[derive(Args)]
pub(crate) struct UploadArgs {
    /// owner/name, hf://[datasets|spaces|kernels/]owner/name[@revision][/path], or a web address on the Hub
    #[arg(value_name = "REPO")]
    pub(crate) repo: String,
    /// File or folder, or a pattern of files in this folder [default: what has the repository's name]
    #[arg(value_name = "LOCAL")]
    pub(crate) local: Option<PathBuf>,
    /// Where to put it in the repository [default: the root; for a file its name]
    #[arg(value_name = "PATH_IN_REPO")]
    pub(crate) path_in_repo: Option<String>,
    /// What kind of repository it is
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = kind_parser())]
    pub(crate) repo_type: Option<RepoKind>,
    /// Branch or refs/pr/N [default: main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Make the repository private, if it has to be made
    #[arg(long)]
    pub(crate) private: bool,
    /// Take the files of a folder that match (* crosses slashes); may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// Leave out the files of a folder that match; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
    /// Delete the files from the repository that match, in the same commit; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) delete: Vec<String>,
    /// First line of the commit
    #[arg(long, value_name = "TEXT")]
    pub(crate) commit_message: Option<String>,
    /// What the commit says below its first line
    #[arg(long, value_name = "TEXT")]
    pub(crate) commit_description: Option<String>,
    /// Open a pull request and commit to it
    #[arg(long)]
    pub(crate) create_pr: bool,
    /// Commit what is new every so many minutes, until Ctrl-C
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["create_pr", "delete"])]
    pub(crate) every: Option<f64>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Any option of the library (`hfx env` lists them); may be repeated
    #[arg(short = 'o', long = "option", value_name = "NAME=VALUE", help_heading = "Network and disk")]
    pub(crate) option: Vec<String>,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}
