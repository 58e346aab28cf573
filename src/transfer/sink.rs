//! Where the bytes of a transfer go.
//!
//! A sink takes bytes at offsets, from many parts at once. [`FileSink`] writes at positions and is the default;
//! [`MemorySink`] copies into memory: a mapped file over reserved space, our own, or the caller's; [`OrderedSink`]
//! hands the bytes to a callback in their order and hashes them on the way. Offsets count from the transfer's start.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::digest::Hasher;
use crate::error::{Error, Kind, Result};
use crate::sys::file;
use crate::sys::map::Region;

/// A write that takes longer than this has met the disk, not the page cache.
const SLOW: Duration = Duration::from_millis(4);
/// After this many slow writes the threads that serve the network are not used for writing any more...
const SLOW_WRITES: u32 = 2;
/// ...until this many fast ones in a row.
const FORGIVEN: u32 = 64;

/// Takes bytes at offsets.
pub trait Sink: Send + Sync {
    /// Puts bytes at an offset. Parts never overlap at the same time.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()>;

    /// Reads bytes back, for the hash and for checks.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()>;

    /// Parts may start before this offset.
    fn horizon(&self) -> u64 {
        u64::MAX
    }

    /// Whether a write may keep the thread that calls, which serves the network: a disk that hangs must not have them all.
    fn keeps_the_thread(&self) -> bool {
        false
    }

    /// Whether a write waits for a disk that is slow, or hangs.
    fn waits_for_disk(&self) -> bool {
        false
    }

    /// Whether the sink hashes what passes through it, because it can't be read back.
    fn takes_hash(&self) -> bool {
        false
    }

    /// The hash, from a sink that takes it.
    fn hash(&self) -> Option<String> {
        None
    }
}

/// Positioned writes into a file.
pub struct FileSink {
    file: Arc<File>,
    path: PathBuf,
    slow: AtomicU32,
}

impl FileSink {
    /// A sink over an open file; `path` is for messages.
    pub fn new(file: Arc<File>, path: &Path) -> Self {
        Self { file, path: path.to_owned(), slow: 0.into() }
    }

    fn write_now(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let start = Instant::now();
        file::write_all_at(&self.file, bytes, offset).map_err(|e| Error::io("write", &self.path, &e))?;
        let slow = self.slow.load(Relaxed);
        if start.elapsed() > SLOW {
            self.slow.store((slow + FORGIVEN).min(SLOW_WRITES * FORGIVEN), Relaxed);
        } else if slow > 0 {
            self.slow.store(slow - 1, Relaxed);
        }
        Ok(())
    }
}

impl Sink for FileSink {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        if self.slow.load(Relaxed) > FORGIVEN {
            // Hands this thread's other connections to another thread while the disk is waited for.
            tokio::task::block_in_place(|| self.write_now(bytes, offset))
        } else {
            self.write_now(bytes, offset)
        }
    }

    fn keeps_the_thread(&self) -> bool {
        self.slow.load(Relaxed) <= FORGIVEN
    }

    fn waits_for_disk(&self) -> bool {
        !self.keeps_the_thread()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        file::read_exact_at(&self.file, buffer, offset).map_err(|e| Error::io("read", &self.path, &e))
    }
}

/// Copies into memory.
pub struct MemorySink(pub Arc<Region>);

impl Sink for MemorySink {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.0
            .write_at(bytes, offset)
            .map_err(|e| Error::new(Kind::TooSmall, "the memory is too small").os(&e))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.0
            .read_at(buffer, offset)
            .map_err(|e| Error::new(Kind::TooSmall, "the memory is too small").os(&e))
    }
}

/// Takes chunks in their order; an error ends the transfer.
pub type ChunkFn = Box<dyn FnMut(u64, &[u8]) -> Result<()> + Send>;

/// Hands bytes to a callback, in order, each once.
pub struct OrderedSink {
    state: Mutex<Ordered>,
    /// Taken by whoever delivers; `delivering` keeps it from being contended.
    callback: Mutex<(ChunkFn, Option<Hasher>)>,
    ahead: u64,
}

#[derive(Default)]
struct Ordered {
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
    delivering: bool,
}

impl Ordered {
    /// What is held for the next offset; what was delivered already, in pieces cut elsewhere, is dropped.
    fn next_held(&mut self) -> Option<Vec<u8>> {
        while let Some(first) = self.held.first_entry() {
            if *first.key() > self.next {
                return None;
            }
            let (at, mut bytes) = first.remove_entry();
            let seen = (self.next - at) as usize;
            if seen < bytes.len() {
                return Some(bytes.split_off(seen));
            }
        }
        None
    }
}

impl OrderedSink {
    /// At most about `ahead` bytes are held back for their turn.
    pub fn new(callback: ChunkFn, hasher: Option<Hasher>, ahead: u64) -> Self {
        Self { state: Mutex::default(), callback: Mutex::new((callback, hasher)), ahead }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Ordered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut callback = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hasher) = &mut callback.1 {
            hasher.update(bytes);
        }
        (callback.0)(offset, bytes)
    }
}

impl Sink for OrderedSink {
    fn write_at(&self, mut bytes: &[u8], mut offset: u64) -> Result<()> {
        {
            let mut state = self.state();
            if offset < state.next {
                // A server without ranges starts again from the beginning: what was delivered is not again.
                let seen = (state.next - offset).min(bytes.len() as u64);
                bytes = &bytes[seen as usize..];
                offset += seen;
            }
            if bytes.is_empty() {
                return Ok(());
            }
            if offset != state.next || state.delivering {
                state.held.insert(offset, bytes.to_vec());
                return Ok(());
            }
            state.delivering = true;
        }
        let mut turn = std::borrow::Cow::Borrowed(bytes);
        loop {
            // The callback may block: the other connections of this thread go on elsewhere. Once it has refused, the turn
            // stays taken: it is not called again, by another part or for the same bytes.
            tokio::task::block_in_place(|| self.deliver(&turn, offset))?;
            let mut state = self.state();
            offset += turn.len() as u64;
            state.next = offset;
            let Some(more) = state.next_held() else {
                state.delivering = false;
                return Ok(());
            };
            turn = more.into();
        }
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> Result<()> {
        Err(Error::new(Kind::Internal, "a callback's bytes can't be read back"))
    }

    fn horizon(&self) -> u64 {
        self.state().next.saturating_add(self.ahead)
    }

    fn takes_hash(&self) -> bool {
        true
    }

    fn hash(&self) -> Option<String> {
        self.callback.lock().unwrap_or_else(PoisonError::into_inner).1.take().map(Hasher::finish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_has_refused_is_not_called_again() {
        let calls = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = calls.clone();
        let sink = OrderedSink::new(
            Box::new(move |_, _| {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Err(Error::new(Kind::Callback, "stop"))
            }),
            None,
            100,
        );
        assert!(sink.write_at(b"abc", 0).is_err());
        let _ = sink.write_at(b"abc", 0);
        let _ = sink.write_at(b"d", 3);
        assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn chunks_come_in_order_each_once() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        let callback = Box::new(move |offset, bytes: &[u8]| {
            let mut seen = into.lock().unwrap();
            assert_eq!(offset, seen.len() as u64);
            seen.extend_from_slice(bytes);
            Ok(())
        });
        let sink = OrderedSink::new(callback, None, 4);
        sink.write_at(b"cd", 2).unwrap();
        assert_eq!(sink.horizon(), 4);
        sink.write_at(b"ef", 4).unwrap();
        sink.write_at(b"ab", 0).unwrap();
        assert_eq!(*seen.lock().unwrap(), b"abcdef");
        assert_eq!(sink.horizon(), 10);
        sink.write_at(b"abcdefgh", 0).unwrap();
        assert_eq!(*seen.lock().unwrap(), b"abcdefgh");
        // The same bytes from two exchanges that were cut differently.
        sink.write_at(b"kl", 10).unwrap();
        sink.write_at(b"jklm", 9).unwrap();
        sink.write_at(b"ij", 8).unwrap();
        assert_eq!(*seen.lock().unwrap(), b"abcdefghijklm");
    }
}
