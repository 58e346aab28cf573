//! `hfx api`: any call of the Hub's API.

use std::io::Read as _;

use hfx::error::{Error, Kind};
use hfx::options::Options;

use crate::args::hub::ApiArgs;
use crate::ask;
use crate::fail::Failure;
use crate::ui;

/// Pages that are followed; a list that is longer is asked for in pieces.
const MOST_PAGES: u32 = 100_000;

/// Makes the call and prints the answer's body.
pub(crate) fn run(args: &ApiArgs) -> Result<(), Failure> {
    ask::ended(call(args), args.json)
}

fn call(args: &ApiArgs) -> Result<(), Failure> {
    let data = args.data.as_deref().map(body).transpose()?;
    let client = ask::client(&args.hub)?;
    let pages = if args.paginate { MOST_PAGES } else { 1 };
    let path = &args.path;
    // A path may be written without its slash.
    let target =
        if path.starts_with('/') || path.contains("://") { path.clone() } else { format!("/{path}") };
    let job = client.call(&args.method, &target, data.as_deref(), pages, &Options::new(), ask::hooks());
    let reply = ask::reply(job)?;
    if reply.body.is_empty() { Ok(()) } else { ui::line(reply.body.trim_end_matches('\n')) }
}

/// The text of `--data`: JSON itself, a file's, or stdin's.
fn body(data: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match data.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map(|read| text = read),
        None if data == "-" => std::io::stdin().lock().read_to_string(&mut text).map(|_| ()),
        None => return Ok(data.to_owned()),
    };
    read.map_err(|error| Error::new(Kind::Io, format!("can't read the body from {data}")).os(&error))?;
    Ok(text)
}
