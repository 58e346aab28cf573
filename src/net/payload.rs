//! What a request sends: bytes at hand, or content that is read while it goes out.
//!
//! A stream can be opened again for each try. Bytes leave as they were made, without a copy; how far they are out is
//! told by [`Sent`], so that a slow line is told apart from one that stands still. When the peer has closed its side
//! the rest stays unsent: its answer may be there already (a redirect, a refusal), and is read.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

use crate::error::{Error, Kind, Result};

/// Content of known length that can be read again and again.
pub trait Content: Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> u64;
    /// Starts to bring it from the first byte on; dropping the receiver stops that.
    fn open(self: Arc<Self>) -> mpsc::Receiver<Result<Bytes>>;
    /// Ends when it had better be sent over another connection.
    fn too_slow(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// The body of a request.
#[derive(Clone)]
pub enum Payload {
    /// Bytes at hand, maybe none.
    Bytes(Bytes),
    /// Content that is read while it goes out.
    Stream(Arc<dyn Content>),
}

/// A socket's way out, as all who write to it share it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Bytes that the system has taken. It takes more only when it is rid of some.
    pub(super) written: AtomicU64,
    /// Set when the peer takes no more bytes.
    pub(super) shut: AtomicBool,
}

/// How far a body is out.
#[derive(Debug)]
pub struct Sent {
    wire: Arc<Wire>,
    ended: AtomicBool,
    starved: AtomicBool,
}

/// A body on its way.
pub(super) struct Outgoing {
    rest: Rest,
    left: u64,
    sent: Arc<Sent>,
}

enum Rest {
    Bytes(Bytes),
    Stream(mpsc::Receiver<Result<Bytes>>),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length())
    }
}

impl Payload {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream(content) => content.length(),
        }
    }

    /// Ends when it had better be sent over another connection.
    pub(super) async fn too_slow(&self) {
        match self {
            Self::Bytes(_) => std::future::pending().await,
            Self::Stream(content) => content.too_slow().await,
        }
    }

    /// Whether it is content that may take long.
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }
}

impl Sent {
    /// Bytes that the connection has taken so far, of this body and of all before it.
    pub fn written(&self) -> u64 {
        self.wire.written.load(Relaxed)
    }

    /// Whether that was all.
    pub fn ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    /// Whether the connection would take more, and there is nothing yet: a limit on the rate, a slow disk.
    pub fn starved(&self) -> bool {
        self.starved.load(Relaxed)
    }
}

impl Outgoing {
    /// Starts a body.
    pub(super) fn new(payload: &Payload, wire: Arc<Wire>) -> Self {
        let rest = match payload {
            Payload::Bytes(bytes) => Rest::Bytes(bytes.clone()),
            Payload::Stream(content) => Rest::Stream(content.clone().open()),
        };
        let left = payload.length();
        let sent = Arc::new(Sent { wire, ended: (left == 0).into(), starved: false.into() });
        Self { rest, left, sent }
    }

    /// Tells how far it is.
    pub(super) fn sent(&self) -> Arc<Sent> {
        self.sent.clone()
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.sent.wire.shut.load(Relaxed) {
            // Woken by what is read: the answer, or the end of the connection.
            return Poll::Pending;
        }
        let this = &mut *self;
        let chunk = match &mut this.rest {
            Rest::Bytes(bytes) => std::mem::take(bytes),
            Rest::Stream(chunks) => match chunks.poll_recv(cx) {
                Poll::Pending => {
                    this.sent.starved.store(true, Relaxed);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(chunk))) => chunk,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(Some(Err(short(self.left)))),
            },
        };
        let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
            return Poll::Ready(Some(Err(Error::new(Kind::Internal, "a body is longer than was said"))));
        };
        self.left = left;
        self.sent.starved.store(false, Relaxed);
        self.sent.ended.store(left == 0, Relaxed);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn short(left: u64) -> Error {
    Error::new(Kind::Internal, format!("a body ended {left} bytes early"))
}
