//! An absolute http or https URL, and the origin it belongs to (pure).

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

use http::Uri;

use crate::error::{Error, Result};
use crate::secret::safe_url;

/// Scheme, host and port: what decides whether a token may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether the scheme is https.
    pub https: bool,
    /// The host, lower case, IPv6 without brackets.
    pub host: String,
    /// The port, the scheme's own when the URL names none.
    pub port: u16,
}

/// A URL that can be asked for. `Debug` and `Display` drop query and user information.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    text: String,
    origin: Origin,
}

impl Url {
    /// Reads an absolute URL. A fragment is dropped; user information is refused.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::invalid(format!("{why}: {}", safe_url(text)));
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        // Servers send raw spaces and UTF-8 in Location; a request line can't carry them.
        let mut text = escape(text);
        let uri: Uri = text.parse().map_err(|_| bad("not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("not an http or https URL")),
        };
        let authority = uri.authority().ok_or_else(|| bad("no host in the URL"))?;
        if authority.as_str().contains('@') {
            return Err(bad("user information is not allowed in the URL"));
        }
        let host = authority.host().to_ascii_lowercase();
        // Brackets hold an IPv6 address and nothing else: `[hf.co]` and `hf.co[::1]` are nobody's names.
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) if address.parse::<Ipv6Addr>().is_ok() => address.to_owned(),
            None if !host.is_empty() && !host.contains(['[', ']']) => host,
            _ => return Err(bad("no host in the URL")),
        };
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().ends_with(':') || !authority.as_str().ends_with(authority.host()) => {
                return Err(bad("not a port number in the URL"));
            }
            None if https => 443,
            None => 80,
        };
        // A query may follow the host at once; a request line begins with a slash.
        let path = text.find("://").map_or(0, |at| at + 3) + authority.as_str().len();
        if text[path..].starts_with('?') {
            text.insert(path, '/');
        }
        Ok(Self { text, origin: Origin { https, host, port } })
    }

    /// Resolves a `Location` against this URL.
    pub fn join(&self, location: &str) -> Result<Self> {
        let scheme = if self.origin.https { "https" } else { "http" };
        // A colon before everything else ends a scheme, whichever: `file:` and `data:` are no paths.
        if location.find([':', '/', '?', '#']).is_some_and(|at| location[at..].starts_with(':')) {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let root = format!("{scheme}://{}", self.origin.authority());
        if location.starts_with('/') {
            return Self::parse(&format!("{root}{location}"));
        }
        let path = self.path_and_query().split('?').next().unwrap_or("/");
        if location.starts_with('?') {
            return Self::parse(&format!("{root}{path}{location}"));
        }
        let folder = &path[..=path.rfind('/').unwrap_or(0)];
        Self::parse(&format!("{root}{folder}{location}"))
    }

    /// The whole text, query included: for the wire only.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it lives.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path and query, as the request line carries them.
    pub fn path_and_query(&self) -> &str {
        let after = self.text.find("://").map_or(0, |at| at + 3);
        self.text[after..].find('/').map_or("/", |at| &self.text[after + at..])
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.path_and_query().split('?').next().unwrap_or("/")
    }

    /// The URL without its query.
    pub fn safe(&self) -> String {
        safe_url(&self.text)
    }
}

impl Origin {
    /// `host[:port]`, the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Whether this is the machine itself, where plain http can't be overheard.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.safe())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.safe())
    }
}

/// Percent-encodes the bytes that no URL may hold; what is encoded already stays.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            0..=0x20 | 0x7f..=0xff | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                // Writing to a String can't fail.
                let _ = write!(out, "%{byte:02X}");
            }
            _ => out.push(byte as char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_refuses() {
        let url = Url::parse("HTTPS://Host.example/a%20b?c#d").unwrap();
        assert_eq!(url.origin(), &Origin { https: true, host: "host.example".into(), port: 443 });
        assert_eq!(url.path_and_query(), "/a%20b?c");
        assert_eq!(Url::parse("http://[::1]:8080").unwrap().origin().authority(), "[::1]:8080");
        assert_eq!(Url::parse("http://h?x").unwrap().path_and_query(), "/?x");
        for bad in ["", "/x", "ftp://h/", "http://", "http://u:p@h/", "http://h:99999/", "http://h:x/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
        for bad in ["http://hf.co[::2]:80/a", "https://[hf.co]/a", "https://[]/", "https://[::1]x/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn joins_locations() {
        let base = Url::parse("http://h:1/a/b?q").unwrap();
        for (location, want) in [
            ("https://o/x y", "https://o/x%20y"),
            ("//o/x", "http://o/x"),
            ("/x?y=http://z", "http://h:1/x?y=http://z"),
            ("c", "http://h:1/a/c"),
            ("?z", "http://h:1/a/b?z"),
        ] {
            assert_eq!(base.join(location).unwrap().as_str(), want);
        }
        for bad in ["file:///etc/passwd", "data:text/plain,x", "javascript:x", "C:\\x", "http:x", ":x"] {
            assert!(base.join(bad).is_err(), "{bad}");
        }
    }
}
