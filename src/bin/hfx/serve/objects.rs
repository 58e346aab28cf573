//! PUTs to the object store: large files in one piece, or their parts.

use std::io;

use flate2::Crc;
use http::StatusCode;

use super::cdn::{object_etag, refused};
use super::hashes::sha256_hasher;
use super::lfs::{parts_of, plan};
use super::reply::Reply;
use super::server::Call;
use super::signer::Refusal;
use super::store::{Plan, Repo, part_etag};

/// Answers a PUT to a signed address.
pub(super) async fn put(call: &Call<'_>) -> Result<Reply, Reply> {
    if call.header("content-length").is_none() {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(refused(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message));
    }
    let path = call.shared.signer.check(&call.path, &call.query).map_err(Refusal::into_reply)?;
    let form = path.split('/').nth(1).unwrap_or_default();
    let count = if form == "part" { 4 } else { 2 };
    let (name, rest) = parts_of(&path, count).ok_or_else(no_upload)?;
    let repo = call.shared.repos.store()?.get(&name).map_err(Reply::failed)?.ok_or_else(no_upload)?;
    if form == "part" {
        let plan = plan(&name, &rest).ok_or_else(no_upload)?;
        let number = rest[3].parse().ok().filter(|number| (1..=plan.count()).contains(number));
        return part(call, &repo, &plan, number.ok_or_else(no_upload)?).await;
    }
    let size: u64 = rest[1].parse().map_err(|_| no_upload())?;
    let mut file = call.shared.repos.store()?.spool().map_err(Reply::failed)?;
    let mut hasher = sha256_hasher();
    while let Some(bytes) = call.intake.next().await? {
        hasher.update(&bytes);
        file.write(&bytes).map_err(Reply::failed)?;
        if file.length() > size {
            let message = "Your proposed upload exceeds the size that was told";
            return Err(refused(StatusCode::BAD_REQUEST, "EntityTooLarge", message));
        }
    }
    if file.length() < size {
        return Err(refused(StatusCode::BAD_REQUEST, "IncompleteBody", "The body is shorter than was told"));
    }
    if hasher.finish() != rest[0] {
        return Err(refused(StatusCode::BAD_REQUEST, "BadDigest", "The SHA-256 is another one"));
    }
    tokio::task::block_in_place(|| file.publish(&repo.lfs(&rest[0]))).map_err(Reply::failed)?;
    Ok(Reply::new(StatusCode::OK, "application/xml", "").with("etag", &object_etag(&rest[0])))
}

async fn part(call: &Call<'_>, repo: &Repo, plan: &Plan, number: u64) -> Result<Reply, Reply> {
    let there = || repo.lfs_size(&plan.sha256) == Some(plan.size);
    let stored =
        |etag: &str| Reply::new(StatusCode::OK, "application/xml", "").with("etag", &format!("\"{etag}\""));
    let upload = call.shared.repos.store()?.uploads.open(plan).map_err(Reply::failed)?;
    // Another client that sends the same object may be faster: this one need not know.
    let mut attempt = match upload.attempt(number) {
        Ok(attempt) if !there() => attempt,
        Ok(_) => return Ok(stored(&skip(call).await?)),
        Err(_) if there() => return Ok(stored(&skip(call).await?)),
        Err(error) => return Err(told(error)),
    };
    while let Some(bytes) = call.intake.next().await? {
        attempt.write(&bytes).map_err(told)?;
    }
    let (etag, kept) = attempt.finish().map_err(told)?;
    if kept {
        tokio::task::spawn_blocking(move || upload.hash_on());
        return Ok(stored(&etag));
    }
    tokio::task::block_in_place(|| upload.settle());
    if there() {
        return Ok(stored(&etag));
    }
    Err(refused(
        StatusCode::SERVICE_UNAVAILABLE,
        "SlowDown",
        "The upload was to be completed; send this part again",
    ))
}

/// A part that nobody needs any more; its etag.
async fn skip(call: &Call<'_>) -> Result<String, Reply> {
    let mut crc = Crc::new();
    while let Some(bytes) = call.intake.next().await? {
        crc.update(&bytes);
    }
    Ok(part_etag(&crc))
}

fn told(error: io::Error) -> Reply {
    match error.kind() {
        io::ErrorKind::InvalidInput => refused(StatusCode::BAD_REQUEST, "InvalidPart", &error.to_string()),
        io::ErrorKind::NotFound => no_upload(),
        _ => Reply::failed(error),
    }
}

fn no_upload() -> Reply {
    refused(StatusCode::NOT_FOUND, "NoSuchUpload", "The upload does not exist, or has ended")
}
