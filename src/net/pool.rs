//! Connections: made, kept while idle, driven by whoever uses them.
//!
//! No task stands behind a connection. The future that awaits an answer or a body polls hyper's connection
//! along with it, so a request and its socket end together, and the bytes pass through one task only.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::payload::{Outgoing, Payload, Sent, Wire};
use super::url::Origin;

/// How long an idle connection is kept: below what common servers allow.
const IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept, of all origins.
const KEPT: usize = 64;
/// Largest read from a socket. It bounds the head of an answer as well, and stays in a core's second-level cache.
pub const READ_SIZE: usize = 128 << 10;

type Driver = Connection<TokioIo<Stream>, Outgoing>;

/// Bytes that are read from a socket at once for TLS, which by itself asks for one record at a time.
pub const TLS_READ: usize = 128 << 10;

/// A socket, plain or with TLS.
pub enum Stream {
    /// Plain TCP.
    Plain(Socket),
    /// TLS over TCP.
    Tls(Box<TlsStream<BufReader<Socket>>>),
}

/// A TCP socket without `writev`, which knows no `MSG_NOSIGNAL`: a host that does not ignore SIGPIPE would be killed by
/// a peer that is gone. Once the peer takes no more, what is written is dropped, and what it sent before can be read.
pub struct Socket {
    tcp: TcpStream,
    wire: Arc<Wire>,
}

/// An HTTP/1.1 connection.
pub struct Connected {
    sender: SendRequest<Outgoing>,
    driver: Pin<Box<Driver>>,
    ended: bool,
    wire: Arc<Wire>,
    /// The origin it leads to.
    pub origin: Origin,
    /// The address at the other end (the proxy's, where there is one).
    pub address: SocketAddr,
    /// Set when requests must name the whole URL (plain http through a proxy), with the proxy's authorisation.
    pub absolute: Option<Option<HeaderValue>>,
    /// Whether it carried a request before.
    pub reused: bool,
}

impl Connected {
    /// Starts HTTP on a socket.
    pub async fn start(
        stream: Stream,
        origin: Origin,
        address: SocketAddr,
        absolute: Option<Option<HeaderValue>>,
    ) -> hyper::Result<Self> {
        let wire = stream.socket().wire.clone();
        let (sender, driver) = Builder::new().max_buf_size(READ_SIZE).handshake(TokioIo::new(stream)).await?;
        let driver = Box::pin(driver);
        Ok(Self { sender, driver, ended: false, wire, origin, address, absolute, reused: false })
    }

    /// Starts a body for this connection; and how far it is out.
    pub(super) fn body(&self, payload: &Payload) -> (Outgoing, Arc<Sent>) {
        let body = Outgoing::new(payload, self.wire.clone());
        let sent = body.sent();
        (body, sent)
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&mut self, request: Request<Outgoing>) -> hyper::Result<Response<Incoming>> {
        let mut answer = pin!(self.sender.send_request(request));
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        poll_fn(|cx| {
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            match drive(driver, ended, cx) {
                Err(error) => match answer.as_mut().poll(cx) {
                    Poll::Ready(answer) => Poll::Ready(answer),
                    Poll::Pending => Poll::Ready(Err(error)),
                },
                Ok(()) => answer.as_mut().poll(cx),
            }
        })
        .await
    }

    /// Moves the connection's own work on: call it when the body has nothing to give.
    pub fn drive(&mut self, cx: &mut Context<'_>) -> hyper::Result<()> {
        drive(&mut self.driver, &mut self.ended, cx)
    }

    /// Whether it can carry another request, after a last poll.
    async fn is_ready(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(self.drive(cx).is_ok())).await && !self.ended && self.sender.is_ready()
    }
}

fn drive(driver: &mut Pin<Box<Driver>>, ended: &mut bool, cx: &mut Context<'_>) -> hyper::Result<()> {
    if *ended {
        return Ok(());
    }
    match driver.as_mut().poll(cx) {
        Poll::Pending => Ok(()),
        Poll::Ready(end) => {
            *ended = true;
            end
        }
    }
}

/// The idle connections of one client.
#[derive(Default)]
pub struct Pool {
    idle: Mutex<HashMap<Origin, Vec<(Instant, Connected)>>>,
}

impl Pool {
    /// An idle connection to the origin that is still open, the youngest first.
    pub async fn take(&self, origin: &Origin) -> Option<Connected> {
        loop {
            let (since, mut connected) = self.lock().get_mut(origin)?.pop()?;
            if since.elapsed() < IDLE && connected.is_ready().await {
                connected.reused = true;
                return Some(connected);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub async fn give(&self, mut connected: Connected) {
        if !connected.is_ready().await {
            return;
        }
        let mut idle = self.lock();
        // Nobody may ask for the others' origins again.
        idle.retain(|_, list| {
            list.retain(|(since, _)| since.elapsed() < IDLE);
            !list.is_empty()
        });
        if idle.values().map(Vec::len).sum::<usize>() >= KEPT
            && let Some(oldest) = idle.values_mut().min_by_key(|list| list.first().map(|(since, _)| *since))
        {
            oldest.remove(0);
        }
        idle.entry(connected.origin.clone()).or_default().push((Instant::now(), connected));
    }

    /// Closes what is idle.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Origin, Vec<(Instant, Connected)>>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Socket {
    /// Over a connection that was made.
    pub fn new(tcp: TcpStream) -> Self {
        Self { tcp, wire: Arc::default() }
    }
}

impl Stream {
    fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.get_ref().0.get_ref(),
        }
    }
}

/// The first bytes of a list that there are: each is written by itself, and none is copied to be joined.
fn first<'a>(bufs: &'a [IoSlice<'_>]) -> &'a [u8] {
    bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if self.wire.shut.load(Relaxed) {
            return Poll::Ready(Ok(buf.len()));
        }
        match Pin::new(&mut self.tcp).poll_write(cx, buf) {
            Poll::Ready(Err(error))
                if matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted) =>
            {
                self.wire.shut.store(true, Relaxed);
                Poll::Ready(Ok(buf.len()))
            }
            Poll::Ready(Ok(count)) => {
                self.wire.written.fetch_add(count as u64, Relaxed);
                Poll::Ready(Ok(count))
            }
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => {
                // A record holds 16 KiB: as many as are there become one read, and one write to the disk.
                let before = buf.filled().len();
                while buf.remaining() > 0 {
                    let start = buf.filled().len();
                    match Pin::new(&mut **tls).poll_read(cx, buf) {
                        Poll::Ready(Ok(())) if buf.filled().len() > start => {}
                        // The end, or a failure: told by the next read when this one brought something.
                        Poll::Ready(end) if start == before => return Poll::Ready(end),
                        Poll::Pending if start == before => return Poll::Pending,
                        _ => break,
                    }
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.poll_write(cx, first(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
