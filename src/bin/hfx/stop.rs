//! Ctrl-C and SIGTERM: the first cancels the job under way, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hfx::client::Job;

static ASKED: AtomicBool = AtomicBool::new(false);
static FIRST: Mutex<Option<Instant>> = Mutex::new(None);
/// What comes so soon after the first is the same wish: `timeout` signals its child, and then the group it is in.
const SAME: Duration = Duration::from_millis(500);
static JOB: Mutex<Option<Job>> = Mutex::new(None);
static INSTEAD: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// Starts to listen. Under nohup the signals are left as they are: the handler would undo it, and what is on disk
/// can be resumed after any end.
pub(crate) fn listen() {
    if hangup_is_ignored() {
        return;
    }
    let _ = ctrlc::set_handler(|| {
        let first = *FIRST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        if ASKED.swap(true, SeqCst) {
            if first.elapsed() < SAME {
                return;
            }
            std::process::exit(130);
        }
        let instead = INSTEAD.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (instead, &*job()) {
            (Some(instead), _) => instead(),
            (None, Some(job)) => job.cancel(),
            (None, None) => {}
        }
    });
}

/// Whether SIGHUP is ignored, where the kernel tells.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

/// The job that is to be cancelled.
pub(crate) fn attach(new: &Job) {
    *job() = Some(new.clone());
    if asked() {
        new.cancel();
    }
}

/// What is done at the first signal, in place of a cancel.
pub(crate) fn instead(act: impl FnOnce() + Send + 'static) {
    if asked() {
        return act();
    }
    *INSTEAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(act));
}

/// Whether the end was asked for.
pub(crate) fn asked() -> bool {
    ASKED.load(SeqCst)
}

fn job() -> std::sync::MutexGuard<'static, Option<Job>> {
    JOB.lock().unwrap_or_else(PoisonError::into_inner)
}
