//! `/{repo}/resolve/{rev}/{path}`: small files here, large ones by a signed address on the CDN.

use std::sync::Arc;

use http::{Method, StatusCode};

use super::access::{Part, at_revision, entry_not_found, not_held, open};
use super::body::Slice;
use super::hashes::pointer;
use super::names::{Kind, RepoName, encode, flag, inner_path};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::{Entry, Place, State};

/// What follows the repo id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The content.
    Resolve,
    /// What git holds: a pointer for an LFS file.
    Raw,
}

/// Answers a request for a file.
pub(super) async fn answer(call: &Call<'_>) -> Result<Reply, Reply> {
    let (name, form, arguments) = split(&call.segments).ok_or_else(Reply::not_found)?;
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(Reply::not_found());
    }
    let path = inner_path(&arguments[1..]).ok_or_else(Reply::not_found)?;
    // What seems to be missing, or has changed since it was hashed, may be new: look again before saying so.
    match attempt(call, &name, form, &arguments[0], &path, Age::Recent).await {
        Err(reply)
            if reply.status == StatusCode::NOT_FOUND || reply.status == StatusCode::INTERNAL_SERVER_ERROR =>
        {
            attempt(call, &name, form, &arguments[0], &path, Age::Fresh).await
        }
        settled => settled,
    }
}

/// Splits `[types/]repo/resolve/rev/path...`.
fn split(segments: &[String]) -> Option<(RepoName, Form, &[String])> {
    let first = segments.first()?;
    let kind = Kind::of_plural(first).filter(|kind| *kind != Kind::Model);
    let rest = if kind.is_some() { &segments[1..] } else { segments };
    let form = |at: usize| match rest.get(at)?.as_str() {
        "resolve" => Some(Form::Resolve),
        "raw" => Some(Form::Raw),
        _ => None,
    };
    let (at, form) = form(2).map(|form| (2, form)).or_else(|| form(1).map(|form| (1, form)))?;
    let arguments = &rest[at + 1..];
    let name = RepoName::new(kind.unwrap_or(Kind::Model), &rest[..at])?;
    (arguments.len() >= 2).then_some((name, form, arguments))
}

async fn attempt(
    call: &Call<'_>,
    name: &RepoName,
    form: Form,
    revision: &str,
    path: &str,
    age: Age,
) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Files, age).await?;
    let state = at_revision(&view, revision)?;
    let entry = state.files.get(path).ok_or_else(|| entry_not_found(&state, path))?;
    let place = entry.place.as_ref().ok_or_else(not_held)?;
    let reply = match (&entry.ids.sha256, form) {
        (Some(sha256), Form::Raw) => {
            Reply::new(StatusCode::OK, "text/plain; charset=utf-8", pointer(sha256, entry.size))
                .with_etag(&entry.ids.blob)
        }
        (Some(sha256), Form::Resolve) => redirect(call, name, path, sha256, entry, place)?,
        (None, _) => {
            let slice = unchanged(place)?;
            let (mime, text) = mime(path);
            Reply::file(slice, entry.size, mime, text).with_etag(&entry.ids.blob)
        }
    };
    Ok(described(reply, call, &state, path))
}

/// The 302 to the CDN; it carries the file's metadata itself.
fn redirect(
    call: &Call<'_>,
    name: &RepoName,
    path: &str,
    sha256: &str,
    entry: &Entry,
    place: &Place,
) -> Result<Reply, Reply> {
    unchanged(place)?;
    let address = call.shared.signer.sign(&name.key(), path, sha256, entry.size, place);
    let location = format!("{}{address}", call.cdn());
    let reply = Reply::new(
        StatusCode::FOUND,
        "text/plain; charset=utf-8",
        format!("Found. Redirecting to {location}"),
    );
    let etag = format!("\"{sha256}\"");
    let reply = reply.with("location", &location).with("x-linked-etag", &etag).with_etag(sha256);
    Ok(reply.with("x-linked-size", &entry.size.to_string()))
}

fn described(reply: Reply, call: &Call<'_>, state: &Arc<State>, path: &str) -> Reply {
    let name = path.rsplit('/').next().unwrap_or(path);
    let manner = if flag(&call.query, "download") { "attachment" } else { "inline" };
    let disposition = format!("{manner}; filename*=UTF-8''{}", encode(name));
    reply.with("x-repo-commit", &state.commit).with("content-disposition", &disposition)
}

/// The file's bytes, if they are still those that were hashed.
fn unchanged(place: &Place) -> Result<Slice, Reply> {
    place.open().map_err(|_| {
        Reply::error(StatusCode::INTERNAL_SERVER_ERROR, None, "The file changes while it is served")
    })
}

/// A file's type by its name, and whether it is text.
pub(super) fn mime(path: &str) -> (&'static str, bool) {
    let extension = path.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "json" => ("application/json", true),
        "jsonl" | "txt" | "md" | "py" | "yaml" | "yml" | "csv" | "tsv" | "toml" | "xml" | "model_card"
        | "html" | "js" | "css" | "jinja" | "gitattributes" | "gitignore" | "license" => {
            ("text/plain; charset=utf-8", true)
        }
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        _ => ("application/octet-stream", false),
    }
}

impl Reply {
    fn with_etag(self, id: &str) -> Reply {
        self.with("etag", &format!("\"{id}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_revision_and_path_are_told_apart() {
        let told = |path: &str| {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            split(&segments).map(|(name, form, arguments)| (name.key(), form, arguments.join("/")))
        };
        let some = |key: &str, form, rest: &str| Some((key.to_owned(), form, rest.to_owned()));
        assert_eq!(told("o/n/resolve/main/a/b"), some("models/o/n", Form::Resolve, "main/a/b"));
        assert_eq!(told("gpt2/resolve/main/a"), some("models/gpt2", Form::Resolve, "main/a"));
        assert_eq!(told("datasets/o/n/raw/main/a"), some("datasets/o/n", Form::Raw, "main/a"));
        assert_eq!(told("kernels/n/resolve/v1/a"), some("kernels/n", Form::Resolve, "v1/a"));
        assert_eq!(told("o/n/resolve/main"), None);
        assert_eq!(told("../../resolve/main/x"), None);
        assert_eq!(told(""), None);
    }

    #[test]
    fn text_is_told_by_its_name() {
        assert!(mime("a/config.json").1);
        assert!(mime(".gitattributes").1);
        assert!(!mime("model.bin").1);
        assert!(!mime("noextension").1);
    }
}
