//! TLS with a CA of one's own, straight and through a CONNECT proxy.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hfx::error::Kind;
use serde_json::json;
use tempfile::TempDir;

use crate::proxy::http_proxy;
use crate::support::client::get;
use crate::support::files::random;
use crate::support::push::{self, PART, held, push};
use crate::support::{Lab, skip};

/// A Python that ends TLS on two ports, which it tells first, and passes the bytes on to the two that it is told then.
const TERMINATOR: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if sys.argv[3:]:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[3]]
listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(listener.getsockname()[1] for listener in listeners), flush=True)
targets = [int(word) for word in sys.stdin.readline().split()]
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw, target):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        return
    server = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)
def listen(listener, target):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], target), daemon=True).start()
threading.Thread(target=listen, args=(listeners[1], targets[1]), daemon=True).start()
listen(listeners[0], targets[0])
"#;

/// A CA, and a certificate of it for `localhost` alone.
const MAKE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca \
             -addext basicConstraints=critical,CA:TRUE && \
             openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost && \
             printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > ext && \
             openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem";

pub struct Terminator {
    child: Child,
    port: u16,
    /// The second one, before the Hub's CDN.
    cdn: u16,
    folder: TempDir,
}

impl Terminator {
    /// One before the Hub of a lab, certified for `localhost` alone; none where openssl or python3 is missing.
    pub fn start(lab: &Lab) -> Option<Self> {
        Self::with(lab, "", &[])
    }

    /// One whose certificates a script has changed, and which speaks one version of TLS alone.
    pub fn with(lab: &Lab, script: &str, version: &[&str]) -> Option<Self> {
        Self::open(script, version).map(|tls| tls.before(lab))
    }

    /// One that is told later before what it stands.
    fn open(script: &str, version: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("sh")
            .args(["-ec", &format!("{MAKE}\n{script}")])
            .current_dir(folder.path())
            .output()
            .ok()?;
        if !made.status.success() {
            return None;
        }
        let mut child = Command::new("python3")
            .args(["-c", TERMINATOR, "cert.pem", "key.pem"])
            .args(version)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let (port, cdn) = line.trim().split_once(' ')?;
        Some(Self { child, port: port.parse().ok()?, cdn: cdn.parse().ok()?, folder })
    }

    fn before(mut self, lab: &Lab) -> Self {
        let port = |url: &str| url.rsplit(':').next().unwrap().to_owned();
        let ports = format!("{} {}\n", port(&lab.hub.endpoint), port(&lab.hub.cdn));
        self.child.stdin.take().unwrap().write_all(ports.as_bytes()).unwrap();
        self
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn endpoint(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_private_ca_is_trusted_only_when_it_is_named_and_for_its_names() {
    let lab = Lab::with_file("config.json", b"{}");
    let Some(tls) = Terminator::start(&lab) else {
        return skip("tls", "openssl and python3 are needed");
    };
    let (ca, here) = (tls.ca(), tls.endpoint("localhost"));
    let ca = ("ca_file", ca.to_str().unwrap());
    let quick = ("retry_timeout_ms", "500");
    let error = get(&lab.client(&[("endpoint", &here), quick]), "config.json").unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "not trusted: {error}");
    let other = tls.endpoint("127.0.0.1");
    let error = get(&lab.client(&[("endpoint", &other), ca, quick]), "config.json").unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "another name: {error}");
    let error =
        get(&lab.client(&[("endpoint", &here), ("ca_file", "/nowhere"), quick]), "config.json").unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "no such file: {error}");
    assert!(lab.hub.requests().is_empty());
    let result = get(&lab.client(&[("endpoint", &here), ca]), "config.json").unwrap();
    assert_eq!(fs::read(result.path).unwrap(), b"{}");
}

#[test]
fn tls_goes_through_a_proxy_by_connect() {
    let lab = Lab::with_file("config.json", b"{}");
    let Some(tls) = Terminator::start(&lab) else {
        return skip("tls", "openssl and python3 are needed");
    };
    let (ca, here) = (tls.ca(), tls.endpoint("localhost"));
    let base = [("endpoint", here.as_str()), ("ca_file", ca.to_str().unwrap()), ("force", "true")];
    let (port, log) = http_proxy(Some("Basic dXNlcjpwYSBzcw=="));
    let proxy = format!("http://user:pa%20ss@127.0.0.1:{port}");
    let client = lab.client(&[base[0], base[1], base[2], ("https_proxy", &proxy)]);
    get(&client, "config.json").unwrap();
    let asked = log.lock().unwrap().clone();
    assert!(asked.iter().all(|line| *line == format!("CONNECT localhost:{}", tls.port)), "{asked:?}");
    assert!(!asked.is_empty());
    let wrong = format!("http://127.0.0.1:{port}");
    let client = lab.client(&[base[0], base[1], base[2], ("https_proxy", &wrong)]);
    let error = get(&client, "config.json").unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (Kind::Proxy, 407), "{error}");
    // A proxy that answers CONNECT with a page.
    let (port, _) = crate::proxy::serve(|mut client, _| {
        use std::io::{Read as _, Write as _};
        let mut some = [0; 1024];
        let _ = client.read(&mut some)?;
        client
            .write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhtml")
    });
    let page = format!("http://127.0.0.1:{port}");
    let client = lab.client(&[base[0], base[1], base[2], ("https_proxy", &page)]);
    assert_eq!(get(&client, "config.json").unwrap_err().kind(), Kind::Proxy);
}

#[test]
fn parts_go_out_over_tls_and_come_back_over_it() {
    let Some(tls) = Terminator::open("", &[]) else {
        return skip("tls", "openssl and python3 are needed");
    };
    let (here, cdn) = (tls.endpoint("localhost"), format!("https://localhost:{}", tls.cdn));
    let lab = push::lab(&["--url", &here, "--cdn-url", &cdn]);
    let tls = tls.before(&lab);
    let ca = tls.ca();
    let more = [("endpoint", here.as_str()), ("ca_file", ca.to_str().unwrap()), ("token", "secret")];
    let client = lab.client(&more);
    let bytes = random(30, 9 * PART + 7);
    // A connection that breaks in the middle of a part, and an answer that never comes.
    lab.hub.faults(&json!([
        {"match": {"path": "/part/", "times": 1, "skip": 2}, "do": {"drop_request_after": 300_000}},
        {"match": {"path": "/part/", "times": 1, "skip": 5}, "do": {"status": 503}},
    ]));
    let made = push(&client, "f.bin", &bytes, &[]).unwrap();
    assert!(made.url.starts_with(&here), "{}", made.url);
    assert_eq!(lab.hub.acted(), [1, 1]);
    let puts = lab.hub.puts();
    assert!(puts.iter().all(|put| !put.authorization), "{puts:?}");
    let stored = |number: usize| {
        let of = format!("/{number}");
        let is = |path: &str| path.split('?').next().unwrap().ends_with(&of);
        puts.iter().filter(|put| put.status == 200 && is(&put.path)).count()
    };
    assert_eq!((1..=10).map(stored).collect::<Vec<_>>(), [1; 10], "each part once");
    // One object in one piece.
    push(&client, "g.bin", &bytes[..PART], &[]).unwrap();
    lab.hub.forget();
    assert!(held(&client, "f.bin", None).unwrap() == bytes);
    assert!(held(&client, "g.bin", None).unwrap() == bytes[..PART]);
    assert!(lab.hub.data_requests().iter().all(|got| got.port == "cdn" && !got.authorization));
    // The store's certificate counts as well.
    let other = cdn.replace("localhost", "127.0.0.1");
    let elsewhere = push::lab(&["--url", &here, "--cdn-url", &other]);
    let (endpoint, quick) = (elsewhere.hub.endpoint.as_str(), ("retry_timeout_ms", "500"));
    let client = elsewhere.client(&[("endpoint", endpoint), more[1], quick]);
    assert_eq!(push(&client, "f.bin", &bytes, &[]).unwrap_err().kind(), Kind::Tls);
}
