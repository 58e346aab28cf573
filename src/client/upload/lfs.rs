//! Single objects of an LFS server, for whoever has no repository in hand: git-lfs and its like.
//!
//! The server is asked how each object goes; an address that has expired by the time it is used is asked for again. What
//! was fetched of an object that was interrupted is kept beside its place, and its next fetch goes on there.

use std::path::PathBuf;
use std::sync::Arc;

use super::commit::item;
use super::draft::{Addition, Input};
use super::hashes::Hashes;
use super::object::Server;
use super::push;
use crate::client::context::Context;
use crate::client::fetch::{self, Item};
use crate::client::output::FileResult;
use crate::client::place::Place;
use crate::digest::Expected;
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
use crate::hub::api::timeouts;
use crate::hub::lfs::{Action, Answered, LfsObject, Operation};
use crate::net::Url;
use crate::transfer::download::blocking;
use crate::transfer::source::Remote;

/// How often an address is asked for.
const ADDRESSES: u32 = 3;

/// Brings an object to a server. The bytes are taken to be what `object` says; the server checks them.
pub(super) async fn upload(context: &Context, server: &Url, object: &LfsObject, file: PathBuf) -> Result<()> {
    let mut addition = Addition::new(&object.oid, Input::Path(file, None))?;
    let mut addition = blocking(move || addition.look().map(|()| addition)).await?;
    if addition.size() != object.size {
        let what =
            format!("the object {} has {} bytes, the file {}", object.oid, object.size, addition.size());
        return Err(Error::new(Kind::ContentChanged, what));
    }
    addition.object = Some(object.clone());
    let mut item = item(context, addition);
    let server = Server { url: server.clone(), reference: None };
    let context = &context.patient();
    let hashes = Arc::new(Hashes::new(None));
    push::push(context, &server, hashes, &mut [&mut item]).await
}

/// Fetches an object to a path, its hash checked.
pub(super) async fn download(
    context: &Context,
    server: &Url,
    object: &LfsObject,
    to: PathBuf,
) -> Result<FileResult> {
    let mut watch = context.watch();
    let progress = context.job.shared_progress().add(&object.oid, object.size);
    let mut tries = 0;
    loop {
        tries += 1;
        let asked = context.hub.lfs_batch(server, Operation::Download, std::slice::from_ref(object), None);
        let action = match watch.guard(asked).await?.pop() {
            Some(Answered::Download(action)) => action,
            Some(Answered::Refused(error)) => return Err(error),
            _ => {
                return Err(
                    Error::new(Kind::Protocol, "the LFS server gives no address").url(server.as_str())
                );
            }
        };
        let file = Item {
            remote: remote(context, action, object),
            etag: object.oid.clone(),
            size: object.size,
            expected: Expected::from_etag(&object.oid),
            first: None,
        };
        match fetch::fetch(context, Place::Path(to.clone()), file, progress.clone()).await {
            Ok(fetched) => {
                progress.set_state(FileState::Done);
                return Ok(FileResult {
                    name: object.oid.clone(),
                    path: fetched.path,
                    size: object.size,
                    etag: object.oid.clone(),
                    commit: String::new(),
                    verified: fetched.verified,
                    state: FileState::Done,
                });
            }
            // The address may have expired.
            Err(error) if tries < ADDRESSES && matches!(error.http_status(), 401 | 403 | 404 | 410) => {}
            Err(error) => {
                progress.fail(&error);
                return Err(error);
            }
        }
    }
}

fn remote(context: &Context, action: Action, object: &LfsObject) -> Remote {
    let mut headers = action.headers;
    let hub = &context.hub;
    // What the server names counts; its own files want what its API wants.
    if action.url.origin() == hub.home() {
        for (name, value) in hub.headers() {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
    Remote {
        home: action.url.origin().clone(),
        url: action.url,
        location: None,
        headers,
        allow_http_token: hub.allows_http_token(),
        size: Some(object.size),
        etag: None,
        timeouts: timeouts(&context.options),
    }
}
