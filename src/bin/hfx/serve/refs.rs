//! Branches and tags: listed, made, deleted.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Part, open, open_to_write, revision_not_found, writer};
use super::names::{RepoName, flag};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;

/// `GET .../refs`.
pub(super) async fn list(call: &Call<'_>, name: &RepoName) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let under = |prefix: &str| -> Value {
        let named =
            view.refs.iter().filter_map(|(full, commit)| Some((full.strip_prefix(prefix)?, full, commit)));
        named.map(|(name, full, commit)| json!({"name": name, "ref": full, "targetCommit": commit})).collect()
    };
    let mut refs = json!({
        "branches": under("refs/heads/"),
        "converts": under("refs/convert/"),
        "tags": under("refs/tags/"),
    });
    if flag(&call.query, "include_prs") {
        refs["pullRequests"] = under("refs/pr/");
    }
    Ok(Reply::json(&refs))
}

#[derive(Deserialize)]
struct NewBranch {
    #[serde(rename = "startingPoint")]
    starting_point: Option<String>,
}

/// `POST .../branch/{branch}`.
pub(super) async fn create_branch(call: &Call<'_>, name: &RepoName, branch: &str) -> Result<Reply, Reply> {
    let wanted: NewBranch = call.intake.json().await?;
    create(call, name, &format!("refs/heads/{branch}"), wanted.starting_point.as_deref()).await
}

#[derive(Deserialize)]
struct NewTag {
    tag: String,
}

/// `POST .../tag/{rev}`.
pub(super) async fn create_tag(call: &Call<'_>, name: &RepoName, revision: &str) -> Result<Reply, Reply> {
    let wanted: NewTag = call.intake.json().await?;
    create(call, name, &format!("refs/tags/{}", wanted.tag), Some(revision)).await
}

async fn create(call: &Call<'_>, name: &RepoName, full: &str, at: Option<&str>) -> Result<Reply, Reply> {
    if !is_ref_name(full) {
        return Err(Reply::bad(&format!("Invalid reference name: {full}")));
    }
    let repo = open_to_write(call, name).await?;
    let at = at.unwrap_or("main");
    tokio::task::block_in_place(|| {
        repo.change(|head| {
            let commit = repo.view().find(at).ok_or_else(|| revision_not_found(at))?.commit.clone();
            if head.refs.contains_key(full) {
                let message = format!("Reference already exists: {full}");
                return Err(Reply::error(StatusCode::CONFLICT, None, &message));
            }
            head.refs.insert(full.to_owned(), commit);
            Ok(Reply::json(&json!({})))
        })
    })
}

/// `DELETE .../branch/{branch}` and `DELETE .../tag/{tag}`.
pub(super) async fn delete(
    call: &Call<'_>,
    name: &RepoName,
    prefix: &str,
    short: &str,
) -> Result<Reply, Reply> {
    let full = format!("{prefix}{short}");
    let repo = open_to_write(call, name).await?;
    if full == "refs/heads/main" {
        return Err(Reply::error(StatusCode::FORBIDDEN, None, "The main branch can't be deleted"));
    }
    tokio::task::block_in_place(|| {
        repo.change(|head| {
            head.refs.remove(&full).ok_or_else(|| revision_not_found(short))?;
            Ok(Reply::json(&json!({})))
        })
    })
}

#[derive(Deserialize)]
struct Squash {
    message: Option<String>,
}

/// `POST .../super-squash/{branch}`: one commit without a parent in place of all that the branch stands on.
pub(super) async fn squash(call: &Call<'_>, name: &RepoName, branch: &str) -> Result<Reply, Reply> {
    let author = writer(call)?;
    let wanted: Squash = call.intake.json().await?;
    let repo = open_to_write(call, name).await?;
    let title = wanted.message.unwrap_or_else(|| format!("Super-squash branch '{branch}'"));
    tokio::task::block_in_place(|| {
        repo.change(|head| {
            let full = format!("refs/heads/{branch}");
            if !head.refs.contains_key(&full) {
                return Err(revision_not_found(branch));
            }
            repo.squash(head, &full, &title, author).map(|_| Reply::json(&json!({})))
        })
    })
}

/// Git's rule for names of refs, in short.
fn is_ref_name(name: &str) -> bool {
    let odd = |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let bad = |part: &str| part.is_empty() || part.starts_with('.') || part.strip_suffix(".lock").is_some();
    let wrong = name.contains("..") || name.contains("@{") || name.ends_with('.') || name.contains(odd);
    name.len() <= 300 && !wrong && !name.split('/').any(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_refs() {
        for good in ["refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.0", "refs/heads/ü"] {
            assert!(is_ref_name(good), "{good}");
        }
        for bad in
            ["", "a b", "a/", "/a", "a..b", "a/.b", "a.lock", "a.", "a~1", "a^", "a:b", "a\\b", "x@{1}"]
        {
            assert!(!is_ref_name(&format!("refs/heads/{bad}")), "{bad}");
        }
    }
}
