//! A server that a test writes word for word, and that remembers every word it was sent.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A listening server; its threads end with the process.
pub struct Rude {
    /// `http://127.0.0.1:port`.
    pub origin: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The whole head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Rude {
    /// Answers each connection's one request.
    pub fn start(
        answer: impl Fn(&Asked, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (origin, answer) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(answer));
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let log = asked.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (answer, log) = (answer.clone(), log.clone());
                std::thread::spawn(move || {
                    let asked = read(&mut stream)?;
                    log.lock().unwrap().push(asked.clone());
                    answer(&asked, &mut stream)?;
                    stream.shutdown(Shutdown::Write)
                });
            }
        });
        Self { origin, asked }
    }

    /// One whose every answer is this.
    pub fn saying(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let body = body.to_vec();
        Self::start(move |asked, stream| {
            let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            say(asked, stream, status, &headers, &body)
        })
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A whole answer.
pub fn say(
    asked: &Asked,
    stream: &mut TcpStream,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if asked.method == "HEAD" { Ok(()) } else { stream.write_all(body) }
}

fn read(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Asked { method, path, head, body: String::from_utf8_lossy(&body).into_owned() })
}
