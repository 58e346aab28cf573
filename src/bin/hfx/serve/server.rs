//! The two listeners, and a request's way through faults and routes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::body::Body;
use super::control::{self, Record};
use super::fault::{Action, Asked};
use super::names::{pairs, segments};
use super::reply::{Reply, Shape};
use super::wire::{Link, Port, Wire};
use super::{Shared, api, cdn, range, reachable};

/// Bodies of requests are lists of paths and faults: small.
const MOST_BODY: usize = 8 << 20;

/// A request as the routes see it.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) method: Method,
    /// The path's segments, decoded one by one.
    pub(super) segments: Vec<String>,
    /// The path as it came.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The size that a fault wants told instead of the true one.
    pub(super) false_size: Option<u64>,
}

impl Call<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token shown, if any.
    pub(super) fn token(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        Some(value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?.1.trim())
    }

    /// Host and port as the client wrote them.
    pub(super) fn host(&self) -> String {
        self.header("host").map_or_else(|| reachable(self.shared.hub).to_string(), str::to_owned)
    }

    /// Where the client finds the CDN: the host it used, the other port.
    pub(super) fn cdn_host(&self) -> String {
        let host = self.host();
        let port = self.shared.cdn.port();
        // An IPv6 address without a port ends in its bracket.
        let name =
            host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host.as_str(), |(name, _)| name);
        format!("{name}:{port}")
    }
}

/// Accepts connections for ever.
pub(super) async fn listen(listener: TcpListener, port: Port, shared: Arc<Shared>) {
    let counts = if port == Port::Hub { &shared.hub_counts } else { &shared.cdn_counts };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, mostly: those in use will be given back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let link = Arc::<Link>::default();
        let wire = Wire::new(stream, Arc::clone(&link), Arc::clone(counts));
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (shared, link) = (Arc::clone(&shared), Arc::clone(&link));
                async move { handle(shared, port, link, request).await }
            });
            // Its error is the client's, or a fault's: nobody waits for it.
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(wire), service)
                    .await,
            );
        });
    }
}

/// An error closes the connection without an answer.
async fn handle(
    shared: Arc<Shared>,
    port: Port,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let (parts, incoming) = request.into_parts();
    let shape = Shape::of(&parts);
    let Some(call) = read(&shared, &parts, incoming).await else {
        let reply = Reply::error(StatusCode::BAD_REQUEST, None, "This request can't be read.");
        return shape.respond(reply, &Action::default(), link, None).await;
    };
    if let Some(log) = shared.log.as_ref().filter(|_| port == Port::Hub && call.path.starts_with("/_hfx/")) {
        let reply = control::answer(&shared, log, &call.method, &call.path, &call.body);
        return shape.respond(reply, &Action::default(), link, None).await;
    }
    let record = shared.log.as_ref().map(|log| log.enter(port, &parts));
    answer(&shared, port, call, &parts, &shape, link, record).await
}

/// Reads the request; `None` if its path or body can't be read.
async fn read<'a>(shared: &'a Arc<Shared>, parts: &Parts, incoming: Incoming) -> Option<Call<'a>> {
    let segments = segments(parts.uri.path())?;
    let body = Limited::new(incoming, MOST_BODY).collect().await.ok()?.to_bytes();
    Some(Call {
        shared,
        method: parts.method.clone(),
        segments,
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers.clone(),
        body,
        false_size: None,
    })
}

async fn answer(
    shared: &Arc<Shared>,
    port: Port,
    mut call: Call<'_>,
    parts: &Parts,
    shape: &Shape,
    link: Arc<Link>,
    record: Option<Arc<Record>>,
) -> io::Result<Response<Body>> {
    let asked = Asked {
        port,
        method: parts.method.to_string(),
        path: format!("/{}", call.segments.join("/")),
        query: parts.uri.query().map(str::to_owned),
        range_from: range::first_byte(shape.range.as_deref()),
    };
    let mut action = shared.faults.on_request(&asked);
    wait(&action).await;
    if action.refuse {
        return Err(io::Error::other("refused by a fault"));
    }
    if action.expire {
        shared.signer.end(&call.query);
    }
    call.false_size = action.size;
    let mut reply = match action.status {
        Some(status) => canned(status, &action),
        None if port == Port::Hub => api::answer(&call).await,
        None => cdn::answer(&call),
    };
    if let Some(answered) = shape.answered(&reply) {
        let late = shared.faults.on_body(&asked, &answered);
        wait(&late).await;
        if late.refuse {
            return Err(io::Error::other("refused by a fault"));
        }
        if let Some(status) = late.status {
            reply = canned(status, &late);
        }
        action.join(late);
    }
    let id = format!("Root=1-{:08x}-{:024x}", fastrand::u32(..), fastrand::u128(..) >> 32);
    shape.respond(reply.with("x-request-id", &id), &action, link, record).await
}

async fn wait(action: &Action) {
    if let Some(delay) = action.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
}

/// The answer that a fault wrote.
fn canned(status: u16, action: &Action) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::new(status, "text/plain; charset=utf-8", action.body.clone().unwrap_or_default());
    for (name, value) in &action.headers {
        reply = reply.with(name, value);
    }
    reply
}
