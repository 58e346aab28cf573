//! No panic crosses the border: it becomes `HFX_E_INTERNAL`, and nothing is printed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::error::{HFX_OK, hfx_error, hfx_status};
use crate::error::{Error, Kind, Result};
use crate::ffi::convert::{give, put};
use crate::runtime::on_own_thread;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs a body; its error goes to `err` (NULL when the caller does not want it), its status to the caller.
pub(super) fn guard(err: *mut *mut hfx_error, body: impl FnOnce() -> Result<()>) -> hfx_status {
    put(err, std::ptr::null_mut());
    let error = match quiet(body) {
        Some(Ok(())) => return HFX_OK,
        Some(Err(error)) => error,
        None => Error::new(Kind::Internal, "a panic inside hfx: please report it"),
    };
    let status = error.kind() as hfx_status;
    if !err.is_null() {
        put(err, give(hfx_error::new(error)));
    }
    status
}

/// Runs a body that can't fail; `fallback` if it panics all the same.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    quiet(body).unwrap_or(fallback)
}

fn quiet<T>(body: impl FnOnce() -> T) -> Option<T> {
    silence();
    let before = INSIDE.replace(true);
    let done = catch_unwind(AssertUnwindSafe(body)).ok();
    INSIDE.set(before);
    done
}

/// Keeps Rust's panic message off the host's stderr, for our calls and our threads; others keep their hook.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() && !on_own_thread() {
                before(info);
            }
        }));
    });
}
