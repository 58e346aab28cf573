//! Jobs that follow one another: each waits for all that were started before it with the same number.
//!
//! A job that ends, well or not, lets the next one go on; so does one that is cancelled while it waits, once those
//! before it have ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::error::Result;

/// The sequences of one client.
#[derive(Default)]
pub(super) struct Sequences(Mutex<HashMap<u64, Vec<watch::Receiver<()>>>>);

/// A place in a sequence.
pub(super) struct Turn {
    before: Vec<watch::Receiver<()>>,
    own: Option<watch::Sender<()>>,
}

/// Held while the job runs: dropping it lets the next one go on.
pub(super) struct Held(#[allow(dead_code)] Option<watch::Sender<()>>);

impl Sequences {
    /// The next place in the sequence of this number; 0 is none.
    pub(super) fn turn(&self, number: u64) -> Turn {
        if number == 0 {
            return Turn { before: Vec::new(), own: None };
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |jobs: &mut Vec<watch::Receiver<()>>| jobs.retain(|job| job.has_changed().is_ok());
        all.retain(|other, jobs| {
            open(jobs);
            !jobs.is_empty() || *other == number
        });
        let jobs = all.entry(number).or_default();
        let (sender, receiver) = watch::channel(());
        let turn = Turn { before: jobs.clone(), own: Some(sender) };
        jobs.push(receiver);
        turn
    }
}

impl Turn {
    /// Waits until all before have ended.
    pub(super) async fn come(mut self) -> Result<Held> {
        for job in &mut self.before {
            // An error says that the job has let go of its place.
            while job.changed().await.is_ok() {}
        }
        Ok(Held(self.own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_waits_for_all_before_it() {
        let sequences = Sequences::default();
        let first = sequences.turn(7).come().await.unwrap();
        let second = tokio::spawn(sequences.turn(7).come());
        let third = tokio::spawn(sequences.turn(7).come());
        let other = sequences.turn(8).come().await.unwrap();
        let none = (sequences.turn(0).come().await.unwrap(), sequences.turn(0).come().await.unwrap());
        // Given up while it waits: the third still waits for the first.
        second.abort();
        assert!(second.await.is_err());
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(!third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        drop((third, other, none));
        sequences.turn(7).come().await.unwrap();
    }
}
