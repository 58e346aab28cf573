//! Every flag of `hfx repo`, with the names that `hf repos` has for them.

use clap::{Args, Subcommand};
use hfx::repo::RepoKind;

use super::hub::{AnswerArgs, HubArgs};
use super::kind_parser;

pub(crate) const REPO_HELP: &str = "\
Examples:
  hfx repo create my-model --private                        below your own name
  hfx repo create org/data --repo-type dataset --exist-ok
  hfx repo create org/app --repo-type space --sdk gradio
  hfx repo settings org/model --gated manual
  hfx repo branch create org/model dev --revision v1.0
  hfx repo tag create org/model v1.0 -m 'First release'
  hfx repo files org/model --json
  hfx repo exists org/model config.json && echo yes";

#[derive(Args)]
pub(crate) struct RepoArgs {
    #[command(subcommand)]
    pub(crate) command: RepoCommand,
}

#[derive(Subcommand)]
pub(crate) enum RepoCommand {
    /// Create a repository; prints its address
    Create(RepoCreateArgs),
    /// Delete a repository, for ever
    Delete(RepoDeleteArgs),
    /// Give a repository another name or owner; prints its new address
    Move(RepoMoveArgs),
    /// Change who may see a repository, and how access has to be asked for
    Settings(RepoSettingsArgs),
    /// Create, delete or list branches
    Branch(BranchArgs),
    /// Create, delete or list tags
    Tag(TagArgs),
    /// List the files of a revision
    Files(RepoFilesArgs),
    /// List branches, tags and conversions
    Refs(RepoRefsArgs),
    /// List the commits behind a revision, newest first
    Commits(RepoCommitsArgs),
    /// Say whether a repository, a revision or a file is there: exit code 0 or 3
    Exists(RepoExistsArgs),
}

/// Which repository.
#[derive(Args)]
pub(crate) struct WhichArgs {
    /// owner/name, hf://[datasets|spaces|kernels/]owner/name[@revision], or a web address on the Hub
    #[arg(value_name = "REPO_ID")]
    pub(crate) repo: String,
    /// What kind of repository it is [default: model]
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = kind_parser())]
    pub(crate) repo_type: Option<RepoKind>,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
}

#[derive(Args, Clone, Copy)]
#[group(multiple = false)]
pub(crate) struct VisibilityArgs {
    /// Only its owners may see it
    #[arg(long)]
    pub(crate) private: bool,
    /// Everybody may see it
    #[arg(long)]
    pub(crate) public: bool,
    /// Everybody may use it, its files are hidden (Spaces only)
    #[arg(long)]
    pub(crate) protected: bool,
}

impl VisibilityArgs {
    /// The option's value, where a flag was given.
    pub(crate) fn name(self) -> Option<&'static str> {
        [(self.private, "private"), (self.public, "public"), (self.protected, "protected")]
            .into_iter()
            .find_map(|(on, name)| on.then_some(name))
    }
}

#[derive(Args)]
pub(crate) struct RepoCreateArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// What a Space runs on
    #[arg(long, visible_alias = "space-sdk", value_parser = ["gradio", "streamlit", "docker", "static"])]
    pub(crate) sdk: Option<String>,
    #[command(flatten)]
    pub(crate) visibility: VisibilityArgs,
    /// Be content with one that is there already, whatever its settings
    #[arg(long)]
    pub(crate) exist_ok: bool,
}

#[derive(Args)]
pub(crate) struct RepoDeleteArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Be content when there is none
    #[arg(long)]
    pub(crate) missing_ok: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct RepoMoveArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Its new name, owner/name
    #[arg(value_name = "TO_ID")]
    pub(crate) to: String,
}

#[derive(Args)]
pub(crate) struct RepoSettingsArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// How access has to be asked for: granted at once, by its owners, or not at all
    #[arg(long, value_parser = ["auto", "manual", "false"])]
    pub(crate) gated: Option<String>,
    #[command(flatten)]
    pub(crate) visibility: VisibilityArgs,
}

#[derive(Args)]
pub(crate) struct BranchArgs {
    #[command(subcommand)]
    pub(crate) command: BranchCommand,
}

#[derive(Subcommand)]
pub(crate) enum BranchCommand {
    /// Create a branch
    Create(BranchCreateArgs),
    /// Delete a branch
    Delete(BranchDeleteArgs),
    /// List the branches
    #[command(visible_alias = "ls")]
    List(WhichArgs),
}

#[derive(Args)]
pub(crate) struct BranchCreateArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Its name
    pub(crate) branch: String,
    /// Where it starts: a branch, tag or commit [default: the head of main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Be content with one that is there already, wherever it points
    #[arg(long)]
    pub(crate) exist_ok: bool,
}

#[derive(Args)]
pub(crate) struct BranchDeleteArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Its name
    pub(crate) branch: String,
    /// Be content when there is none
    #[arg(long)]
    pub(crate) missing_ok: bool,
}

#[derive(Args)]
pub(crate) struct TagArgs {
    #[command(subcommand)]
    pub(crate) command: TagCommand,
}

#[derive(Subcommand)]
pub(crate) enum TagCommand {
    /// Create a tag
    Create(TagCreateArgs),
    /// Delete a tag
    Delete(TagDeleteArgs),
    /// List the tags
    #[command(visible_alias = "ls")]
    List(WhichArgs),
}

#[derive(Args)]
pub(crate) struct TagCreateArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Its name
    pub(crate) tag: String,
    /// What it says
    #[arg(short, long)]
    pub(crate) message: Option<String>,
    /// What it tags: a branch, tag or commit [default: the head of main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Be content with one that is there already, wherever it points
    #[arg(long)]
    pub(crate) exist_ok: bool,
}

#[derive(Args)]
pub(crate) struct TagDeleteArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Its name
    pub(crate) tag: String,
    /// Be content when there is none
    #[arg(long)]
    pub(crate) missing_ok: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct RepoFilesArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Only what is below this folder
    pub(crate) folder: Option<String>,
    /// Branch, tag, commit or refs/pr/N [default: main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
}

#[derive(Args)]
pub(crate) struct RepoRefsArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Pull requests as well
    #[arg(long)]
    pub(crate) include_prs: bool,
}

#[derive(Args)]
pub(crate) struct RepoCommitsArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Branch, tag, commit or refs/pr/N [default: main]
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
}

#[derive(Args)]
pub(crate) struct RepoExistsArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// A file in it
    pub(crate) file: Option<String>,
    /// A branch, tag, commit or refs/pr/N of it
    #[arg(long)]
    pub(crate) revision: Option<String>,
}
