//! A file to addresses that the caller has: one PUT, or the parts of an S3-style multipart upload.
//!
//! What the store answers to each part is the result; completing a multipart upload with it is the caller's. Addresses
//! can't be renewed: one that is refused ends the job. Nothing is remembered from one run to the next.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, header};

use super::draft::{Addition, Input};
use super::object::mapped;
use crate::client::context::Context;
use crate::client::output::PartsResult;
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
use crate::hub::api::timeouts;
use crate::net::Url;
use crate::options::Opt;
use crate::transfer::download::blocking;
use crate::transfer::upload::{self, Address, Addresses, Outgoing, Renewing, Targets};

/// Most parts of one file.
const MOST_PARTS: usize = 100_000;

/// Sends a file to one address (`part_size` of none), or in parts to many, in their order.
pub(super) async fn put(
    context: &Context,
    input: Input,
    urls: &[String],
    part_size: Option<u64>,
) -> Result<PartsResult> {
    let mut addition = Addition::new("file", input)?;
    let mapped = mapped(context);
    let (addition, reader) = blocking(move || {
        addition.look()?;
        let reader = addition.open(mapped)?;
        Ok((addition, reader))
    })
    .await?;
    let size = addition.size();
    let wanted = part_size.map_or(1, |part_size| size.div_ceil(part_size).max(1));
    if urls.len() as u64 != wanted || urls.len() > MOST_PARTS {
        let what = format!("{} addresses for a file of {size} bytes, which has {wanted} parts", urls.len());
        return Err(Error::invalid(what));
    }
    let parts = urls.iter().map(|url| address(context, url)).collect::<Result<Vec<_>>>()?;
    let name = match &addition.input {
        Some(Input::Path(path, _)) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        _ => None,
    };
    let progress = context.job.shared_progress().add(name.as_deref().unwrap_or("memory"), size);
    progress.set_state(FileState::Running);
    let taken = Arc::new(Given(Mutex::new(vec![None; parts.len()])));
    let out = Outgoing {
        reader: reader.clone(),
        sums: Arc::default(),
        progress: progress.clone(),
        timeouts: timeouts(&context.options),
        patience: context.options.time(Opt::RetryTimeout),
    };
    let targets = Targets { parts, part_size: part_size.unwrap_or(size.max(1)) };
    let sent = upload::parts(&context.engine, out, targets, &[], taken.clone(), context.watch()).await;
    // There is no hash that would tell: size and time of change have to.
    let sent = sent.and_then(|()| reader.check()).inspect_err(|error| progress.fail(error));
    sent?;
    progress.set_state(FileState::Done);
    let taken = std::mem::take(&mut *taken.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(PartsResult { parts: taken.into_iter().map(Option::unwrap_or_default).collect() })
}

/// An address with the job's own headers; the client's and the token are for the endpoint alone.
fn address(context: &Context, url: &str) -> Result<Address> {
    let url = Url::parse(url)?;
    let hub = &context.hub;
    let home = url.origin() == hub.home();
    let mut headers = context.headers_for(&url);
    // A presigned address refuses a token: it goes along only when it was given for this job.
    if home
        && context.own_token
        && hub.net().token_may_go(hub.home(), url.origin(), hub.allows_http_token())
        && let Some(token) = hub.headers().get(header::AUTHORIZATION)
    {
        headers.insert(header::AUTHORIZATION, token.clone());
    }
    Ok(Address { url, headers })
}

/// What the store said to each part.
struct Given(Mutex<Vec<Option<HeaderMap>>>);

impl Addresses for Given {
    fn renew(&self, why: Error) -> Renewing<'_> {
        Box::pin(async move { Err(why) })
    }

    fn taken(&self, part: usize, headers: &HeaderMap) -> Result<()> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = parts.get_mut(part).ok_or_else(|| Error::new(Kind::Internal, "a part that is none"))?;
        *place = Some(headers.clone());
        Ok(())
    }
}
