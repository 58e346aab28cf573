//! The local Hub as a child process, its faults, and its log of requests.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running `hfx serve`; dropping it ends it.
pub struct Hub {
    child: Child,
    /// Its address, as `HF_ENDPOINT` wants it.
    pub endpoint: String,
    /// The address of its CDN.
    pub cdn: String,
    dir: TempDir,
    args: Vec<String>,
}

/// A request that it saw.
#[derive(Debug, Clone)]
pub struct Request {
    pub port: String,
    pub method: String,
    pub path: String,
    pub range: Option<(u64, u64)>,
    pub status: u64,
    pub authorization: bool,
    pub bytes: u64,
    /// Bytes of the request's body.
    pub received: u64,
    pub at_ms: u64,
}

impl Hub {
    /// One that serves an empty folder.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// One with more arguments.
    pub fn with(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("models")).unwrap();
        let args: Vec<String> = more.iter().map(|arg| (*arg).to_owned()).collect();
        let (child, endpoint, cdn) = Self::launch(dir.path(), &args);
        Self { child, endpoint, cdn, dir, args }
    }

    /// Kills it and starts it again, at the same addresses and with the same folder; faults and log are gone.
    pub fn restart(&mut self) {
        self.kill();
        let port = |url: &str| url.strip_prefix("http://").unwrap().to_owned();
        let places = ["--listen".into(), port(&self.endpoint), "--cdn-listen".into(), port(&self.cdn)];
        let args: Vec<String> = self.args.iter().cloned().chain(places).collect();
        let (child, endpoint, cdn) = Self::launch(self.dir.path(), &args);
        assert_eq!((&endpoint, &cdn), (&self.endpoint, &self.cdn));
        self.child = child;
    }

    /// Kills it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn launch(dir: &Path, args: &[String]) -> (Child, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hfx"))
            .arg("serve")
            .arg(dir)
            .arg("--control")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = |name: &str| {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            line.strip_prefix(name).unwrap_or_else(|| panic!("hfx serve said {line:?}")).to_owned()
        };
        let (endpoint, cdn) = (next("HF_ENDPOINT="), next("CDN="));
        (child, endpoint, cdn)
    }

    /// Puts a file there: `models/owner/name/file`.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Where a file of it lies.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Puts faults in force, in place of those before: see `faults.txt` of `hfx serve`.
    pub fn faults(&self, rules: &Value) {
        let answer = self.control("PUT", "faults", &rules.to_string());
        assert_eq!(answer["rules"].as_u64(), rules.as_array().map(|r| r.len() as u64), "{rules}: {answer}");
    }

    /// One fault on the requests that `when` matches.
    #[allow(clippy::needless_pass_by_value)] // Every caller writes both as literals.
    pub fn fault(&self, when: Value, act: Value) {
        self.faults(&json!([{"match": when, "do": act}]));
    }

    /// How often each rule acted.
    pub fn acted(&self) -> Vec<u64> {
        let counts = self.control("GET", "faults", "");
        counts.as_array().unwrap().iter().map(|rule| rule["acted"].as_u64().unwrap()).collect()
    }

    /// The requests since the start or the last [`Hub::forget`].
    pub fn requests(&self) -> Vec<Request> {
        let log = self.control("GET", "requests", "");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let range = |value: &Value| {
            let (first, last) = value.as_str()?.strip_prefix("bytes=")?.split_once('-')?;
            Some((first.parse().ok()?, last.parse::<u64>().ok()? + 1))
        };
        log.as_array()
            .unwrap()
            .iter()
            .map(|r| Request {
                port: text(&r["port"]),
                method: text(&r["method"]),
                path: text(&r["path"]),
                range: range(&r["range"]),
                status: r["status"].as_u64().unwrap(),
                authorization: r["authorization"].as_bool().unwrap(),
                bytes: r["bytes_sent"].as_u64().unwrap(),
                received: r["bytes_received"].as_u64().unwrap(),
                at_ms: r["at_ms"].as_u64().unwrap(),
            })
            .collect()
    }

    /// The requests for bytes of files: not those that only ask about them.
    pub fn data_requests(&self) -> Vec<Request> {
        let mut all = self.requests();
        all.retain(|r| r.method == "GET" && matches!(r.status, 200 | 206) && !r.path.starts_with("/api/"));
        all
    }

    /// The PUTs of LFS content: whole objects and parts.
    pub fn puts(&self) -> Vec<Request> {
        let mut all = self.requests();
        all.retain(|r| r.method == "PUT" && r.port != "hub");
        all
    }

    /// How many requests had this method and this in their path.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.requests().iter().filter(|r| r.method == method && r.path.contains(path)).count()
    }

    /// Bytes of bodies sent for files.
    pub fn sent(&self) -> u64 {
        self.data_requests().iter().map(|r| r.bytes).sum()
    }

    /// Clears the log.
    pub fn forget(&self) {
        self.control("DELETE", "requests", "");
    }

    /// Connections of `hub` or `cdn`: open now, and most at once.
    pub fn connections(&self, port: &str) -> (u64, u64) {
        let stats = self.control("GET", "stats", "");
        let number = |name: &str| stats[port][name].as_u64().unwrap_or_else(|| panic!("{stats}"));
        (number("connections_open"), number("max_connections_open"))
    }

    /// The statistics as they are.
    pub fn stats(&self) -> Value {
        self.control("GET", "stats", "")
    }

    fn control(&self, method: &str, what: &str, body: &str) -> Value {
        let answer = http(&self.endpoint, method, &format!("/_hfx/{what}"), &[], body.as_bytes());
        serde_json::from_slice(&answer.1)
            .unwrap_or_else(|e| panic!("{what}: {e}: {:?}", String::from_utf8_lossy(&answer.1)))
    }
}

/// One HTTP exchange on a connection of its own: the head and the body.
pub fn http(
    origin: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (String, Vec<u8>) {
    let host = origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let more =
        headers.iter().fold(String::new(), |text, (name, value)| text + &format!("{name}: {value}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head") + 4;
    let body = all.split_off(end);
    (String::from_utf8(all).unwrap(), body)
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}
