//! A broken network is one event: the parts that fail wait together while one of them probes.
//!
//! Parts that still receive bytes are not disturbed. The first part that fails becomes the probe: it backs off
//! and tries again; the others wait until it gets through, or until it gives up and one of them takes its place.

use tokio::sync::{Mutex, MutexGuard, watch};

/// The state of one origin's network.
#[derive(Debug)]
pub struct Outage {
    probing: Mutex<()>,
    /// Counts the recoveries, so that whoever waits sees one that came in between.
    recovered: watch::Sender<u64>,
}

/// Held by the one part that probes.
pub struct Probe<'a>(#[allow(dead_code)] MutexGuard<'a, ()>);

impl Default for Outage {
    fn default() -> Self {
        Self { probing: Mutex::new(()), recovered: watch::Sender::new(0) }
    }
}

impl Outage {
    /// Waits for a turn to probe; nothing when the network came back meanwhile.
    pub async fn probe(&self) -> Option<Probe<'_>> {
        let mut recovered = self.recovered.subscribe();
        tokio::select! {
            biased;
            // The sender lives in self; the wait can only end with a recovery.
            _ = recovered.changed() => None,
            held = self.probing.lock() => Some(Probe(held)),
        }
    }

    /// Says that an exchange brought bytes: all that wait go on.
    pub fn recovered(&self) {
        self.recovered.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn one_probes_and_all_go_on() {
        let outage = Arc::new(Outage::default());
        let probe = outage.probe().await.unwrap();
        let going = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..8)
            .map(|_| {
                let (outage, going) = (outage.clone(), going.clone());
                tokio::spawn(async move {
                    let turn = outage.probe().await;
                    going.fetch_add(1, Ordering::SeqCst);
                    turn.is_none()
                })
            })
            .collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(going.load(Ordering::SeqCst), 0, "nobody tries while one probes");
        outage.recovered();
        for waiter in waiters {
            assert!(waiter.await.unwrap(), "goes on without probing itself");
        }
        drop(probe);
    }
}
