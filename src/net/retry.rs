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

/// How long to go on without progress. Time while bytes arrive costs nothing.
#[derive(Debug, Clone)]
pub struct Patience {
    limit: Duration,
    since: Instant,
}

impl Patience {
    /// Starts now.
    pub fn new(limit: Duration, now: Instant) -> Self {
        Self { limit, since: now }
    }

    /// Progress was made.
    pub fn progress(&mut self, now: Instant) {
        self.since = now;
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
}
