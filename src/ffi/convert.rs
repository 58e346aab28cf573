//! Everything that crosses the border: pointers, strings, handles, callbacks' user data.
//!
//! The conversions are safe functions over what C promises in the header: a pointer is NULL or valid for its stated
//! use, a string ends with NUL, a handle came from this library and was not freed. NULL where it is not allowed and
//! text that is not UTF-8 are found here and become `HFX_E_INVALID_ARGUMENT`.

use std::ffi::{CStr, CString, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use crate::error::{Error, Result};
use crate::sys::map::Region;

/// A handle that must be there.
pub(super) fn handle<'a, T>(pointer: *const T, what: &str) -> Result<&'a T> {
    maybe_handle(pointer).ok_or_else(|| null(what))
}

/// A handle that may be NULL.
pub(super) fn maybe_handle<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: the caller promises NULL or a live handle of this library, shared by `const` for the call's length.
    unsafe { pointer.as_ref() }
}

/// A builder that must be there; one thread at a time.
pub(super) fn builder<'a, T>(pointer: *mut T, what: &str) -> Result<&'a mut T> {
    // SAFETY: the caller promises NULL or a live builder that no other thread uses during the call.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(what))
}

/// A text that must be there.
pub(super) fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    maybe_text(pointer, what)?.ok_or_else(|| null(what))
}

/// A text that may be NULL.
pub(super) fn maybe_text<'a>(pointer: *const c_char, what: &str) -> Result<Option<&'a str>> {
    match c_str(pointer) {
        None => Ok(None),
        Some(text) => text.to_str().map(Some).map_err(|_| Error::invalid(format!("{what} is not UTF-8"))),
    }
}

/// A path: the platform's bytes.
pub(super) fn path(pointer: *const c_char, what: &str) -> Result<PathBuf> {
    let text = c_str(pointer).ok_or_else(|| null(what))?;
    if text.is_empty() {
        return Err(Error::invalid(format!("{what} is empty")));
    }
    Ok(PathBuf::from(OsStr::from_bytes(text.to_bytes())))
}

/// A truth value.
pub(super) fn boolean(number: i32) -> Result<bool> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::invalid(format!("{other} is neither 0 nor 1"))),
    }
}

/// A list of texts, each of which may be NULL.
pub(super) fn maybe_texts(
    pointer: *const *const c_char,
    count: usize,
    what: &str,
) -> Result<Vec<Option<String>>> {
    let one = |one: &*const c_char| Ok(maybe_text(*one, what)?.map(str::to_owned));
    pointers(pointer, count, what)?.iter().map(one).collect()
}

/// A list of texts.
pub(super) fn texts(pointer: *const *const c_char, count: usize, what: &str) -> Result<Vec<String>> {
    pointers(pointer, count, what)?.iter().map(|one| text(*one, what).map(str::to_owned)).collect()
}

fn pointers<'a>(pointer: *const *const c_char, count: usize, what: &str) -> Result<&'a [*const c_char]> {
    if count == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(null(what));
    }
    fits(count.saturating_mul(size_of::<*const c_char>()), what)?;
    // SAFETY: the caller promises `count` readable pointers.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

fn c_str<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller promises a NUL-terminated string that stays unchanged during the call.
    Some(unsafe { CStr::from_ptr(pointer) })
}

/// The caller's memory, to be filled.
pub(super) fn region(pointer: *mut c_void, length: usize) -> Result<Region> {
    fits(length, "buffer")?;
    match NonNull::new(pointer.cast::<u8>()) {
        // SAFETY: the caller promises memory of this length, and leaves it alone until the job has ended.
        Some(start) => Ok(unsafe { Region::foreign(start, length) }),
        None if length == 0 => Ok(Region::boxed(0)),
        None => Err(null("buffer")),
    }
}

/// The caller's memory as a slice, for a call that returns when it is filled.
pub(super) fn buffer<'a>(pointer: *mut c_void, length: usize) -> Result<&'a mut [u8]> {
    if length == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() {
        return Err(null("buffer"));
    }
    fits(length, "buffer")?;
    // SAFETY: the caller promises writable memory of this length that nobody else uses during the call.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast::<u8>(), length) })
}

/// The caller's memory, to be read during the call.
pub(super) fn bytes<'a>(pointer: *const c_void, length: usize, what: &str) -> Result<&'a [u8]> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(null(what));
    }
    fits(length, what)?;
    // SAFETY: the caller promises readable memory of this length that nobody changes during the call.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) })
}

/// Where a handle is returned: NULL until it is set.
pub(super) struct Out<T>(NonNull<*mut T>);

/// The place for a handle; it says NULL from now on.
pub(super) fn out<T>(place: *mut *mut T, what: &str) -> Result<Out<T>> {
    let place = NonNull::new(place).ok_or_else(|| null(what))?;
    // SAFETY: the caller promises NULL or a writable place.
    unsafe { place.as_ptr().write(std::ptr::null_mut()) };
    Ok(Out(place))
}

impl<T> Out<T> {
    /// Hands an owned handle out.
    pub(super) fn set(self, value: T) {
        // SAFETY: checked and written before, in `out`.
        unsafe { self.0.as_ptr().write(give(value)) };
    }
}

/// The place for a handle that the caller may not want.
pub(super) fn maybe_out<T>(place: *mut *mut T) -> Option<Out<T>> {
    out(place, "").ok()
}

/// Hands a value out as an owned handle.
pub(super) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes an owned handle back; NULL is nothing.
pub(super) fn take<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: the caller promises NULL or a handle that `give` made, and does not use it again.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Writes a number where the caller wants one; NULL where it does not.
pub(super) fn put<T: Copy>(place: *mut T, value: T) {
    if let Some(place) = NonNull::new(place) {
        // SAFETY: the caller promises NULL or a writable place.
        unsafe { place.as_ptr().write(value) };
    }
}

/// Fills a caller's struct, of which `size` bytes are there: our fields as far as they fit, the rest zeroes.
pub(super) fn fill<T: Copy>(place: *mut T, size: usize, known: Option<T>) {
    if place.is_null() || isize::try_from(size).is_err() {
        return;
    }
    let place = place.cast::<u8>();
    // SAFETY: the caller promises NULL or `size` writable bytes; only our own bytes are read, as many as a `T` has. A
    // `T` is a C struct of numbers and pointers.
    unsafe {
        place.write_bytes(0, size);
        if let Some(known) = known {
            place.copy_from_nonoverlapping((&raw const known).cast(), size.min(size_of::<T>()));
        }
    }
}

/// A NUL-terminated text that a handle lends out.
#[derive(Debug, Clone)]
pub(super) struct Text(CString);

impl Text {
    /// From text; a NUL inside ends it.
    pub(super) fn new(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    /// From a path's bytes.
    pub(super) fn path(path: &Path) -> Self {
        Self::bytes(path.as_os_str().as_bytes())
    }

    fn bytes(bytes: &[u8]) -> Self {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        Self(CString::new(&bytes[..end]).unwrap_or_default())
    }

    /// The text itself.
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The pointer, valid as long as its handle.
    pub(super) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }
}

/// The caller's `void *user` and its destructor, which runs exactly once.
pub(super) struct User {
    pointer: *mut c_void,
    destroy: Option<extern "C" fn(*mut c_void)>,
}

// SAFETY: the header says that user data travels to our threads; the caller made it fit for that.
unsafe impl Send for User {}
// SAFETY: as above; the callbacks that share it are documented as concurrent where they are.
unsafe impl Sync for User {}

impl User {
    /// Takes the pointer over.
    pub(super) fn new(pointer: *mut c_void, destroy: Option<extern "C" fn(*mut c_void)>) -> Self {
        Self { pointer, destroy }
    }

    /// What the callback gets.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            destroy(self.pointer);
        }
    }
}

/// No memory is longer than half of the address space.
fn fits(length: usize, what: &str) -> Result<()> {
    if isize::try_from(length).is_err() {
        return Err(Error::invalid(format!("{what}: no memory is {length} bytes long")));
    }
    Ok(())
}

fn null(what: &str) -> Error {
    Error::invalid(format!("{what} is NULL"))
}
