//! The proof of a transfer: its hash follows the bytes while they are hot, and what is wrong is found again.
//!
//! The [`Follower`] hashes the contiguous prefix behind the parts and notes its state, so that a resume does not begin
//! anew. After a wrong hash the checksums of the noted ranges tell which of them are bad.

use std::hash::Hasher as _;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::watch;
use twox_hash::XxHash3_64;

use super::download::{Transfer, blocking, lock, unwritten};
use super::journal::Record;
use super::sink::Sink;
use crate::cancel::Watch;
use crate::digest::{Expected, Hasher};
use crate::error::{Error, Kind, Result};

/// The hash takes reads of this size: they stay in a core's cache, and glibc raises no threshold when they are freed.
const HASH_READ: usize = 64 << 10;
/// The follower waits for at least this much, or the end.
const HASH_BATCH: u64 = 1 << 20;
/// So many bytes of a file are hashed before another one, whose bytes are getting cold, has its turn.
const HASH_TURN: u64 = 32 << 20;
/// The hash's state is noted after this many bytes.
const MIDSTATE: u64 = 64 << 20;

/// The follower's task; dropping it ends the task at its next batch.
pub(super) struct Follower(tokio::task::JoinHandle<Result<String>>);

impl Follower {
    /// Starts behind the parts, from `midstate` on where there is one.
    pub(super) fn start(
        transfer: Arc<Transfer>,
        expected: Expected,
        midstate: Option<(u64, Hasher)>,
    ) -> Self {
        Self(tokio::spawn(transfer.follow(expected, midstate)))
    }

    /// The hash of all, 64 or 40 hex digits.
    pub(super) async fn hash(&mut self) -> Result<String> {
        (&mut self.0).await.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the hashing task failed")))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Transfer {
    /// Hashes the contiguous prefix behind the parts.
    async fn follow(self: Arc<Self>, expected: Expected, midstate: Option<(u64, Hasher)>) -> Result<String> {
        let total = self.bounds.end - self.bounds.start;
        let mut edge = self.edge.subscribe();
        let (mut at, mut hasher) = midstate.unwrap_or_else(|| (0, expected.hasher(total)));
        while at < total {
            let enough = (at + HASH_BATCH).min(total) + self.bounds.start;
            // The sender lives in self.
            let _ = edge.wait_for(|edge| *edge >= enough).await;
            let transfer = self.clone();
            let latest = edge.clone();
            let core = transfer.engine.limits.core().await;
            (at, hasher) = blocking(move || {
                let so_far = transfer.hash_up_to(&latest, at, hasher);
                drop(core);
                so_far
            })
            .await?;
        }
        Ok(hasher.finish())
    }

    /// Hashes until it has caught up with the edge, or it is another file's turn.
    fn hash_up_to(
        &self,
        edge: &watch::Receiver<u64>,
        mut at: u64,
        mut hasher: Hasher,
    ) -> Result<(u64, Hasher)> {
        let mut buffer = vec![0; HASH_READ];
        let turn = at + HASH_TURN;
        loop {
            let target = (*edge.borrow() - self.bounds.start).min(turn);
            if at >= target {
                return Ok((at, hasher));
            }
            let length = HASH_READ.min((target - at) as usize);
            self.sink.read_at(&mut buffer[..length], at)?;
            hasher.update(&buffer[..length]);
            let noted = at / MIDSTATE;
            at += length as u64;
            self.progress.set_hashed(at);
            if at / MIDSTATE > noted
                && let (Some(journal), Some(state)) = (&self.journal, hasher.save())
            {
                // The hash goes on without its note; a resume hashes a little more then.
                let _ = lock(journal).append(&Record::Midstate { at, state });
            }
        }
    }

    /// The hash of a small file, or of a sink that took it on the way.
    pub(super) fn hash_at_once(&self, expected: &Expected) -> Result<String> {
        if self.sink.takes_hash() {
            return Ok(self.sink.hash().unwrap_or_default());
        }
        let total = self.bounds.end - self.bounds.start;
        let mut hasher = expected.hasher(total);
        each_block(&*self.sink, 0..total, |bytes| hasher.update(bytes))?;
        self.progress.set_hashed(total);
        Ok(hasher.finish())
    }

    /// After a wrong hash: finds the ranges that are not what was received, or gives up on all of them.
    pub(super) fn discard_bad(&self, wish: &Watch) -> Result<()> {
        let mut bad = Vec::new();
        if let Some(journal) = &self.journal {
            // Not under the lock: a cancel waits for it.
            let ranges = lock(journal).ranges();
            for (range, sum) in ranges {
                wish.check()?;
                if checksum(&*self.sink, range.start - self.bounds.start..range.end - self.bounds.start)?
                    != sum
                {
                    bad.push(range);
                }
            }
        }
        if bad.is_empty() {
            bad.push(self.bounds.clone());
        }
        let mut plan = self.plan();
        for range in bad {
            plan.lost(range.clone());
            if let Some(journal) = &self.journal {
                let lost = lock(journal).lost(range);
                lost.map_err(|e| unwritten(&e))?;
            }
        }
        self.edge.send_replace(plan.edge());
        Ok(())
    }
}

/// The XXH3 of bytes in a sink.
pub fn checksum(sink: &dyn Sink, range: Range<u64>) -> Result<u64> {
    let mut hash = XxHash3_64::default();
    each_block(sink, range, |bytes| hash.write(bytes))?;
    Ok(hash.finish())
}

fn each_block(sink: &dyn Sink, range: Range<u64>, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut buffer = vec![0; HASH_READ.min((range.end - range.start) as usize)];
    let mut at = range.start;
    while at < range.end {
        let length = HASH_READ.min((range.end - at) as usize);
        sink.read_at(&mut buffer[..length], at)?;
        take(&buffer[..length]);
        at += length as u64;
    }
    Ok(())
}
