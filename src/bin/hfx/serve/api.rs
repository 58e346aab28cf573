//! The routes of the Hub's port, and the answers about a repository as a whole.

use std::ops::RangeInclusive;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::access::{self, Part, at_revision, check_token, listing, open};
use super::clock::iso;
use super::hashes::{blob_id, pointer};
use super::names::{Kind, RepoName, flag, value};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::{Entry, State, View};
use super::{commit, discussion, lfs, manage, preupload, refs, resolve, tree};

/// What may follow a repo id under `/api/{types}/`, and how many segments follow that.
const VERBS: [(&str, RangeInclusive<usize>); 14] = [
    ("revision", 1..=usize::MAX),
    ("tree", 1..=usize::MAX),
    ("paths-info", 1..=usize::MAX),
    ("commits", 1..=usize::MAX),
    ("refs", 0..=0),
    ("auth-check", 0..=1),
    ("settings", 0..=0),
    ("branch", 1..=1),
    ("tag", 1..=1),
    ("preupload", 1..=1),
    ("commit", 1..=1),
    ("lfs-files", 1..=1),
    ("discussions", 0..=2),
    ("super-squash", 1..=1),
];

/// Answers a request to the Hub's port.
pub(super) async fn answer(call: &Call<'_>) -> Reply {
    let answered = async {
        check_token(call)?;
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        match (segments.as_slice(), &call.method) {
            (["api", "whoami-v2"], _) => who_am_i(call),
            (["api", "validate-yaml"], &Method::POST) => manage::validate_yaml(call).await,
            (["api", "repos", "create"], &Method::POST) => manage::create(call).await,
            (["api", "repos", "delete"], &Method::DELETE) => manage::delete(call).await,
            (["api", "repos", "move"], &Method::POST) => manage::rename(call).await,
            (["api", "complete_multipart", ..], &Method::POST) => lfs::complete(call).await,
            (["api", ..], _) => api(call, call.segments.get(1..).unwrap_or_default()).await,
            ([.., "info", "lfs", "objects", verb], &Method::POST) => lfs::answer(call, verb).await,
            _ => resolve::answer(call).await,
        }
    };
    answered.await.unwrap_or_else(std::convert::identity)
}

async fn api(call: &Call<'_>, segments: &[String]) -> Result<Reply, Reply> {
    let kind = segments.first().and_then(|name| Kind::of_plural(name)).ok_or_else(Reply::not_found)?;
    let rest = &segments[1..];
    if rest.is_empty() {
        return list(call, kind).await;
    }
    let (name, verb, arguments) = split(kind, rest).ok_or_else(Reply::not_found)?;
    match (verb, &call.method) {
        ("paths-info", &Method::POST) => tree::paths_info(call, &name, arguments).await,
        ("settings", &Method::PUT) => manage::settings(call, &name).await,
        ("branch", &Method::POST) => refs::create_branch(call, &name, &arguments[0]).await,
        ("branch", &Method::DELETE) => refs::delete(call, &name, "refs/heads/", &arguments[0]).await,
        ("tag", &Method::POST) => refs::create_tag(call, &name, &arguments[0]).await,
        ("tag", &Method::DELETE) => refs::delete(call, &name, "refs/tags/", &arguments[0]).await,
        ("preupload", &Method::POST) => preupload::answer(call, &name, &arguments[0]).await,
        ("commit", &Method::POST) => commit::answer(call, &name, &arguments[0]).await,
        ("lfs-files", &Method::POST) if arguments[0] == "duplicate" => lfs::duplicate(call, &name).await,
        ("super-squash", &Method::POST) => refs::squash(call, &name, &arguments[0]).await,
        ("discussions", &Method::POST) => discussion::post(call, &name, arguments).await,
        (_, &Method::GET | &Method::HEAD) => match verb {
            "tree" => tree::list(call, &name, arguments).await,
            "refs" => refs::list(call, &name).await,
            "commits" => commits(call, &name, &arguments[0]).await,
            "auth-check" => auth_check(call, &name, arguments).await,
            "discussions" => discussion::get(call, &name, arguments).await,
            "revision" => info(call, &name, &arguments[0]).await,
            "" => info(call, &name, "main").await,
            _ => Err(Reply::not_found()),
        },
        _ => Err(Reply::not_found()),
    }
}

/// Splits what follows `/api/{types}/` into the repo, the verb and the verb's arguments.
fn split(kind: Kind, rest: &[String]) -> Option<(RepoName, &str, &[String])> {
    let verb_at = |at: usize| {
        let (name, count) =
            VERBS.iter().find(|(name, _)| rest.get(at).is_some_and(|segment| segment == name))?;
        let arguments = &rest[at + 1..];
        count.contains(&arguments.len()).then_some((*name, arguments))
    };
    if let Some((verb, arguments)) = verb_at(2) {
        return Some((RepoName::new(kind, &rest[..2])?, verb, arguments));
    }
    if let Some((verb, arguments)) = verb_at(1) {
        return Some((RepoName::new(kind, &rest[..1])?, verb, arguments));
    }
    Some((RepoName::new(kind, rest)?, "", &[]))
}

/// `GET .../auth-check` and `GET .../auth-check/write`.
async fn auth_check(call: &Call<'_>, name: &RepoName, arguments: &[String]) -> Result<Reply, Reply> {
    open(call, name, Part::Files, Age::Fresh).await?;
    match arguments {
        [] => {}
        [verb] if verb == "write" => drop(access::writer(call)?),
        _ => return Err(Reply::not_found()),
    }
    Ok(Reply::json(&json!({})))
}

fn who_am_i(call: &Call<'_>) -> Result<Reply, Reply> {
    if call.token().is_none() {
        return Err(Reply::error(StatusCode::UNAUTHORIZED, None, "Invalid username or password."));
    }
    Ok(Reply::json(&json!({
        "type": "user",
        "id": "000000000000000000000000",
        "name": access::USER,
        "fullname": "Local user",
        "email": null,
        "canPay": false,
        "isPro": false,
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": {"displayName": "local", "role": access::role(call)}},
    })))
}

/// The repositories of a type, with `search`, `author` and `limit`.
async fn list(call: &Call<'_>, kind: Kind) -> Result<Reply, Reply> {
    let search = value(&call.query, "search").unwrap_or_default().to_ascii_lowercase();
    let author = value(&call.query, "author");
    let limit = value(&call.query, "limit").and_then(|text| text.parse().ok()).unwrap_or(1000);
    let mut found = Vec::new();
    for id in call.shared.repos.ids(kind).await {
        let parts: Vec<String> = id.split('/').map(str::to_owned).collect();
        let Some(name) = RepoName::new(kind, &parts) else { continue };
        let wanted = id.to_ascii_lowercase().contains(&search)
            && author.is_none_or(|author| name.author() == Some(author));
        if !wanted || found.len() >= limit {
            continue;
        }
        if let Ok(view) = open(call, &name, Part::Info, Age::Recent).await
            && let Some(state) = view.find("main")
        {
            let mut entry = describe(&view, &state, false);
            entry.remove("siblings");
            found.push(Value::Object(entry));
        }
    }
    Ok(Reply::json(&Value::Array(found)))
}

async fn info(call: &Call<'_>, name: &RepoName, revision: &str) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let state = at_revision(&view, revision)?;
    let mut info = describe(&view, &state, flag(&call.query, "blobs"));
    let mut wanted = call.query.iter().filter(|(key, _)| key == "expand" || key == "expand[]").peekable();
    if wanted.peek().is_some() {
        let wanted: Vec<&str> = wanted.map(|(_, value)| value.as_str()).chain(["_id", "id"]).collect();
        info.retain(|key, _| wanted.contains(&key.as_str()));
    }
    Ok(listing(&state, &Value::Object(info)))
}

fn describe(view: &View, state: &State, blobs: bool) -> Map<String, Value> {
    let siblings: Vec<Value> = state.files.iter().map(|(path, entry)| sibling(path, entry, blobs)).collect();
    let storage: u64 = state.files.values().map(|entry| entry.size).sum();
    let id = &view.name.id;
    let mut info = json!({
        "_id": blob_id(view.name.key().as_bytes())[..24],
        "id": id,
        "author": view.name.author(),
        "sha": state.commit,
        "lastModified": iso(state.modified),
        "createdAt": iso(view.created.unwrap_or(state.modified)),
        "private": view.settings.private,
        "gated": view.settings.gated(),
        "disabled": view.settings.disabled,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": siblings,
        "usedStorage": storage,
    });
    match view.name.kind {
        Kind::Model => info["modelId"] = json!(id),
        Kind::Space => info["sdk"] = json!("static"),
        Kind::Dataset | Kind::Kernel => {}
    }
    let Value::Object(mut info) = info else { return Map::new() };
    info.extend(view.settings.more.clone());
    info
}

fn sibling(path: &str, entry: &Entry, blobs: bool) -> Value {
    let mut sibling = json!({ "rfilename": path });
    if blobs {
        sibling["blobId"] = json!(entry.ids.blob);
        sibling["size"] = json!(entry.size);
        if let Some(sha256) = &entry.ids.sha256 {
            let pointer = pointer(sha256, entry.size).len();
            sibling["lfs"] = json!({"sha256": sha256, "size": entry.size, "pointerSize": pointer});
        }
    }
    sibling
}

async fn commits(call: &Call<'_>, name: &RepoName, revision: &str) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let state = at_revision(&view, revision)?;
    let history = view.history(&state.commit);
    let page = value(&call.query, "p").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let size = value(&call.query, "limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(50)
        .clamp(1, call.shared.page_size);
    let commits: Value = history
        .iter()
        .skip(page.saturating_mul(size))
        .take(size)
        .filter_map(|id| commit(&view, id))
        .collect();
    let more = page.saturating_add(1).saturating_mul(size) < history.len();
    let reply = Reply::json(&commits).with("x-total-count", &history.len().to_string());
    Ok(if more {
        reply.with("link", &tree::next_link(call, &[("p", &(page + 1).to_string())]))
    } else {
        reply
    })
}

fn commit(view: &View, id: &str) -> Option<Value> {
    let told = view.told(id)?;
    Some(json!({
        "id": id,
        "title": told.title,
        "message": told.message,
        "authors": [{"user": told.author, "avatar": ""}],
        "date": told.date,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_and_verb_are_told_apart() {
        let told = |path: &str| {
            let rest: Vec<String> = path.split('/').map(str::to_owned).collect();
            split(Kind::Model, &rest)
                .map(|(name, verb, arguments)| (name.id, verb.to_owned(), arguments.len()))
        };
        let some = |id: &str, verb: &str, count| Some((id.to_owned(), verb.to_owned(), count));
        assert_eq!(told("o/n"), some("o/n", "", 0));
        assert_eq!(told("gpt2"), some("gpt2", "", 0));
        assert_eq!(told("o/n/tree/main/a/b"), some("o/n", "tree", 3));
        assert_eq!(told("gpt2/tree/main"), some("gpt2", "tree", 1));
        assert_eq!(told("gpt2/refs"), some("gpt2", "refs", 0));
        assert_eq!(told("o/refs/revision/main"), some("o/refs", "revision", 1));
        assert_eq!(told("o/n/discussions"), some("o/n", "discussions", 0));
        assert_eq!(told("o/n/discussions/1/comment"), some("o/n", "discussions", 2));
        assert_eq!(told("o/n/tree"), None);
        assert_eq!(told("../n"), None);
    }
}
