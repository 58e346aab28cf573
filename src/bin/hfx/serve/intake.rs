//! Bodies of requests on their way in: counted, bounded, and cut or slowed in the manner that a fault wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::control::Record;
use super::fault::Action;
use super::reply::Reply;
use super::wire::Link;

/// Bodies that are read whole are lists of paths, of objects, of settings: small.
pub(super) const MOST_WHOLE: usize = 8 << 20;

/// The body of one request.
pub(super) struct Intake {
    flow: Mutex<Flow>,
    link: Arc<Link>,
    record: Option<Arc<Record>>,
    cut: AtomicBool,
}

struct Flow {
    body: Incoming,
    received: u64,
    /// What one frame brought too much.
    rest: Bytes,
    drop_after: Option<u64>,
    stall_after: Option<u64>,
    rate: Option<u64>,
    begun: Option<Instant>,
}

impl Intake {
    pub(super) fn new(body: Incoming, link: Arc<Link>, record: Option<Arc<Record>>) -> Intake {
        let flow = Flow {
            body,
            received: 0,
            rest: Bytes::new(),
            drop_after: None,
            stall_after: None,
            rate: None,
            begun: None,
        };
        Intake { flow: Mutex::new(flow), link, record, cut: AtomicBool::new(false) }
    }

    /// Takes on what the action says of request bodies.
    pub(super) fn in_manner(mut self, action: &Action) -> Intake {
        let flow = self.flow.get_mut();
        flow.drop_after = action.drop_request_after;
        flow.stall_after = action.stall_request_after;
        flow.rate = action.request_rate.map(|rate| rate.max(1));
        self
    }

    /// Whether a fault cut the connection: nothing is to be answered.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// The bytes that come next.
    pub(super) async fn next(&self) -> Result<Option<Bytes>, Reply> {
        let mut flow = self.flow.lock().await;
        if flow.stall_after.is_some_and(|after| flow.received >= after) {
            // Nobody reads on: the connection stays until the other side closes it.
            std::future::pending::<()>().await;
        }
        if flow.drop_after.is_some_and(|after| flow.received >= after) {
            self.cut.store(true, Ordering::Relaxed);
            self.link.reset_on_close();
            return Err(Reply::bad("cut by a fault"));
        }
        if let (Some(rate), Some(begun)) = (flow.rate, flow.begun) {
            sleep_until(begun + Duration::from_secs_f64(flow.received as f64 / rate as f64)).await;
        }
        flow.begun.get_or_insert_with(Instant::now);
        if flow.rest.is_empty() {
            match flow.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => flow.rest = frame.into_data().unwrap_or_default(),
                Some(Err(_)) => return Err(Reply::bad("The request ended before its body did")),
            }
        }
        // A fault's edge lies within a frame.
        let edge = flow.drop_after.into_iter().chain(flow.stall_after).min();
        let step = flow.rate.map(|rate| (rate / 20).max(1));
        let left = edge.map(|edge| edge - flow.received);
        let most = left.into_iter().chain(step).min().unwrap_or(u64::MAX);
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(flow.rest.len());
        let bytes = flow.rest.split_to(most);
        flow.received += bytes.len() as u64;
        if let Some(record) = &self.record {
            record.receive(bytes.len() as u64);
        }
        Ok(Some(bytes))
    }

    /// All of a body that is small.
    pub(super) async fn whole(&self, most: usize) -> Result<Bytes, Reply> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if all.len() + bytes.len() > most {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// A body of JSON; nothing at all is as good as `{}`.
    pub(super) async fn json<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        let body = self.whole(MOST_WHOLE).await?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(text).map_err(|error| Reply::bad(&format!("The body can't be read: {error}")))
    }

    /// Reads to the end, for nothing.
    pub(super) async fn drain(&self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// The body line by line.
    pub(super) fn lines(&self, longest: usize, most: u64) -> Lines<'_> {
        Lines { intake: self, buffer: BytesMut::new(), searched: 0, ended: false, longest, left: most }
    }
}

/// A body of lines, of which one at a time is in memory.
pub(super) struct Lines<'a> {
    intake: &'a Intake,
    buffer: BytesMut,
    /// So much of the buffer holds no line's end.
    searched: usize,
    ended: bool,
    longest: usize,
    left: u64,
}

impl Lines<'_> {
    /// The next line that is not empty, without its end.
    pub(super) async fn next(&mut self) -> Result<Option<BytesMut>, Reply> {
        loop {
            let end = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n');
            let line = match end.map(|at| self.searched + at) {
                Some(at) => {
                    let line = self.buffer.split_to(at);
                    self.buffer.advance(1);
                    self.searched = 0;
                    line
                }
                None if self.ended && self.buffer.is_empty() => return Ok(None),
                None if self.ended => std::mem::take(&mut self.buffer),
                None => {
                    self.searched = self.buffer.len();
                    self.more().await?;
                    continue;
                }
            };
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(line));
            }
        }
    }

    async fn more(&mut self) -> Result<(), Reply> {
        let Some(bytes) = self.intake.next().await? else {
            self.ended = true;
            self.searched = 0;
            return Ok(());
        };
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        if self.buffer.len() + bytes.len() > self.longest {
            return Err(too_large());
        }
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }
}

fn too_large() -> Reply {
    Reply::error(StatusCode::PAYLOAD_TOO_LARGE, None, "The request's body is too large")
}
