//! A job: work that runs on the client's threads, watched and stopped from any other.
//!
//! A job ends exactly once. Its order of events: progress calls, the last of them with the final numbers; then the
//! result is there and waiters wake; then the completion callback, and the completion queue's entry. Dropping a
//! handle changes nothing about the work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::cancel::{Control, Watch, Wish};
use crate::error::{Error, Kind, Result};
use crate::event::{Progress, Totals};
use crate::runtime::{Runtime, on_own_thread};
use crate::sys::map::Region;

/// Time between two progress calls.
const PROGRESS: Duration = Duration::from_millis(100);
/// How long work that was cancelled may take to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Called with a job's progress, on a thread of ours.
pub type ProgressFn = Box<dyn Fn(&Job) + Send + Sync>;
/// Called once when a job has ended, on a thread of ours.
pub type DoneFn = Box<dyn FnOnce(&Job) + Send>;

/// What a job calls.
#[derive(Default)]
pub struct Hooks {
    /// At most ten times a second, and once at the end.
    pub progress: Option<ProgressFn>,
    /// Once, at the very end.
    pub done: Option<DoneFn>,
    /// Before the end is told: keeps work that was left behind from calling the host.
    pub ending: Option<Box<dyn FnOnce() + Send>>,
    /// The host's memory: its own again at the end, and at a cancel at once.
    pub lent: Option<Arc<Region>>,
}

/// A handle; clones are the same job.
#[derive(Clone)]
pub struct Job(Arc<Core>);

struct Core {
    id: u64,
    control: Control,
    progress: Arc<Progress>,
    state: Mutex<State>,
    ended: Condvar,
    running: Weak<Running>,
    lent: Option<Arc<Region>>,
}

#[derive(Default)]
struct State {
    ended: bool,
    /// Whether every callback has returned.
    quiet: bool,
    result: Option<Result<Output>>,
    /// Whom to call at the end, besides the hooks.
    watchers: Vec<DoneFn>,
}

/// The jobs of a client that have ended, for event loops.
pub type Queue = super::queue::Queue<Job>;

/// The jobs of a client that have not ended.
#[derive(Default)]
pub struct Running {
    jobs: Mutex<Vec<Job>>,
    /// Where a callback runs that comes after its job's end; none once the client is closed.
    handle: Mutex<Option<tokio::runtime::Handle>>,
    closed: AtomicBool,
    /// What is left to do when the last of them has ended.
    after: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    next: AtomicU64,
}

impl Core {
    /// The host's memory is not touched after this.
    fn take_back(&self) {
        if let Some(lent) = &self.lent {
            lent.revoke();
        }
    }
}

impl Job {
    /// Its number, unique within the client.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Waits until it has ended; false when the time is over first. Refused on threads of ours.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        if on_own_thread() {
            return Err(Error::new(Kind::WouldDeadlock, "a job can't be waited for inside a callback"));
        }
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state();
        while !state.ended {
            state = match until {
                None => self.0.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(false);
                    }
                    self.0.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Ok(true)
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Its result, once.
    pub fn take(&self) -> Result<Output> {
        let mut state = self.state();
        if !state.ended {
            return Err(not_yet());
        }
        state
            .result
            .take()
            .unwrap_or_else(|| Err(Error::new(Kind::AlreadyTaken, "the job's result was taken")))
    }

    /// Takes the result by `convert`, once. Where `convert` refuses it, it stays; so does the job's own error.
    pub fn take_by<T>(&self, convert: impl FnOnce(&mut Output) -> Result<T>) -> Result<T> {
        let mut state = self.state();
        if !state.ended {
            return Err(not_yet());
        }
        let taken = match &mut state.result {
            Some(Ok(output)) => convert(output)?,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err(Error::new(Kind::AlreadyTaken, "the job's result was taken")),
        };
        state.result = None;
        Ok(taken)
    }

    /// How it ended, without taking anything: its own error, or what `judge` says of its result.
    pub fn outcome(&self, judge: impl FnOnce(&Output) -> Result<()>) -> Result<()> {
        let state = self.state();
        match &state.result {
            _ if !state.ended => Err(not_yet()),
            Some(Ok(output)) => judge(output),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Waits for the end and takes the result.
    pub fn join(&self) -> Result<Output> {
        self.wait(None)?;
        self.take()
    }

    /// Calls `done` once when it has ended, on a thread of ours, after the hook and in the order of the calls; soon, when
    /// it has ended by now. Refused for a job that has ended on a closed client.
    pub fn on_done(&self, done: DoneFn) -> Result<()> {
        let mut state = self.state();
        if !state.quiet {
            state.watchers.push(done);
            return Ok(());
        }
        drop(state);
        let handle = self.0.running.upgrade().and_then(|running| lock(&running.handle).clone());
        let handle = handle.ok_or_else(|| Error::new(Kind::Closed, "the client was closed"))?;
        let job = self.clone();
        handle.spawn_blocking(move || done(&job));
        Ok(())
    }

    /// The error it ended with, without taking it.
    pub fn error(&self) -> Option<Error> {
        self.state().result.as_ref().and_then(|result| result.as_ref().err().cloned())
    }

    /// Asks it to end; returns at once, from any thread, as often as you like. What is on disk can be resumed.
    pub fn cancel(&self) {
        self.0.control.turn(Wish::Cancel);
        self.0.take_back();
    }

    /// Asks it to keep its state and use neither network nor disk.
    pub fn pause(&self) {
        self.0.control.turn(Wish::Pause);
    }

    /// Lets it go on after a pause.
    pub fn resume(&self) {
        self.0.control.turn(Wish::Run);
    }

    /// The sums of its files.
    pub fn totals(&self) -> Totals {
        self.0.progress.totals()
    }

    /// Its files.
    pub fn progress(&self) -> &Progress {
        &self.0.progress
    }

    /// For tasks of ours.
    pub(crate) fn watch(&self) -> Watch {
        self.0.control.watch()
    }

    pub(crate) fn shared_progress(&self) -> Arc<Progress> {
        self.0.progress.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    fn end(&self, result: Result<Output>) {
        let mut state = self.state();
        state.result = Some(result);
        state.ended = true;
        self.0.ended.notify_all();
    }
}

impl Running {
    /// Makes a job that ends with what `work` returns, and starts it. Refused from [`Running::close`] on.
    pub fn start<F, W>(
        self: &Arc<Self>,
        runtime: &Runtime,
        queue: &Arc<Queue>,
        hooks: Hooks,
        work: W,
    ) -> Result<Job>
    where
        F: Future<Output = Result<Output>> + Send + 'static,
        W: FnOnce(Job) -> F,
    {
        let handle = runtime.handle()?;
        let job = Job(Arc::new(Core {
            id: self.next.fetch_add(1, Relaxed) + 1,
            control: Control::new(),
            progress: Arc::default(),
            state: Mutex::default(),
            ended: Condvar::new(),
            running: Arc::downgrade(self),
            lent: hooks.lent.clone(),
        }));
        {
            // Under the lock: what is in the list before the closing is waited for by it.
            let mut jobs = lock(&self.jobs);
            if self.closed.load(Relaxed) {
                return Err(Error::new(Kind::Closed, "the client was closed"));
            }
            jobs.push(job.clone());
            *lock(&self.handle) = Some(handle.clone());
        }
        let task = handle.spawn(work(job.clone()));
        let guardian =
            Guardian { job: job.clone(), running: self.clone(), queue: queue.clone(), hooks: Some(hooks) };
        handle.spawn(guardian.attend(task));
        Ok(job)
    }

    /// Cancels all, and starts no more.
    pub fn close(&self) {
        let jobs = lock(&self.jobs);
        self.closed.store(true, Relaxed);
        *lock(&self.handle) = None;
        for job in jobs.iter() {
            job.cancel();
        }
    }

    /// Waits until all have ended and their callbacks have returned; false when the time is over first.
    pub fn wait_all(&self, timeout: Duration) -> bool {
        let until = Instant::now().checked_add(timeout);
        loop {
            let Some(job) = lock(&self.jobs).last().cloned() else { return true };
            let mut state = job.state();
            while !state.quiet {
                let left = until.map_or(LAST_WORDS, |until| until.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return false;
                }
                state = job.0.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(state);
            self.remove(&job);
        }
    }

    /// Calls `last` once all have ended, at once or on the thread that ends the last; not after another `last`.
    pub fn after_all(&self, last: Box<dyn FnOnce() + Send>) {
        *lock(&self.after) = Some(last);
        self.none_left();
    }

    fn remove(&self, job: &Job) {
        lock(&self.jobs).retain(|other| !Arc::ptr_eq(&other.0, &job.0));
        self.none_left();
    }

    fn none_left(&self) {
        if lock(&self.jobs).is_empty()
            && let Some(last) = lock(&self.after).take()
        {
            last();
        }
    }
}

/// Sees a job to its one end, whatever becomes of its work.
struct Guardian {
    job: Job,
    running: Arc<Running>,
    queue: Arc<Queue>,
    hooks: Option<Hooks>,
}

impl Guardian {
    async fn attend(mut self, mut task: tokio::task::JoinHandle<Result<Output>>) {
        let mut watch = self.job.watch();
        let mut tick = tokio::time::interval(PROGRESS);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let reports = self.hooks.as_ref().is_some_and(|hooks| hooks.progress.is_some());
        let mut last = Totals::default();
        // Made once: each progress call would start the time again.
        let mut left_behind = std::pin::pin!(async move {
            watch.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        });
        let result = loop {
            tokio::select! {
                biased;
                done = &mut task => {
                    let done = done.unwrap_or_else(|join| Err(broken(&join)));
                    // Work from which its memory was taken has no better word for it.
                    let cancelled = self.job.0.lent.is_some() && self.job.0.control.wish() == Wish::Cancel;
                    break done.map_err(|error| if cancelled { Error::cancelled() } else { error });
                }
                // Work that hangs in the kernel is left behind; the answer is not.
                () = &mut left_behind => {
                    task.abort();
                    break Err(Error::cancelled());
                }
                _ = tick.tick(), if reports => {
                    let now = self.job.totals();
                    if now != last {
                        last = now;
                        self.report();
                    }
                }
            }
        };
        self.finish(result);
    }

    fn report(&self) {
        if let Some(progress) = self.hooks.as_ref().and_then(|hooks| hooks.progress.as_ref()) {
            // The host's code may block; the connections of this thread go on elsewhere.
            tokio::task::block_in_place(|| progress(&self.job));
        }
    }

    fn finish(&mut self, result: Result<Output>) {
        if result.is_err() {
            self.job.progress().leave();
        }
        self.report();
        // The host's code may block; the connections of this thread go on elsewhere.
        tokio::task::block_in_place(|| self.conclude(result));
    }

    /// Calls who asked for it; locked, so that nobody is added before the caller goes on.
    fn told(&self) -> MutexGuard<'_, State> {
        loop {
            let mut state = self.job.state();
            let watchers = std::mem::take(&mut state.watchers);
            if watchers.is_empty() {
                return state;
            }
            drop(state);
            for done in watchers {
                done(&self.job);
            }
        }
    }

    /// The end: result, waiters, completions, queue.
    fn conclude(&mut self, result: Result<Output>) {
        let Some(hooks) = self.hooks.take() else { return };
        if let Some(ending) = hooks.ending {
            ending();
        }
        self.job.0.take_back();
        let listened = self.queue.listened(|| self.job.end(result));
        if let Some(done) = hooks.done {
            done(&self.job);
        }
        drop(hooks.progress);
        drop(self.told());
        if listened {
            self.queue.push(self.job.clone());
        }
        self.told().quiet = true;
        self.job.0.ended.notify_all();
        self.running.remove(&self.job);
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        // The runtime was shut down under the job: it still ends.
        self.conclude(Err(Error::new(Kind::Closed, "the client was closed")));
    }
}

fn not_yet() -> Error {
    Error::new(Kind::NotEnded, "the job has not ended yet").retryable(true)
}

fn broken(join: &tokio::task::JoinError) -> Error {
    if join.is_cancelled() {
        return Error::new(Kind::Closed, "the client was closed");
    }
    Error::new(Kind::Internal, "the job panicked: this is a defect in hfx")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
