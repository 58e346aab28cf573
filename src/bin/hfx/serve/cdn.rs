//! The second port: objects behind signed addresses, in the manner of an object store.

use http::{Method, StatusCode};

use super::hashes::blob_id;
use super::reply::Reply;
use super::resolve::unchanged;
use super::server::Call;
use super::signer::Refusal;

/// A GET of more than this must carry a range.
const MOST_WHOLE: u64 = 50_000_000_000;

/// Answers a request to the CDN's port.
pub(super) fn answer(call: &Call<'_>) -> Reply {
    if call.headers.contains_key("authorization") {
        let message = "Only one auth mechanism allowed";
        return refused(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    if call.method != Method::GET && call.method != Method::HEAD {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The method is not allowed");
    }
    let (sha256, stored) = match call.shared.signer.open(&call.path, &call.query) {
        Ok(object) => object,
        Err(Refusal::Expired) => {
            return refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
        }
        Err(Refusal::WrongSignature) => {
            let message = "The signature does not match";
            return refused(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message);
        }
        Err(Refusal::NoSuchObject) => {
            return refused(StatusCode::NOT_FOUND, "NoSuchKey", "The key does not exist");
        }
    };
    let size = stored.stamp.size;
    if size > MOST_WHOLE && call.method == Method::GET && call.header("range").is_none() {
        return refused(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "A file of that size is served in ranges only",
        );
    }
    match unchanged(&stored) {
        // A store's etag has nothing to do with the file's hash.
        Ok(file) => Reply::file(file, size, "application/octet-stream", false)
            .with("etag", &format!("\"{}\"", &blob_id(sha256.as_bytes())[..32])),
        Err(_) => refused(StatusCode::NOT_FOUND, "NoSuchKey", "The key does not exist"),
    }
}

fn refused(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::new(status, "application/xml", body)
}
