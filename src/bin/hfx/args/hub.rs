//! Flags that all calls of the Hub share, and `hfx api`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct HubArgs {
    /// Access token; better in HF_TOKEN or stored by `hfx auth login`, where other users of the machine don't see it
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Address of the Hub or a mirror [default: what HF_ENDPOINT says, or the public Hub]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// PEM file of trusted certificates, instead of the system's
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Any option of the library (`hfx env` lists them); may be repeated
    #[arg(short = 'o', long = "option", value_name = "NAME=VALUE")]
    pub(crate) option: Vec<String>,
}

#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub(crate) struct AnswerArgs {
    /// Print the result and nothing else
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
}

pub(crate) const API_HELP: &str = "\
Examples:
  hfx api GET /api/whoami-v2
  hfx api GET '/api/models?author=org&limit=100' --paginate
  hfx api POST /api/models/org/name/discussions --data '{\"title\": \"Question\", \"description\": \"...\"}'
  hfx api PUT /api/models/org/name/settings --data @settings.json
  jq -n '{name: \"x\"}' | hfx api POST /api/repos/create --data -

The answer's body goes to stdout as it came. GET, HEAD and PUT are made again after failures that may pass;
other methods only when the Hub surely did not act on them.";

#[derive(Args)]
pub(crate) struct ApiArgs {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    pub(crate) method: String,
    /// A path below the endpoint, as /api/models, or an address on the Hub
    pub(crate) path: String,
    /// The body: JSON, @FILE, or - for stdin
    #[arg(short, long, value_name = "JSON")]
    pub(crate) data: Option<String>,
    /// Follow the list to its last page, and print one array
    #[arg(long)]
    pub(crate) paginate: bool,
    #[command(flatten)]
    pub(crate) hub: HubArgs,
    /// On failure, print one JSON object that says why
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}
