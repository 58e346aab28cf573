//! Finished files as memory, and the safe twin that reads them.

use std::ffi::{c_char, c_void};
use std::fs::File;

use super::convert::{buffer, maybe_handle, out, path, put, take};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use crate::error::Error;
use crate::sys::{file, map::View};

/// The memory is for reading: writing to it ends the process.
pub const HFX_MAP_READ: i32 = 1;
/// The memory may be written to (hfx_map_data gives a const pointer: cast it). What is written stays in this process,
/// and never reaches the file.
pub const HFX_MAP_COPY: i32 = 2;

/// A finished file as memory. May be read from many threads.
pub struct hfx_map(View);

/// Maps a whole file, without reading or copying it; `access` is one of `HFX_MAP_*`. Meant for files that hfx has
/// published, which nobody changes in place. Hazard: when another program truncates the file while it is mapped,
/// reading the lost part raises SIGBUS; hfx_read_at is the safe twin.
/// On success `*out_map` is the mapping, to be freed with hfx_map_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_map_open(
    file_path: *const c_char,
    access: i32,
    out_map: *mut *mut hfx_map,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_map, "out_map")?;
        let path = path(file_path, "file_path")?;
        let private = match access {
            HFX_MAP_READ => false,
            HFX_MAP_COPY => true,
            other => return Err(Error::invalid(format!("{other} is none of HFX_MAP_*"))),
        };
        place.set(hfx_map(View::open(&path, private).map_err(|error| Error::io("map", &path, &error))?));
        Ok(())
    })
}

/// The first byte, aligned to a page; NULL when the file is empty. Valid until hfx_map_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_map_data(map: *const hfx_map) -> *const c_void {
    value(std::ptr::null(), || {
        maybe_handle(map)
            .filter(|m| !m.0.bytes().is_empty())
            .map_or(std::ptr::null(), |m| m.0.bytes().as_ptr().cast())
    })
}

/// The length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_map_length(map: *const hfx_map) -> u64 {
    value(0, || maybe_handle(map).map_or(0, |m| m.0.bytes().len() as u64))
}

/// Ends the mapping. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_map_free(map: *mut hfx_map) {
    value((), || drop(take(map)));
}

/// Reads bytes of a file on disk, from `offset` on, into the caller's memory; the safe twin of a mapping.
/// On success `*out_length` is how many bytes were read: less than `length` only at the end of the file.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_read_at(
    file_path: *const c_char,
    offset: u64,
    memory: *mut c_void,
    length: usize,
    out_length: *mut usize,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_length, 0);
        let path = path(file_path, "file_path")?;
        let memory = buffer(memory, length)?;
        let failed = |error: std::io::Error| Error::io("read", &path, &error);
        let from = File::open(&path).map_err(failed)?;
        let mut done = 0;
        while done < memory.len() {
            match file::read_at(&from, &mut memory[done..], offset.saturating_add(done as u64))
                .map_err(failed)?
            {
                0 => break,
                n => done += n,
            }
        }
        put(out_length, done);
        Ok(())
    })
}
