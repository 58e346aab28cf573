//! `POST .../preupload/{rev}`: how each file is to be sent, and what is there already.

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Part, at_revision, open, writer};
use super::attributes::Attributes;
use super::commit::check_path;
use super::ignore::Ignore;
use super::names::RepoName;
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::State;

/// More files than this are refused in one call, as on the Hub.
const MOST_FILES: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    files: Vec<File>,
    git_ignore: Option<String>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    size: u64,
}

/// Answers it.
pub(super) async fn answer(call: &Call<'_>, name: &RepoName, revision: &str) -> Result<Reply, Reply> {
    writer(call)?;
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let state = at_revision(&view, revision)?;
    let wanted: Wanted = call.intake.json().await?;
    if wanted.files.len() > MOST_FILES {
        return Err(Reply::bad(&format!("At most {MOST_FILES} files in one call")));
    }
    let attributes = Attributes::parse(&text(&state, ".gitattributes")?);
    let ignore = Ignore::parse(&wanted.git_ignore.map_or_else(|| text(&state, ".gitignore"), Ok)?);
    let files = wanted.files.iter().map(|file| {
        let path = check_path(&file.path)?;
        // An empty file has no pointer.
        let large = file.size >= call.shared.repos.lfs_threshold || attributes.is_lfs(path);
        let mode = if file.size > 0 && large { "lfs" } else { "regular" };
        let mut told = json!({"path": file.path, "uploadMode": mode, "shouldIgnore": ignore.takes(path)});
        if let Some(entry) = state.files.get(path) {
            told["oid"] = json!(entry.ids.sha256.as_ref().unwrap_or(&entry.ids.blob));
        }
        Ok(told)
    });
    let files: Vec<Value> = files.collect::<Result<_, Reply>>()?;
    Ok(Reply::json(&json!({"files": files, "commitOid": state.commit})))
}

/// A small file of the commit; nothing where there is none.
fn text(state: &State, path: &str) -> Result<String, Reply> {
    let Some(entry) = state.files.get(path) else { return Ok(String::new()) };
    let bytes = entry.read().map_err(|error| Reply::failed(format!("{path}: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
