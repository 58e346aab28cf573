//! One object on its way to an LFS server: in one piece or in parts, completed, and confirmed.
//!
//! Parts that a store has taken are noted on disk as they are taken, so that another run goes on with the missing ones;
//! a crash loses the parts in flight. Where the server has forgotten the upload meanwhile, it begins anew, once.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::draft::Addition;
use super::state::{Begun, Parts, State, Taken};
use crate::client::context::Context;
use crate::error::{Error, Kind, Result};
use crate::event::FileProgress;
use crate::hub::lfs::{Answered, LfsObject, Operation, UploadBy};
use crate::log::Level;
use crate::net::{Url, classify};
use crate::options::Opt;
use crate::transfer::download::blocking;
use crate::transfer::reader::{Reader, Sums};
use crate::transfer::upload::{self, Address, Addresses, Outgoing, Renewing, Targets};

/// Where LFS content goes.
#[derive(Clone)]
pub(super) struct Server {
    /// The LFS API's address.
    pub(super) url: Url,
    /// The branch, for servers that decide by it.
    pub(super) reference: Option<String>,
}

impl Server {
    /// Asks how one object gets there.
    pub(super) async fn ask(&self, context: &Context, object: &LfsObject) -> Result<Option<Answered>> {
        let (reference, objects) = (self.reference.as_deref(), std::slice::from_ref(object));
        Ok(context.hub.lfs_batch(&self.url, Operation::Upload, objects, reference).await?.pop())
    }
}

/// Sends one object.
pub(super) struct Sender {
    pub(super) context: Context,
    pub(super) server: Server,
    pub(super) addition: Addition,
    pub(super) progress: Arc<FileProgress>,
    pub(super) object: LfsObject,
    pub(super) sums: Arc<Sums>,
}

/// The addresses of one object, and what the store has taken so far.
struct Desk {
    context: Context,
    server: Server,
    object: LfsObject,
    parts: Arc<Parts>,
    /// The store's names of the parts it has taken.
    taken: Mutex<Taken>,
    /// How the upload stands by the latest answer.
    way: Mutex<UploadBy>,
    /// The server has begun another upload: the parts taken so far count for nothing.
    other: AtomicBool,
    /// The server says that the object is there.
    present: AtomicBool,
}

impl Sender {
    /// Sends what is missing, completes it and has it confirmed.
    pub(super) async fn run(self, answered: Answered) -> Result<()> {
        let mut answered = answered;
        let addition = self.addition.clone();
        let mapped = mapped(&self.context);
        let reader = blocking(move || addition.open(mapped)).await?;
        let state = State::of(&self.context);
        let (parts, begun) = state.parts(self.server.url.as_str(), &self.object);
        let parts = Arc::new(parts);
        let mut before = begun.and_then(|(begun, taken)| Some((begun.way()?, taken)));
        // Again for an upload that the server has forgotten meanwhile, and for addresses that expired on the way.
        for last in [false, false, false, true] {
            let Answered::Upload { by, verify } = answered else {
                parts.forget();
                return Ok(());
            };
            // Begun at addresses that the server does not name any more.
            let elsewhere =
                before.as_ref().is_some_and(|(old, taken)| !taken.is_empty() && !is_same(old, &by));
            let (error, way, taken) = match self.once(&reader, by, before.take(), &parts, last).await {
                Ok(()) => {
                    if let Some(verify) = verify {
                        self.context.hub.lfs_verify(&verify, &self.object).await?;
                    }
                    return Ok(());
                }
                Err(stopped) => (stopped.error, stopped.way, stopped.taken),
            };
            let may_help = may_have_expired(&error)
                || matches!(error.kind(), Kind::Http | Kind::EntryNotFound | Kind::Conflict);
            let network = error.is_of_the_network();
            if last || !(may_help || (elsewhere && network)) {
                return Err(error);
            }
            if network {
                parts.forget();
            } else {
                before = Some((way, taken));
            }
            answered = match self.server.ask(&self.context, &self.object).await? {
                Some(Answered::Refused(error)) => return Err(error),
                Some(answered) => answered,
                None => return Err(error),
            };
        }
        Ok(())
    }

    /// Sends what `before` says that the store does not have, and completes the upload; `last` says that it is not tried
    /// again.
    async fn once(
        &self,
        reader: &Arc<dyn Reader>,
        fresh: UploadBy,
        before: Option<(UploadBy, Taken)>,
        parts: &Arc<Parts>,
        last: bool,
    ) -> Result<(), Stopped> {
        let (way, taken) = go_on(fresh, before);
        let targets = targets(&way, self.object.size);
        let mut have = vec![false; targets.parts.len()];
        for part in taken.keys() {
            if let Some(have) = have.get_mut(*part) {
                *have = true;
            }
        }
        let size = |part: usize| {
            let start = part as u64 * targets.part_size;
            targets.part_size.min(self.object.size.saturating_sub(start))
        };
        self.progress.set_restored(taken.keys().map(|part| size(*part)).sum());
        let desk = Arc::new(Desk {
            context: self.context.clone(),
            server: self.server.clone(),
            object: self.object.clone(),
            parts: parts.clone(),
            taken: Mutex::new(taken),
            way: Mutex::new(way),
            other: false.into(),
            present: false.into(),
        });
        let out = Outgoing {
            reader: reader.clone(),
            sums: self.sums.clone(),
            progress: self.progress.clone(),
            timeouts: self.context.hub.timeouts(),
            patience: self.context.options.time(Opt::RetryTimeout),
        };
        let engine = &self.context.engine;
        desk.begin();
        let sent = upload::parts(engine, out, targets, &have, desk.clone(), self.context.watch()).await;
        if desk.present.load(Relaxed) {
            desk.forget();
            return Ok(());
        }
        if sent.is_err() && desk.other.load(Relaxed) {
            desk.forget();
        }
        // What was sent is what was hashed, up to its end.
        let done = match sent.and_then(|()| reader.check()) {
            Ok(()) => desk.complete(last).await,
            Err(error) => Err(error),
        };
        done.map_err(|error| Stopped { error, way: desk.way().clone(), taken: desk.taken().clone() })
    }
}

/// Whether files are read through a mapping.
pub(super) fn mapped(context: &Context) -> bool {
    context.options.text(Opt::Source) == "map"
}

/// Why an upload stopped, and how far it was.
struct Stopped {
    error: Error,
    way: UploadBy,
    taken: Taken,
}

impl Desk {
    fn way(&self) -> MutexGuard<'_, UploadBy> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a multipart upload goes, so that another run can go on with it.
    fn begin(&self) {
        let UploadBy::Multipart { complete, chunk_size, parts } = &*self.way() else { return };
        let addresses = parts.iter().map(|url| url.as_str().to_owned()).collect();
        let begun = Begun::now(&self.object, complete.url.as_str(), *chunk_size, addresses);
        if let Err(error) = self.parts.begin(&begun, &self.taken()) {
            let log = &self.context.engine.log;
            log.tell(Level::Warn, "upload", || format!("{error}: if it is killed it will begin anew"));
        }
    }

    /// The parts that were taken count for nothing.
    fn forget(&self) {
        self.taken().clear();
        self.parts.forget();
    }

    async fn complete(&self, last: bool) -> Result<()> {
        self.context.watch().go_on().await?;
        let way = self.way().clone();
        let UploadBy::Multipart { complete, parts, .. } = way else { return Ok(()) };
        let etags: Option<Vec<String>> = {
            let taken = self.taken();
            (0..parts.len()).map(|part| taken.get(&part).cloned()).collect()
        };
        let etags = etags.ok_or_else(|| Error::new(Kind::Internal, "a part was not sent"))?;
        let told = self.context.hub.lfs_complete(&complete, &self.object, &etags).await;
        // Done, or refused for good: in neither case is this upload gone on with.
        let goes_on = |error: &Error| error.is_retryable() || (may_have_expired(error) && !last);
        if !told.as_ref().is_err_and(goes_on) {
            self.forget();
        }
        told
    }

    async fn ask_again(&self, why: Error) -> Result<Targets> {
        let answer = self.server.ask(&self.context, &self.object).await?;
        let by = match answer {
            Some(Answered::Upload { by, .. }) => by,
            Some(Answered::Refused(error)) => return Err(error),
            _ => {
                self.present.store(true, Relaxed);
                return Err(why);
            }
        };
        let mut way = self.way();
        // Also when no part has come to its end: some may be on their way to the old one.
        if !is_same(&way, &by) {
            self.other.store(true, Relaxed);
            return Err(why.context("the server has begun the upload anew"));
        }
        let targets = targets(&by, self.object.size);
        *way = by;
        Ok(targets)
    }
}

impl Addresses for Desk {
    fn renew(&self, why: Error) -> Renewing<'_> {
        Box::pin(self.ask_again(why))
    }

    fn taken(&self, part: usize, headers: &HeaderMap) -> Result<()> {
        if matches!(*self.way(), UploadBy::Basic(_)) {
            return Ok(());
        }
        // As it came, quotes included: the store compares it.
        let etag = classify::header(headers, "etag")
            .ok_or_else(|| Error::new(Kind::Protocol, format!("the store gave part {} no ETag", part + 1)))?;
        self.parts.taken(part, etag);
        self.taken().insert(part, etag.to_owned());
        Ok(())
    }
}

/// Whether an address was refused that may only have been too old: what was sent to the store is there.
fn may_have_expired(error: &Error) -> bool {
    matches!(error.kind(), Kind::Forbidden | Kind::Unauthorized)
}

/// How an upload that was begun goes on: by the new addresses where they belong to the same upload, else by its own,
/// which may be good still.
fn go_on(fresh: UploadBy, before: Option<(UploadBy, Taken)>) -> (UploadBy, Taken) {
    match before {
        Some((old, taken)) if !taken.is_empty() && matches!(fresh, UploadBy::Multipart { .. }) => {
            (if is_same(&old, &fresh) { fresh } else { old }, taken)
        }
        _ => (fresh, Taken::new()),
    }
}

/// Whether two answers speak of one upload: the parts have the same addresses, apart from host, signature and time.
fn is_same(a: &UploadBy, b: &UploadBy) -> bool {
    let identity = |url: &Url| {
        let query = url.as_str().split_once('?').map_or("", |(_, query)| query);
        let id = query
            .split('&')
            .find(|pair| pair.to_ascii_lowercase().starts_with("uploadid="))
            .map(str::to_owned);
        (url.path().to_owned(), id)
    };
    match (a, b) {
        (UploadBy::Basic(_), UploadBy::Basic(_)) => true,
        (
            UploadBy::Multipart { chunk_size: size, parts, .. },
            UploadBy::Multipart { chunk_size: other_size, parts: others, .. },
        ) => {
            size == other_size
                && parts.len() == others.len()
                && parts.iter().zip(others).all(|(part, other)| identity(part) == identity(other))
        }
        _ => false,
    }
}

fn targets(by: &UploadBy, size: u64) -> Targets {
    match by {
        UploadBy::Basic(action) => Targets {
            parts: vec![Address { url: action.url.clone(), headers: action.headers.clone() }],
            part_size: size.max(1),
        },
        UploadBy::Multipart { chunk_size, parts, .. } => Targets {
            parts: parts.iter().map(|url| Address { url: url.clone(), headers: HeaderMap::new() }).collect(),
            part_size: *chunk_size,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::lfs::Action;

    fn multipart(urls: &[&str]) -> UploadBy {
        let complete = Action { url: Url::parse("http://h/c").unwrap(), headers: HeaderMap::new() };
        let parts = urls.iter().map(|url| Url::parse(url).unwrap()).collect();
        UploadBy::Multipart { complete, chunk_size: 10, parts }
    }

    #[test]
    fn an_upload_is_told_by_path_and_id() {
        let first = multipart(&[
            "http://s/o?partNumber=1&uploadId=U&sig=1",
            "http://s/o?partNumber=2&uploadId=U&sig=2",
        ]);
        let renewed = multipart(&[
            "http://s/o?partNumber=1&uploadId=U&sig=3",
            "http://s/o?partNumber=2&uploadId=U&sig=4",
        ]);
        let other = multipart(&[
            "http://s/o?partNumber=1&uploadId=V&sig=1",
            "http://s/o?partNumber=2&uploadId=V&sig=2",
        ]);
        let elsewhere = multipart(&["http://t/p?uploadId=U", "http://t/p?uploadId=U"]);
        assert!(is_same(&first, &renewed));
        assert!(
            !is_same(&first, &other)
                && !is_same(&first, &elsewhere)
                && !is_same(&first, &multipart(&["http://s/o"]))
        );
    }

    #[test]
    fn parts_that_were_taken_keep_their_upload() {
        let object = LfsObject::new(&"a".repeat(64), 20).unwrap();
        let begun = Begun::now(&object, "http://h/c", 10, vec!["http://s/o?uploadId=U".into(); 2]);
        let old = begun.way().unwrap();
        let taken = Taken::from([(0, "e".to_owned())]);
        let fresh = multipart(&["http://s/o?uploadId=V", "http://s/o?uploadId=V"]);
        let (by, kept) = go_on(fresh.clone(), Some((old.clone(), taken.clone())));
        assert!(is_same(&by, &old) && !is_same(&by, &fresh));
        assert_eq!(kept, taken);
        let (by, kept) = go_on(fresh.clone(), Some((old, Taken::new())));
        assert!(is_same(&by, &fresh) && kept.is_empty(), "nothing to keep");
    }
}
