//! Memory that several threads fill at once, and files seen as memory.
//!
//! The unsafe code of the engine's memory back ends is here. A mapping can raise SIGBUS when its file is truncated
//! or its disk is full; so a [`Region`] over a file is made over reserved space only, and a [`View`] is handed out
//! only to callers who asked for one.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use memmap2::{Mmap, MmapMut, MmapOptions, MmapRaw};

use super::file;

/// A writable stretch of memory that parts fill at disjoint offsets from many threads.
pub struct Region {
    start: NonNull<u8>,
    len: usize,
    /// Held while bytes are copied; true when the caller has its memory back.
    revoked: RwLock<bool>,
    owner: Owner,
}

enum Owner {
    /// The caller's: it must outlive the region.
    Caller,
    Boxed(Box<[u8]>),
    Anonymous(#[allow(dead_code)] MmapRaw),
    Mapped(#[allow(dead_code)] MmapRaw),
}

// SAFETY: the region is plain memory without thread affinity; all access goes through raw copies below.
unsafe impl Send for Region {}
// SAFETY: as above; concurrent writers use disjoint ranges, and readers read only what has been written before.
unsafe impl Sync for Region {}

impl Region {
    /// Memory of our own, zeroed.
    pub fn boxed(len: usize) -> Self {
        let mut memory = vec![0u8; len].into_boxed_slice();
        let start = NonNull::new(memory.as_mut_ptr()).unwrap_or(NonNull::dangling());
        Self { start, len, revoked: RwLock::default(), owner: Owner::Boxed(memory) }
    }

    /// Memory of our own, zeroed, straight from the system: a page is there once something is written to it, and all of
    /// it is given back at the end.
    pub fn anonymous(len: usize) -> io::Result<Self> {
        let map = MmapRaw::from(MmapOptions::new().len(len.max(1)).map_anon()?);
        let start = NonNull::new(map.as_mut_ptr()).ok_or_else(|| io::Error::other("mapped at null"))?;
        Ok(Self { start, len, revoked: RwLock::default(), owner: Owner::Anonymous(map) })
    }

    /// The first `len` bytes of a file, mapped. The file's space is reserved first; a file system that can't
    /// reserve is an error of kind `Unsupported`, because writing into a hole can raise SIGBUS.
    pub fn mapped(file: &File, len: usize) -> io::Result<Self> {
        if !file::preallocate(file, len as u64)? {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the file system can't reserve space"));
        }
        let map = MmapOptions::new().len(len.max(1)).map_raw(file)?;
        let start = NonNull::new(map.as_mut_ptr()).ok_or_else(|| io::Error::other("mapped at null"))?;
        Ok(Self { start, len, revoked: RwLock::default(), owner: Owner::Mapped(map) })
    }

    /// The caller's memory.
    ///
    /// # Safety
    /// `start` must be valid for reads and writes of `len` bytes until [`Region::revoke`] has returned or the region
    /// is dropped, and nobody else may access it meanwhile.
    pub unsafe fn foreign(start: NonNull<u8>, len: usize) -> Self {
        Self { start, len, revoked: RwLock::default(), owner: Owner::Caller }
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The caller takes its memory back: waits for the copies under way, and refuses all others from now on.
    pub fn revoke(&self) {
        *self.revoked.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Copies bytes in. Writers must not overlap at the same time.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = self.check(offset, bytes.len())?;
        let _lent = self.lent()?;
        // SAFETY: `check` keeps the range within the region, which is valid by construction; the source is a
        // Rust slice, so it cannot overlap memory that only this type writes.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.as_ptr().add(at), bytes.len()) };
        Ok(())
    }

    /// Copies bytes out that were written before.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let at = self.check(offset, buffer.len())?;
        let _lent = self.lent()?;
        // SAFETY: as in `write_at`, with the direction reversed.
        unsafe {
            std::ptr::copy_nonoverlapping(self.start.as_ptr().add(at), buffer.as_mut_ptr(), buffer.len());
        }
        Ok(())
    }

    /// The whole of memory that is our own, where nobody else can write any more.
    pub fn own_bytes(&mut self) -> Option<&[u8]> {
        if !matches!(self.owner, Owner::Boxed(_) | Owner::Anonymous(_)) {
            return None;
        }
        // SAFETY: the owner keeps `len` bytes valid and initialised, and nobody else has them.
        Some(unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) })
    }

    /// The whole, taken out; memory that is not our own is copied.
    pub fn into_vec(self) -> Vec<u8> {
        match self.owner {
            Owner::Boxed(memory) => memory.into_vec(),
            _ => self.to_vec(),
        }
    }

    /// The whole, once nobody writes any more.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; self.len];
        // Within bounds by construction.
        let _ = self.read_at(&mut all, 0);
        all
    }

    fn lent(&self) -> io::Result<RwLockReadGuard<'_, bool>> {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        if *revoked {
            return Err(io::Error::other("the caller has its memory back"));
        }
        Ok(revoked)
    }

    fn check(&self, offset: u64, len: usize) -> io::Result<usize> {
        let at =
            usize::try_from(offset).ok().filter(|at| at.checked_add(len).is_some_and(|end| end <= self.len));
        at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "outside of the memory"))
    }
}

/// A finished file as memory. Truncating the file while it is mapped raises SIGBUS in whoever reads the
/// lost part: the caller asked for a view and has been told.
#[derive(Debug)]
pub enum View {
    /// Of a file without bytes.
    Empty,
    /// Read-only.
    Shared(Mmap),
    /// May be written to: what is written stays in this process.
    Private(MmapMut),
}

impl View {
    /// Maps a whole file; an empty file is an empty view.
    pub fn open(path: &Path, private: bool) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Self::Empty);
        }
        // SAFETY: the file is a published blob, which hfx never changes in place; the hazard of other programs is
        // documented where the view is handed out.
        Ok(if private {
            Self::Private(unsafe { MmapOptions::new().map_copy(&file)? })
        } else {
            Self::Shared(unsafe { Mmap::map(&file)? })
        })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Shared(map) => map,
            Self::Private(map) => map,
        }
    }
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_keeps_to_its_bounds() {
        let region = Region::boxed(4);
        region.write_at(b"ab", 2).unwrap();
        assert!(region.write_at(b"abc", 2).is_err());
        assert!(region.write_at(b"a", u64::MAX).is_err());
        assert_eq!(region.to_vec(), b"\0\0ab");
        region.revoke();
        assert!(region.write_at(b"x", 0).is_err() && region.read_at(&mut [0], 0).is_err());
    }
}
