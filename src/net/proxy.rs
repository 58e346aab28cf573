//! Proxies: which one a URL goes through, and how a connection is made through it.
//!
//! `http://` proxies carry https by CONNECT and http by absolute request lines; `socks5://` resolves the name
//! here, `socks5h://` at the proxy (RFC 1928, user and password by RFC 1929).

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connect::Dialer;
use super::url::{Origin, Url};
use crate::error::{Error, Kind, Result};

/// Which URLs go through which proxy.
pub struct Rules(Option<Matcher>);

/// A connection ready for TLS or for requests.
pub struct Tunnel {
    /// The socket, positioned behind the proxy's answers.
    pub stream: TcpStream,
    /// The address that was really connected to.
    pub address: SocketAddr,
    /// Set when requests must name the whole URL, with this `Proxy-Authorization`, if any.
    pub absolute: Option<Option<HeaderValue>>,
}

impl Rules {
    /// Rules from the options' texts; a proxy that can't be used is refused here.
    pub fn new(http: Option<&str>, https: Option<&str>, no_proxy: &str) -> Result<Self> {
        for proxy in [http, https].into_iter().flatten() {
            check(proxy)?;
        }
        if http.is_none() && https.is_none() {
            return Ok(Self(None));
        }
        let mut builder = Matcher::builder();
        if let Some(http) = http {
            builder = builder.http(http.to_owned());
        }
        if let Some(https) = https {
            builder = builder.https(https.to_owned());
        }
        Ok(Self(Some(builder.no(no_proxy.to_owned()).build())))
    }

    /// Whether requests to `origin` go through a proxy.
    pub fn applies_to(&self, origin: &Origin) -> bool {
        self.of(origin).is_some()
    }

    fn of(&self, origin: &Origin) -> Option<Intercept> {
        let uri: Uri = origin.to_string().parse().ok()?;
        self.0.as_ref()?.intercept(&uri)
    }

    /// Connects to `origin`, through its proxy where it has one. A failure is one before any request was sent.
    pub async fn connect(&self, dialer: &Dialer, origin: &Origin) -> Result<Tunnel> {
        self.tunnel(dialer, origin).await.map_err(|error| error.unprocessed(true))
    }

    async fn tunnel(&self, dialer: &Dialer, origin: &Origin) -> Result<Tunnel> {
        let Some(proxy) = self.of(origin) else {
            let (stream, address) = dialer.connect(&origin.host, origin.port).await?;
            return Ok(Tunnel { stream, address, absolute: None });
        };
        let scheme = proxy.uri().scheme_str().unwrap_or("http").to_owned();
        let host = proxy.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = proxy.uri().port_u16().unwrap_or(if scheme == "http" { 8080 } else { 1080 });
        let (mut stream, address) =
            dialer.connect(&host, port).await.map_err(|e| e.with_kind(Kind::Proxy).context("proxy"))?;
        let mut absolute = None;
        match scheme.as_str() {
            "http" if origin.https => stream = http_connect(stream, origin, proxy.basic_auth()).await?,
            "http" => absolute = Some(proxy.basic_auth().cloned()),
            _ => {
                let target = match scheme.as_str() {
                    "socks5" => Target::Address(dialer.look_up(&origin.host, origin.port).await?[0]),
                    _ => Target::Name(&origin.host, origin.port),
                };
                socks5(&mut stream, &target, proxy.raw_auth()).await?;
            }
        }
        Ok(Tunnel { stream, address, absolute })
    }
}

fn check(proxy: &str) -> Result<()> {
    let shown = crate::secret::safe_url(proxy);
    let whole = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let uri: Uri = whole.parse().map_err(|_| Error::invalid(format!("not a proxy address: {shown}")))?;
    match uri.scheme_str() {
        Some("http" | "socks5" | "socks5h") if uri.host().is_some_and(|h| !h.is_empty()) => Ok(()),
        _ => {
            Err(Error::invalid(format!("a proxy is http://, socks5:// or socks5h://host:port, not {shown}")))
        }
    }
}

async fn http_connect(stream: TcpStream, origin: &Origin, auth: Option<&HeaderValue>) -> Result<TcpStream> {
    let failed = |error: &hyper::Error| {
        Error::new(Kind::Proxy, format!("the proxy broke off for {origin}")).cause(error).retryable(true)
    };
    // Without `writev`, which can raise SIGPIPE in the host.
    let handshake = hyper::client::conn::http1::Builder::new().writev(false).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|e| failed(&e))?;
    // A CONNECT always names the port.
    let host = if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
    let authority = format!("{host}:{}", origin.port);
    let mut request = Request::connect(&authority).header("host", &authority);
    if let Some(auth) = auth {
        request = request.header("proxy-authorization", auth);
    }
    let request =
        request.body(Empty::<Bytes>::new()).map_err(|_| Error::invalid("not a host to connect to"))?;
    let driver = tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(request).await.map_err(|e| failed(&e))?;
    let status = answer.status().as_u16();
    if status != 200 {
        driver.abort();
        let what = match status {
            407 => "the proxy asks for a user and a password",
            _ => "the proxy refused to connect",
        };
        return Err(Error::new(Kind::Proxy, format!("{what} for {origin}"))
            .http(status, None)
            .retryable(matches!(status, 502..=504)));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(|e| failed(&e))?;
    let parts = upgraded
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| Error::new(Kind::Internal, "the proxy's connection changed its type"))?;
    if !parts.read_buf.is_empty() {
        return Err(Error::new(Kind::Proxy, "the proxy sent bytes before the handshake"));
    }
    Ok(parts.io.into_inner())
}

enum Target<'a> {
    Address(SocketAddr),
    Name(&'a str, u16),
}

async fn socks5(stream: &mut TcpStream, target: &Target<'_>, auth: Option<(&str, &str)>) -> Result<()> {
    exchange_socks5(stream, target, auth).await.map_err(|error| match error.kind() {
        Kind::Io => error.with_kind(Kind::Proxy).retryable(true),
        _ => error,
    })
}

async fn exchange_socks5(
    stream: &mut TcpStream,
    target: &Target<'_>,
    auth: Option<(&str, &str)>,
) -> Result<()> {
    let broke = |e: std::io::Error| Error::new(Kind::Io, "the SOCKS proxy broke off").os(&e);
    let refuse = |why: String| Error::new(Kind::Proxy, why);
    let offer: &[u8] = if auth.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(offer).await.map_err(broke)?;
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).await.map_err(broke)?;
    match (choice, auth) {
        ([5, 0], _) => {}
        ([5, 2], Some((user, password))) => {
            let (Ok(u), Ok(p)) = (u8::try_from(user.len()), u8::try_from(password.len())) else {
                return Err(refuse("user and password of a SOCKS proxy have at most 255 bytes".into()));
            };
            let login = [&[1, u], user.as_bytes(), &[p], password.as_bytes()].concat();
            stream.write_all(&login).await.map_err(broke)?;
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await.map_err(broke)?;
            if answer[1] != 0 {
                return Err(refuse("the SOCKS proxy refused user and password".into()));
            }
        }
        ([5, _], _) => return Err(refuse("the SOCKS proxy asks for a user and a password".into())),
        _ => return Err(refuse("not a SOCKS 5 proxy".into())),
    }
    stream.write_all(&connect_request(target)?).await.map_err(broke)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(broke)?;
    if head[1] != 0 {
        return Err(refuse(format!("the SOCKS proxy could not connect: {}", reply(head[1])))
            .retryable(matches!(head[1], 3..=6)));
    }
    let rest = match head[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(broke)?),
        _ => return Err(refuse("the SOCKS proxy's answer makes no sense".into())),
    };
    stream.read_exact(&mut vec![0; rest + 2]).await.map_err(broke)?;
    Ok(())
}

fn connect_request(target: &Target<'_>) -> Result<Vec<u8>> {
    let mut request = vec![5, 1, 0];
    let port = match target {
        Target::Address(SocketAddr::V4(a)) => {
            request.push(1);
            request.extend(a.ip().octets());
            a.port()
        }
        Target::Address(SocketAddr::V6(a)) => {
            request.push(4);
            request.extend(a.ip().octets());
            a.port()
        }
        Target::Name(name, port) => {
            let length = u8::try_from(name.len()).map_err(|_| Error::invalid("the host name is too long"))?;
            request.extend([3, length]);
            request.extend(name.as_bytes());
            *port
        }
    };
    request.extend(port.to_be_bytes());
    Ok(request)
}

fn reply(code: u8) -> &'static str {
    match code {
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "general failure",
    }
}

/// What a plain http request through a proxy names in its first line.
pub fn absolute_form(url: &Url) -> &str {
    url.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes(rules: &Rules, url: &str) -> bool {
        rules.of(Url::parse(url).unwrap().origin()).is_some()
    }

    #[test]
    fn no_proxy_is_obeyed() {
        let rules =
            Rules::new(Some("http://p:1"), Some("socks5h://u:pw@p:2"), "localhost,.internal,10.0.0.0/8")
                .unwrap();
        assert!(goes(&rules, "http://example.com/"));
        assert!(goes(&rules, "https://example.com/"));
        for near in ["http://localhost/", "https://x.internal/", "http://10.1.2.3/"] {
            assert!(!goes(&rules, near), "{near}");
        }
        let none = Rules::new(None, None, "").unwrap();
        assert!(!goes(&none, "http://example.com/"));
    }

    #[test]
    fn unusable_proxies_are_refused_without_their_password() {
        let error = Rules::new(Some("ftp://user:secret@p:1"), None, "").err().unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
