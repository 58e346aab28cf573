//! A file on its way out, in parts side by side.
//!
//! [`parts`] sends a file in parts of one size (one part, where a store takes it whole), each with its own retries, and
//! tells of each part that the store has taken, so that an upload that was killed goes on with the missing ones. An
//! address that is refused is asked for again through [`Addresses`]. A part on a connection that is much slower than the
//! others is sent again over another one. A cancel or a pause loses the parts in flight.

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::attempts::Attempts;
use super::download::Engine;
use super::meters::{LOOK, Meter, Meters, REPLACEMENTS};
use super::reader::{BLOCK, Reader, Stretch, Sums};
use super::slots::{Member, Slot};
use crate::cancel::{Watch, Wish};
use crate::error::{Error, Kind, Result};
use crate::event::FileProgress;
use crate::log::Level;
use crate::net::retry::Patience;
use crate::net::{Answer, Call, Payload, Timeouts, Url, classify, redirect};

/// An error's body is read up to here, for the server's own words.
const ERROR_BODY: usize = 64 << 10;
/// How often in a row new addresses may be refused before the refusal is believed.
const REFUSALS: u32 = 3;

/// What to send, and how.
#[derive(Clone)]
pub struct Outgoing {
    /// The bytes.
    pub reader: Arc<dyn Reader>,
    /// What they have to be.
    pub sums: Arc<Sums>,
    /// Where to tell how it goes.
    pub progress: Arc<FileProgress>,
    /// The bounds on waiting.
    pub timeouts: Timeouts,
    /// How long to go on without progress.
    pub patience: Duration,
}

/// The address of one body, with the headers that belong to it.
#[derive(Debug, Clone)]
pub struct Address {
    /// Where to.
    pub url: Url,
    /// As the server named them.
    pub headers: HeaderMap,
}

/// The addresses of an upload.
#[derive(Debug, Clone)]
pub struct Targets {
    /// One for each part, in order; or one for the whole.
    pub parts: Vec<Address>,
    /// Bytes of each part but the last.
    pub part_size: u64,
}

/// Asks for new addresses.
pub type Renewing<'a> = Pin<Box<dyn Future<Output = Result<Targets>> + Send + 'a>>;

/// Who gives addresses, and keeps what was sent.
pub trait Addresses: Send + Sync {
    /// New addresses of the same upload, in place of some that were refused with `why`. An error ends the upload.
    fn renew(&self, why: Error) -> Renewing<'_>;
    /// The store has taken a part (counted from 0) and named it so.
    fn taken(&self, part: usize, headers: &HeaderMap) -> Result<()>;
}

/// The addresses that hold now, and how often they were renewed.
struct Current {
    targets: Targets,
    renewals: u64,
    refusals: u32,
}

struct Upload {
    engine: Engine,
    member: Member,
    out: Outgoing,
    addresses: Arc<dyn Addresses>,
    current: tokio::sync::Mutex<Current>,
    patience: Mutex<Patience>,
    meters: Meters,
}

/// What one exchange came to.
enum Tried {
    Taken(Box<HeaderMap>),
    /// The address is not good any more.
    Refused(Error),
}

/// Sends all parts that are not in `have`, side by side, as many as the client's budget grants. Returns when the store
/// has taken each.
pub async fn parts(
    engine: &Engine,
    out: Outgoing,
    targets: Targets,
    have: &[bool],
    addresses: Arc<dyn Addresses>,
    mut watch: Watch,
) -> Result<()> {
    let count = targets.parts.len();
    let mut missing: BTreeSet<usize> =
        (0..count).filter(|part| !have.get(*part).copied().unwrap_or(false)).collect();
    let passed = engine.limits.rate.passed();
    let patience = Mutex::new(Patience::waiting(out.patience, Instant::now(), passed));
    let current = tokio::sync::Mutex::new(Current { targets, renewals: 0, refusals: 0 });
    let member = engine.limits.slots.member(u64::MAX);
    let meters = Meters::new(BLOCK);
    let upload =
        Arc::new(Upload { engine: engine.clone(), member, out, addresses, current, patience, meters });
    let mut running: JoinSet<(usize, Result<()>)> = JoinSet::new();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if running.is_empty() && missing.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = watch.stopped() => {
                // Each sees it as well; what it had not finished is sent again.
                while let Some(ended) = running.join_next().await {
                    if let Ok((part, Err(_))) = ended {
                        missing.insert(part);
                    }
                }
                watch.go_on().await?;
                upload.patience().progress(Instant::now());
            }
            Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                Ok((_, Ok(()))) => {}
                Ok((part, Err(error))) if watch.wish() != Wish::Run || error.kind() == Kind::Cancelled => {
                    missing.insert(part);
                }
                Ok((_, Err(error))) => return Err(error),
                Err(join) => return Err(Error::new(Kind::Internal, "a part failed").cause(&join)),
            },
            slot = engine.limits.slots.acquire_one_of(upload.member, missing.len()), if !missing.is_empty() => {
                if let Some(part) = missing.pop_first() {
                    let (upload, watch) = (upload.clone(), watch.clone());
                    running.spawn(async move { (part, upload.part(part, slot, watch).await) });
                }
            }
            _ = look.tick(), if !running.is_empty() && !engine.limits.rate.is_capped() => {
                upload.meters.look(Instant::now(), missing.is_empty());
            }
        }
    }
}

/// What a server may see, another one may not: of the headers, what describes the content goes along. An S3 store that
/// names another region's address wants its own as well.
fn harmless(headers: &HeaderMap) -> HeaderMap {
    let may_go = |name: &str| {
        name.starts_with("content-") || (name.starts_with("x-amz-") && name != "x-amz-security-token")
    };
    let pairs = headers.iter().filter(|(name, _)| may_go(name.as_str()));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Upload {
    /// Sends one part, however often its connection breaks.
    async fn part(self: &Arc<Self>, part: usize, slot: Slot, mut watch: Watch) -> Result<()> {
        let mut attempts =
            Attempts::new(&self.engine, &self.out.progress.name, &self.patience).by_parts(self.out.patience);
        let mut slot = Some(slot);
        let furthest = Arc::<AtomicU64>::default();
        let (mut replaced, mut refused) = (0, 0);
        loop {
            let mut held = match slot.take() {
                Some(slot) => slot,
                None => attempts.slot(self.member, &mut watch).await?,
            };
            let (address, range, renewals) = {
                let current = self.current.lock().await;
                let address = current.targets.parts.get(part).cloned();
                let address = address.ok_or_else(|| Error::new(Kind::Protocol, "an address is missing"))?;
                (address, self.range(part, current.targets.part_size), current.renewals)
            };
            held.sends();
            let length = range.end - range.start;
            let metered = self.meters.start(length, true, replaced < REPLACEMENTS);
            let tried = {
                let (mut stop, out) = (watch.clone(), Arc::<Notify>::default());
                let mut send = pin!(self.send(&address, range, &furthest, &metered.meter, &out));
                loop {
                    tokio::select! {
                        biased;
                        () = stop.stopped() => break Err(Error::cancelled()),
                        tried = &mut send => break tried,
                        () = out.notified() => held.rests(),
                    }
                }
            };
            let error = match tried {
                Ok(Tried::Taken(headers)) => {
                    attempts.proved();
                    held.finished();
                    self.patience().progress(Instant::now());
                    self.current.lock().await.refusals = 0;
                    self.addresses.taken(part, &headers)?;
                    self.out.progress.add_done(length);
                    return Ok(());
                }
                Ok(Tried::Refused(error)) => {
                    drop(held);
                    // The others' addresses may be good all the while.
                    refused += 1;
                    if refused > REFUSALS {
                        return Err(error);
                    }
                    watch.guard(self.renew(renewals, error)).await?;
                    continue;
                }
                Err(error) => error,
            };
            if metered.meter.is_replaced() && watch.wish() == Wish::Run {
                // Nothing is wrong with the network: no need to wait.
                replaced += 1;
                let name = &self.out.progress.name;
                self.engine
                    .log
                    .tell(Level::Warn, "transfer", || format!("{name}: {error}; sending it again"));
                continue;
            }
            attempts.failed(&error, held, &mut watch).await?;
        }
    }

    /// Asks for new addresses, unless another part has done so meanwhile.
    async fn renew(&self, renewals: u64, why: Error) -> Result<()> {
        let mut current = self.current.lock().await;
        if current.renewals != renewals {
            return Ok(());
        }
        current.refusals += 1;
        if current.refusals > REFUSALS {
            return Err(why);
        }
        let (size, count) = (current.targets.part_size, current.targets.parts.len());
        let fresh = self.addresses.renew(why).await?;
        if fresh.part_size != size || fresh.parts.len() != count {
            return Err(Error::new(Kind::Protocol, "the server changed the size of the parts on the way"));
        }
        current.targets = fresh;
        current.renewals += 1;
        Ok(())
    }

    fn range(&self, part: usize, part_size: u64) -> Range<u64> {
        let size = self.out.reader.size();
        let start = (part as u64).saturating_mul(part_size).min(size);
        start..start.saturating_add(part_size).min(size)
    }

    /// One exchange; tells when all bytes are out. What gets further than any before it is progress: a slow line costs no
    /// patience, and a part that always breaks at the same place does.
    async fn send(
        self: &Arc<Self>,
        address: &Address,
        range: Range<u64>,
        furthest: &Arc<AtomicU64>,
        meter: &Arc<Meter>,
        all_out: &Arc<Notify>,
    ) -> Result<Tried> {
        let (upload, furthest, all_out) = (self.clone(), furthest.clone(), all_out.clone());
        let length = range.end - range.start;
        let moved = move |out| {
            if furthest.fetch_max(out, Relaxed) < out {
                upload.patience().moves(Instant::now());
            }
            if out == length {
                all_out.notify_one();
            }
        };
        let stretch = Stretch {
            reader: self.out.reader.clone(),
            range,
            sums: self.out.sums.clone(),
            rate: self.engine.limits.rate.clone(),
            progress: self.out.progress.clone(),
            moved: Arc::new(moved),
            meter: meter.clone(),
        };
        let mut call = Call {
            method: Method::PUT,
            url: address.url.clone(),
            headers: address.headers.clone(),
            body: Payload::Stream(Arc::new(stretch)),
            timeouts: self.out.timeouts,
        };
        for _ in 0..=redirect::MOST {
            let mut answer = self.engine.net.send(&call).await?;
            match answer.status {
                200..=299 => {
                    let headers = std::mem::take(&mut answer.headers);
                    answer.body.drain().await;
                    return Ok(Tried::Taken(Box::new(headers)));
                }
                307 | 308 => {
                    let next = location(&answer, &call.url)?;
                    if next.origin() != call.url.origin() {
                        call.headers = harmless(&call.headers);
                    }
                    call.url = next;
                }
                _ => return self.refused(answer, &call.url).await,
            }
        }
        Err(Error::new(Kind::Protocol, "too many redirects").url(address.url.as_str()))
    }

    async fn refused(&self, mut answer: Answer, url: &Url) -> Result<Tried> {
        let body = answer.body.read(ERROR_BODY).await.unwrap_or_default();
        let error = classify::status_error(answer.status, &answer.headers, &body, url.as_str(), false);
        match answer.status {
            401 | 403 | 404 | 410 => Ok(Tried::Refused(error)),
            // How an S3 store says that an address has expired, and that bytes came too slowly.
            400 if says(&body, "ExpiredToken") => Ok(Tried::Refused(error)),
            400 if says(&body, "RequestTimeout") => Err(error.retryable(true)),
            _ => Err(error),
        }
    }

    fn patience(&self) -> std::sync::MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn says(body: &[u8], code: &str) -> bool {
    String::from_utf8_lossy(body).contains(&format!("<Code>{code}</Code>"))
}

fn location(answer: &Answer, url: &Url) -> Result<Url> {
    let location = answer
        .header("location")
        .ok_or_else(|| Error::new(Kind::Protocol, "a redirect without a Location").url(url.as_str()))?;
    url.join(location).map_err(|error| error.with_kind(Kind::Protocol))
}
