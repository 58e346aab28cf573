//! A Hub that takes uploads and keeps nothing, so that it costs next to nothing.
//!
//!     rustc -O --edition 2024 -o build/sink benches/sink.rs
//!     build/sink --listen 127.0.0.1:0
//!
//! The first line of its output is `listening on ADDR`. Linux only; std only.
//!
//! It answers on one port what the upload of a file needs: create, repo info, preupload (everything is LFS),
//! validate-yaml, the LFS batch (multipart above one chunk, basic below), PUT of parts, completion and commit. Its
//! addresses are made from the request's `Host`, so it works behind the long line. It hashes nothing and stores
//! nothing.
//!
//! `POST /_sink/reset?sample=N` forgets what came before. From then on, of every MiB of a part the first N bytes are
//! read and go into the part's CRC-32; the rest is dropped in the kernel, never copied. Without `sample` all of it
//! is read. `GET /_sink/stats` tells what came: parts with length, CRC, and when (seconds since 1970) each began and
//! ended; completions, commits, and when the first part began and the last one ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::exit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";
const NEW_HEAD: &str = "89abcdef0123456789abcdef0123456789abcdef";
const MIB: u64 = 1 << 20;
const BUFFER: usize = 256 * 1024;
/// One read while a head or a chunk's length is looked for: few bytes of the body come with it.
const HEAD_READ: usize = 4096;
/// The longest body that is kept.
const MOST_KEPT: usize = 64 * 1024 * 1024;

mod sys {
    //! The system call that std lacks.
    use std::ffi::c_int;
    use std::io;
    use std::os::fd::RawFd;

    const WAIT_ALL: c_int = 0x100;
    const DROP: c_int = 0x20;

    unsafe extern "C" {
        fn recv(fd: c_int, buffer: *mut u8, len: usize, flags: c_int) -> isize;
    }

    /// Takes up to `len` bytes off a TCP socket without copying them; fewer only at its end.
    pub fn skip(fd: RawFd, len: usize) -> io::Result<usize> {
        // SAFETY: with MSG_TRUNC, TCP writes nothing to the buffer.
        let n = unsafe { recv(fd, std::ptr::null_mut(), len, WAIT_ALL | DROP) };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    }
}

/// CRC-32 as in zlib, eight bytes a step.
struct Crc {
    tables: [[u32; 256]; 8],
}

impl Crc {
    const fn new() -> Self {
        let mut tables = [[0; 256]; 8];
        let mut i = 0;
        while i < 256 {
            let (mut value, mut bit) = (i as u32, 0);
            while bit < 8 {
                value = (value >> 1) ^ (0xedb8_8320 * (value & 1));
                bit += 1;
            }
            tables[0][i] = value;
            i += 1;
        }
        let mut table = 1;
        while table < 8 {
            let mut i = 0;
            while i < 256 {
                let before = tables[table - 1][i];
                tables[table][i] = (before >> 8) ^ tables[0][(before & 255) as usize];
                i += 1;
            }
            table += 1;
        }
        Crc { tables }
    }

    fn add(&self, crc: u32, bytes: &[u8]) -> u32 {
        let t = &self.tables;
        let (eights, rest) = bytes.as_chunks::<8>();
        let mut crc = !crc;
        for b in eights {
            let low = crc ^ u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            crc = t[7][(low & 255) as usize]
                ^ t[6][(low >> 8 & 255) as usize]
                ^ t[5][(low >> 16 & 255) as usize]
                ^ t[4][(low >> 24) as usize]
                ^ t[3][b[4] as usize]
                ^ t[2][b[5] as usize]
                ^ t[1][b[6] as usize]
                ^ t[0][b[7] as usize];
        }
        for &b in rest {
            crc = (crc >> 8) ^ t[0][((crc ^ u32::from(b)) & 255) as usize];
        }
        !crc
    }
}

static CRC: Crc = Crc::new();

/// What has come since the last reset.
#[derive(Default)]
struct Received {
    sample: u64,
    connections: u64,
    requests: u64,
    bytes: u64,
    parts: BTreeMap<(String, u64), Part>,
    completed: Vec<String>,
    committed: Vec<String>,
    first: f64,
    last: f64,
}

#[derive(Default)]
struct Part {
    times: u64,
    bytes: u64,
    crc: u32,
    began: f64,
    ended: f64,
}

impl Received {
    fn new(sample: u64) -> Self {
        Received { sample, ..Received::default() }
    }

    fn json(&self) -> String {
        let list = |items: &[String]| items.iter().map(|s| format!("\"{s}\"")).collect::<Vec<_>>().join(",");
        let part = |((oid, number), p): (&(String, u64), &Part)| {
            format!(
                r#"{{"oid":"{oid}","number":{number},"bytes":{},"crc":{},"times":{},"began":{:.6},"ended":{:.6}}}"#,
                p.bytes, p.crc, p.times, p.began, p.ended
            )
        };
        format!(
            r#"{{"connections":{},"requests":{},"bytes":{},"first":{:.6},"last":{:.6},"completed":[{}],"committed":[{}],"parts":[{}]}}"#,
            self.connections,
            self.requests,
            self.bytes,
            self.first,
            self.last,
            list(&self.completed),
            list(&self.committed),
            self.parts.iter().map(part).collect::<Vec<_>>().join(",")
        )
    }
}

struct Sink {
    chunk: u64,
    received: Mutex<Received>,
}

impl Sink {
    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

// ---- HTTP ----

struct Head {
    method: String,
    path: String,
    query: String,
    host: String,
    length: u64,
    chunked: bool,
    wants_continue: bool,
    close: bool,
}

/// A connection, and what was read of it but not used yet.
struct Wire {
    socket: TcpStream,
    buffer: Vec<u8>,
    used: usize,
    filled: usize,
}

impl Wire {
    fn new(socket: TcpStream) -> Self {
        Wire { socket, buffer: vec![0; BUFFER], used: 0, filled: 0 }
    }

    /// Puts at least one more byte into the buffer and at most `most`; false at the end.
    fn fill(&mut self, most: usize) -> io::Result<bool> {
        if self.used == self.filled {
            (self.used, self.filled) = (0, 0);
        }
        if self.filled == self.buffer.len() {
            return Err(io::Error::other("a line that is too long"));
        }
        let end = self.buffer.len().min(self.filled + most);
        let n = self.socket.read(&mut self.buffer[self.filled..end])?;
        self.filled += n;
        Ok(n > 0)
    }

    /// The next line without its end; none at the end of the connection.
    fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            let bytes = &self.buffer[self.used..self.filled];
            if let Some(end) = bytes.iter().position(|&b| b == b'\n') {
                let line = String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned();
                self.used += end + 1;
                return Ok(Some(line));
            }
            if self.used > 0 {
                self.buffer.copy_within(self.used..self.filled, 0);
                self.filled -= self.used;
                self.used = 0;
            }
            if !self.fill(HEAD_READ)? {
                return Ok(None);
            }
        }
    }

    fn head(&mut self) -> io::Result<Option<Head>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Head {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            host: String::new(),
            length: 0,
            chunked: false,
            wants_continue: false,
            close: false,
        };
        loop {
            let line = self.line()?.ok_or(ErrorKind::UnexpectedEof)?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "host" => head.host = value.to_owned(),
                "content-length" => head.length = value.parse().map_err(io::Error::other)?,
                "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
                "expect" => head.wants_continue = value.eq_ignore_ascii_case("100-continue"),
                "connection" => head.close = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        Ok(Some(head))
    }

    /// Takes the whole body.
    fn body(&mut self, head: &Head, meter: &mut Meter) -> io::Result<()> {
        if head.wants_continue {
            self.socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if !head.chunked {
            return self.take(head.length, meter);
        }
        loop {
            let line = self.line()?.ok_or(ErrorKind::UnexpectedEof)?;
            let size = line.split(';').next().unwrap_or("");
            match u64::from_str_radix(size, 16).map_err(io::Error::other)? {
                0 => break,
                size => self.take(size, meter)?,
            }
            self.line()?;
        }
        while self.line()?.is_some_and(|trailer| !trailer.is_empty()) {}
        Ok(())
    }

    fn take(&mut self, length: u64, meter: &mut Meter) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let (look, most) = meter.next();
            let most = usize::try_from(most.min(left)).unwrap_or(usize::MAX);
            let n = if self.used == self.filled && !look {
                sys::skip(self.socket.as_raw_fd(), most)?
            } else {
                if self.used == self.filled {
                    self.fill(most)?;
                }
                let n = most.min(self.filled - self.used);
                if look {
                    meter.look(&self.buffer[self.used..self.used + n]);
                }
                self.used += n;
                n
            };
            if n == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            meter.bytes += n as u64;
            left -= n as u64;
        }
        Ok(())
    }

    fn answer(&mut self, status: &str, headers: &str, body: &str) -> io::Result<()> {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        self.socket.write_all(text.as_bytes())
    }
}

/// Counts a body, looks at some of it, and keeps it where it is to be read.
struct Meter {
    bytes: u64,
    crc: u32,
    sample: u64,
    kept: Option<Vec<u8>>,
}

impl Meter {
    fn counting(sample: u64) -> Self {
        Meter { bytes: 0, crc: 0, sample: sample.min(MIB), kept: None }
    }

    fn keeping() -> Self {
        Meter { kept: Some(Vec::new()), ..Meter::counting(MIB) }
    }

    /// Whether the next bytes are to be looked at, and how many.
    fn next(&self) -> (bool, u64) {
        let at = self.bytes % MIB;
        if at < self.sample { (true, self.sample - at) } else { (false, MIB - at) }
    }

    fn look(&mut self, bytes: &[u8]) {
        match &mut self.kept {
            Some(kept) if kept.len() < MOST_KEPT => kept.extend_from_slice(bytes),
            Some(_) => {}
            None => self.crc = CRC.add(self.crc, bytes),
        }
    }
}

// ---- what it answers ----

fn serve(sink: &Sink, socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut wire = Wire::new(socket);
    sink.received().connections += 1;
    while let Some(head) = wire.head()? {
        if !head.path.starts_with("/_sink/") {
            sink.received().requests += 1;
        }
        match (head.method.as_str(), head.path.strip_prefix("/part/")) {
            ("PUT", Some(name)) => take_part(sink, &mut wire, &head, name)?,
            _ => answer_call(sink, &mut wire, &head)?,
        }
        if head.close {
            break;
        }
    }
    Ok(())
}

fn take_part(sink: &Sink, wire: &mut Wire, head: &Head, name: &str) -> io::Result<()> {
    let (oid, number) = name.split_once('/').unwrap_or((name, "1"));
    let number = number.parse().unwrap_or(0);
    let began = now();
    let sample = {
        let mut received = sink.received();
        if received.first == 0.0 {
            received.first = began;
        }
        received.sample
    };
    let mut meter = Meter::counting(sample);
    wire.body(head, &mut meter)?;
    {
        let mut received = sink.received();
        let ended = now();
        received.last = ended;
        received.bytes += meter.bytes;
        let part = received.parts.entry((oid.to_owned(), number)).or_default();
        part.times += 1;
        (part.bytes, part.crc) = (meter.bytes, meter.crc);
        (part.began, part.ended) = (began, ended);
    }
    wire.answer("200 OK", &format!("ETag: \"{}\"\r\n", etag(oid, number)), "")
}

fn etag(oid: &str, number: u64) -> String {
    format!("{}-{number}", oid.get(..8).unwrap_or(oid))
}

fn answer_call(sink: &Sink, wire: &mut Wire, head: &Head) -> io::Result<()> {
    let mut meter = Meter::keeping();
    wire.body(head, &mut meter)?;
    let body = String::from_utf8_lossy(&meter.kept.unwrap_or_default()).into_owned();
    let base = format!("http://{}", head.host);
    match call(sink, head, &base, &body) {
        Ok(answer) => wire.answer("200 OK", "", &answer),
        Err(why) => {
            eprintln!("sink: {} {}?{}: {why}", head.method, head.path, head.query);
            let kind = if why == NOT_FOUND { "404 Not Found" } else { "400 Bad Request" };
            let code = if why == NOT_FOUND { "X-Error-Code: EntryNotFound\r\n" } else { "" };
            wire.answer(kind, code, &format!(r#"{{"error":"{why}"}}"#))
        }
    }
}

const NOT_FOUND: &str = "not here";

fn call(sink: &Sink, head: &Head, base: &str, body: &str) -> Result<String, &'static str> {
    let api = head.path.strip_prefix("/api/models/");
    match (head.method.as_str(), head.path.as_str()) {
        ("POST", "/_sink/reset") => {
            let sample = head.query.strip_prefix("sample=").and_then(|n| n.parse().ok()).unwrap_or(MIB);
            *sink.received() = Received::new(sample);
            Ok("{}".into())
        }
        ("GET", "/_sink/stats") => Ok(sink.received().json()),
        ("POST", "/api/repos/create") => {
            let name = strings(body, "name").next().unwrap_or("repo");
            let owner = strings(body, "organization").next().unwrap_or("bench");
            Ok(format!(r#"{{"url":"{base}/{owner}/{name}","name":"{owner}/{name}","id":"0"}}"#))
        }
        ("POST", "/api/validate-yaml") => Ok(r#"{"errors":[],"warnings":[]}"#.into()),
        ("GET", "/api/whoami-v2") => Ok(r#"{"type":"user","name":"bench","orgs":[]}"#.into()),
        ("POST", path) if path.starts_with("/complete/") => complete(sink, path, body),
        ("POST", path) if path.ends_with(".git/info/lfs/objects/batch") => batch(sink, base, body),
        ("POST", _) if api.is_some_and(|a| a.contains("/preupload/")) => Ok(preupload(body)),
        ("POST", _) if api.is_some_and(|a| a.contains("/paths-info/")) => Ok("[]".into()),
        ("POST", _) if api.is_some_and(|a| a.contains("/commit/")) => Ok(commit(sink, base, body)),
        ("GET", _) if api.is_some_and(|a| a.contains("/tree/")) => Ok("[]".into()),
        ("GET", _) => match api {
            Some(name) => Ok(info(name)),
            None => Err(NOT_FOUND),
        },
        _ => Err(NOT_FOUND),
    }
}

fn info(name: &str) -> String {
    let id = name.split("/revision/").next().unwrap_or(name);
    format!(
        r#"{{"id":"{id}","modelId":"{id}","sha":"{HEAD}","private":false,"gated":false,"disabled":false,"tags":[],"siblings":[]}}"#
    )
}

fn preupload(body: &str) -> String {
    let files = strings(body, "path")
        .map(|path| format!(r#"{{"path":"{path}","uploadMode":"lfs","shouldIgnore":false}}"#))
        .collect::<Vec<_>>();
    format!(r#"{{"files":[{}],"commitOid":"{HEAD}"}}"#, files.join(","))
}

fn batch(sink: &Sink, base: &str, body: &str) -> Result<String, &'static str> {
    let mut objects = Vec::new();
    for (oid, size) in strings(body, "oid").zip(values(body, "size")) {
        let digits = size.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
        let size: u64 = digits.parse().map_err(|_| "a size that is no number")?;
        let upload = if size <= sink.chunk {
            format!(r#""href":"{base}/part/{oid}/1""#)
        } else {
            let mut header = format!(r#""chunk_size":"{}""#, sink.chunk);
            for number in 1..=size.div_ceil(sink.chunk) {
                let _ = write!(header, r#","{number}":"{base}/part/{oid}/{number}""#);
            }
            format!(r#""href":"{base}/complete/{oid}/{size}","header":{{{header}}}"#)
        };
        objects.push(format!(r#"{{"oid":"{oid}","size":{size},"actions":{{"upload":{{{upload}}}}}}}"#));
    }
    Ok(format!(r#"{{"transfer":"multipart","objects":[{}]}}"#, objects.join(",")))
}

/// The completion must name each part once, in order and with the ETag that was answered for it.
fn complete(sink: &Sink, path: &str, body: &str) -> Result<String, &'static str> {
    let mut words = path.split('/').skip(2);
    let (oid, size) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let size: u64 = size.parse().map_err(|_| "no size in the address")?;
    let wanted: Vec<String> = (1..=size.div_ceil(sink.chunk)).map(|n| etag(oid, n)).collect();
    // An ETag comes with its quotes, escaped, or without them.
    let told: Vec<String> = values(body, "etag")
        .map(|rest| rest.trim_start_matches(['"', '\\']).split(['"', '\\']).next().unwrap_or("").to_owned())
        .collect();
    if told != wanted {
        return Err("the completion does not name the parts that came");
    }
    sink.received().completed.push(oid.to_owned());
    Ok("{}".into())
}

fn commit(sink: &Sink, base: &str, body: &str) -> String {
    let mut received = sink.received();
    for line in body.lines().filter(|line| line.contains("\"lfsFile\"")) {
        received.committed.extend(strings(line, "oid").map(str::to_owned));
    }
    format!(
        r#"{{"success":true,"commitUrl":"{base}/bench/up/commit/{NEW_HEAD}","commitOid":"{NEW_HEAD}","hookOutput":""}}"#
    )
}

/// What follows each `"key":` in a JSON text. The texts we get have no such key inside a string.
fn values<'a>(json: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let quoted = format!("\"{key}\"");
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find(&quoted)? + quoted.len()..];
            if let Some(value) = rest.trim_start().strip_prefix(':') {
                rest = value.trim_start();
                return Some(rest);
            }
        }
    })
}

/// The same, of those that are strings; what they escape stays escaped.
fn strings<'a>(json: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    values(json, key).filter_map(|value| {
        let text = value.strip_prefix('"')?;
        let mut escaped = false;
        let end = text.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        Some(&text[..end])
    })
}

// ---- the command line ----

const USAGE: &str = "usage: sink [--listen 127.0.0.1:0] [--chunk BYTES (16777216)]";

fn usage(message: &str) -> ! {
    eprintln!("sink: {message}\n{USAGE}");
    exit(2)
}

fn parse<T: std::str::FromStr>(option: &str, value: Option<String>) -> T {
    let value = value.unwrap_or_else(|| usage(&format!("{option} needs a value")));
    value.parse().unwrap_or_else(|_| usage(&format!("{option}: {value} is no good")))
}

fn main() -> io::Result<()> {
    let (mut listen, mut chunk) = (SocketAddr::from(([127, 0, 0, 1], 0)), 16 * MIB);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        match option.as_str() {
            "--listen" => listen = parse(&option, args.next()),
            "--chunk" => chunk = parse::<u64>(&option, args.next()).max(1),
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => usage(&format!("unknown option {option}")),
        }
    }
    let listener = TcpListener::bind(listen)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let sink = Arc::new(Sink { chunk, received: Mutex::new(Received::new(MIB)) });
    loop {
        let (socket, _) = listener.accept()?;
        let sink = Arc::clone(&sink);
        thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            if let Err(error) = serve(&sink, socket) {
                eprintln!("sink: {error}");
            }
        })?;
    }
}
