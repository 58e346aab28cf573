//! The one way work is stopped: a control that any thread can turn, and the view of it that the work watches.
//!
//! A job runs, pauses or is cancelled; cancelled is final. Turning the control returns at once. The work sees
//! it at its next wait, keeps what it has on disk, and ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Error, Result};

/// What the owner of a job wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    Run,
    /// Keep the state and use neither network nor disk until told otherwise.
    Pause,
    /// End now, leaving what can be resumed.
    Cancel,
}

/// The owner's side; clones share one state.
#[derive(Debug, Clone)]
pub struct Control(Arc<watch::Sender<Wish>>);

/// The work's side.
#[derive(Debug, Clone)]
pub struct Watch(watch::Receiver<Wish>);

impl Default for Control {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Wish::Run)))
    }
}

impl Control {
    /// A control that says run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what is wanted; after a cancel nothing else counts. Returns whether that changed anything.
    pub fn turn(&self, wish: Wish) -> bool {
        self.0.send_if_modified(|now| {
            let changed = *now != Wish::Cancel && *now != wish;
            if changed {
                *now = wish;
            }
            changed
        })
    }

    /// What is wanted now.
    pub fn wish(&self) -> Wish {
        *self.0.borrow()
    }

    /// Says what another control says, until that one is gone or this is dropped.
    pub async fn follow(&self, mut other: Watch) {
        loop {
            let wish = *other.0.borrow_and_update();
            self.turn(wish);
            if other.0.changed().await.is_err() {
                return;
            }
        }
    }

    /// A view for the work.
    pub fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

impl Watch {
    /// What is wanted now.
    pub fn wish(&self) -> Wish {
        *self.0.borrow()
    }

    /// An error when cancelled, for work between two waits.
    pub fn check(&self) -> Result<()> {
        if self.wish() == Wish::Cancel { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Resolves when the work must not go on: at a pause or a cancel.
    pub async fn stopped(&mut self) {
        // The sender outlives the work; if it is gone, nobody wants the result.
        let _ = self.0.wait_for(|wish| *wish != Wish::Run).await;
    }

    /// Resolves at a cancel.
    pub async fn cancelled(&mut self) {
        let _ = self.0.wait_for(|wish| *wish == Wish::Cancel).await;
    }

    /// Waits while paused; a cancel is an error.
    pub async fn go_on(&mut self) -> Result<()> {
        match self.0.wait_for(|wish| *wish != Wish::Pause).await {
            Ok(wish) if *wish == Wish::Run => Ok(()),
            _ => Err(Error::cancelled()),
        }
    }

    /// Resolves at a pause.
    pub async fn paused(&mut self) {
        if self.0.wait_for(|wish| *wish == Wish::Pause).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits, unless cancelled first.
    pub async fn sleep(&mut self, time: Duration) -> Result<()> {
        self.guard(async {
            tokio::time::sleep(time).await;
            Ok(())
        })
        .await
    }

    /// Runs `work` unless cancelled first.
    pub async fn guard<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Error::cancelled()),
            done = work => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_is_final() {
        let control = Control::new();
        assert!(control.turn(Wish::Pause));
        assert!(control.turn(Wish::Cancel));
        assert!(!control.turn(Wish::Run));
        assert_eq!(control.wish(), Wish::Cancel);
    }
}
