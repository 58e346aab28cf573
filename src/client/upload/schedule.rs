//! A folder committed again and again while somebody writes to it.
//!
//! Files are expected to grow at their end: of each, what was there at the look is committed. The host holds the
//! schedule's lock while it writes what belongs together; a look waits for it. A look that finds nothing new makes no
//! commit. A failed commit is told to the log and tried again at the next time; stopping makes the last commit, and its
//! failure is the job's. What was committed is remembered in memory: after a crash everything is looked at again, and
//! what the repository holds already is left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::commit::{item, prepare, send};
use super::draft::Input;
use super::folder::walk;
use super::hashes::Hashes;
use super::ready::Aim;
use crate::client::context::Context;
use crate::client::output::CommitResult;
use crate::error::{Error, Kind, Result};
use crate::log::Level;
use crate::runtime::on_own_thread;
use crate::transfer::download::blocking;
use crate::transfer::reader::Stamp;

/// The host's side of a schedule; clones are the same.
#[derive(Clone, Default)]
pub struct Schedule(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    freed: Condvar,
    free: Notify,
    now: Notify,
    stop: Notify,
}

#[derive(Default)]
struct State {
    holder: Option<Holder>,
    /// Who waits for the next commit.
    asked: Vec<oneshot::Sender<Result<CommitResult>>>,
    ended: bool,
}

/// Who has the folder for itself.
#[derive(Clone, Copy, PartialEq)]
enum Holder {
    Host,
    Look,
}

impl Schedule {
    /// A schedule that was not started yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to write: from now on no look is taken. Waits for one that is being taken, and for another lock; false
    /// when the time is over first. Not within a callback.
    pub fn lock(&self, timeout: Option<Duration>) -> Result<bool> {
        if on_own_thread() {
            return Err(Error::new(Kind::WouldDeadlock, "a schedule can't be locked inside a callback"));
        }
        let taken = |state: &mut State| state.holder.is_some();
        let freed = &self.0.freed;
        let mut state = match timeout {
            None => freed.wait_while(self.state(), taken).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = freed.wait_timeout_while(self.state(), limit, taken);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if state.holder.is_some() {
            return Ok(false);
        }
        state.holder = Some(Holder::Host);
        Ok(true)
    }

    /// Has written.
    pub fn unlock(&self) -> Result<()> {
        if self.state().holder != Some(Holder::Host) {
            return Err(Error::invalid("the schedule is not locked"));
        }
        self.let_go();
        Ok(())
    }

    /// Asks for a commit now.
    pub fn trigger(&self) {
        self.0.now.notify_one();
    }

    /// Asks for a commit now, and waits for what it came to.
    pub(super) async fn triggered(&self) -> Result<CommitResult> {
        let ended = || Error::new(Kind::Closed, "the schedule has ended");
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.state();
            if state.ended {
                return Err(ended());
            }
            state.asked.push(sender);
        }
        self.trigger();
        receiver.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Asks for the last commit; the job ends with it.
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }

    /// Takes a look's turn.
    async fn look(&self) -> Looking<'_> {
        loop {
            let free = self.0.free.notified();
            {
                let mut state = self.state();
                if state.holder.is_none() {
                    state.holder = Some(Holder::Look);
                    return Looking(self);
                }
            }
            free.await;
        }
    }

    fn let_go(&self) {
        self.state().holder = None;
        self.0.freed.notify_all();
        self.0.free.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look that is being taken.
struct Looking<'a>(&'a Schedule);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// A schedule that runs: at its end, whatever that is, nobody waits for its next commit.
struct Running<'a>(&'a Schedule);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        state.asked.clear();
    }
}

/// What is committed, and how often.
pub(super) struct Plan {
    pub(super) aim: Aim,
    pub(super) folder: PathBuf,
    /// Empty, or with a slash at its end.
    pub(super) below: String,
    pub(super) every: Duration,
    pub(super) schedule: Schedule,
}

impl Plan {
    /// Commits until it is stopped.
    pub(super) async fn run(self, context: &Context) -> Result<CommitResult> {
        context.online()?;
        let mut seen: HashMap<String, Stamp> = HashMap::new();
        let mut all = nothing();
        let mut watch = context.watch();
        let _running = Running(&self.schedule);
        loop {
            let last = watch
                .guard(async {
                    tokio::select! {
                        biased;
                        () = self.schedule.0.stop.notified() => Ok(true),
                        () = self.schedule.0.now.notified() => Ok(false),
                        () = tokio::time::sleep(self.every) => Ok(false),
                    }
                })
                .await?;
            let asked = std::mem::take(&mut self.schedule.state().asked);
            let made = self.once(context, &mut seen).await;
            for sender in asked {
                // Who does not wait any more has its reasons.
                let _ = sender.send(made.clone().map(|made| made.unwrap_or_else(nothing)));
            }
            match made {
                Ok(Some(made)) => {
                    (all.oid, all.url) = (made.oid, made.url);
                    all.commits += made.commits;
                }
                Ok(None) => {}
                Err(error) if last || error.kind() == Kind::Cancelled => return Err(error),
                Err(error) => context
                    .engine
                    .log
                    .tell(Level::Error, "schedule", || format!("{error}; tried again later")),
            }
            if last {
                return Ok(all);
            }
        }
    }

    /// One look, and a commit of what is new.
    async fn once(
        &self,
        context: &Context,
        seen: &mut HashMap<String, Stamp>,
    ) -> Result<Option<CommitResult>> {
        let mut watch = context.watch();
        let looked = {
            let _looking = watch.guard(async { Ok(self.schedule.look().await) }).await?;
            let (folder, filter, below) = (self.folder.clone(), context.filter(), self.below.clone());
            blocking(move || look(&folder, &filter, &below)).await?
        };
        let new: Vec<_> =
            looked.into_iter().filter(|(path, _, stamp)| seen.get(path) != Some(stamp)).collect();
        if new.is_empty() {
            return Ok(None);
        }
        // It may run for years: the files of one look are enough.
        context.job.shared_progress().let_go();
        let mut items = Vec::new();
        let mut stamps = Vec::new();
        for (path, file, stamp) in new {
            let addition = super::draft::Addition::new(&path, Input::Path(file, Some(stamp.size)))?;
            items.push(item(context, addition));
            stamps.push((path, stamp));
        }
        let head = watch.guard(context.hub.repo_info(&self.aim.repo, &self.aim.revision)).await?.sha;
        let aim = self.aim.on(head);
        let context = &context.patient();
        let hashes = Arc::new(Hashes::new(None));
        let ready = prepare(context, &aim, items, Vec::new(), hashes).await?;
        let made = send(context, &aim, ready).await?.made;
        seen.extend(stamps);
        Ok((made.commits > 0).then_some(made))
    }
}

/// What a look comes to that finds nothing new.
fn nothing() -> CommitResult {
    CommitResult { oid: None, url: String::new(), pull_request: None, commits: 0, files: vec![] }
}

type Looked = Vec<(String, PathBuf, Stamp)>;

fn look(folder: &Path, filter: &crate::pattern::Filter, below: &str) -> Result<Looked> {
    let mut found = Vec::new();
    for addition in walk(folder, filter, below)? {
        let Some(Input::Path(file, _)) = addition.input else { continue };
        // One that is gone since it was listed is not committed.
        if let Ok(metadata) = std::fs::metadata(&file) {
            found.push((addition.path, file, Stamp::of(&metadata)));
        }
    }
    Ok(found)
}
