//! The version, in the header and in the library.

use std::ffi::c_char;

use super::error::{hfx_error, hfx_status};
use super::guard::guard;
use crate::error::{Error, Kind};

/// Version of this header: the major part.
pub const HFX_VERSION_MAJOR: u32 = 0;
/// The minor part.
pub const HFX_VERSION_MINOR: u32 = 1;
/// The patch part.
pub const HFX_VERSION_PATCH: u32 = 0;
/// The version as one number: major * 1000000 + minor * 1000 + patch.
pub const HFX_VERSION_NUMBER: u32 = 1000;

/// The version of the library that runs, as `HFX_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_version_number() -> u32 {
    HFX_VERSION_NUMBER
}

/// The version of the library that runs, as "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_version_string() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Checks that the library fits the header a program was built with: call it with `HFX_VERSION_NUMBER`.
/// Fails with `HFX_E_UNSUPPORTED` when the library is older, or of another major version.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_version_check(header: u32, err: *mut *mut hfx_error) -> hfx_status {
    guard(err, || {
        if header / 1_000_000 == HFX_VERSION_MAJOR && header <= HFX_VERSION_NUMBER {
            return Ok(());
        }
        Err(Error::new(
            Kind::Unsupported,
            format!(
                "the program was built with version number {header} of hfx.h, the library is {HFX_VERSION_NUMBER}"
            ),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_agree() {
        let text = format!("{HFX_VERSION_MAJOR}.{HFX_VERSION_MINOR}.{HFX_VERSION_PATCH}");
        assert_eq!(text, env!("CARGO_PKG_VERSION"));
        let number = HFX_VERSION_MAJOR * 1_000_000 + HFX_VERSION_MINOR * 1000 + HFX_VERSION_PATCH;
        assert_eq!(HFX_VERSION_NUMBER, number);
    }
}
