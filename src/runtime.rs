//! The threads of one client: a tokio runtime of our own, under our names, gone after close.
//!
//! Every thread is counted when it starts and when it ends, so that [`Runtime::close`] can say whether all have
//! ended. In a forked child the parent's threads do not exist: the runtime is leaked there, never joined.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};

/// Threads that may block at once (disk, hashes, names).
const BLOCKING: usize = 64;
/// Stack of each thread.
const STACK: usize = 2 << 20;
/// How long an idle blocking thread stays.
const KEEP: Duration = Duration::from_secs(5);

/// Longer than anybody waits, and short enough to be added to a clock.
const LONG: Duration = Duration::from_hours(24 * 365);

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// A runtime and its threads.
pub struct Runtime {
    /// None once it is closed: a handle that is kept would keep its descriptors open.
    tokio: Mutex<Option<tokio::runtime::Runtime>>,
    alive: Arc<Alive>,
    pid: u32,
}

#[derive(Default)]
struct Alive {
    threads: Mutex<usize>,
    changed: Condvar,
}

impl Runtime {
    /// Starts `threads` network threads; 0 is one for each core, at most 8.
    pub fn start(threads: usize) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = if threads == 0 { cores.min(8) } else { threads };
        let alive = Arc::new(Alive::default());
        let (started, stopped) = (alive.clone(), alive.clone());
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(BLOCKING)
            .thread_stack_size(STACK) // Said, so that the standard library does not read RUST_MIN_STACK.
            .thread_keep_alive(KEEP)
            .thread_name("hfx")
            .enable_io()
            .enable_time()
            .on_thread_start(move || {
                OURS.set(true);
                *lock(&started.threads) += 1;
            })
            .on_thread_stop(move || {
                *lock(&stopped.threads) -= 1;
                stopped.changed.notify_all();
            })
            .build()
            .map_err(|error| Error::new(Kind::Io, "can't start threads").os(&error))?;
        Ok(Self { tokio: Mutex::new(Some(tokio)), alive, pid: std::process::id() })
    }

    /// Refuses a forked child, which has none of the threads.
    pub fn check_process(&self) -> Result<()> {
        if self.pid == std::process::id() {
            return Ok(());
        }
        Err(Error::new(Kind::Forked, "this client was made before fork(): make a new one in the child"))
    }

    /// Where tasks are spawned, until it is closed.
    pub fn handle(&self) -> Result<tokio::runtime::Handle> {
        let tokio = lock(&self.tokio);
        let tokio = tokio.as_ref().ok_or_else(|| Error::new(Kind::Closed, "the client was closed"))?;
        Ok(tokio.handle().clone())
    }

    /// Ends all tasks at their next wait, and waits until every thread has ended. False when some have not by then;
    /// callable again.
    pub fn close(&self, timeout: Duration) -> bool {
        let until = Instant::now().checked_add(timeout);
        let tokio = lock(&self.tokio).take();
        if let Some(tokio) = tokio {
            if tokio::runtime::Handle::try_current().is_err() {
                // Joins the threads, so that none is left in the process when this returns in time.
                tokio.shutdown_timeout(timeout.min(LONG));
            } else {
                tokio.shutdown_background();
            }
        }
        let mut threads = lock(&self.alive.threads);
        while *threads > 0 {
            let left = until.map_or(KEEP, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            threads =
                self.alive.changed.wait_timeout(threads, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let tokio = self.tokio.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        match tokio {
            Some(tokio) if self.pid == std::process::id() => tokio.shutdown_background(),
            // Joining threads that were never forked would wait for ever.
            Some(tokio) => std::mem::forget(tokio),
            None => {}
        }
    }
}

/// Whether this thread is one of ours, where waiting for a job would wait for itself.
pub fn on_own_thread() -> bool {
    OURS.get()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_is_left_after_close() {
        let runtime = Runtime::start(2).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        runtime.handle().unwrap().spawn_blocking(move || sender.send(on_own_thread()));
        assert!(receiver.recv().unwrap());
        assert!(!on_own_thread());
        assert!(runtime.close(Duration::from_secs(10)));
        assert_eq!(*lock(&runtime.alive.threads), 0);
    }

    #[test]
    fn a_thread_that_hangs_is_reported_and_waited_for_again() {
        let runtime = Runtime::start(1).unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (ready, started) = std::sync::mpsc::channel();
        runtime.handle().unwrap().spawn_blocking(move || {
            let _ = ready.send(());
            wait.recv()
        });
        started.recv().unwrap();
        assert!(!runtime.close(Duration::from_millis(20)));
        drop(go);
        assert!(runtime.close(Duration::from_secs(10)));
    }
}
