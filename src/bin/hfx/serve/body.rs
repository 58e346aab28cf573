//! Bodies: bytes in memory or of a file, at full speed or in the manner a fault wants.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::control::Record;
use super::fault::Action;
use super::wire::Link;

/// What is read and handed over at once.
const CHUNK: usize = 256 * 1024;
/// How many spare chunks are kept.
const SPARE: usize = 64;
/// Between the last byte before a cut and the cut: a reset throws away what the other side has not fetched yet.
const BEFORE_CUT: Duration = Duration::from_millis(50);

/// Bytes of a file, from a place on.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) file: Arc<File>,
    pub(super) start: u64,
}

impl Slice {
    /// The bytes `start..end`, counted from the slice's own start.
    pub(super) fn read(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; (end - start) as usize];
        self.fill(&mut bytes, start)?;
        Ok(bytes)
    }

    fn fill(&self, into: &mut [u8], start: u64) -> io::Result<()> {
        read_exact_at(&self.file, into, self.start + start)
    }
}

/// Where the bytes come from.
pub(super) enum Source {
    Memory(Bytes),
    File(Slice),
}

/// A body on its way out.
pub(super) struct Body {
    source: Source,
    at: u64,
    left: u64,
    sent: u64,
    /// Whether the length is told before (else the body goes out chunked).
    sized: bool,
    manner: Manner,
    wait: Option<Pin<Box<Sleep>>>,
    begun: Option<Instant>,
    link: Arc<Link>,
    record: Option<Arc<Record>>,
}

/// How a fault wants the body.
#[derive(Default)]
struct Manner {
    cut: Option<Cut>,
    stall_after: Option<u64>,
    rate: Option<u64>,
    flip: Option<u64>,
}

struct Cut {
    after: u64,
    reset: bool,
    flushed: bool,
}

impl Body {
    /// `start..end` of the source.
    pub(super) fn new(source: Source, start: u64, end: u64, link: Arc<Link>) -> Body {
        let left = end - start;
        let manner = Manner::default();
        Body {
            source,
            at: start,
            left,
            sent: 0,
            sized: true,
            manner,
            wait: None,
            begun: None,
            link,
            record: None,
        }
    }

    pub(super) fn empty(link: Arc<Link>) -> Body {
        Body::new(Source::Memory(Bytes::new()), 0, 0, link)
    }

    /// Does not tell its length.
    pub(super) fn chunked(mut self) -> Body {
        self.sized = false;
        self
    }

    /// An encoded body: its length is not told, and its bytes are not those of the file.
    pub(super) fn encoded(mut self) -> Body {
        self.manner.flip = None;
        self.chunked()
    }

    /// Counts its bytes there.
    pub(super) fn counted(mut self, record: Option<Arc<Record>>) -> Body {
        self.record = record;
        self
    }

    /// Takes on what the action says of bodies.
    pub(super) fn in_manner(mut self, action: &Action) -> Body {
        let drop = action.drop_after.map(|after| Cut { after, reset: true, flushed: false });
        let truncate = action.truncate.map(|after| Cut { after, reset: false, flushed: false });
        let cut = match (drop, truncate) {
            (Some(drop), Some(truncate)) => Some(if drop.after <= truncate.after { drop } else { truncate }),
            (drop, truncate) => drop.or(truncate),
        };
        let (stall_after, rate) = (action.stall_after, action.rate.map(|rate| rate.max(1)));
        self.manner = Manner { cut, stall_after, rate, flip: action.flip_byte };
        self
    }

    /// How much may go out now without crossing what the manner sets.
    fn next_length(&self) -> usize {
        let manner = &self.manner;
        let mut most = self.left.min(CHUNK as u64);
        for edge in [manner.cut.as_ref().map(|cut| cut.after), manner.stall_after].into_iter().flatten() {
            most = most.min(edge.saturating_sub(self.sent));
        }
        // Twenty steps a second look like a slow line, not like bursts.
        manner.rate.map_or(most, |rate| most.min((rate / 20).max(1))) as usize
    }

    fn next_chunk(&mut self, length: usize) -> io::Result<Bytes> {
        let start = self.at;
        let flip = self.manner.flip.filter(|flip| (start..start + length as u64).contains(flip));
        let chunk = match &self.source {
            Source::Memory(bytes) => {
                let chunk = bytes.slice(start as usize..start as usize + length);
                flip.map_or(chunk.clone(), |flip| inverted(chunk.to_vec(), (flip - start) as usize))
            }
            Source::File(slice) => {
                let mut chunk = Chunk::take();
                slice.fill(&mut chunk.bytes[..length], start)?;
                chunk.length = length;
                if let Some(flip) = flip {
                    chunk.bytes[(flip - start) as usize] ^= 0xff;
                }
                Bytes::from_owner(chunk)
            }
        };
        self.at += length as u64;
        self.left -= length as u64;
        self.sent += length as u64;
        if let Some(record) = &self.record {
            record.add(length as u64);
        }
        Ok(chunk)
    }

    /// Cuts the connection once what went before is on its way.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let Some(cut) = &mut self.manner.cut else { return Poll::Pending };
        if !cut.flushed {
            if self.link.poll_flushed(context).is_pending() {
                return Poll::Pending;
            }
            cut.flushed = true;
            self.wait = Some(Box::pin(sleep_until(Instant::now() + BEFORE_CUT)));
        }
        if let Some(wait) = &mut self.wait
            && wait.as_mut().poll(context).is_pending()
        {
            return Poll::Pending;
        }
        if cut.reset {
            self.link.reset_on_close();
        }
        Poll::Ready(io::Error::other("cut by a fault"))
    }
}

fn inverted(mut bytes: Vec<u8>, at: usize) -> Bytes {
    bytes[at] ^= 0xff;
    bytes.into()
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if this.manner.cut.as_ref().is_some_and(|cut| this.sent >= cut.after) {
            return this.poll_cut(context).map(|error| Some(Err(error)));
        }
        if this.manner.stall_after.is_some_and(|after| this.sent >= after) {
            // Nothing wakes it: the connection stays until the other side closes it.
            return Poll::Pending;
        }
        if let Some(wait) = &mut this.wait {
            if wait.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.wait = None;
        }
        // Read on this thread: from the page cache that is cheaper than a hop to another one.
        let chunk = this.next_chunk(this.next_length());
        if let Some(rate) = this.manner.rate {
            let begun = *this.begun.get_or_insert_with(Instant::now);
            let due = begun + Duration::from_secs_f64(this.sent as f64 / rate as f64);
            this.wait = Some(Box::pin(sleep_until(due)));
        }
        Poll::Ready(Some(chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.sized { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}

/// A buffer that goes back to the spare ones when the network is done with it: no memory is cleared twice.
struct Chunk {
    bytes: Vec<u8>,
    length: usize,
}

static SPARES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

impl Chunk {
    fn take() -> Chunk {
        let spare = SPARES.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Chunk { bytes: spare.unwrap_or_else(|| vec![0; CHUNK]), length: 0 }
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARE {
            spares.push(std::mem::take(&mut self.bytes));
        }
    }
}

/// Fills the buffer from that place of the file.
pub(super) fn read_exact_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        match read_at(file, into, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                into = &mut into[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}
