//! One part of a multipart upload, and an attempt to store it.
//!
//! Several clients may send the same part at once, since all who upload an object share its parts: they write the same
//! bytes to the same place. A completion fences them off, and hashes what is there.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use flate2::Crc;

use super::disk;
use super::uploads::{Upload, lock};

/// A part, stored or not.
#[derive(Default)]
pub(super) struct Part {
    pub(super) etag: Option<String>,
    /// Attempts that may still write.
    pub(super) writers: u32,
    /// Those that began behind another fence may not.
    pub(super) fence: u64,
}

impl Part {
    /// From now on no attempt that has begun writes any more.
    pub(super) fn fence_off(&mut self) {
        self.fence += 1;
        self.writers = 0;
    }
}

/// A part being stored.
pub(in crate::serve) struct Attempt {
    pub(super) upload: Arc<Upload>,
    /// Counted from 0.
    pub(super) at: usize,
    pub(super) fence: u64,
    pub(super) file: File,
    pub(super) written: u64,
    pub(super) crc: Crc,
}

impl Attempt {
    /// Stores the bytes that follow.
    pub(in crate::serve) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let plan = &self.upload.plan;
        let left = plan.length(self.at as u64 + 1) - self.written;
        if bytes.len() as u64 > left {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the part is longer than it should be"));
        }
        let part = lock(&self.upload.parts[self.at]);
        if part.fence == self.fence {
            if self.written == 0 {
                (&self.file).seek(SeekFrom::Start(self.at as u64 * plan.chunk))?;
            }
            (&self.file).write_all(bytes)?;
        }
        drop(part);
        self.crc.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// The part is whole: its etag, and whether it was stored. It was not if the upload was completed meanwhile.
    pub(in crate::serve) fn finish(self) -> io::Result<(String, bool)> {
        let wanted = self.upload.plan.length(self.at as u64 + 1);
        if self.written != wanted {
            let text = format!("the part has {wanted} bytes, {} came", self.written);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let etag = etag(&self.crc);
        let mut part = lock(&self.upload.parts[self.at]);
        if part.fence != self.fence {
            return Ok((etag, false));
        }
        let (folder, name) = (&self.upload.folder, (self.at + 1).to_string());
        let built = disk::free_name(&folder.join("e"));
        fs::write(&built, &etag)?;
        fs::rename(built, folder.join(name))?;
        part.etag = Some(etag.clone());
        // Dropping it locks the part again.
        drop(part);
        Ok((etag, true))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut part = lock(&self.upload.parts[self.at]);
        if part.fence == self.fence {
            part.writers -= 1;
        }
    }
}

/// What a part's content is called; no more than a checksum: the object's hash is what counts.
pub(in crate::serve) fn etag(crc: &Crc) -> String {
    format!("{:08x}{:08x}", crc.sum(), crc.amount())
}
