//! Repositories as a whole: made, deleted, moved, set.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{self, open_to_write, repo_not_found, writer};
use super::names::{Kind, RepoName};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::Settings;
use super::store::First;

/// What the Hub puts into a new repository: the files that are large by their names.
const ATTRIBUTES: [&str; 35] = [
    "*.7z",
    "*.arrow",
    "*.bin",
    "*.bz2",
    "*.ckpt",
    "*.ftz",
    "*.gz",
    "*.h5",
    "*.joblib",
    "*.lfs.*",
    "*.mlmodel",
    "*.model",
    "*.msgpack",
    "*.npy",
    "*.npz",
    "*.onnx",
    "*.ot",
    "*.parquet",
    "*.pb",
    "*.pickle",
    "*.pkl",
    "*.pt",
    "*.pth",
    "*.rar",
    "*.safetensors",
    "saved_model/**/*",
    "*.tar.*",
    "*.tar",
    "*.tflite",
    "*.tgz",
    "*.wasm",
    "*.xz",
    "*.zip",
    "*.zst",
    "*tfevents*",
];

/// Which repository a body names.
#[derive(Deserialize)]
struct Named {
    name: String,
    organization: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Named {
    /// A name without an owner is one of the user's.
    fn repo(&self) -> Result<RepoName, Reply> {
        let owner = self.organization.as_deref().unwrap_or(access::USER);
        let id = if self.name.contains('/') { self.name.clone() } else { format!("{owner}/{}", self.name) };
        repo_name(self.kind.as_deref(), &id)
    }

    /// As it was written: such a repository may have been served from a folder.
    fn as_written(&self) -> Option<RepoName> {
        let alone = self.organization.is_none() && !self.name.contains('/');
        alone.then(|| repo_name(self.kind.as_deref(), &self.name).ok()).flatten()
    }
}

fn repo_name(kind: Option<&str>, id: &str) -> Result<RepoName, Reply> {
    let kind = Kind::of_plural(&format!("{}s", kind.unwrap_or("model")));
    let kind = kind.ok_or_else(|| Reply::bad("Invalid repo type"))?;
    let parts: Vec<String> = id.split('/').map(str::to_owned).collect();
    let name = RepoName::new(kind, &parts).filter(|name| name.id.strip_suffix(".git").is_none());
    name.ok_or_else(|| Reply::bad(&format!("Invalid repo name: {id}")))
}

#[derive(Deserialize)]
struct New {
    #[serde(flatten)]
    named: Named,
    private: Option<bool>,
    visibility: Option<String>,
    sdk: Option<String>,
}

/// `POST /api/repos/create`.
pub(super) async fn create(call: &Call<'_>) -> Result<Reply, Reply> {
    let author = writer(call)?;
    let wanted: New = call.intake.json().await?;
    let name = wanted.named.repo()?;
    let private = is_private(wanted.visibility.as_deref())?.or(wanted.private).unwrap_or(false);
    let mut settings = Settings { private, ..Settings::default() };
    match (name.kind, wanted.sdk) {
        (Kind::Space, Some(sdk)) => drop(settings.more.insert("sdk".to_owned(), sdk.into())),
        (Kind::Space, None) => return Err(Reply::bad("\"sdk\" is required for a space")),
        _ => {}
    }
    let body = json!({"url": format!("{}/{}", call.endpoint(), name.web()), "name": name.id});
    let exists = || {
        let kind = name.kind.singular();
        let message = format!("You already created this {kind} repo: {}", name.id);
        let mut body = body.clone();
        body["error"] = json!(message);
        let reply = Reply::error(StatusCode::CONFLICT, None, &message);
        Reply { content: Reply::json(&body).content, ..reply }
    };
    // A cache may have it: that one would be hidden.
    if call.shared.repos.view(&name, Age::Fresh).await.map_err(Reply::failed)?.is_some() {
        return Err(exists());
    }
    let lines = ATTRIBUTES.map(|pattern| format!("{pattern} filter=lfs diff=lfs merge=lfs -text\n"));
    let first = First { settings, author, attributes: &lines.concat() };
    let made = tokio::task::block_in_place(|| call.shared.repos.store()?.create(&name, first))?;
    made.map(|_| Reply::json(&body)).ok_or_else(exists)
}

/// `DELETE /api/repos/delete`.
pub(super) async fn delete(call: &Call<'_>) -> Result<Reply, Reply> {
    writer(call)?;
    let wanted: Named = call.intake.json().await?;
    let store = call.shared.repos.store()?;
    for name in wanted.as_written().into_iter().chain([wanted.repo()?]) {
        if tokio::task::block_in_place(|| store.delete(&name))? {
            return Ok(Reply::json(&json!({})));
        }
    }
    Err(repo_not_found(call))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Move {
    from_repo: String,
    to_repo: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// `POST /api/repos/move`.
pub(super) async fn rename(call: &Call<'_>) -> Result<Reply, Reply> {
    writer(call)?;
    let wanted: Move = call.intake.json().await?;
    let from = repo_name(wanted.kind.as_deref(), &wanted.from_repo)?;
    let to = repo_name(wanted.kind.as_deref(), &wanted.to_repo)?;
    let repo = open_to_write(call, &from).await?;
    let moved = from != to
        && call.shared.repos.view(&to, Age::Fresh).await.map_err(Reply::failed)?.is_none()
        && tokio::task::block_in_place(|| call.shared.repos.store()?.rename(&repo, &to))?;
    if moved {
        return Ok(Reply::json(&json!({"url": format!("{}/{}", call.endpoint(), to.web())})));
    }
    let message = format!("A repository of that name exists: {}", to.id);
    Err(Reply::error(StatusCode::CONFLICT, None, &message))
}

#[derive(Deserialize)]
struct Change {
    private: Option<bool>,
    visibility: Option<String>,
    gated: Option<Value>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// `PUT .../settings`.
pub(super) async fn settings(call: &Call<'_>, name: &RepoName) -> Result<Reply, Reply> {
    let repo = open_to_write(call, name).await?;
    let wanted: Change = call.intake.json().await?;
    let private = is_private(wanted.visibility.as_deref())?.or(wanted.private);
    if wanted
        .gated
        .as_ref()
        .is_some_and(|gated| !matches!(gated.as_str(), Some("auto" | "manual")) && gated != false)
    {
        return Err(Reply::bad("\"gated\" must be one of auto, manual, false"));
    }
    tokio::task::block_in_place(|| {
        repo.change(|head| {
            let settings = &mut head.settings;
            settings.private = private.unwrap_or(settings.private);
            settings.gated = wanted.gated.unwrap_or_else(|| settings.gated.take());
            // These two are not for the network.
            settings
                .more
                .extend(wanted.more.into_iter().filter(|(key, _)| key != "disabled" && key != "granted"));
            Ok(Reply::json(&json!({"private": settings.private, "gated": settings.gated()})))
        })
    })
}

fn is_private(visibility: Option<&str>) -> Result<Option<bool>, Reply> {
    match visibility {
        None => Ok(None),
        Some("public") => Ok(Some(false)),
        Some("private" | "protected") => Ok(Some(true)),
        Some(other) => Err(Reply::bad(&format!("Invalid visibility: {other}"))),
    }
}

#[derive(Deserialize)]
struct Card {
    content: String,
}

/// `POST /api/validate-yaml`: whether the head of a README ends, and is made of keys.
pub(super) async fn validate_yaml(call: &Call<'_>) -> Result<Reply, Reply> {
    let card: Card = call.intake.json().await?;
    let errors: Vec<Value> =
        card_error(&card.content).map(|message| json!({"message": message})).into_iter().collect();
    let mut reply = Reply::json(&json!({"errors": errors, "warnings": []}));
    if !errors.is_empty() {
        reply.status = StatusCode::BAD_REQUEST;
    }
    Ok(reply)
}

/// Coarse on purpose: better to take what the Hub refuses than the other way round.
fn card_error(content: &str) -> Option<String> {
    let lines: Vec<&str> = content.trim_start_matches('\u{feff}').lines().map(str::trim_end).collect();
    let (_, lines) = lines.split_first().filter(|(first, _)| **first == "---")?;
    // Without an end there are no metadata, only a rule across the page.
    let end = lines.iter().position(|line| *line == "---")?;
    let wrong = lines[..end].iter().find(|line| {
        let other = [' ', '#', '-', '"', '\'', '}', ']', '{', '[', '?'];
        let plain = !line.starts_with(other) && !line.is_empty();
        line.starts_with('\t') || (plain && !line.contains(':'))
    });
    wrong.map(|line| format!("Invalid YAML in the metadata: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards() {
        for good in
            ["", "# Title", "---\nlicense: mit\ntags:\n- a\n# c\n---\ntext", "---\n---\n", "---\nno end"]
        {
            assert_eq!(card_error(good), None, "{good}");
        }
        for bad in ["---\nlicense mit\n---\n", "---\n\tkey: x\n---\n"] {
            assert!(card_error(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn names_have_owners() {
        let named = |name: &str, organization: Option<&str>| {
            let organization = organization.map(str::to_owned);
            Named { name: name.to_owned(), organization, kind: None }.repo().map(|name| name.key()).ok()
        };
        assert_eq!(named("n", Some("o")).as_deref(), Some("models/o/n"));
        assert_eq!(named("n", None).as_deref(), Some("models/local/n"));
        assert_eq!(named("o/n", None).as_deref(), Some("models/o/n"));
        assert_eq!(named("../n", None), None);
        assert_eq!(named("n.git", None), None);
    }
}
