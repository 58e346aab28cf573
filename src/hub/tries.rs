//! The tries of one call: whether it is made again, and when.

use std::time::Instant;

use super::Hub;
use crate::error::Error;
use crate::log::Level;
use crate::net::retry::{Backoff, Patience};

/// How often in a row a failed call is made again.
const MOST: u32 = 5;

/// The tries of one call.
pub struct Tries<'a> {
    hub: &'a Hub,
    backoff: Backoff,
    patience: Patience,
    /// Whether a network that is down costs time only, and no tries.
    patient: bool,
}

impl<'a> Tries<'a> {
    /// None yet; `patience` is how long the call may fail.
    pub(super) fn new(hub: &'a Hub, patience: Patience, patient: bool) -> Self {
        Self { hub, backoff: Backoff::default(), patience, patient }
    }

    /// The call got further than before: the time begins anew.
    pub fn progress(&mut self) {
        self.patience.progress(Instant::now());
    }

    /// Waits until the call may be made again; false at once where that would not help, or is over.
    pub async fn again(&mut self, error: &Error) -> bool {
        let wait = self.backoff.next(fastrand::f64());
        let spent = self.backoff.failures() > MOST && !(self.patient && error.is_of_the_network());
        if !error.is_retryable() || spent || !self.patience.allows(Instant::now(), wait) {
            return false;
        }
        let text = || format!("{error}; trying again in {} ms", wait.as_millis());
        self.hub.net().log().tell(Level::Warn, "hub", text);
        tokio::time::sleep(wait).await;
        true
    }
}
