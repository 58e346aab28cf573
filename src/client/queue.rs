//! The jobs of a client that have ended, for event loops. A file of its own, so that `tests/loom` can run it in every
//! order that its threads may come to.

use std::collections::VecDeque;
use std::sync::PoisonError;

use super::sync::{Mutex, MutexGuard};

/// What has ended and was not taken yet.
pub struct Queue<T> {
    ended: Mutex<VecDeque<T>>,
    wake: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { ended: Mutex::new(VecDeque::new()), wake: Mutex::new(None) }
    }
}

impl<T> Queue<T> {
    /// The next job that has ended. Calls `empty` when none is left behind it, under the lock under which `wake` is
    /// called: so what the two set and clear says at any time whether a job is there.
    pub fn pop(&self, empty: impl FnOnce()) -> Option<T> {
        let mut ended = lock(&self.ended);
        let job = ended.pop_front();
        if ended.is_empty() {
            empty();
        }
        job
    }

    /// Calls `wake` after each job from now on, and starts to keep them.
    pub fn listen(&self, wake: Box<dyn Fn() + Send>) {
        *lock(&self.wake) = Some(wake);
    }

    /// Lets a job end, and says whether somebody listened by then: whoever begins to listen after the end is not told
    /// of it.
    pub(super) fn listened(&self, end: impl FnOnce()) -> bool {
        let wake = lock(&self.wake);
        end();
        wake.is_some()
    }

    pub(super) fn push(&self, job: T) {
        let wake = lock(&self.wake);
        let mut ended = lock(&self.ended);
        ended.push_back(job);
        if let Some(wake) = &*wake {
            wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
