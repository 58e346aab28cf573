//! Connections: counted, and closed the way a fault wants.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Which of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    Hub,
    Cdn,
}

impl Port {
    pub(super) fn name(self) -> &'static str {
        match self {
            Port::Hub => "hub",
            Port::Cdn => "cdn",
        }
    }
}

/// How many connections one listener has and had.
#[derive(Default)]
pub(super) struct Counts {
    open: AtomicU64,
    total: AtomicU64,
    most: AtomicU64,
}

impl Counts {
    fn enter(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "connections_open": self.open.load(Ordering::Relaxed),
            "connections_total": self.total.load(Ordering::Relaxed),
            "max_connections_open": self.most.load(Ordering::Relaxed),
        })
    }
}

/// What a body may ask of the connection under it.
#[derive(Default)]
pub(super) struct Link {
    reset: AtomicBool,
    flush: Mutex<Flush>,
}

#[derive(Default)]
enum Flush {
    #[default]
    Idle,
    Wanted(Waker),
    Done,
}

impl Link {
    /// Closing will be a reset, not an orderly end.
    pub(super) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Ready when all that was handed over before has gone to the kernel.
    pub(super) fn poll_flushed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut flush = self.flush.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*flush, Flush::Done) {
            return Poll::Ready(());
        }
        *flush = Flush::Wanted(context.waker().clone());
        Poll::Pending
    }

    fn flushed(&self) {
        let mut flush = self.flush.lock().unwrap_or_else(PoisonError::into_inner);
        if let Flush::Wanted(waker) = std::mem::replace(&mut *flush, Flush::Idle) {
            *flush = Flush::Done;
            waker.wake();
        }
    }
}

/// So long what still comes is read, when the answer is out: else a reset could overtake an answer that was given
/// before the request's body was read.
const LINGER: Duration = Duration::from_secs(2);

/// A TCP stream that counts itself and tells its body about flushes.
pub(super) struct Wire {
    stream: TcpStream,
    link: Arc<Link>,
    counts: Arc<Counts>,
    linger: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, link: Arc<Link>, counts: Arc<Counts>) -> Wire {
        counts.enter();
        Wire { stream, link, counts, linger: None }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
        if self.link.reset.load(Ordering::Relaxed) {
            // With no time to linger, closing sends a reset.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called by hyper when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.flushed();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.link.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        let Wire { stream, linger, .. } = &mut *self;
        let linger = linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut scratch = [0; 16 << 10];
        while linger.as_mut().poll(context).is_pending() {
            let mut rest = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut rest));
            if read.is_err() || rest.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
