//! Listings: the tree with its pages, and information about single paths.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Part, at_revision, entry_not_found, listing, open};
use super::hashes::pointer;
use super::intake::MOST_WHOLE;
use super::names::{RepoName, encode, flag, hex, inner_path, pairs, unhex, value};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::{Entry, State, View};

/// Pages are shorter when they hold more about each entry.
const EXPANDED_PAGE: usize = 50;
/// More paths than this are refused in one call.
const MOST_PATHS: usize = 500;

/// `GET .../tree/{rev}[/{path}]`.
pub(super) async fn list(call: &Call<'_>, name: &RepoName, arguments: &[String]) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let state = at_revision(&view, &arguments[0])?;
    let folder = inner_path(&arguments[1..]).filter(|path| state.folders.contains_key(path));
    let folder = folder.ok_or_else(|| entry_not_found(&state, &arguments[1..].join("/")))?;
    let expand = flag(&call.query, "expand");
    let paths = below(&state, &folder, flag(&call.query, "recursive"));

    let most = if expand { EXPANDED_PAGE.min(call.shared.page_size) } else { call.shared.page_size };
    let limit = value(&call.query, "limit").and_then(|text| text.parse().ok()).unwrap_or(most).clamp(1, most);
    // A cursor is the last path of the page before.
    let after = value(&call.query, "cursor").and_then(unhex).and_then(|bytes| String::from_utf8(bytes).ok());
    let mut left = paths.into_iter().filter(|path| after.as_deref().is_none_or(|after| *path > after));
    let page: Vec<&str> = left.by_ref().take(limit).collect();
    let entries: Value = page.iter().filter_map(|path| entry(call, &view, &state, path, expand)).collect();
    let reply = listing(&state, &entries);
    Ok(match (left.next(), page.last()) {
        (Some(_), Some(last)) => reply.with("link", &next_link(call, &[("cursor", &hex(last.as_bytes()))])),
        _ => reply,
    })
}

/// The files and folders of a folder, sorted; with `recursive`, those of the folders in it too.
fn below<'a>(state: &'a State, folder: &str, recursive: bool) -> BTreeSet<&'a str> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let paths = state.files.keys().chain(state.folders.keys()).map(String::as_str);
    let inner = paths.filter(|path| path.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty()));
    inner.filter(|path| recursive || !path[prefix.len()..].contains('/')).collect()
}

/// A `Link` to this address with those query values set.
pub(super) fn next_link(call: &Call<'_>, set: &[(&str, &str)]) -> String {
    let kept = call.query.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let kept = kept.filter(|(key, _)| !set.iter().any(|(name, _)| name == key));
    let query: Vec<String> = kept
        .chain(set.iter().copied())
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    format!("<http://{}{}?{}>; rel=\"next\"", call.host(), call.path, query.join("&"))
}

/// The fields of `POST .../paths-info/{rev}`, as a form or as JSON.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    paths: Vec<String>,
    expand: bool,
}

/// `POST .../paths-info/{rev}`: what is not there is left out.
pub(super) async fn paths_info(
    call: &Call<'_>,
    name: &RepoName,
    arguments: &[String],
) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let state = at_revision(&view, &arguments[0])?;
    let body = call.intake.whole(MOST_WHOLE).await?;
    let wanted = if call.header("content-type").is_some_and(|mime| mime.starts_with("application/json")) {
        serde_json::from_slice(&body).map_err(|error| Reply::bad(&error.to_string()))?
    } else {
        let fields = pairs(&String::from_utf8_lossy(&body));
        let expand = flag(&fields, "expand");
        let paths = fields.into_iter().filter(|(key, _)| key == "paths" || key == "paths[]");
        Wanted { paths: paths.map(|(_, path)| path).collect(), expand }
    };
    if wanted.paths.len() > MOST_PATHS {
        return Err(Reply::bad("At most 500 paths in one call"));
    }
    let paths = wanted.paths.iter().map(|path| path.trim_matches('/'));
    let entries = paths.filter_map(|path| {
        let mut told = entry(call, &view, &state, path, wanted.expand)?;
        // The Python client copies no file between repositories that has none; it asks here alone, and never expands.
        if let (Some(lfs), false) = (told.get("lfs"), wanted.expand) {
            told["xetHash"] = lfs["oid"].clone();
        }
        Some(told)
    });
    let entries = entries.collect();
    Ok(Reply::json(&entries))
}

fn entry(call: &Call<'_>, view: &View, state: &State, path: &str, expand: bool) -> Option<Value> {
    let mut told = match (state.files.get(path), state.folders.get(path)) {
        (Some(entry), _) => file(path, entry, call.false_size, expand),
        (None, Some(id)) => json!({"type": "directory", "oid": id, "size": 0, "path": path}),
        (None, None) => return None,
    };
    if expand {
        let last = view.last_commit(&state.commit, path);
        told["lastCommit"] =
            last.map(|(id, told)| json!({"id": id, "title": told.title, "date": told.date})).into();
    }
    Some(told)
}

fn file(path: &str, entry: &Entry, false_size: Option<u64>, expand: bool) -> Value {
    let size = false_size.unwrap_or(entry.size);
    let mut told = json!({"type": "file", "oid": entry.ids.blob, "size": size, "path": path});
    if let Some(sha256) = &entry.ids.sha256 {
        told["lfs"] = json!({"oid": sha256, "size": size, "pointerSize": pointer(sha256, entry.size).len()});
    }
    if expand {
        let unscanned = json!({"status": "unscanned"});
        told["securityFileStatus"] = json!({
            "status": "unscanned",
            "avScan": unscanned,
            "pickleImportScan": null,
        });
    }
    told
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::hashes::Ids;
    use super::*;

    #[test]
    fn a_folder_shows_its_own() {
        let entry = || Entry { size: 1, ids: Ids { blob: "0".repeat(40), sha256: None }, place: None };
        let paths = ["a", "d/b", "d/e/c", "d-x/y"];
        let files: BTreeMap<String, Entry> = paths.iter().map(|path| ((*path).to_owned(), entry())).collect();
        let state = State::new(files, None);
        let shown = |folder, recursive| below(&state, folder, recursive).into_iter().collect::<Vec<_>>();
        assert_eq!(shown("", false), ["a", "d", "d-x"]);
        assert_eq!(shown("d", false), ["d/b", "d/e"]);
        assert_eq!(shown("d", true), ["d/b", "d/e", "d/e/c"]);
        assert_eq!(shown("", true).len(), 7);
    }
}
