//! The tries of one call: whether it is made again, and when.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::log::Level;
use crate::net::Net;
use crate::net::retry::{Backoff, Patience};

/// How often in a row a failed call is made again; and how often one is that the server puts off.
const MOST: u32 = 5;

/// The tries of one call.
pub struct Tries<'a> {
    net: &'a Net,
    backoff: Backoff,
    limit: Duration,
    /// Runs from the first failure since the call got further, or since the server last put it off: time that the server
    /// asks for is not time without success.
    patience: Option<Patience>,
    put_off: u32,
    /// Whether failures cost time only, and no tries.
    patient: bool,
}

impl<'a> Tries<'a> {
    /// None yet; `limit` is how long the call may fail.
    pub(super) fn new(net: &'a Net, limit: Duration, patient: bool) -> Self {
        Self { net, backoff: Backoff::default(), limit, patience: None, put_off: 0, patient }
    }

    /// The call got further than before: the time begins anew.
    pub fn progress(&mut self) {
        self.patience = None;
        self.put_off = 0;
    }

    /// Waits until the call may be made again; false at once where that would not help, or is over.
    pub async fn again(&mut self, error: &Error) -> bool {
        let wait = self.backoff.next(fastrand::f64());
        if !error.is_retryable() || !self.may_go_on(error, wait, Instant::now()) {
            return false;
        }
        let text = || format!("{error}; trying again in {} ms", wait.as_millis());
        self.net.log().tell(Level::Warn, "hub", text);
        tokio::time::sleep(wait).await;
        true
    }

    fn may_go_on(&mut self, error: &Error, wait: Duration, now: Instant) -> bool {
        if error.is_put_off() {
            // The gate holds the next try until the server takes it.
            self.patience = None;
            self.put_off += 1;
            return self.put_off <= MOST;
        }
        let spent = self.backoff.failures() > MOST && !self.patient;
        let patience = self.patience.get_or_insert_with(|| Patience::new(self.limit, now));
        patience.excuse(now, error.was_held_back());
        !spent && patience.allows(now, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::options::Options;

    #[test]
    fn time_that_the_server_asks_for_costs_nothing() {
        let net = Net::new(&Options::new()).unwrap();
        let (second, start) = (Duration::from_secs(1), Instant::now());
        let mut tries = Tries::new(&net, 10 * second, true);
        let (put_off, broken) = (
            Error::new(Kind::RateLimited, "later").http(429, None).unprocessed(true),
            Error::new(Kind::Network, "broken").retryable(true),
        );
        assert!(tries.may_go_on(&put_off, second, start));
        assert!(tries.may_go_on(&broken, second, start + 600 * second), "the first failure after the wait");
        assert!(!tries.may_go_on(&broken, second, start + 610 * second));
        let held = broken.clone().held_back(300 * second);
        assert!(
            tries.may_go_on(&held, second, start + 905 * second),
            "somebody else's answer closed the gate"
        );
        assert!(!tries.may_go_on(&broken, second, start + 920 * second));
        tries.progress();
        assert!(tries.may_go_on(&broken, second, start + 610 * second));
        // But not for ever.
        let ends = (0..20).position(|_| !tries.may_go_on(&put_off, second, start));
        assert_eq!(ends, Some(MOST as usize));
    }
}
