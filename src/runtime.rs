//! The threads of one client: a tokio runtime of our own, under our names, gone after close.
//!
//! Every thread is counted when it starts and when it ends, so that [`Runtime::close`] can say whether all have
//! ended. They are joined by one thread more, however short others want to wait: glibc up to 2.36 reads the stack of a
//! thread that ends while it is detached. In a forked child the parent's threads do not exist: the runtime is leaked
//! there, never joined.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
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
    /// Without a destructor: it is asked to the very end of a thread of the host's.
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// A runtime and its threads.
pub struct Runtime {
    /// None once it is closed: a handle that is kept would keep its descriptors open.
    tokio: Mutex<Option<tokio::runtime::Runtime>>,
    /// Joins the other threads, once it is closed.
    joiner: Mutex<Option<JoinHandle<()>>>,
    alive: Arc<Alive>,
    pid: u32,
}

#[derive(Default)]
struct Alive {
    threads: Mutex<usize>,
    changed: Condvar,
}

impl Runtime {
    /// Starts `threads` network threads; 0 is [`network_threads`] of them.
    pub fn start(threads: usize) -> Result<Self> {
        let threads = network_threads(threads);
        let alive = Arc::new(Alive::default());
        let (started, stopped) = (alive.clone(), alive.clone());
        let tokio = tokio::runtime::Builder::new_multi_thread()
            // One more than may write at the same moment (`transfer/limit.rs`): a disk that hangs does not get it.
            .worker_threads(threads + 1)
            .max_blocking_threads(BLOCKING)
            .thread_stack_size(STACK) // Said, so that the standard library does not read RUST_MIN_STACK.
            .thread_keep_alive(KEEP)
            .thread_name("hfx")
            .enable_io()
            .enable_time()
            .on_thread_start(move || {
                OURS.set(true);
                started.one_more();
            })
            .on_thread_stop(move || stopped.one_less())
            .build()
            .map_err(|error| Error::new(Kind::Io, "can't start threads").os(&error))?;
        Ok(Self { tokio: Mutex::new(Some(tokio)), joiner: Mutex::default(), alive, pid: std::process::id() })
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
        self.end();
        let mut threads = lock(&self.alive.threads);
        while *threads > 0 {
            let left = until.map_or(KEEP, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            threads =
                self.alive.changed.wait_timeout(threads, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(threads);
        // It has nothing left to do: none of ours is in the process when this returns, not even to somebody beside us.
        let mut joiner = lock(&self.joiner);
        joiner.take().is_none_or(|joiner| joiner.join().is_ok())
    }

    /// Tells all threads to end, and has them joined; returns at once, on any thread.
    pub fn end(&self) {
        let mut open = lock(&self.tokio);
        let Some(tokio) = open.take() else { return };
        let (hand_over, taken) = mpsc::sync_channel::<tokio::runtime::Runtime>(1);
        let alive = self.alive.clone();
        alive.one_more();
        let join = move || {
            OURS.set(true);
            if let Ok(tokio) = taken.recv() {
                tokio.shutdown_timeout(LONG);
            }
            alive.one_less();
        };
        match thread::Builder::new().name("hfx".to_owned()).stack_size(STACK).spawn(join) {
            Ok(joiner) => {
                let _ = hand_over.send(tokio);
                *lock(&self.joiner) = Some(joiner);
            }
            // No thread is to be had.
            Err(_) => {
                self.alive.one_less();
                tokio.shutdown_background();
            }
        }
    }
}

impl Alive {
    fn one_more(&self) {
        *lock(&self.threads) += 1;
    }

    fn one_less(&self) {
        *lock(&self.threads) -= 1;
        self.changed.notify_all();
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            self.end();
        } else {
            // Joining threads that were never forked would wait for ever, and so may a lock that one of them held.
            std::mem::forget(std::mem::take(&mut self.tokio));
        }
    }
}

/// So many network threads as are asked for; 0 is one for each core, at most 8.
pub fn network_threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(2, usize::from).min(8),
        asked => asked,
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

    /// glibc up to 2.36 reads a thread's stack after it has detached it, when the thread may be gone with it: in one of
    /// some hundred times that ended the process.
    #[test]
    fn one_that_is_dropped_ends_all_the_same() {
        for _ in 0..100 {
            let runtime = Runtime::start(2).unwrap();
            let gate = Arc::new(std::sync::Barrier::new(BLOCKING + 1));
            for _ in 0..BLOCKING {
                let gate = gate.clone();
                runtime.handle().unwrap().spawn_blocking(move || gate.wait());
            }
            gate.wait();
            let alive = runtime.alive.clone();
            drop(runtime);
            let mut threads = lock(&alive.threads);
            while *threads > 0 {
                threads = alive.changed.wait(threads).unwrap();
            }
        }
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
