//! LFS content on its way to the server: hashed, asked about, sent, completed, confirmed.
//!
//! The next files are hashed while the current ones are sent. An object that is there already is not sent; one that
//! was begun by a run that was killed goes on with the parts that the store does not have. Parts that a store has
//! taken are noted on disk as they are taken; a crash loses the parts in flight.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use tokio::task::JoinSet;

use super::context::Context;
use super::draft::Addition;
use super::state::{Begun, Hashes, Parts, State, Taken};
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::lfs::{Answered, BATCH, LfsObject, Operation, UploadBy};
use crate::log::Level;
use crate::net::{Url, classify};
use crate::options::Opt;
use crate::transfer::download::blocking;
use crate::transfer::reader::{Reader, Sums, hash};
use crate::transfer::upload::{self, Address, Addresses, Outgoing, Renewing, Targets};

/// Files hashed at once at most: more would only fight for the disk.
const HASHING: usize = 4;
/// Hashed files that may wait for their turn to be sent.
const AHEAD: usize = 2 * BATCH;

/// Where LFS content goes.
#[derive(Clone)]
pub(super) struct Server {
    /// The LFS API's address.
    pub(super) url: Url,
    /// The branch, for servers that decide by it.
    pub(super) reference: Option<String>,
}

/// One file to bring to the server.
pub(super) struct Item {
    /// The file.
    pub(super) addition: Addition,
    /// Its progress.
    pub(super) progress: Arc<FileProgress>,
}

/// A file whose content is known.
struct Known {
    index: usize,
    object: LfsObject,
    sums: Arc<Sums>,
}

/// Brings the content of `items` to the server and notes in each what its object is. A file that the repository holds
/// unchanged (`mode.oid`) is not even asked about. The first failure ends it; what was stored by then stays stored.
pub(super) async fn push(
    context: &Context,
    server: &Server,
    hashes: Arc<Hashes>,
    items: &mut [&mut Item],
) -> Result<()> {
    let mut watch = context.watch();
    let work = Push { context: context.clone(), server: server.clone(), hashes };
    let outcome = watch.guard(work.run(items)).await;
    if let Err(error) = &outcome {
        for item in items.iter().filter(|item| !item.addition.stored) {
            item.progress.fail(error);
        }
    }
    outcome
}

struct Push {
    context: Context,
    server: Server,
    hashes: Arc<Hashes>,
}

type Asked = (Vec<Known>, Result<Vec<Answered>>);

impl Push {
    async fn run(&self, items: &mut [&mut Item]) -> Result<()> {
        let mut to_hash: VecDeque<usize> =
            (0..items.len()).filter(|at| !items[*at].addition.stored).collect();
        let mut hashing: JoinSet<(usize, Result<Known>)> = JoinSet::new();
        let mut asking: JoinSet<Asked> = JoinSet::new();
        let mut sending: JoinSet<(String, Result<()>)> = JoinSet::new();
        let mut known: VecDeque<Known> = VecDeque::new();
        let mut to_send: VecDeque<(Known, Answered)> = VecDeque::new();
        // All files with the same content wait for one sending.
        let mut same: HashMap<String, Vec<usize>> = HashMap::new();
        let at_once = self.context.engine.limits.files().min(self.context.engine.limits.most());
        let state = State::new(self.context.options.path(Opt::StateDir));
        if !items.is_empty() {
            state.sweep();
        }
        let hashers = std::thread::available_parallelism().map_or(1, usize::from).min(HASHING);
        loop {
            self.context.watch().go_on().await?;
            while hashing.len() < hashers && known.len() + to_send.len() < AHEAD {
                let Some(index) = to_hash.pop_front() else { break };
                hashing.spawn(self.clone_of().known(
                    index,
                    items[index].addition.clone(),
                    items[index].progress.clone(),
                ));
            }
            if asking.is_empty() && !known.is_empty() && to_send.len() < BATCH {
                let batch: Vec<Known> = known.drain(..known.len().min(BATCH)).collect();
                asking.spawn(self.clone_of().ask(batch));
            }
            while sending.len() < at_once {
                let Some((next, answered)) = to_send.pop_front() else { break };
                let item = &items[next.index];
                let sender = Sender {
                    context: self.context.clone(),
                    server: self.server.clone(),
                    addition: item.addition.clone(),
                    progress: item.progress.clone(),
                    object: next.object,
                    sums: next.sums,
                };
                sending.spawn(async move { (sender.object.oid.clone(), sender.run(answered).await) });
            }
            if hashing.is_empty() && asking.is_empty() && sending.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(hashed) = hashing.join_next(), if !hashing.is_empty() => {
                    let (index, found) = hashed.map_err(|join| broken(&join))?;
                    let found = found.map_err(|error| error.context(items[index].addition.path.clone()))?;
                    let item = &mut *items[index];
                    item.addition.object = Some(found.object.clone());
                    let there = item.addition.mode.as_ref().and_then(|mode| mode.oid.as_deref());
                    if there == Some(found.object.oid.as_str()) {
                        item.addition.stored = true;
                        item.progress.set_state(FileState::Cached);
                        continue;
                    }
                    let twins = same.entry(found.object.oid.clone()).or_default();
                    twins.push(index);
                    if twins.len() == 1 {
                        known.push_back(found);
                    }
                }
                Some(asked) = asking.join_next(), if !asking.is_empty() => {
                    let (batch, answers) = asked.map_err(|join| broken(&join))?;
                    for (known, answered) in batch.into_iter().zip(answers?) {
                        match answered {
                            Answered::Present => {
                                // A run that was killed may have left word of it.
                                state.forget(self.server.url.as_str(), &known.object);
                                settle(items, &mut same, &known.object.oid, FileState::Cached);
                            }
                            Answered::Refused(error) => {
                                return Err(error.context(items[known.index].addition.path.clone()));
                            }
                            answered => to_send.push_back((known, answered)),
                        }
                    }
                }
                Some(sent) = sending.join_next(), if !sending.is_empty() => {
                    let (oid, outcome) = sent.map_err(|join| broken(&join))?;
                    let path = || same.get(&oid).map_or_else(String::new, |twins| items[twins[0]].addition.path.clone());
                    if let Err(error) = outcome {
                        if matches!(error.kind(), Kind::Http | Kind::ContentChanged) {
                            // The hash may be of an earlier content that has the same size and time.
                            let twins = same.get(&oid).into_iter().flatten();
                            twins.for_each(|twin| self.forget(&items[*twin].addition));
                        }
                        return Err(error.context(path()));
                    }
                    settle(items, &mut same, &oid, FileState::Done);
                }
            }
        }
    }

    /// Forgets the hash of a file.
    fn forget(&self, addition: &Addition) {
        if let Some(super::draft::Input::Path(path, None)) = &addition.input {
            self.hashes.forget(path);
        }
    }

    fn clone_of(&self) -> Self {
        Self { context: self.context.clone(), server: self.server.clone(), hashes: self.hashes.clone() }
    }

    /// Finds out what a file's object is.
    async fn known(
        self,
        index: usize,
        addition: Addition,
        progress: Arc<FileProgress>,
    ) -> (usize, Result<Known>) {
        let work = async {
            progress.set_state(FileState::Running);
            let stamp = addition.looked.as_ref().and_then(|looked| looked.stamp);
            let place = match (&addition.input, stamp) {
                (Some(super::draft::Input::Path(path, None)), Some(stamp)) => Some((path.clone(), stamp)),
                _ => None,
            };
            let size = addition.size();
            if let Some(object) = addition.object.clone() {
                progress.set_hashed(size);
                return Ok(Known { index, object, sums: Arc::default() });
            }
            if let Some((path, stamp)) = &place
                && let Some(sha256) = self.hashes.get(path, *stamp)
            {
                progress.set_hashed(size);
                return Ok(Known { index, object: LfsObject::new(&sha256, size)?, sums: Arc::default() });
            }
            let mapped = mapped(&self.context);
            let reader = blocking(move || addition.open(mapped)).await?;
            let hashed = hash(reader, progress.clone(), self.context.watch()).await?;
            if let Some((path, stamp)) = &place {
                self.hashes.put(path, *stamp, &hashed.sha256);
            }
            Ok(Known { index, object: LfsObject::new(&hashed.sha256, size)?, sums: Arc::new(hashed.sums) })
        };
        (index, work.await)
    }

    async fn ask(self, batch: Vec<Known>) -> Asked {
        let objects: Vec<LfsObject> = batch.iter().map(|known| known.object.clone()).collect();
        let reference = self.server.reference.as_deref();
        let answers =
            self.context.hub.lfs_batch(&self.server.url, Operation::Upload, &objects, reference).await;
        (batch, answers)
    }
}

/// Notes that an object is on the server.
fn settle(items: &mut [&mut Item], same: &mut HashMap<String, Vec<usize>>, oid: &str, state: FileState) {
    for index in same.remove(oid).unwrap_or_default() {
        items[index].addition.stored = true;
        items[index].progress.set_state(state);
    }
}

fn mapped(context: &Context) -> bool {
    context.options.text(Opt::Source) == "map"
}

fn broken(join: &tokio::task::JoinError) -> Error {
    Error::new(Kind::Internal, "an upload's task failed").cause(join)
}

/// Sends one object.
struct Sender {
    context: Context,
    server: Server,
    addition: Addition,
    progress: Arc<FileProgress>,
    object: LfsObject,
    sums: Arc<Sums>,
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
    async fn run(self, answered: Answered) -> Result<()> {
        let mut answered = answered;
        let addition = self.addition.clone();
        let mapped = mapped(&self.context);
        let reader = blocking(move || addition.open(mapped)).await?;
        let state = State::new(self.context.options.path(Opt::StateDir));
        let (parts, begun) = state.parts(self.server.url.as_str(), &self.object);
        let parts = Arc::new(parts);
        let mut before = begun.and_then(|(begun, taken)| Some((begun.way()?, taken)));
        // Twice: once for an upload that the server has forgotten meanwhile.
        for last in [false, true] {
            let Answered::Upload { by, verify } = answered else { return Ok(()) };
            // Begun at addresses that the server does not name any more.
            let elsewhere =
                before.as_ref().is_some_and(|(old, taken)| !taken.is_empty() && !is_same(old, &by));
            let (error, way, taken) = match self.once(&reader, by, before.take(), &parts).await {
                Ok(()) => {
                    if let Some(verify) = verify {
                        self.context.hub.lfs_verify(&verify, &self.object).await?;
                    }
                    return Ok(());
                }
                Err(stopped) => (stopped.error, stopped.way, stopped.taken),
            };
            let may_help = matches!(
                error.kind(),
                Kind::Http | Kind::EntryNotFound | Kind::Forbidden | Kind::Unauthorized | Kind::Conflict
            );
            let network = matches!(error.kind(), Kind::Network | Kind::Timeout | Kind::Tls | Kind::Proxy);
            if last || !(may_help || (elsewhere && network)) {
                return Err(error);
            }
            if network {
                parts.forget();
            } else {
                before = Some((way, taken));
            }
            let reference = self.server.reference.as_deref();
            let objects = std::slice::from_ref(&self.object);
            let hub = &self.context.hub;
            let mut fresh = hub.lfs_batch(&self.server.url, Operation::Upload, objects, reference).await?;
            answered = match fresh.pop() {
                Some(Answered::Refused(error)) => return Err(error),
                Some(answered) => answered,
                None => return Err(error),
            };
        }
        Ok(())
    }

    /// Sends what `before` says that the store does not have, and completes the upload.
    async fn once(
        &self,
        reader: &Arc<dyn Reader>,
        fresh: UploadBy,
        before: Option<(UploadBy, Taken)>,
        parts: &Arc<Parts>,
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
            Ok(()) => desk.complete().await,
            Err(error) => Err(error),
        };
        done.map_err(|error| Stopped { error, way: desk.way().clone(), taken: desk.taken().clone() })
    }
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

    async fn complete(&self) -> Result<()> {
        self.context.watch().go_on().await?;
        let way = self.way().clone();
        let UploadBy::Multipart { complete, parts, .. } = way else { return Ok(()) };
        let etags: Option<Vec<String>> = {
            let taken = self.taken();
            (0..parts.len()).map(|part| taken.get(&part).cloned()).collect()
        };
        let etags = etags.ok_or_else(|| Error::new(Kind::Internal, "a part was not sent"))?;
        let told = self.context.hub.lfs_complete(&complete, &self.object, &etags).await;
        // Done, or refused: in neither case is this upload gone on with.
        if told.as_ref().map_or_else(|error| !error.is_retryable(), |()| true) {
            self.forget();
        }
        told
    }

    async fn ask_again(&self, why: Error) -> Result<Targets> {
        let reference = self.server.reference.as_deref();
        let objects = std::slice::from_ref(&self.object);
        let hub = &self.context.hub;
        let answer = hub.lfs_batch(&self.server.url, Operation::Upload, objects, reference).await?.pop();
        let by = match answer {
            Some(Answered::Upload { by, .. }) => by,
            Some(Answered::Refused(error)) => return Err(error),
            _ => {
                self.present.store(true, Relaxed);
                return Err(why);
            }
        };
        let mut way = self.way();
        let none_taken = self.taken().is_empty();
        if !none_taken && !is_same(&way, &by) {
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
