//! Bytes per second that all transfers of a client share.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Bytes that may pass at once under a cap, in seconds of the rate.
const BURST: f64 = 0.1;

/// The cap on bytes per second, and what has passed.
#[derive(Debug)]
pub struct Rate {
    /// Bytes per second; 0 is no cap.
    most: AtomicU64,
    changed: Notify,
    next_free: Mutex<Option<Instant>>,
    passed: AtomicU64,
}

impl Rate {
    /// With this cap in bytes per second; 0 is none.
    pub fn new(most: u64) -> Self {
        Self { most: most.into(), changed: Notify::new(), next_free: Mutex::default(), passed: 0.into() }
    }

    /// Changes the cap while running; 0 is none.
    pub fn set(&self, most: u64) {
        self.most.store(most, Relaxed);
        *self.next_free.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_waiters();
    }

    /// Whether there is a cap.
    pub fn is_capped(&self) -> bool {
        self.most.load(Relaxed) != 0
    }

    /// Bytes that have passed so far.
    pub fn passed(&self) -> u64 {
        self.passed.load(Relaxed)
    }

    /// Waits until the cap lets these bytes pass.
    pub async fn pass(&self, bytes: u64) {
        self.passed.fetch_add(bytes, Relaxed);
        let changed = self.changed.notified();
        let most = self.most.load(Relaxed);
        if most == 0 {
            return;
        }
        let wait = {
            let mut next = self.next_free.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let from = next.map_or(now, |at| at.max(now));
            let free = from + Duration::from_secs_f64(bytes as f64 / most as f64);
            *next = Some(free);
            free.saturating_duration_since(now + Duration::from_secs_f64(BURST))
        };
        if !wait.is_zero() {
            // Under a new cap, the wait that the old one asked for is void.
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_rate_holds_and_can_change() {
        let rate = Rate::new(10_000_000);
        let start = Instant::now();
        rate.pass(2_000_000).await;
        assert!(start.elapsed() >= Duration::from_millis(99), "0.2 s worth of bytes, less the burst");
        rate.set(1 << 50);
        tokio::time::timeout(Duration::from_secs(5), rate.pass(1 << 40))
            .await
            .expect("the new rate holds at once");
    }
}
