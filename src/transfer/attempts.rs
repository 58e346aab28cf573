//! The attempts of one part: what a failure means, how long to wait, when to give up.
//!
//! A broken network is one event for all parts; a server that fails, or answers nonsense, is given up after a number of
//! answers in a row; everything ends when the whole transfer has made no progress for too long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::download::Engine;
use super::slots::{Member, Slot};
use crate::cancel::{Watch, Wish};
use crate::error::{Error, Kind, Result};
use crate::log::Level;
use crate::net::outage::Probe;
use crate::net::retry::{Backoff, Patience};

/// How often in a row a part may get answers that can't be used.
const USELESS: u32 = 4;
/// How often in a row a server may fail without any progress.
const SERVER_FAILURES: u32 = 8;
/// How long a part that failed leaves trying to the one that probes.
const TRUST: Duration = Duration::from_secs(2);

/// The attempts of one part of a transfer.
pub struct Attempts<'a> {
    engine: &'a Engine,
    name: &'a str,
    patience: &'a Mutex<Patience>,
    backoff: Backoff,
    probe: Option<Probe<'a>>,
    /// Whether it tries, and does not wait for its turn.
    trying: bool,
}

impl<'a> Attempts<'a> {
    /// None yet, and a connection at hand; `patience` is the whole transfer's.
    pub fn new(engine: &'a Engine, name: &'a str, patience: &'a Mutex<Patience>) -> Self {
        let mut new =
            Self { engine, name, patience, backoff: Backoff::default(), probe: None, trying: false };
        new.tries();
        new
    }

    /// Waits for a connection's turn, which costs no patience while the client's others get on.
    pub async fn slot(&mut self, member: Member, watch: &mut Watch) -> Result<Slot> {
        self.waits();
        let slot = watch.guard(async { Ok(self.engine.limits.slots.acquire(member).await) }).await?;
        self.tries();
        Ok(slot)
    }

    fn tries(&mut self) {
        self.trying = true;
        self.patience().tries(Instant::now(), self.engine.limits.rate.passed());
    }

    fn waits(&mut self) {
        if std::mem::take(&mut self.trying) {
            self.patience().waits(Instant::now(), self.engine.limits.rate.passed());
        }
    }

    fn patience(&self) -> MutexGuard<'a, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part got further: the series starts again.
    pub fn reset(&mut self) {
        self.backoff.reset();
    }

    /// The first bytes of an exchange prove the network; a probe's turn ends after that is told.
    pub fn proved(&mut self) {
        self.engine.outage.recovered();
        self.probe = None;
    }

    /// Decides what a failure means: waits and returns, or says that it is final.
    pub async fn failed(&mut self, error: &Error, slot: Slot, watch: &mut Watch) -> Result<()> {
        if watch.wish() != Wish::Run {
            return Err(Error::cancelled());
        }
        let network = error.is_of_the_network();
        if network {
            slot.failed();
        }
        drop(slot);
        let useless = matches!(error.kind(), Kind::Protocol | Kind::ContentChanged);
        let spent = (useless && self.backoff.failures() + 1 >= USELESS)
            || (!network && self.backoff.failures() + 1 >= SERVER_FAILURES);
        if !error.is_retryable() || spent {
            return Err(error.clone());
        }
        let wait = self.backoff.next(fastrand::f64());
        self.engine.log.tell(Level::Warn, "transfer", || {
            format!("{}: {error}; trying again in {} ms", self.name, wait.as_millis())
        });
        if !self.patience().allows(Instant::now(), wait) {
            return Err(error.clone().context("gave up after no progress for too long"));
        }
        if network && self.probe.is_none() {
            // Whoever probes may have a trouble of its own, which says nothing of this part's.
            let turn = async { Ok(tokio::time::timeout(TRUST, self.engine.outage.probe()).await) };
            self.probe = watch.guard(turn).await?.ok().flatten();
            if self.probe.is_none() && self.backoff.failures() == 1 {
                return Ok(()); // The network is back.
            }
        }
        watch.sleep(wait).await
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        self.waits();
    }
}
