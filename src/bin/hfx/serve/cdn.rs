//! The second port: objects behind signed addresses, in the manner of an object store.

use http::{Method, StatusCode};

use super::hashes::blob_id;
use super::objects;
use super::reply::Reply;
use super::server::Call;
use super::signer::Refusal;

/// A GET of more than this must carry a range.
const MOST_WHOLE: u64 = 50_000_000_000;

/// Answers a request to the CDN's port.
pub(super) async fn answer(call: &Call<'_>) -> Reply {
    if call.headers.contains_key("authorization") {
        let message = "Only one auth mechanism allowed";
        return refused(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    let answered = match call.method {
        Method::PUT => objects::put(call).await,
        Method::GET | Method::HEAD => get(call),
        _ => Err(refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The method is not allowed")),
    };
    answered.unwrap_or_else(std::convert::identity)
}

fn get(call: &Call<'_>) -> Result<Reply, Reply> {
    let (sha256, size, place) =
        call.shared.signer.open(&call.path, &call.query).map_err(Refusal::into_reply)?;
    if size > MOST_WHOLE && call.method == Method::GET && call.header("range").is_none() {
        let message = "A file of that size is served in ranges only";
        return Err(refused(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    }
    let slice = place.open().map_err(|_| Refusal::NoSuchObject.into_reply())?;
    Ok(Reply::file(slice, size, "application/octet-stream", false).with("etag", &object_etag(&sha256)))
}

/// A store's etag has nothing to do with the file's hash.
pub(super) fn object_etag(sha256: &str) -> String {
    format!("\"{}\"", &blob_id(sha256.as_bytes())[..32])
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        match self {
            Refusal::Expired => refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
            Refusal::WrongSignature => {
                refused(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", "The signature does not match")
            }
            Refusal::NoSuchObject => refused(StatusCode::NOT_FOUND, "NoSuchKey", "The key does not exist"),
        }
    }
}

pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::new(status, "application/xml", body)
}
