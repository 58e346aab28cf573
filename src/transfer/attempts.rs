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
    refused: Refused,
    /// How long a server may refuse one part while the others get no further, beside the number of times.
    grace: Duration,
    probe: Option<Probe<'a>>,
    /// Whether it tries, and does not wait for its turn.
    trying: bool,
}

/// Failures of the server in a row, while the whole transfer got no further.
#[derive(Debug, Default)]
struct Refused {
    in_a_row: u32,
    /// The transfer's steps at the last one.
    steps: u64,
    /// When the first one came.
    since: Option<Instant>,
}

impl<'a> Attempts<'a> {
    /// None yet, and a connection at hand; `patience` is the whole transfer's.
    pub fn new(engine: &'a Engine, name: &'a str, patience: &'a Mutex<Patience>) -> Self {
        let mut new = Self {
            engine,
            name,
            patience,
            backoff: Backoff::default(),
            refused: Refused::default(),
            grace: Duration::ZERO,
            probe: None,
            trying: false,
        };
        new.tries();
        new
    }

    /// The same where the transfer gets further by whole parts alone, which take their time.
    #[must_use]
    pub fn by_parts(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
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
        if network || matches!(error.http_status(), 429 | 503) {
            // A server that has too many says so in one of these ways.
            slot.failed();
        }
        drop(slot);
        let useless = matches!(error.kind(), Kind::Protocol | Kind::ContentChanged);
        let now = Instant::now();
        self.refused.note(network, self.patience().steps(), now);
        let spent =
            (useless && self.backoff.failures() + 1 >= USELESS) || self.refused.is_final(self.grace, now);
        if !error.is_retryable() || spent {
            return Err(error.clone());
        }
        let wait = self.backoff.next(fastrand::f64());
        self.engine.log.tell(Level::Warn, "transfer", || {
            format!("{}: {error}; trying again in {} ms", self.name, wait.as_millis())
        });
        self.patience().excuse(now, error.was_held_back());
        if !self.patience().allows(now, wait) {
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

impl Refused {
    /// Notes a failure, of the network or else of the server.
    fn note(&mut self, network: bool, steps: u64, now: Instant) {
        if steps != self.steps {
            *self = Self { in_a_row: 0, steps, since: None };
        }
        if !network {
            self.in_a_row += 1;
            self.since.get_or_insert(now);
        }
    }

    fn is_final(&self, grace: Duration, now: Instant) -> bool {
        let long = self.since.is_some_and(|since| now.saturating_duration_since(since) >= grace);
        self.in_a_row >= SERVER_FAILURES && long
    }
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        self.waits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that lets in four connections and refuses the others fails none of them while the four get on.
    #[test]
    fn a_server_is_given_up_when_nothing_gets_on() {
        let (mut refused, now) = (Refused::default(), Instant::now());
        for step in 0..100 {
            refused.note(false, step, now);
            assert!(refused.in_a_row == 1 && !refused.is_final(Duration::ZERO, now));
        }
        for _ in 2..SERVER_FAILURES {
            refused.note(false, 99, now);
            refused.note(true, 99, now);
            assert!(!refused.is_final(Duration::ZERO, now));
        }
        refused.note(false, 99, now);
        assert!(refused.is_final(Duration::ZERO, now));
        // Parts that take a minute each have not failed because one is refused for some seconds.
        let grace = Duration::from_mins(2);
        assert!(!refused.is_final(grace, now + grace / 2));
        assert!(refused.is_final(grace, now + grace));
    }
}
