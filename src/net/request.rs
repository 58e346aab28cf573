//! One request, one answer: gates passed, connection found or made, head timed, body watched for stalls.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, header};
use hyper::body::{Body as _, Incoming};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::BufReader;
use tokio::time::Sleep;
use tokio_rustls::TlsConnector;

use super::classify;
use super::connect::Dialer;
use super::payload::{Outgoing, Payload, Sent};
use super::pool::{Connected, Pool, Socket, Stream, TLS_READ};
use super::proxy::{Rules, absolute_form};
use super::ratelimit::Gates;
use super::redirect;
use super::tls;
use super::url::{Origin, Url};
use crate::error::{Error, Kind, Result};
use crate::log::Log;
use crate::options::{Opt, Options};

/// An unread rest of a body up to this size is read for the sake of the connection.
const DRAIN: u64 = 64 << 10;
/// And for this long: whoever sends it more slowly costs the connection.
const DRAIN_TIME: Duration = Duration::from_secs(1);
/// Why an exchange over a connection ends that others leave behind.
pub const TOO_SLOW: &str = "the connection is much slower than the others";
/// Bytes a second that an answer which is read whole must bring, or a byte now and then would hold its reader for ever.
const LEAST: f64 = 64.0;
/// Least time for the answer to content that was sent whole.
const STORING: Duration = Duration::from_mins(1);

/// The bounds on each wait of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Address, connection, proxy and TLS together.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// The same, where the server has to do something before it answers.
    pub work: Duration,
    /// Between two bytes of the body.
    pub stall: Duration,
}

impl Timeouts {
    /// The bounds on a call that gives the server work.
    #[must_use]
    pub fn for_work(self) -> Self {
        Self { head: self.work, ..self }
    }
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Call {
    /// GET, HEAD, POST...
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers besides Host, User-Agent and Accept-Encoding.
    pub headers: HeaderMap,
    /// The body; sent again when a kept connection turns out to be closed before it could be answered.
    pub body: Payload,
    /// The bounds.
    pub timeouts: Timeouts,
}

/// The head of an answer, and its body to read.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// How long the request was held back before it was sent, because the server had asked for that.
    pub held_back: Duration,
    origin: Origin,
    /// The bytes to come.
    pub body: Body,
}

/// A body that is read by its owner, and by nobody else.
pub struct Body {
    incoming: Incoming,
    connected: Option<Box<Connected>>,
    pool: Arc<Pool>,
    address: SocketAddr,
    stall: Duration,
    last: Instant,
    alarm: Pin<Box<Sleep>>,
    ended: bool,
}

/// All that requests of one client share.
pub struct Net {
    dialer: Dialer,
    pool: Arc<Pool>,
    gates: Gates,
    proxies: Rules,
    agent: HeaderValue,
    ca_file: Option<PathBuf>,
    ca_dir: Option<PathBuf>,
    tls: OnceLock<Arc<ClientConfig>>,
    log: Log,
}

impl Net {
    /// The network side of a client with these options. Opens nothing yet.
    pub fn new(options: &Options) -> Result<Self> {
        let extra = options.text(Opt::UserAgent);
        let agent = format!("hfx/{} {extra}", env!("CARGO_PKG_VERSION"));
        Ok(Self {
            dialer: Dialer::default(),
            pool: Arc::default(),
            gates: Gates::default(),
            proxies: Rules::new(
                options.secret(Opt::HttpProxy).map(crate::secret::Secret::expose),
                options.secret(Opt::HttpsProxy).map(crate::secret::Secret::expose),
                options.text(Opt::NoProxy),
            )?,
            agent: HeaderValue::from_str(agent.trim())
                .map_err(|_| Error::invalid("option user_agent: not a header value"))?,
            ca_file: options.path(Opt::CaFile),
            ca_dir: options.path(Opt::CaDir),
            tls: OnceLock::new(),
            log: Log::default(),
        })
    }

    /// The same, telling of what it waits for.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// Whom to tell.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Sends a request and returns once the head of the answer is there. Any status is an answer.
    pub async fn send(&self, call: &Call) -> Result<Answer> {
        let held = self.gates.pass(&call.url, &call.headers, &self.log).await;
        // Time that the server asked for is not time without success.
        match self.send_now(call).await {
            Ok(answer) => Ok(Answer { held_back: held, ..answer }),
            Err(error) => Err(error.held_back(held)),
        }
    }

    async fn send_now(&self, call: &Call) -> Result<Answer> {
        while let Some(connected) = self.pool.take(call.url.origin()).await {
            match self.exchange(connected, call).await {
                Ok(answer) => return Ok(answer),
                // The server had closed the kept connection: that is not a failed try.
                Err(Failed::Stale) => {}
                Err(Failed::Error(error)) => return Err(error),
            }
        }
        let connected = self.connect(call).await?;
        match self.exchange(connected, call).await {
            Ok(answer) => Ok(answer),
            Err(Failed::Error(error)) => Err(error),
            Err(Failed::Stale) => {
                Err(Error::new(Kind::Network, "the server closed the connection").retryable(true))
            }
        }
    }

    /// Whether the token of `home` may be sent to `to`. Plain http through a proxy leaves this machine.
    pub fn token_may_go(&self, home: &Origin, to: &Origin, allow_http: bool) -> bool {
        let overheard = !to.https && !allow_http && self.proxies.applies_to(to);
        redirect::token_may_go(home, to, allow_http) && !overheard
    }

    /// Says that an address did badly.
    pub fn penalise(&self, address: SocketAddr) {
        self.dialer.penalise(address);
    }

    /// Closes the idle connections.
    pub fn close_idle(&self) {
        self.pool.clear();
    }

    async fn exchange(&self, mut connected: Connected, call: &Call) -> Result<Answer, Failed> {
        let (body, sent) = connected.body(&call.body);
        let request = self.request(&connected, call, body).map_err(Failed::Error)?;
        let reused = connected.reused;
        let answer = match head(connected.send(request), call, &sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if reused && was_not_taken(&error, &call.method) => return Err(Failed::Stale),
            Ok(Err(error)) if error.is_user() => return Err(Failed::Error(unreadable(&error, &call.url))),
            Ok(Err(error)) => {
                if !error.is_parse() {
                    self.dialer.penalise(connected.address);
                }
                return Err(Failed::Error(broken(&error, &call.url)));
            }
            Err(what) => {
                self.dialer.penalise(connected.address);
                return Err(Failed::Error(
                    Error::new(Kind::Timeout, what).url(call.url.as_str()).retryable(true),
                ));
            }
        };
        let (head, incoming) = answer.into_parts();
        let status = head.status.as_u16();
        self.gates.learn(&call.url, &call.headers, status, &head.headers);
        let address = connected.address;
        let body = Body {
            incoming,
            connected: Some(Box::new(connected)),
            pool: self.pool.clone(),
            address,
            stall: call.timeouts.stall,
            last: Instant::now(),
            alarm: Box::pin(tokio::time::sleep(call.timeouts.stall)),
            ended: false,
        };
        Ok(Answer {
            status,
            headers: head.headers,
            held_back: Duration::ZERO,
            origin: call.url.origin().clone(),
            body,
        })
    }

    fn request(&self, connected: &Connected, call: &Call, body: Outgoing) -> Result<Request<Outgoing>> {
        let target = match connected.absolute {
            Some(_) => absolute_form(&call.url),
            None => call.url.path_and_query(),
        };
        let mut request =
            Request::builder().method(call.method.clone()).uri(target).body(body).map_err(|error| {
                Error::invalid("not a URL that can be asked for").cause(&error).url(call.url.as_str())
            })?;
        let headers = request.headers_mut();
        headers.clone_from(&call.headers);
        let host = HeaderValue::from_str(&call.url.origin().authority())
            .map_err(|_| Error::invalid("not a host name").url(call.url.as_str()))?;
        headers.insert(header::HOST, host);
        headers.entry(header::USER_AGENT).or_insert_with(|| self.agent.clone());
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if call.body.length() == 0 && matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if let Some(Some(authorization)) = &connected.absolute {
            headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    async fn connect(&self, call: &Call) -> Result<Connected> {
        let limit = call.timeouts.connect;
        match tokio::time::timeout(limit, self.connect_unbounded(call.url.origin())).await {
            // Without a connection nothing was asked.
            Ok(done) => done.map_err(|error| error.url(call.url.as_str()).unprocessed(true)),
            Err(_) => {
                Err(Error::new(Kind::Timeout, format!("no connection within {} ms", limit.as_millis()))
                    .url(call.url.as_str())
                    .retryable(true)
                    .unprocessed(true))
            }
        }
    }

    async fn connect_unbounded(&self, origin: &Origin) -> Result<Connected> {
        let tunnel = self.proxies.connect(&self.dialer, origin).await?;
        let stream = if origin.https {
            let config = self.tls_config()?;
            let name = ServerName::try_from(origin.host.clone())
                .map_err(|_| Error::invalid(format!("{} can't be the name in a certificate", origin.host)))?;
            let stream = BufReader::with_capacity(TLS_READ, Socket::new(tunnel.stream));
            let tls = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
                // A certificate stays wrong however often it is asked for; a broken line may heal.
                let again = error.kind() != std::io::ErrorKind::InvalidData;
                if again {
                    self.dialer.penalise(tunnel.address);
                }
                Error::new(Kind::Tls, format!("TLS with {} failed", origin.host)).os(&error).retryable(again)
            })?;
            Stream::Tls(Box::new(tls))
        } else {
            Stream::Plain(Socket::new(tunnel.stream))
        };
        Connected::start(stream, origin.clone(), tunnel.address, tunnel.absolute)
            .await
            .map_err(|error| Error::new(Kind::Network, "the connection broke").cause(&error).retryable(true))
    }

    fn tls_config(&self) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        // A failure to read the certificates may pass.
        let config = tls::config(self.ca_file.as_deref(), self.ca_dir.as_deref())?;
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

enum Failed {
    Stale,
    Error(Error),
}

/// Waits for the head of an answer: while the body goes out, for as long as any of it does.
async fn head<T>(answer: impl Future<Output = T>, call: &Call, sent: &Sent) -> Result<T, String> {
    let (mut answer, mut too_slow) = (pin!(answer), pin!(call.body.too_slow()));
    let mut before = sent.written();
    loop {
        let ended = sent.ended();
        let limit = match ended {
            // What a store was sent it has to write down, and a proxy to pass on, before they answer.
            true if call.body.is_stream() => call.timeouts.head.max(STORING),
            true => call.timeouts.head,
            false => call.timeouts.stall,
        };
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            () = &mut too_slow => return Err(TOO_SLOW.to_owned()),
            () = tokio::time::sleep(limit) => {}
        }
        let now = sent.written();
        // The last of a long body may still be on its way out of the system.
        if ended && (now == before || !call.body.is_stream()) {
            return Err(format!("no answer within {} ms", limit.as_millis()));
        }
        if now == before && !sent.ended() && !sent.starved() {
            return Err(format!("not a byte was taken for {} ms", limit.as_millis()));
        }
        before = now;
    }
}

/// Whether a request on a kept connection can be sent again without a second thought: it was never sent, or doing it
/// twice is the same as doing it once. Not a DELETE, whose second answer would be that there is nothing.
fn was_not_taken(error: &hyper::Error, method: &Method) -> bool {
    let twice_is_once = method.is_safe() || *method == Method::PUT;
    error.is_canceled() || (error.is_incomplete_message() && twice_is_once)
}

/// What the body itself failed with.
fn unreadable(error: &hyper::Error, url: &Url) -> Error {
    let own = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Error>());
    own.cloned().unwrap_or_else(|| {
        Error::new(Kind::Internal, "the body can't be sent").cause(error).url(url.as_str())
    })
}

fn broken(error: &hyper::Error, url: &Url) -> Error {
    let made = if error.is_parse() {
        Error::new(Kind::Protocol, "the server's answer is not HTTP")
    } else {
        Error::new(Kind::Network, "the connection broke").retryable(true)
    };
    made.cause(error).url(url.as_str())
}

impl Body {
    /// The next bytes; none at the end. Fails when the connection breaks or brings nothing for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = poll_fn(|cx| {
            for round in 0..2 {
                match Pin::new(&mut self.incoming).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => return Poll::Ready(Ok(Some(data))),
                        Err(_trailers) => continue,
                    },
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error_of(&error))),
                    Poll::Ready(None) => return Poll::Ready(Ok(None)),
                    Poll::Pending => {}
                }
                if round == 0
                    && let Some(connected) = &mut self.connected
                    // A failure reaches the body as well, where it says more.
                    && connected.drive(cx).is_err()
                {}
            }
            if self.alarm.as_mut().poll(cx).is_ready() {
                let due = self.last + self.stall;
                if due <= Instant::now() {
                    let text = format!("no byte for {} ms", self.stall.as_millis());
                    return Poll::Ready(Err(Error::new(Kind::Timeout, text).retryable(true)));
                }
                self.alarm.as_mut().reset(due.into());
                // Registers the new time.
                let _ = self.alarm.as_mut().poll(cx);
            }
            Poll::Pending
        })
        .await?;
        self.last = Instant::now();
        if chunk.is_none() {
            self.ended = true;
            if let Some(connected) = self.connected.take() {
                self.pool.give(*connected).await;
            }
        }
        Ok(chunk)
    }

    /// The address the bytes come from.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The whole body, refused when it is larger than `limit` or hardly comes.
    pub async fn read(&mut self, limit: usize) -> Result<Bytes> {
        let mut all = BytesMut::new();
        let (mut since, mut before) = (Instant::now(), 0);
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(Error::new(Kind::Protocol, format!("the answer is larger than {limit} bytes")));
            }
            all.extend_from_slice(&chunk);
            let elapsed = since.elapsed();
            if elapsed >= self.stall {
                let came = all.len() - before;
                if (came as f64) < LEAST * elapsed.as_secs_f64() {
                    let text = format!("only {came} bytes of the answer in {} ms", elapsed.as_millis());
                    return Err(Error::new(Kind::Timeout, text).retryable(true));
                }
                (since, before) = (Instant::now(), all.len());
            }
        }
        Ok(all.freeze())
    }

    /// Reads a short rest so that the connection can be used again; a long one costs the connection.
    pub async fn drain(mut self) {
        let left = self.incoming.size_hint().upper();
        if left.is_none_or(|left| left <= DRAIN) {
            let rest = async {
                let mut seen = 0;
                while let Ok(Some(chunk)) = self.chunk().await {
                    seen += chunk.len() as u64;
                    if seen > DRAIN {
                        break;
                    }
                }
            };
            let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
        }
    }
}

fn error_of(error: &hyper::Error) -> Error {
    Error::new(Kind::Network, "the connection broke while bytes were coming").cause(error).retryable(true)
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        classify::header(&self.headers, name)
    }

    /// Who answered.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the answer's body is encoded, which data must never be.
    pub fn encoding(&self) -> Option<&str> {
        self.header("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    }
}
