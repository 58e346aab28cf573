//! Bytes to send: positioned, repeatable, read by several parts at once.
//!
//! The hash of a file is taken before its bytes are sent. What is read the second time must be what was hashed:
//! [`Sums`] keeps a checksum of each block, and a block that differs ends the upload with an error before any of it
//! is sent. So a file that changes meanwhile never becomes a wrong object, however it is read.

use std::fs::File;
use std::hash::Hasher as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tokio::sync::mpsc;
use twox_hash::XxHash3_64;

use super::download::blocking;
use super::meters::Meter;
use super::rate::Rate;
use crate::cancel::{Watch, Wish};
use crate::error::{Error, Kind, Result};
use crate::event::FileProgress;
use crate::net::Content;
use crate::sys::file::read_into;
use crate::sys::map::View;
use crate::sys::sha::{Sha1, Sha256, hex};

/// Bytes that are read, checked and sent together: they stay in a core's cache in between, and three of them are what a
/// connection may fill.
pub const BLOCK: u64 = 256 << 10;

/// Bytes of known length, wherever they are.
pub trait Reader: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// Exactly the bytes of `range`. May block; never outside of `0..size`.
    fn read(&self, range: Range<u64>) -> Result<Bytes>;
    /// Fails when the bytes are known to have changed.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// What tells a file's content from an earlier one without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change, nanoseconds since 1970.
    pub modified: u64,
}

/// A file on disk, read as its bytes are needed.
pub struct FileReader {
    file: File,
    /// Blocks to fill again: threads that read and threads that send are not the same, and fresh memory for each block
    /// would be spread over all of them.
    spare: Spare,
    path: PathBuf,
    stamp: Stamp,
    /// How much of it counts.
    size: u64,
    /// Whether it may have more by now.
    grows: bool,
}

/// A file as memory, for callers who know that nobody changes it.
pub struct MappedReader {
    bytes: Bytes,
    path: PathBuf,
    stamp: Stamp,
}

impl Stamp {
    /// The stamp of a file.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self { size: metadata.len(), modified: since.map_or(0, |since| since.as_nanos() as u64) }
    }
}

impl FileReader {
    /// Opens a file. With `size` only so many of its first bytes count, and it may grow.
    pub fn open(path: &Path, size: Option<u64>) -> Result<Self> {
        let failed = |error: std::io::Error| Error::io("open", path, &error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::invalid(format!("{} is not a file", path.display())));
        }
        let stamp = Stamp::of(&metadata);
        Ok(Self {
            file,
            spare: Spare::default(),
            path: path.to_owned(),
            stamp,
            size: size.map_or(stamp.size, |size| size.min(stamp.size)),
            grows: size.is_some(),
        })
    }

    /// What it was when it was opened.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }
}

impl Reader for FileReader {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let length = (range.end - range.start) as usize;
        let mut block = self.spare.take();
        match read_into(&self.file, &mut block.bytes, length, range.start) {
            Ok(()) => Ok(Bytes::from_owner(block)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(changed(&self.path)),
            Err(error) => Err(Error::io("read", &self.path, &error)),
        }
    }

    fn check(&self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| Error::io("read", &self.path, &error))?;
        let same = if self.grows { metadata.len() >= self.size } else { Stamp::of(&metadata) == self.stamp };
        if !same {
            return Err(changed(&self.path));
        }
        Ok(())
    }
}

/// Blocks that were let go of.
#[derive(Clone, Default)]
struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

/// A block that goes back when nobody uses it any more.
struct Block {
    bytes: Vec<u8>,
    home: Spare,
}

impl Spare {
    fn take(&self) -> Block {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Block { bytes, home: self.clone() }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

impl MappedReader {
    /// Maps a file.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Error::io("map", path, &error);
        let stamp = Stamp::of(&std::fs::metadata(path).map_err(failed)?);
        let view = View::open(path, false).map_err(failed)?;
        Ok(Self { bytes: Bytes::from_owner(view), path: path.to_owned(), stamp })
    }

    /// What it was when it was mapped.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }
}

impl Reader for MappedReader {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        // Looked at again before each block: a file that became shorter would end the process.
        self.check()?;
        Ok(self.bytes.slice(range.start as usize..range.end as usize))
    }

    fn check(&self) -> Result<()> {
        let metadata =
            std::fs::metadata(&self.path).map_err(|error| Error::io("read", &self.path, &error))?;
        if Stamp::of(&metadata) != self.stamp {
            return Err(changed(&self.path));
        }
        Ok(())
    }
}

impl Reader for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        Ok(self.slice(range.start as usize..range.end as usize))
    }
}

fn changed(path: &Path) -> Error {
    let what =
        format!("{} changed while it was read: nothing of it is committed; run it again", path.display());
    Error::new(Kind::ContentChanged, what)
}

/// A checksum of each block of what was hashed.
#[derive(Debug, Default)]
pub struct Sums(Vec<u64>);

impl Sums {
    fn add(&mut self, block: &[u8]) {
        self.0.push(sum(block));
    }

    /// Whether the block is what it was; a block that was not seen before passes.
    fn fits(&self, index: u64, block: &[u8]) -> bool {
        self.0.get(index as usize).is_none_or(|seen| *seen == sum(block))
    }
}

fn sum(block: &[u8]) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(block);
    hash.finish()
}

/// What hashing found.
pub struct Hashed {
    /// SHA-256, 64 hex digits.
    pub sha256: String,
    /// What the bytes have to be when they are sent.
    pub sums: Sums,
}

/// Takes the SHA-256 of all, block by block on a thread for work that blocks. Waits while `watch` says pause.
pub async fn hash(reader: Arc<dyn Reader>, progress: Arc<FileProgress>, mut watch: Watch) -> Result<Hashed> {
    let (mut so_far, mut at) = ((Sha256::new(), Sums::default()), 0);
    loop {
        watch.go_on().await?;
        let (reader, progress, watch) = (reader.clone(), progress.clone(), watch.clone());
        let (mut hash, mut sums) = so_far;
        let size = reader.size();
        (so_far, at) = blocking(move || {
            while at < size && watch.wish() == Wish::Run {
                let block = reader.read(at..(at + BLOCK).min(size))?;
                hash.update(&block);
                sums.add(&block);
                at += block.len() as u64;
                progress.set_hashed(at);
            }
            if at == size {
                reader.check()?;
            }
            Ok(((hash, sums), at))
        })
        .await?;
        if at == size {
            return Ok(Hashed { sha256: hex(&so_far.0.finish()), sums: so_far.1 });
        }
    }
}

/// Git's name of all bytes as a blob, 40 hex digits. For small content.
pub fn git_sha1(reader: &dyn Reader) -> Result<String> {
    let (mut hash, mut at) = (Sha1::git_blob(reader.size()), 0);
    while at < reader.size() {
        let block = reader.read(at..(at + BLOCK).min(reader.size()))?;
        hash.update(&block);
        at += block.len() as u64;
    }
    Ok(hex(&hash.finish()))
}

/// A stretch of a reader's bytes on its way into a request.
pub struct Stretch {
    /// Whose bytes.
    pub reader: Arc<dyn Reader>,
    /// Which.
    pub range: Range<u64>,
    /// What they have to be.
    pub sums: Arc<Sums>,
    /// Bytes per second.
    pub rate: Arc<Rate>,
    /// Where to tell how it goes.
    pub progress: Arc<FileProgress>,
    /// Told of how far it is out.
    pub moved: Arc<dyn Fn(u64) + Send + Sync>,
    /// The connection it goes over, beside the others.
    pub meter: Arc<Meter>,
}

impl Stretch {
    /// The checked bytes of one block that lie in the stretch.
    fn block(&self, index: u64) -> Result<Bytes> {
        let start = index * BLOCK;
        let end = (start + BLOCK).min(self.reader.size());
        let block = self.reader.read(start..end)?;
        if !self.sums.fits(index, &block) {
            let what = "the bytes are not those that were hashed: they changed in between";
            return Err(Error::new(Kind::ContentChanged, what));
        }
        // Where the hash is from an earlier run there are no sums; the last block must not leave either way.
        self.reader.check()?;
        let from = self.range.start.max(start) - start;
        let to = self.range.end.min(end) - start;
        Ok(block.slice(from as usize..to as usize))
    }
}

impl Content for Stretch {
    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn too_slow(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.meter.too_slow())
    }

    fn open(self: Arc<Self>) -> mpsc::Receiver<Result<Bytes>> {
        // One block waits while one is on the wire and one is read.
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            let blocks = self.range.start / BLOCK..self.range.end.div_ceil(BLOCK);
            let mut out = 0;
            for index in blocks {
                let stretch = self.clone();
                let block = blocking(move || stretch.block(index)).await;
                let length = block.as_ref().map_or(0, |block| block.len() as u64);
                self.rate.pass(length).await;
                let failed = block.is_err();
                if sender.send(block).await.is_err() || failed {
                    return;
                }
                self.progress.add_sent(length);
                out += length;
                self.meter.moved(out);
                (self.moved)(out);
            }
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Control;
    use crate::event::Progress;
    use crate::transfer::meters::Meters;

    fn rate() -> Arc<Rate> {
        Arc::new(Rate::new(0))
    }

    async fn all(mut chunks: mpsc::Receiver<Result<Bytes>>) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn stretches_make_the_whole_and_a_change_is_seen() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 12_345).map(|i| (i * 31 % 251) as u8).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, &bytes).unwrap();
        let reader: Arc<dyn Reader> = Arc::new(FileReader::open(&path, None).unwrap());
        let progress = Progress::default().add("f", reader.size());
        let hashed = hash(reader.clone(), progress.clone(), Control::new().watch()).await.unwrap();
        let mut whole = Sha256::new();
        whole.update(&bytes);
        assert_eq!(hashed.sha256, hex(&whole.finish()));
        let sums = Arc::new(hashed.sums);
        let stretch = |range: Range<u64>| {
            let (reader, sums) = (reader.clone(), sums.clone());
            let progress = progress.clone();
            let meter = Meters::new(BLOCK).start(range.end - range.start, true, true).meter.clone();
            let moved = Arc::new(|_| ());
            Arc::new(Stretch { reader, range, sums, rate: rate(), progress, moved, meter })
        };
        let size = bytes.len() as u64;
        for step in [700_001, BLOCK, size] {
            let mut got = Vec::new();
            for start in (0..size).step_by(step as usize) {
                got.extend(all(stretch(start..(start + step).min(size)).open()).await.unwrap());
            }
            assert!(got == bytes, "in steps of {step}");
        }
        // The time of change tells it, and where that stays, the sums do.
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        let mut other = bytes.clone();
        other[BLOCK as usize + 7] ^= 1;
        std::fs::write(&path, &other).unwrap();
        assert_eq!(all(stretch(0..BLOCK).open()).await.unwrap_err().kind(), Kind::ContentChanged);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert!(all(stretch(0..BLOCK).open()).await.is_ok(), "that block is what it was");
        let refused = all(stretch(BLOCK..BLOCK + 1).open()).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::ContentChanged);
        std::fs::write(&path, &other[..100]).unwrap();
        let refused = all(stretch(0..BLOCK).open()).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::ContentChanged, "shorter than it was");
    }

    #[test]
    fn a_file_that_grows_keeps_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "abc").unwrap();
        let (grows, whole) =
            (FileReader::open(&path, Some(3)).unwrap(), FileReader::open(&path, None).unwrap());
        std::fs::write(&path, "abcdef").unwrap();
        assert_eq!(grows.read(0..3).unwrap(), "abc");
        grows.check().unwrap();
        assert_eq!(whole.check().unwrap_err().kind(), Kind::ContentChanged);
        std::fs::write(&path, "ab").unwrap();
        assert_eq!(grows.check().unwrap_err().kind(), Kind::ContentChanged);
    }

    #[tokio::test]
    async fn bytes_that_were_hashed_in_an_earlier_run_are_watched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, vec![1; 2 * BLOCK as usize]).unwrap();
        let reader: Arc<dyn Reader> = Arc::new(FileReader::open(&path, None).unwrap());
        let progress = Progress::default().add("f", reader.size());
        let (sums, range) = (Arc::<Sums>::default(), 0..reader.size());
        let moved = Arc::new(|_| ());
        let meter = Meters::new(BLOCK).start(reader.size(), true, true).meter.clone();
        let stretch = Arc::new(Stretch { reader, range, sums, rate: rate(), progress, moved, meter });
        assert!(all(stretch.clone().open()).await.is_ok());
        std::fs::write(&path, vec![2; 2 * BLOCK as usize]).unwrap();
        assert_eq!(all(stretch.open()).await.unwrap_err().kind(), Kind::ContentChanged);
    }

    #[tokio::test]
    async fn hashing_ends_when_it_is_told_to() {
        let control = Control::new();
        control.turn(crate::cancel::Wish::Cancel);
        let progress = Progress::default().add("f", 1);
        let refused = hash(Arc::new(Bytes::from_static(b"x")), progress, control.watch()).await;
        assert!(matches!(refused, Err(error) if error.kind() == Kind::Cancelled));
    }

    #[test]
    fn names_of_blobs_are_gits() {
        assert_eq!(
            git_sha1(&Bytes::from_static(b"hello\n")).unwrap(),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }
}
