//! TLS with a CA of one's own, straight and through a CONNECT proxy.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hfx::error::Kind;
use tempfile::TempDir;

use crate::proxy::http_proxy;
use crate::support::client::get;
use crate::support::{Lab, skip};

/// A Python that ends TLS and passes the bytes on to the port that it is told.
const TERMINATOR: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if sys.argv[4:]:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[4]]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        return
    server = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;

pub struct Terminator {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Terminator {
    /// One before the Hub of a lab, certified for `localhost` alone; none where openssl or python3 is missing.
    pub fn start(lab: &Lab) -> Option<Self> {
        Self::with(lab, "", &[])
    }

    /// One whose certificates a script has changed, and which speaks one version of TLS alone.
    pub fn with(lab: &Lab, script: &str, version: &[&str]) -> Option<Self> {
        const MAKE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca \
             -addext basicConstraints=critical,CA:TRUE && \
             openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost && \
             printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > ext && \
             openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem";
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("sh")
            .args(["-ec", &format!("{MAKE}\n{script}")])
            .current_dir(folder.path())
            .output()
            .ok()?;
        if !made.status.success() {
            return None;
        }
        let port = lab.hub.endpoint.rsplit(':').next().unwrap().to_owned();
        let mut child = Command::new("python3")
            .args(["-c", TERMINATOR, "cert.pem", "key.pem", &port])
            .args(version)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let port = line.trim().parse().ok()?;
        Some(Self { child, port, folder })
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
