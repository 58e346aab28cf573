//! One transfer: missing ranges go to parts, parts bring bytes, the hash follows, the end is proven or an error.
//!
//! [`run`] owns the promise for one file. It hands the lowest missing range to a part whenever the client's limits
//! grant a connection; a part drives one exchange after another until its range is there, with its own backoff;
//! the follower hashes the contiguous prefix behind the parts. A pause or a cancel lets every part note what it
//! has; dropping the future loses only what was not yet noted. Parts are tasks of the client's runtime and end
//! with the transfer; one that hangs in a system call ends later, and touches only this transfer's own sink.

use std::fs::File;
use std::hash::Hasher as _;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use twox_hash::XxHash3_64;

use super::attempts::Attempts;
use super::journal::{Journal, Record};
use super::limit::Limits;
use super::meters::{LOOK, Meters, REPLACEMENTS};
use super::plan::{Plan, RangeSet};
use super::sink::Sink;
use super::slots::{Member, SMALL, Slot};
use super::source::{Opened, Source};
use super::verify::Follower;
use crate::cancel::{Watch, Wish};
use crate::digest::{Expected, Hasher, Verified};
use crate::error::{Error, Kind, Result};
use crate::event::FileProgress;
use crate::log::{Level, Log};
use crate::net::outage::Outage;
use crate::net::retry::Patience;
use crate::net::{Body, Net, TOO_SLOW};

/// A part notes what it has after this many bytes...
const NOTE: u64 = 4 << 20;
/// ...or after this time: of many slow connections each has little, and a kill would cost all of it.
const NOTE_TIME: Duration = Duration::from_secs(1);
/// Data is pushed to the disk after this many bytes, so that the end does not wait for all of it.
const SYNC: u64 = 128 << 20;
/// How long an ending transfer waits for its parts to note what they have.
const GRACE: Duration = Duration::from_millis(1500);

/// What the transfers of a client share.
#[derive(Clone)]
pub struct Engine {
    /// The network.
    pub net: Arc<Net>,
    /// Connections and bytes per second.
    pub limits: Arc<Limits>,
    /// The state of the network.
    pub outage: Arc<Outage>,
    /// Who listens.
    pub log: Log,
}

/// The partial behind a sink, for transfers that can be resumed.
pub struct Disk {
    /// The open partial.
    pub file: Arc<File>,
    /// Its journal.
    pub journal: Journal,
    /// Whether records must come to stand on disk.
    pub sync: bool,
    /// What is there already.
    pub done: RangeSet,
    /// The hash of a prefix, and how long the prefix is.
    pub midstate: Option<(u64, Hasher)>,
}

/// What to do.
pub struct Spec {
    /// Where the bytes come from.
    pub source: Arc<Source>,
    /// Where they go.
    pub sink: Arc<dyn Sink>,
    /// Which bytes of the remote file.
    pub bounds: Range<u64>,
    /// The hash they must have.
    pub expected: Option<Expected>,
    /// The partial, if what is fetched shall survive.
    pub disk: Option<Disk>,
    /// Length of a part; 0 is automatic.
    pub part_size: u64,
    /// How long to go on without progress.
    pub patience: Duration,
    /// An answer that is here already, from the first byte on.
    pub first: Option<First>,
    /// Where to tell how it goes.
    pub progress: Arc<FileProgress>,
}

/// An answer that came with the first look at a file.
pub struct First {
    /// The body.
    pub opened: Opened,
    /// How many bytes from the start it brings, when it is a part.
    pub length: u64,
    /// The connection's slot.
    pub slot: Slot,
}

/// How it ended, when it ended well.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// What was proven.
    pub verified: Verified,
}

pub(super) struct Transfer {
    pub(super) engine: Engine,
    member: Member,
    source: Arc<Source>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) bounds: Range<u64>,
    pub(super) plan: Mutex<Plan>,
    pub(super) journal: Option<Mutex<Journal>>,
    disk: Option<(Arc<File>, bool)>,
    unsynced: AtomicU64,
    /// Brings what has come so far to disk, beside the parts.
    syncing: Mutex<Option<JoinHandle<()>>>,
    sync_failure: Mutex<Option<std::io::Error>>,
    pub(super) edge: watch::Sender<u64>,
    patience: Mutex<Patience>,
    /// Whether a hash follows the bytes: what it has passed must not change behind it.
    hashed: bool,
    meters: Meters,
    pub(super) progress: Arc<FileProgress>,
}

enum PartEnd {
    Done,
    /// The server does not do ranges; here is the whole file.
    Whole(Body, Slot),
}

/// How the reading of a body came to its end.
enum Received {
    All,
    /// Another connection would be done sooner.
    TooSlow,
}

/// An answer whose body begins.
struct Begun {
    body: Body,
    /// From the request to the answer.
    latency: Duration,
    may_be_replaced: bool,
}

/// Fetches what is missing, proves it, and returns. The sink holds all bytes then; publishing is the caller's.
pub async fn run(engine: &Engine, mut spec: Spec, mut watch: Watch) -> Result<Outcome> {
    let total = spec.bounds.end - spec.bounds.start;
    let disk = spec.disk.take();
    let done = disk.as_ref().map(|d| d.done.clone()).unwrap_or_default();
    let mut midstate = None;
    let (mut journal, mut handle) = (None, None);
    if let Some(disk) = disk {
        midstate = disk.midstate;
        handle = Some((disk.file, disk.sync));
        journal = Some(Mutex::new(disk.journal));
    }
    spec.progress.set_restored(done.total());
    let plan = Plan::new(spec.bounds.clone(), spec.part_size, done);
    let transfer = Arc::new(Transfer {
        engine: engine.clone(),
        member: engine.limits.slots.member(total),
        source: spec.source,
        sink: spec.sink,
        bounds: spec.bounds,
        edge: watch::Sender::new(plan.edge()),
        plan: Mutex::new(plan),
        journal,
        disk: handle,
        unsynced: 0.into(),
        syncing: Mutex::default(),
        sync_failure: Mutex::new(None),
        patience: Mutex::new(Patience::waiting(spec.patience, Instant::now(), engine.limits.rate.passed())),
        hashed: spec.expected.is_some(),
        meters: Meters::new(0),
        progress: spec.progress,
    });
    let _sealed = Sealed(transfer.clone());
    let Some(expected) = spec.expected else {
        transfer.fetch(&mut watch, spec.first.take()).await?;
        watch.guard(transfer.synced()).await?;
        return Ok(Outcome { verified: Verified::Length });
    };
    let mut second_try = false;
    loop {
        let follower = (total > SMALL && !transfer.sink.takes_hash())
            .then(|| Follower::start(transfer.clone(), expected.clone(), midstate.take()));
        transfer.fetch(&mut watch, spec.first.take()).await?;
        let actual = match follower {
            Some(mut follower) => watch.guard(follower.hash()).await?,
            None => transfer.hash_at_once(&expected)?,
        };
        if actual == expected.hex() {
            watch.guard(transfer.synced()).await?;
            return Ok(Outcome { verified: Verified::Hash });
        }
        if second_try || transfer.sink.takes_hash() {
            return Err(Error::new(
                Kind::HashMismatch,
                format!("the bytes have the hash {actual}, they must have {}", expected.hex()),
            )
            .url(transfer.source.remote().url.as_str()));
        }
        second_try = true;
        let (transfer, wish) = (transfer.clone(), watch.clone());
        watch.guard(blocking(move || transfer.discard_bad(&wish))).await?;
    }
}

/// Closes the journal when the transfer ends, however it ends: a late record must not reach a published file.
struct Sealed(Arc<Transfer>);

impl Drop for Sealed {
    fn drop(&mut self) {
        let Some(journal) = &self.0.journal else { return };
        match journal.try_lock() {
            Ok(mut journal) => journal.close(),
            Err(TryLockError::Poisoned(journal)) => journal.into_inner().close(),
            // A part that was left behind hangs in a write: whoever drops this must not.
            Err(TryLockError::WouldBlock) => {
                let transfer = self.0.clone();
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn_blocking(move || {
                        transfer.journal.as_ref().map(|journal| lock(journal).close())
                    });
                }
            }
        }
    }
}

impl Transfer {
    /// Brings every missing byte into the sink.
    async fn fetch(self: &Arc<Self>, watch: &mut Watch, first: Option<First>) -> Result<()> {
        let mut parts: JoinSet<Result<PartEnd>> = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut whole = false;
        match first {
            Some(First { opened: Opened::Part(body), length, slot }) => {
                let range = self.bounds.start..self.bounds.start + length;
                self.plan().reserve(range.clone());
                parts.spawn(self.clone().part(range, slot, watch.clone(), Some(body)));
            }
            Some(First { opened: Opened::Whole(body), slot, .. }) => {
                whole = true;
                self.plan().take_all();
                parts.spawn(self.clone().stream(slot, watch.clone(), Some(body)));
            }
            None => {}
        }
        loop {
            if parts.is_empty() && self.plan().is_complete() {
                return Ok(());
            }
            let wants = !whole && self.plan().has_next(self.horizon());
            let outcome = tokio::select! {
                biased;
                () = watch.stopped() => {
                    self.settle(&mut parts).await;
                    // Parts that were left behind gave nothing back.
                    self.plan().give_back(self.bounds.clone());
                    watch.go_on().await?;
                    self.patience().progress(Instant::now());
                    whole = false;
                    Ok(())
                }
                Some(end) = parts.join_next(), if !parts.is_empty() => match end {
                    Ok(Ok(PartEnd::Done)) => Ok(()),
                    Ok(Ok(PartEnd::Whole(body, slot))) => {
                        // The others get the whole file as well: one is enough.
                        parts.shutdown().await;
                        whole = true;
                        self.plan().take_all();
                        parts.spawn(self.clone().stream(slot, watch.clone(), Some(body)));
                        Ok(())
                    }
                    // It was told to stop; by now the job may run again.
                    Ok(Err(error)) if watch.wish() != Wish::Run || error.kind() == Kind::Cancelled => {
                        if std::mem::take(&mut whole) {
                            self.plan().give_back(self.bounds.clone());
                        }
                        Ok(())
                    }
                    Ok(Err(error)) => Err(error),
                    Err(join) => Err(Error::new(Kind::Internal, "a part failed").cause(&join)),
                },
                slot = self.engine.limits.slots.acquire(self.member), if wants => {
                    let workers = self.engine.limits.slots.window();
                    let range = self.plan().next(workers, self.horizon());
                    if let Some(range) = range {
                        parts.spawn(self.clone().part(range, slot, watch.clone(), None));
                    }
                    Ok(())
                }
                _ = look.tick(), if !whole && !parts.is_empty() && !self.engine.limits.rate.is_capped() => {
                    let ending = !self.plan().has_next(self.horizon());
                    self.meters.look(Instant::now(), ending);
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                self.settle(&mut parts).await;
                return Err(error);
            }
        }
    }

    fn horizon(&self) -> u64 {
        self.sink.horizon().saturating_add(self.bounds.start)
    }

    /// Lets the parts note what they have; one that does not answer is left behind.
    async fn settle(&self, parts: &mut JoinSet<Result<PartEnd>>) {
        let all = async { while parts.join_next().await.is_some() {} };
        // Parts that were not told to stop are ended at their next wait.
        if tokio::time::timeout(GRACE, all).await.is_err() {
            parts.abort_all();
            let all = async { while parts.join_next().await.is_some() {} };
            if tokio::time::timeout(GRACE, all).await.is_err() {
                parts.detach_all();
            }
        }
    }

    /// Brings one range, however often its connection breaks.
    async fn part(
        self: Arc<Self>,
        range: Range<u64>,
        slot: Slot,
        mut watch: Watch,
        mut body: Option<Body>,
    ) -> Result<PartEnd> {
        let mut at = range.start;
        let mut slot = Some(slot);
        let mut attempts = Attempts::new(&self.engine, &self.progress.name, &self.patience);
        let mut replaced = 0;
        let outcome = loop {
            let before = at;
            let mut held = match slot.take() {
                Some(slot) => slot,
                None => match attempts.slot(self.member, &mut watch).await {
                    Ok(slot) => slot,
                    Err(error) => break Err(error),
                },
            };
            let asked = Instant::now();
            let tried = {
                let mut stop = watch.clone();
                let opened = async {
                    match body.take() {
                        Some(body) => Ok(Opened::Part(body)),
                        None => self.source.open(at..range.end).await,
                    }
                };
                tokio::select! {
                    biased;
                    () = stop.stopped() => Err(Error::cancelled()),
                    opened = opened => opened,
                }
            };
            let latency = asked.elapsed();
            let begun = |body| Begun { body, latency, may_be_replaced: replaced < REPLACEMENTS };
            let tried = match tried {
                Ok(Opened::Whole(whole)) if self.covers_all(at..range.end) => {
                    // The whole file is what was asked for.
                    self.receive(begun(whole), &mut at, range.end, &mut held, &mut watch, &mut attempts).await
                }
                Ok(Opened::Whole(whole)) => {
                    self.plan().give_back(at..range.end);
                    return Ok(PartEnd::Whole(whole, held));
                }
                Ok(Opened::Part(part)) => {
                    self.receive(begun(part), &mut at, range.end, &mut held, &mut watch, &mut attempts).await
                }
                Err(error) => Err(error),
            };
            let error = match tried {
                Ok(Received::All) => {
                    held.finished();
                    break Ok(PartEnd::Done);
                }
                Ok(Received::TooSlow) => {
                    // Nothing is wrong with the network: no need to wait.
                    replaced += 1;
                    self.engine.log.tell(Level::Warn, "transfer", || {
                        format!("{}: {TOO_SLOW}; going on over another one", self.progress.name)
                    });
                    continue;
                }
                Err(error) => error,
            };
            if at > before {
                attempts.reset();
            }
            match attempts.failed(&error, held, &mut watch).await {
                Ok(()) => {}
                Err(error) => break Err(error),
            }
        };
        self.plan().give_back(at..range.end);
        outcome
    }

    /// Whether a range is the whole file, so that a 200 answers it.
    fn covers_all(&self, range: Range<u64>) -> bool {
        range.start == 0 && self.source.remote().size == Some(range.end)
    }

    /// Moves a body into the sink.
    async fn receive(
        self: &Arc<Self>,
        begun: Begun,
        at: &mut u64,
        end: u64,
        slot: &mut Slot,
        watch: &mut Watch,
        attempts: &mut Attempts<'_>,
    ) -> Result<Received> {
        let (from, since) = (*at, Instant::now());
        let Begun { mut body, latency, may_be_replaced } = begun;
        let metered = self.meters.start(end - from, false, may_be_replaced);
        let mut note = Note::new(from);
        let outcome = loop {
            if *at == end {
                // Nothing may follow; reading the end gives the connection back to the pool.
                break match body.chunk().await {
                    Ok(None) | Err(_) => Ok(Received::All),
                    Ok(Some(_)) => Err(Error::new(Kind::Protocol, "the server sent more than was asked for")),
                };
            }
            let chunk = tokio::select! {
                biased;
                () = watch.stopped() => Err(Error::cancelled()),
                chunk = body.chunk() => chunk,
                () = metered.meter.too_slow() => {
                    self.engine.net.penalise(body.address());
                    break Ok(Received::TooSlow);
                }
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => {
                    let left = end - *at;
                    break Err(Error::new(Kind::Network, format!("the answer ended {left} bytes early"))
                        .retryable(true));
                }
                Err(error) => break Err(error),
            };
            if !slot.delivers(chunk.len() as u64) {
                attempts.proved();
            }
            if chunk.len() as u64 > end - *at {
                break Err(
                    Error::new(Kind::Protocol, "the server sent more than was asked for").retryable(true)
                );
            }
            if let Err(error) = self.take(&chunk, *at, &mut note, watch).await {
                break Err(error);
            }
            *at += chunk.len() as u64;
            metered.meter.moved(*at - from);
            let so_far = since.elapsed();
            let left = so_far.mul_f64((end - *at) as f64 / (*at - from).max(1) as f64);
            if left < latency && latency < so_far {
                // The rest is here before the answer to another request could be.
                slot.rests();
            }
            let length = chunk.len() as u64;
            drop(chunk); // Before the wait: its buffer is used again.
            tokio::select! {
                biased;
                () = self.engine.limits.rate.pass(length) => {}
                // A rate limit's wait must not outlast a cancel: what is here has to be noted.
                () = watch.stopped() => break Err(Error::cancelled()),
            }
        };
        if self.journal.is_none() {
            return outcome;
        }
        let noted = self.engine.limits.write(|| self.note(&mut note)).await;
        outcome.and_then(|received| noted.map(|()| received))
    }

    /// Puts a chunk into the sink and tells everybody.
    async fn take(
        self: &Arc<Self>,
        chunk: &Bytes,
        at: u64,
        note: &mut Note,
        watch: &mut Watch,
    ) -> Result<()> {
        let end = at + chunk.len() as u64;
        let mut write = || {
            let mut from = at;
            while let Some(missing) = self.missing(from..end) {
                let bytes = &chunk[(missing.start - at) as usize..(missing.end - at) as usize];
                self.sink.write_at(bytes, missing.start - self.bounds.start)?;
                from = missing.end;
                if self.journal.is_none() {
                    continue;
                }
                if note.range.end != missing.start {
                    self.note(note)?;
                    *note = Note::new(missing.start);
                }
                note.hash.write(bytes);
                note.range.end = missing.end;
                if note.range.end - note.range.start >= NOTE || note.since.elapsed() >= NOTE_TIME {
                    self.note(note)?;
                }
            }
            Ok(())
        };
        if self.sink.keeps_the_thread() {
            tokio::select! {
                biased;
                written = self.engine.limits.write(write) => written?,
                () = watch.stopped() => return Err(Error::cancelled()),
            }
        } else if self.sink.waits_for_disk() {
            let _turn = tokio::select! {
                biased;
                turn = self.engine.limits.on_disk() => turn,
                () = watch.stopped() => return Err(Error::cancelled()),
            };
            write()?;
        } else {
            write()?;
        }
        let (before, done, edge) = {
            let mut plan = self.plan();
            let before = plan.done();
            plan.arrived(at..end);
            (before, plan.done(), plan.edge())
        };
        // Another part may have told a later edge since: it must not go back under the follower.
        self.edge.send_if_modified(|now| std::mem::replace(now, edge.max(*now)) < edge);
        // Bytes that a server without ranges sends once more bring nothing on.
        if done > before {
            self.patience().progress(Instant::now());
        }
        self.progress.add_received(chunk.len() as u64);
        self.progress.set_done(done);
        Ok(())
    }

    /// The first of these bytes to write. Bytes that come once more, from a server without ranges, are those of one answer
    /// where no hash tells whether they fit the others; else the hash counts for the ones that it has passed.
    fn missing(&self, range: Range<u64>) -> Option<Range<u64>> {
        if self.hashed { self.plan().missing(range) } else { (!range.is_empty()).then_some(range) }
    }

    /// Writes what has come since the last note into the journal.
    fn note(self: &Arc<Self>, note: &mut Note) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let range = note.range.clone();
        if range.is_empty() {
            return Ok(());
        }
        let sum = note.hash.finish();
        *note = Note::new(range.end);
        let noted = lock(journal).finished(range.clone(), sum);
        noted.map_err(|e| unwritten(&e))?;
        self.sync_some(range.end - range.start);
        Ok(())
    }

    /// Pushes data to the disk when enough has come, and notes that it is there.
    fn sync_some(self: &Arc<Self>, bytes: u64) {
        if !matches!(self.disk, Some((_, true))) || self.unsynced.fetch_add(bytes, Relaxed) + bytes < SYNC {
            return;
        }
        let mut syncing = lock(&self.syncing);
        if syncing.as_ref().is_some_and(|before| !before.is_finished()) {
            return;
        }
        self.unsynced.store(0, Relaxed);
        let transfer = self.clone();
        *syncing = Some(tokio::task::spawn_blocking(move || {
            if let (Some((file, _)), Some(journal)) = (&transfer.disk, &transfer.journal) {
                let up_to = lock(journal).end();
                match file.sync_data() {
                    // A note that comes too late, or finds no room, is only missing.
                    Ok(()) => drop(lock(journal).append(&Record::Synced { up_to })),
                    // The kernel tells a failed write once: the end must not miss it.
                    Err(error) => *lock(&transfer.sync_failure) = Some(error),
                }
            }
        }));
    }

    /// Fails when data could not be brought to disk on the way: the kernel would not tell it again.
    async fn synced(&self) -> Result<()> {
        let syncing = lock(&self.syncing).take();
        if let Some(syncing) = syncing {
            syncing.await.map_err(|_| Error::new(Kind::Internal, "a worker panicked"))?;
        }
        match lock(&self.sync_failure).take() {
            Some(error) => Err(unwritten(&error)),
            None => Ok(()),
        }
    }

    /// The whole file in one answer, from its first byte, however often it has to begin again.
    async fn stream(
        self: Arc<Self>,
        slot: Slot,
        mut watch: Watch,
        mut body: Option<Body>,
    ) -> Result<PartEnd> {
        let size = self.source.remote().size.unwrap_or(self.bounds.end);
        let mut slot = Some(slot);
        let mut attempts = Attempts::new(&self.engine, &self.progress.name, &self.patience);
        let mut furthest = 0;
        loop {
            let mut held = match slot.take() {
                Some(slot) => slot,
                None => attempts.slot(self.member, &mut watch).await?,
            };
            let opened = match body.take() {
                Some(body) => Ok(body),
                None => watch.guard(self.source.open(0..size)).await.map(|opened| match opened {
                    Opened::Part(body) | Opened::Whole(body) => body,
                }),
            };
            let mut at = 0;
            let tried = match opened {
                Ok(body) => {
                    self.receive_stream(body, &mut at, size, &mut held, &mut watch, &mut attempts).await
                }
                Err(error) => Err(error),
            };
            let Err(error) = tried else {
                held.finished();
                return Ok(PartEnd::Done);
            };
            if at > furthest {
                furthest = at;
                attempts.reset();
            }
            attempts.failed(&error, held, &mut watch).await?;
        }
    }

    /// As [`Self::receive`], leaving out what lies outside of the bounds.
    async fn receive_stream(
        self: &Arc<Self>,
        mut body: Body,
        at: &mut u64,
        size: u64,
        slot: &mut Slot,
        watch: &mut Watch,
        attempts: &mut Attempts<'_>,
    ) -> Result<()> {
        while *at < self.bounds.start {
            let Some(chunk) = watch.guard(body.chunk()).await? else {
                return Err(Error::new(Kind::Network, "the answer ended early").retryable(true));
            };
            let skipped = (self.bounds.start - *at).min(chunk.len() as u64);
            *at += skipped;
            let rest = chunk.slice(skipped as usize..);
            if !rest.is_empty() {
                let rest = rest.slice(..rest.len().min((self.bounds.end - *at) as usize));
                self.take(&rest, *at, &mut Note::new(*at), watch).await?;
                *at += rest.len() as u64;
            }
            self.received_stream(chunk.len() as u64, slot, watch, attempts).await?;
        }
        if self.bounds.end < size {
            let mut note = Note::new(*at);
            while *at < self.bounds.end {
                let Some(chunk) = watch.guard(body.chunk()).await? else {
                    return Err(Error::new(Kind::Network, "the answer ended early").retryable(true));
                };
                let chunk = chunk.slice(..chunk.len().min((self.bounds.end - *at) as usize));
                self.take(&chunk, *at, &mut note, watch).await?;
                *at += chunk.len() as u64;
                self.received_stream(chunk.len() as u64, slot, watch, attempts).await?;
            }
            return Ok(());
        }
        // There is nothing to compare one stream with.
        let begun = Begun { body, latency: Duration::ZERO, may_be_replaced: false };
        self.receive(begun, at, size, slot, watch, attempts).await.map(|_| ())
    }

    /// Tells of bytes of a stream, wanted or not, and waits for the rate limit.
    async fn received_stream(
        &self,
        bytes: u64,
        slot: &mut Slot,
        watch: &mut Watch,
        attempts: &mut Attempts<'_>,
    ) -> Result<()> {
        if !slot.delivers(bytes) {
            attempts.proved();
        }
        watch
            .guard(async {
                self.engine.limits.rate.pass(bytes).await;
                Ok(())
            })
            .await
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        lock(&self.patience)
    }
}

/// A journal that can't be written, mostly because the disk is full.
pub(super) fn unwritten(error: &std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Kind::DiskFull,
        _ => Kind::Io,
    };
    Error::new(kind, "can't write the journal of the download").os(error)
}

/// What has come since the last note.
struct Note {
    range: Range<u64>,
    hash: XxHash3_64,
    since: Instant,
}

impl Note {
    fn new(at: u64) -> Self {
        Self { range: at..at, hash: XxHash3_64::default(), since: Instant::now() }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what blocks on a thread that may.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_cancelled() => Err(Error::new(Kind::Closed, "the client is closed")),
        Err(_) => Err(Error::new(Kind::Internal, "a worker panicked")),
    }
}
