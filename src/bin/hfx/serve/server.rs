//! The two listeners, and a request's way through faults and routes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::base64;
use super::body::Body;
use super::control;
use super::fault::{Action, Asked};
use super::intake::{Intake, MOST_WHOLE};
use super::names::{pairs, segments};
use super::reply::{Reply, Shape};
use super::wire::{Link, Port, Wire};
use super::{Shared, api, cdn, range, reachable};

/// Bodies no longer than this are read though nobody wants them.
const SHORT: u64 = 64 << 10;

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
    /// The request's body, which a route reads if it wants it.
    pub(super) intake: Intake,
    /// The token shown, if any.
    token: Option<String>,
    /// The size that a fault wants told instead of the true one.
    pub(super) false_size: Option<u64>,
}

impl Call<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token shown, if any.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Host and port as the client wrote them.
    pub(super) fn host(&self) -> String {
        self.header("host").map_or_else(|| reachable(self.shared.hub).to_string(), str::to_owned)
    }

    /// Where the client finds the Hub.
    pub(super) fn endpoint(&self) -> String {
        self.shared.url.clone().unwrap_or_else(|| format!("http://{}", self.host()))
    }

    /// Where the client finds the CDN: the host it used, the other port.
    pub(super) fn cdn(&self) -> String {
        self.shared.cdn_url.clone().unwrap_or_else(|| format!("http://{}", self.host_at(self.shared.cdn)))
    }

    fn host_at(&self, address: SocketAddr) -> String {
        let host = self.host();
        // An IPv6 address without a port ends in its bracket.
        let name =
            host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host.as_str(), |(name, _)| name);
        format!("{name}:{}", address.port())
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

/// The token of an `Authorization` header: a bearer's, or, as git sends it, the password of a user.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, value) = headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    let user = base64::decode(value.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some(String::from_utf8(user).ok()?.split_once(':')?.1.to_owned())
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
    let path = parts.uri.path();
    if let Some(log) = shared.log.as_ref().filter(|_| port == Port::Hub && path.starts_with("/_hfx/")) {
        let body = Intake::new(incoming, Arc::clone(&link), None).whole(MOST_WHOLE).await;
        let reply = match body {
            Ok(body) => control::answer(&shared, log, &parts.method, path, &body),
            Err(reply) => reply,
        };
        return shape.respond(reply, &Action::default(), link, None).await;
    }
    let record = shared.log.as_ref().map(|log| log.enter(port, &parts));
    let Some(segments) = segments(path) else {
        let reply = Reply::bad("This request can't be read.");
        return shape.respond(reply, &Action::default(), link, record).await;
    };
    let asked = Asked {
        port,
        method: parts.method.to_string(),
        path: format!("/{}", segments.join("/")),
        query: parts.uri.query().map(str::to_owned),
        range_from: range::first_byte(shape.range.as_deref()),
        body: incoming.size_hint().exact(),
    };
    let mut action = shared.faults.on_request(&asked);
    let intake = Intake::new(incoming, Arc::clone(&link), record.clone()).in_manner(&action);
    let call = Call {
        shared: &shared,
        method: parts.method.clone(),
        segments,
        path: path.to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        token: token(&parts.headers),
        headers: parts.headers.clone(),
        intake,
        false_size: action.size,
    };
    let reply = answer(&call, &parts, &shape, &asked, &mut action).await?;
    if asked.body.is_some_and(|length| length <= SHORT) && !parts.headers.contains_key("expect") {
        // A body that was not wanted would end the connection, under the next request maybe. Late ones are not awaited.
        drop(tokio::time::timeout(Duration::from_millis(200), call.intake.drain()).await);
    }
    let id = format!("Root=1-{:08x}-{:024x}", fastrand::u32(..), fastrand::u128(..) >> 32);
    shape.respond(reply.with("x-request-id", &id), &action, link, record).await
}

/// A request's way through the faults and to its route.
async fn answer(
    call: &Call<'_>,
    parts: &Parts,
    shape: &Shape,
    asked: &Asked,
    action: &mut Action,
) -> io::Result<Reply> {
    let faults = &call.shared.faults;
    let refused = || Err(io::Error::other("refused by a fault"));
    wait(action).await;
    if action.refuse {
        return refused();
    }
    if action.expire {
        call.shared.signer.end(&call.query);
    }
    let instead = match (action.redirect, action.status) {
        (Some(status), _) => {
            let place = parts.uri.path_and_query().map_or("/", |place| place.as_str());
            let location = format!("http://{}{place}", call.host_at(call.shared.spare));
            Some(Reply::new(reply_status(status), "text/plain", "").with("location", &location))
        }
        (None, status) => status.map(|status| canned(status, action)),
    };
    if action.read_body && !action.perform {
        call.intake.drain().await;
    }
    let mut reply = match instead {
        Some(reply) if !action.perform => reply,
        instead => {
            let performed = match asked.port {
                Port::Hub => api::answer(call).await,
                Port::Cdn => cdn::answer(call).await,
            };
            instead.unwrap_or(performed)
        }
    };
    if call.intake.is_cut() || action.lose_answer {
        return refused();
    }
    let mut late = faults.on_answer(asked, reply.status.as_u16());
    if late.status.is_none()
        && let Some(answered) = shape.answered(&reply)
    {
        late.join(faults.on_body(asked, &answered));
    }
    wait(&late).await;
    if late.refuse || late.lose_answer {
        return refused();
    }
    if let Some(status) = late.status {
        reply = canned(status, &late);
    }
    action.join(late);
    Ok(reply)
}

async fn wait(action: &Action) {
    if let Some(delay) = action.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
}

/// The answer that a fault wrote.
fn canned(status: u16, action: &Action) -> Reply {
    let mut reply = Reply::new(
        reply_status(status),
        "text/plain; charset=utf-8",
        action.body.clone().unwrap_or_default(),
    );
    for (name, value) in &action.headers {
        reply = reply.with(name, value);
    }
    reply
}

fn reply_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
