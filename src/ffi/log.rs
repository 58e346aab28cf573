//! Messages of the library, for who asked for them.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::convert::{Text, User};
use crate::error::{Error, Result};
use crate::log::{Level, Log};

/// Something failed that no job tells of, as one commit of a schedule.
pub const HFX_LOG_ERROR: i32 = 1;
/// Something is odd, and was dealt with: a try that is made again, a connection that was dropped, a file left out.
pub const HFX_LOG_WARN: i32 = 2;
/// What a user may want to know: decisions that change how fast or whence files come.
pub const HFX_LOG_INFO: i32 = 3;
/// What a developer may want to know: requests, connections, parts.
pub const HFX_LOG_DEBUG: i32 = 4;

/// Gets a message: its level, its target (the part of the library: "net", "transfer", "client"), and one line of text
/// without secrets. The strings are valid during the call. Called on threads of the library, several at once; it must
/// return soon, since connections wait for it, and must not wait for a job.
pub type hfx_log_fn =
    Option<extern "C" fn(level: i32, target: *const c_char, message: *const c_char, user: *mut c_void)>;

type Call = extern "C" fn(i32, *const c_char, *const c_char, *mut c_void);

pub(super) fn level(number: i32) -> Result<Level> {
    let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug];
    let found = levels.into_iter().find(|level| *level as i32 == number);
    found.ok_or_else(|| Error::invalid(format!("{number} is no log level")))
}

pub(super) fn log(callback: Option<(Level, Call, Arc<User>)>) -> Log {
    let Some((level, call, user)) = callback else { return Log::default() };
    Log::new(
        level,
        Box::new(move |level, room, text| {
            call(level as i32, Text::new(room).as_ptr(), Text::new(text).as_ptr(), user.pointer());
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_have_the_header_s_numbers() {
        let levels = [
            (HFX_LOG_ERROR, Level::Error),
            (HFX_LOG_WARN, Level::Warn),
            (HFX_LOG_INFO, Level::Info),
            (HFX_LOG_DEBUG, Level::Debug),
        ];
        assert!(levels.iter().all(|(number, wanted)| level(*number).unwrap() == *wanted));
        assert!(level(0).is_err() && level(5).is_err());
    }
}
