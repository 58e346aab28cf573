//! Status numbers, and the error object with all that is known of a failure.

use std::ffi::c_char;

use super::convert::{Text, handle, maybe_handle, out, take};
use super::guard::{guard, value};
use crate::error::{Error, Kind};

/// What a function returns: `HFX_OK`, or one of `HFX_E_*`.
pub type hfx_status = i32;

/// All went well.
pub const HFX_OK: i32 = 0;
/// An argument is malformed; nothing was touched.
pub const HFX_E_INVALID_ARGUMENT: i32 = 1;
/// The job was cancelled. Its state on disk can be resumed.
pub const HFX_E_CANCELLED: i32 = 2;
/// A bound on time was reached.
pub const HFX_E_TIMEOUT: i32 = 3;
/// The call would wait for itself (a wait or close from inside a callback).
pub const HFX_E_WOULD_DEADLOCK: i32 = 4;
/// The client, job, schedule or commit was made before fork(), by the parent of this process.
pub const HFX_E_FORKED: i32 = 5;
/// A defect in hfx. Please report it.
pub const HFX_E_INTERNAL: i32 = 6;
/// The client was closed.
pub const HFX_E_CLOSED: i32 = 7;
/// Not possible on this platform or with this server.
pub const HFX_E_UNSUPPORTED: i32 = 8;
/// The result was taken already.
pub const HFX_E_ALREADY_TAKEN: i32 = 9;
/// The job has not ended yet.
pub const HFX_E_NOT_ENDED: i32 = 10;
/// The Hub knows no such repository, or hides it from this token.
pub const HFX_E_REPO_NOT_FOUND: i32 = 20;
/// The repository has no such branch, tag or commit.
pub const HFX_E_REVISION_NOT_FOUND: i32 = 21;
/// The revision has no such file.
pub const HFX_E_ENTRY_NOT_FOUND: i32 = 22;
/// Access has to be asked for on the Hub's page of the repository.
pub const HFX_E_GATED: i32 = 23;
/// The token is missing, wrong or expired.
pub const HFX_E_UNAUTHORIZED: i32 = 24;
/// The token is known but may not do this.
pub const HFX_E_FORBIDDEN: i32 = 25;
/// The rate limit still held when the time for retries was over.
pub const HFX_E_RATE_LIMITED: i32 = 26;
/// The Hub has disabled access to the resource.
pub const HFX_E_DISABLED: i32 = 27;
/// Another HTTP status that is an error.
pub const HFX_E_HTTP: i32 = 28;
/// The server's answer makes no sense (not JSON, missing or wrong headers).
pub const HFX_E_PROTOCOL: i32 = 29;
/// The client is offline and the cache does not hold what was asked for.
pub const HFX_E_OFFLINE: i32 = 30;
/// Another change came first, or it exists already; the error's commit is the head, where it is known.
pub const HFX_E_CONFLICT: i32 = 31;
/// No connection, or it broke, and the time for retries was over.
pub const HFX_E_NETWORK: i32 = 40;
/// TLS failed: certificate, handshake or an unusable CA file.
pub const HFX_E_TLS: i32 = 41;
/// The proxy refused or could not be used.
pub const HFX_E_PROXY: i32 = 42;
/// The bytes do not have the hash they must have; nothing was published.
pub const HFX_E_HASH_MISMATCH: i32 = 50;
/// The file changed on the server while it was being fetched.
pub const HFX_E_CONTENT_CHANGED: i32 = 51;
/// A hash was required and none is known.
pub const HFX_E_NO_HASH: i32 = 52;
/// A file operation failed.
pub const HFX_E_IO: i32 = 60;
/// The disk is full or the quota is used up. What was fetched is kept.
pub const HFX_E_DISK_FULL: i32 = 61;
/// The file system refuses access.
pub const HFX_E_PERMISSION: i32 = 62;
/// A lock was held by somebody else for longer than the wait allows.
pub const HFX_E_LOCKED: i32 = 63;
/// The caller's memory is too small for the file.
pub const HFX_E_TOO_SMALL: i32 = 64;
/// A file or folder of the cache is not what it must be.
pub const HFX_E_CORRUPT_CACHE: i32 = 65;
/// A snapshot in which some files failed; hfx_job_take_outcomes tells of each.
pub const HFX_E_INCOMPLETE: i32 = 70;
/// A callback of the host asked to stop, or failed; with its errno when it gave one.
pub const HFX_E_CALLBACK: i32 = 80;

/// A failure: what, on what, why. Owned by whoever received it; its strings live as long as it does.
/// Immutable; may be read from many threads.
#[derive(Clone)]
pub struct hfx_error {
    error: Error,
    message: Text,
    request_id: Option<Text>,
    url: Option<Text>,
    commit: Option<Text>,
}

impl hfx_error {
    pub(super) fn new(error: Error) -> Self {
        Self {
            message: Text::new(&error.message()),
            request_id: error.request_id().map(Text::new),
            url: error.url_text().map(Text::new),
            commit: error.commit_text().map(Text::new),
            error,
        }
    }
}

/// The name of a status, as "DISK_FULL"; "OK" for 0, "UNKNOWN" for a number that is none. Static; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_status_name(status: hfx_status) -> *const c_char {
    const fn name(kind: Kind) -> *const c_char {
        match kind {
            Kind::InvalidArgument => c"INVALID_ARGUMENT".as_ptr(),
            Kind::Cancelled => c"CANCELLED".as_ptr(),
            Kind::Timeout => c"TIMEOUT".as_ptr(),
            Kind::WouldDeadlock => c"WOULD_DEADLOCK".as_ptr(),
            Kind::Forked => c"FORKED".as_ptr(),
            Kind::Internal => c"INTERNAL".as_ptr(),
            Kind::Closed => c"CLOSED".as_ptr(),
            Kind::Unsupported => c"UNSUPPORTED".as_ptr(),
            Kind::AlreadyTaken => c"ALREADY_TAKEN".as_ptr(),
            Kind::NotEnded => c"NOT_ENDED".as_ptr(),
            Kind::RepoNotFound => c"REPO_NOT_FOUND".as_ptr(),
            Kind::RevisionNotFound => c"REVISION_NOT_FOUND".as_ptr(),
            Kind::EntryNotFound => c"ENTRY_NOT_FOUND".as_ptr(),
            Kind::Gated => c"GATED".as_ptr(),
            Kind::Unauthorized => c"UNAUTHORIZED".as_ptr(),
            Kind::Forbidden => c"FORBIDDEN".as_ptr(),
            Kind::RateLimited => c"RATE_LIMITED".as_ptr(),
            Kind::Disabled => c"DISABLED".as_ptr(),
            Kind::Http => c"HTTP".as_ptr(),
            Kind::Protocol => c"PROTOCOL".as_ptr(),
            Kind::Offline => c"OFFLINE".as_ptr(),
            Kind::Conflict => c"CONFLICT".as_ptr(),
            Kind::Network => c"NETWORK".as_ptr(),
            Kind::Tls => c"TLS".as_ptr(),
            Kind::Proxy => c"PROXY".as_ptr(),
            Kind::HashMismatch => c"HASH_MISMATCH".as_ptr(),
            Kind::ContentChanged => c"CONTENT_CHANGED".as_ptr(),
            Kind::NoHash => c"NO_HASH".as_ptr(),
            Kind::Io => c"IO".as_ptr(),
            Kind::DiskFull => c"DISK_FULL".as_ptr(),
            Kind::Permission => c"PERMISSION".as_ptr(),
            Kind::Locked => c"LOCKED".as_ptr(),
            Kind::TooSmall => c"TOO_SMALL".as_ptr(),
            Kind::CorruptCache => c"CORRUPT_CACHE".as_ptr(),
            Kind::Incomplete => c"INCOMPLETE".as_ptr(),
            Kind::Callback => c"CALLBACK".as_ptr(),
        }
    }
    if status == HFX_OK {
        return c"OK".as_ptr();
    }
    Kind::ALL.iter().find(|kind| **kind as i32 == status).map_or(c"UNKNOWN".as_ptr(), |kind| name(*kind))
}

/// The status of an error; `HFX_OK` for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_status(error: *const hfx_error) -> hfx_status {
    value(HFX_E_INTERNAL, || maybe_handle(error).map_or(HFX_OK, |e| e.error.kind() as hfx_status))
}

/// The whole message, in one line, with its causes; it names what failed and on what, and holds no secret. Never
/// NULL; empty for a NULL error.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_message(error: *const hfx_error) -> *const c_char {
    value(c"".as_ptr(), || maybe_handle(error).map_or(c"".as_ptr(), |e| e.message.as_ptr()))
}

/// The HTTP status behind an error; 0 when no answer is behind it.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_http_status(error: *const hfx_error) -> i32 {
    value(0, || maybe_handle(error).map_or(0, |e| i32::from(e.error.http_status())))
}

/// The id under which the server logged the request; NULL when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_request_id(error: *const hfx_error) -> *const c_char {
    optional(error, |e| e.request_id.as_ref())
}

/// The URL, without user information and query; NULL when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_url(error: *const hfx_error) -> *const c_char {
    optional(error, |e| e.url.as_ref())
}

/// The commit that the server named: of a missing file its revision, of a `HFX_E_CONFLICT` the head; NULL when none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_commit(error: *const hfx_error) -> *const c_char {
    optional(error, |e| e.commit.as_ref())
}

/// The operating system's error number (errno); 0 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_os_error(error: *const hfx_error) -> i32 {
    value(0, || maybe_handle(error).map_or(0, |e| e.error.os_error()))
}

/// 1 when the same call may succeed later, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_retryable(error: *const hfx_error) -> i32 {
    value(0, || maybe_handle(error).map_or(0, |e| i32::from(e.error.is_retryable())))
}

/// Copies an error, as one that is lent, to keep it.
/// On success `*out_error` is the copy, to be freed with hfx_error_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_clone(
    error: *const hfx_error,
    out_error: *mut *mut hfx_error,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_error, "out_error")?;
        place.set(handle(error, "error")?.clone());
        Ok(())
    })
}

/// Frees an error; not one that is lent. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_error_free(error: *mut hfx_error) {
    value((), || drop(take(error)));
}

fn optional(error: *const hfx_error, field: impl FnOnce(&hfx_error) -> Option<&Text>) -> *const c_char {
    value(std::ptr::null(), || maybe_handle(error).and_then(field).map_or(std::ptr::null(), Text::as_ptr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::convert::maybe_text;

    #[test]
    fn the_header_says_what_the_table_says() {
        let said = crate::ffi::constants(include_str!("error.rs"), "HFX_E_");
        let said: Vec<_> = said.iter().map(|(name, number, _)| (*name, *number)).collect();
        let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.name(), *kind as i32)).collect();
        assert_eq!(said, kinds);
    }

    #[test]
    fn every_status_has_its_name() {
        let name = |status| maybe_text(hfx_status_name(status), "").unwrap().unwrap().to_owned();
        for kind in Kind::ALL {
            assert_eq!(name(*kind as i32), kind.name());
        }
        assert_eq!(name(HFX_OK), "OK");
        assert_eq!(name(1_000_000), "UNKNOWN");
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let mut err = std::ptr::null_mut();
        let status = crate::ffi::guard::guard(&raw mut err, || panic!("on purpose"));
        assert_eq!((status, hfx_error_status(err)), (HFX_E_INTERNAL, HFX_E_INTERNAL));
        assert!(maybe_text(hfx_error_message(err), "").unwrap().unwrap().contains("panic"));
        hfx_error_free(err);
        assert_eq!(crate::ffi::guard::value(7, || panic!("on purpose")), 7);
    }
}
