//! Large files by git-lfs' batch protocol: where to send them and where to fetch them, in one piece or in parts.

use std::collections::HashMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Part, open, open_to_write, repo_not_found, writer};
use super::names::{Kind, RepoName, is_hex};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::state::View;
use super::store::{Incomplete, Plan, Repo};

/// An object store takes no more parts than this.
const MOST_PARTS: u64 = 10_000;

/// `POST {repo}.git/info/lfs/objects/{batch|verify}`.
pub(super) async fn answer(call: &Call<'_>, verb: &str) -> Result<Reply, Reply> {
    let name = repo_of(&call.segments).ok_or_else(Reply::not_found)?;
    let answered = match verb {
        "batch" => batch(call, &name).await,
        "verify" => verify(call, &name).await,
        _ => Err(Reply::not_found()),
    };
    // So git-lfs asks its user.
    answered.map_err(|reply| match reply.status {
        StatusCode::UNAUTHORIZED => reply.with("lfs-authenticate", "Basic realm=\"hfx\""),
        _ => reply,
    })
}

/// The repo of `[types/]owner/name.git/info/lfs/objects/verb`.
fn repo_of(segments: &[String]) -> Option<RepoName> {
    let path = segments.get(..segments.len().checked_sub(4)?)?;
    let kind = path.first().and_then(|first| Kind::of_plural(first)).filter(|kind| *kind != Kind::Model);
    let (last, owner) = if kind.is_some() { &path[1..] } else { path }.split_last()?;
    let id: Vec<String> =
        owner.iter().cloned().chain([last.strip_suffix(".git").unwrap_or(last).to_owned()]).collect();
    RepoName::new(kind.unwrap_or(Kind::Model), &id)
}

#[derive(Deserialize)]
struct Batch {
    operation: String,
    transfers: Option<Vec<String>>,
    objects: Vec<Object>,
    hash_algo: Option<String>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
    size: u64,
}

async fn batch(call: &Call<'_>, name: &RepoName) -> Result<Reply, Reply> {
    let batch: Batch = call.intake.json().await?;
    if batch.hash_algo.as_deref().is_some_and(|algo| algo != "sha256") {
        return Err(Reply::error(StatusCode::CONFLICT, None, "The only hash_algo is sha256"));
    }
    let lists = |name: &str| batch.transfers.iter().flatten().any(|transfer| transfer == name);
    let (objects, transfer): (Vec<Value>, &str) = match batch.operation.as_str() {
        "upload" => {
            let repo = open_to_write(call, name).await?;
            let in_parts = |size: u64| {
                let large = size >= call.shared.multipart_from || !lists("basic");
                size > 0 && large && lists("multipart")
            };
            let answer = |object: &Object| upload(call, &repo, object, in_parts(object.size));
            let some = batch.objects.iter().any(|object| in_parts(object.size));
            (batch.objects.iter().map(answer).collect(), if some { "multipart" } else { "basic" })
        }
        "download" => {
            let view = open(call, name, Part::Files, Age::Fresh).await?;
            (batch.objects.iter().map(|object| download(call, &view, object)).collect(), "basic")
        }
        other => return Err(Reply::bad(&format!("Unknown operation: {other}"))),
    };
    let told = json!({"transfer": transfer, "objects": objects, "hash_algo": "sha256"});
    Ok(Reply::json(&told).with("content-type", "application/vnd.git-lfs+json"))
}

fn refused(object: &Object, code: u16, message: &str) -> Value {
    json!({"oid": object.oid, "size": object.size, "error": {"code": code, "message": message}})
}

/// Where one object is to be sent; nowhere, if it is there.
fn upload(call: &Call<'_>, repo: &Repo, object: &Object, in_parts: bool) -> Value {
    let Object { oid, size } = object;
    if !is_hex(oid, 64) {
        return refused(object, 422, "The oid is no SHA-256");
    }
    let mut told = json!({"oid": oid, "size": size, "authenticated": true});
    match repo.lfs_size(oid) {
        Some(held) if held == *size => return told,
        Some(held) => return refused(object, 422, &format!("The object has {held} bytes")),
        None => {}
    }
    let (signer, key) = (&call.shared.signer, repo.name.key());
    let cdn = call.cdn();
    let send = if in_parts {
        let chunk = call.shared.chunk_size.max(size.div_ceil(MOST_PARTS));
        let address = |number| signer.address(&format!("/part/{key}/{oid}/{size}/{chunk}/{number}"));
        let mut header: Map<String, Value> = (1..=size.div_ceil(chunk))
            .map(|number| (number.to_string(), json!(format!("{cdn}{}", address(number)))))
            .collect();
        header.insert("chunk_size".to_owned(), json!(chunk.to_string()));
        let end = signer.address(&format!("/api/complete_multipart/{key}/{oid}/{size}/{chunk}"));
        json!({"href": format!("{}{end}", call.endpoint()), "header": header})
    } else {
        json!({"href": format!("{cdn}{}", signer.address(&format!("/object/{key}/{oid}/{size}"))), "header": {}})
    };
    // The agent of git does not add a token by itself.
    let header = call.header("authorization").map(|value| json!({"Authorization": value}));
    let verify = format!("{}/{}.git/info/lfs/objects/verify", call.endpoint(), repo.name.web());
    told["actions"] =
        json!({"upload": send, "verify": {"href": verify, "header": header.unwrap_or_else(|| json!({}))}});
    told
}

fn download(call: &Call<'_>, view: &View, object: &Object) -> Value {
    let Some((size, place)) = view.large(&object.oid) else {
        return refused(object, 404, "Object does not exist");
    };
    let address = call.shared.signer.sign(&view.name.key(), &object.oid, &object.oid, size, &place);
    let href = format!("{}{address}", call.cdn());
    let actions = json!({"download": {"href": href, "header": {}}});
    json!({"oid": object.oid, "size": size, "authenticated": true, "actions": actions})
}

async fn verify(call: &Call<'_>, name: &RepoName) -> Result<Reply, Reply> {
    let repo = open_to_write(call, name).await?;
    let object: Object = call.intake.json().await?;
    if is_hex(&object.oid, 64) && repo.lfs_size(&object.oid) == Some(object.size) {
        return Ok(Reply::json(&json!({})));
    }
    Err(Reply::error(StatusCode::NOT_FOUND, None, &format!("Object does not exist: {}", object.oid)))
}

/// What the path of a signed address says: the repo, and the numbers and names behind it.
pub(super) fn parts_of(path: &str, count: usize) -> Option<(RepoName, Vec<String>)> {
    let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    let (front, rest) = segments.split_at(segments.len().checked_sub(count)?);
    let kind = front.iter().position(|segment| Kind::of_plural(segment).is_some())?;
    let name = RepoName::new(Kind::of_plural(&front[kind])?, &front[kind + 1..])?;
    Some((name, rest.to_vec()))
}

/// The plan behind `.../{repo}/{sha256}/{size}/{chunk}`.
pub(super) fn plan(name: &RepoName, rest: &[String]) -> Option<Plan> {
    let [sha256, size, chunk, ..] = rest else { return None };
    let (size, chunk) = (size.parse().ok()?, chunk.parse().ok().filter(|&chunk| chunk > 0)?);
    Some(Plan { repo: name.key(), sha256: sha256.clone(), size, chunk })
}

#[derive(Deserialize)]
struct Complete {
    oid: String,
    parts: Vec<Stored>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    part_number: u64,
    etag: String,
}

/// `POST /api/complete_multipart/...`: the signature is enough, with a token or without.
pub(super) async fn complete(call: &Call<'_>) -> Result<Reply, Reply> {
    let forbidden = |_| Reply::error(StatusCode::FORBIDDEN, None, "The address has expired, or is not ours");
    let path = call.shared.signer.check(&call.path, &call.query).map_err(forbidden)?;
    let told: Complete = call.intake.json().await?;
    let (name, rest) = parts_of(&path, 3).ok_or_else(Reply::not_found)?;
    let plan = plan(&name, &rest).filter(|plan| plan.sha256 == told.oid);
    let plan = plan.ok_or_else(|| Reply::bad("The address is that of another object"))?;
    let shared = std::sync::Arc::clone(call.shared);
    let repo = shared.repos.store()?.get(&name).map_err(Reply::failed)?;
    let repo = repo.ok_or_else(|| repo_not_found(call))?;
    let ended = move || {
        let uploads = &shared.repos.store()?.uploads;
        // The answer to an earlier completion was lost, or another client was faster.
        if repo.lfs_size(&plan.sha256) == Some(plan.size) {
            uploads.close(&plan);
            return Ok(());
        }
        let etags: HashMap<u64, String> =
            told.parts.into_iter().map(|part| (part.part_number, part.etag)).collect();
        let upload = uploads.open(&plan).map_err(Reply::failed)?;
        upload.complete(uploads, &etags, &repo.lfs(&plan.sha256)).map_err(|incomplete| match incomplete {
            Incomplete::Parts(numbers) => {
                Reply::bad(&format!("Parts that are not stored, or have another ETag: {numbers:?}"))
            }
            Incomplete::Hash => Reply::bad("The parts together have another SHA-256; they are dropped"),
            Incomplete::Failed(error) => Reply::failed(error),
        })
    };
    tokio::task::spawn_blocking(ended).await.map_err(Reply::failed)??;
    Ok(Reply::json(&json!({"success": true})))
}

#[derive(Deserialize)]
struct Duplicate {
    target: Target,
    files: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "type")]
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct Wanted {
    sha256: String,
}

/// `POST .../lfs-files/duplicate`: large files of this repo into another one.
pub(super) async fn duplicate(call: &Call<'_>, name: &RepoName) -> Result<Reply, Reply> {
    writer(call)?;
    let view = open(call, name, Part::Files, Age::Fresh).await?;
    let wanted: Duplicate = call.intake.json().await?;
    let kind = Kind::of_plural(&format!("{}s", wanted.target.kind));
    let id: Vec<String> = wanted.target.name.split('/').map(str::to_owned).collect();
    let target = kind.and_then(|kind| RepoName::new(kind, &id));
    let target = target.ok_or_else(|| Reply::bad("The target is no repository"))?;
    let repo = open_to_write(call, &target).await?;
    let failed = tokio::task::block_in_place(|| {
        let failures = wanted.files.iter().filter_map(|file| {
            let shared = match view.large(&file.sha256) {
                Some((_, place)) => repo.adopt_lfs(&place, &file.sha256).map_err(|error| error.to_string()),
                None => Err("no such file in this repository".to_owned()),
            };
            Some(json!({"sha256": file.sha256, "error": shared.err()?}))
        });
        failures.collect::<Vec<_>>()
    });
    Ok(Reply::json(&json!({"failed": failed})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repos_of_addresses() {
        let of = |path: &str| {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            repo_of(&segments).map(|name| name.key())
        };
        assert_eq!(of("o/n.git/info/lfs/objects/batch").as_deref(), Some("models/o/n"));
        assert_eq!(of("datasets/o/n.git/info/lfs/objects/verify").as_deref(), Some("datasets/o/n"));
        assert_eq!(of("gpt2.git/info/lfs/objects/batch").as_deref(), Some("models/gpt2"));
        assert_eq!(of("a/b/c.git/info/lfs/objects/batch"), None);
        assert_eq!(of("lfs/objects/batch"), None);

        let (name, rest) = parts_of("/part/spaces/o/n/aa/10/4/3", 4).expect("a repo");
        assert_eq!((name.key().as_str(), rest.len()), ("spaces/o/n", 4));
        let plan = plan(&name, &rest).expect("a plan");
        assert_eq!((plan.sha256.as_str(), plan.size, plan.chunk, plan.count()), ("aa", 10, 4, 3));
        assert!(parts_of("/part/o/n", 4).is_none());
    }
}
