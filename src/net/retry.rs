//! When to try again (pure: time and chance are passed in).

use std::time::{Duration, Instant};

/// First wait of the series.
const BASE: Duration = Duration::from_millis(200);
/// Longest wait of the series.
const CAP: Duration = Duration::from_secs(20);

/// Exponential backoff with full jitter: each wait lies between nothing and a ceiling that doubles up to a cap.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The ceiling of the next wait: 200 ms, 400 ms, ... 20 s.
    pub fn ceiling(&self) -> Duration {
        BASE.saturating_mul(1u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(CAP)
    }

    /// The next wait; `chance` is uniform in 0..1.
    pub fn next(&mut self, chance: f64) -> Duration {
        let wait = self.ceiling().mul_f64(chance.clamp(0.0, 1.0));
        self.failures = (self.failures + 1).min(31);
        wait
    }

    /// Progress was made: the series starts again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How often in a row it failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// How long to go on without progress. Time while bytes arrive costs nothing; nor does time in which no part has a
/// connection, because others of the client have them all and get on.
#[derive(Debug, Clone)]
pub struct Patience {
    limit: Duration,
    since: Instant,
    /// How often progress was made.
    steps: u64,
    /// Parts that try.
    trying: usize,
    /// Since when none does, and what the client's others had brought until then.
    waiting: Option<(Instant, u64)>,
}

impl Patience {
    /// Starts now, with no part yet.
    pub fn new(limit: Duration, now: Instant) -> Self {
        Self { limit, since: now, steps: 0, trying: 0, waiting: None }
    }

    /// The same, of a transfer whose first part waits for its turn; `passed` is what all transfers have brought so far.
    pub fn waiting(limit: Duration, now: Instant, passed: u64) -> Self {
        Self { waiting: Some((now, passed)), ..Self::new(limit, now) }
    }

    /// Progress was made.
    pub fn progress(&mut self, now: Instant) {
        self.since = now;
        self.steps += 1;
    }

    /// So much of the time until now was not its own: the server had asked for it.
    pub fn excuse(&mut self, now: Instant, time: Duration) {
        self.since = (self.since + time).min(now);
    }

    /// Bytes move, which proves no progress yet: only its time begins anew.
    pub fn moves(&mut self, now: Instant) {
        self.since = now;
    }

    /// How often progress was made so far: another number than before says that there was some.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A part has its turn; `passed` is what all transfers have brought so far, in bytes.
    pub fn tries(&mut self, now: Instant, passed: u64) {
        self.trying += 1;
        if let Some((from, before)) = self.waiting.take()
            && passed > before
        {
            self.since = (self.since + now.saturating_duration_since(from)).min(now);
        }
    }

    /// A part waits for its turn, or has ended.
    pub fn waits(&mut self, now: Instant, passed: u64) {
        self.trying = self.trying.saturating_sub(1);
        if self.trying == 0 {
            self.waiting = Some((now, passed));
        }
    }

    /// Whether waiting `wait` more is still within the limit.
    pub fn allows(&self, now: Instant, wait: Duration) -> bool {
        now.saturating_duration_since(self.since) + wait <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_doubles_to_its_cap() {
        let mut backoff = Backoff::default();
        let series: Vec<u64> = (0..10)
            .map(|_| {
                let ceiling = backoff.ceiling();
                assert_eq!(backoff.next(1.0), ceiling);
                ceiling.as_millis() as u64
            })
            .collect();
        assert_eq!(series, [200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000, 20_000]);
        for _ in 0..100 {
            assert!(backoff.next(1.0) <= CAP, "never over the cap");
        }
        backoff.reset();
        assert_eq!(backoff.next(0.5), BASE / 2, "full jitter scales the whole wait");
        assert_eq!(backoff.next(0.0), Duration::ZERO);
    }

    #[test]
    fn patience_counts_only_time_without_progress() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut patience = Patience::new(10 * second, start);
        assert!(patience.allows(start + 9 * second, second));
        assert!(!patience.allows(start + 10 * second, second));
        patience.progress(start + 10 * second);
        assert!(patience.allows(start + 19 * second, second));
    }

    #[test]
    fn waiting_for_others_that_get_on_costs_no_patience() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::waiting(Duration::from_secs(10), start, 0);
        patience.tries(at(100), 5);
        assert!(patience.allows(at(109), Duration::from_secs(1)), "the others brought bytes");
        assert!(!patience.allows(at(110), Duration::from_secs(1)), "its own tries count");
        // One waits while the other tries: that is the transfer's own time.
        patience.tries(at(101), 5);
        patience.waits(at(102), 5);
        patience.tries(at(105), 9);
        assert!(!patience.allows(at(110), Duration::from_secs(1)));
        // Nobody gets on: the network is down, and waiting counts.
        let mut patience = Patience::new(Duration::from_secs(10), start);
        patience.waits(start, 7);
        patience.tries(at(9), 7);
        assert!(!patience.allows(at(9), Duration::from_secs(2)));
    }
}
