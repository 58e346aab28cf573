//! Proxies of each kind, made of threads: HTTP by whole URL and by CONNECT, SOCKS 5, and those that refuse.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use hfx::error::Kind;
use serde_json::json;

use crate::support::Lab;
use crate::support::client::get;
use crate::support::files::random;

/// What a proxy was asked for: one line each.
type Log = Arc<Mutex<Vec<String>>>;

/// Serves each connection on a thread; returns its port and what it was asked.
pub fn serve(handle: impl Fn(TcpStream, &Log) -> std::io::Result<()> + Send + Sync + 'static) -> (u16, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, log, handle) = (listener.local_addr().unwrap().port(), Log::default(), Arc::new(handle));
    let asked = log.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (handle, asked) = (handle.clone(), asked.clone());
            std::thread::spawn(move || handle(stream, &asked));
        }
    });
    (port, log)
}

/// Reads up to the end of a request's head.
fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Passes bytes both ways until both sides have ended.
pub fn pump(one: TcpStream, other: TcpStream) -> std::io::Result<()> {
    let (mut a, mut b) = (one.try_clone()?, other.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut b, &mut a);
        let _ = a.shutdown(Shutdown::Write);
    });
    let (mut one, mut other) = (one, other);
    let _ = std::io::copy(&mut one, &mut other);
    let _ = other.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}

/// An HTTP proxy that wants `Basic` with these words, if any.
pub fn http_proxy(wanted: Option<&'static str>) -> (u16, Log) {
    serve(move |mut client, log| {
        let head = head(&mut client)?;
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        log.lock().unwrap().push(format!("{method} {target}"));
        if let Some(wanted) = wanted
            && !head.to_lowercase().contains(&format!("proxy-authorization: {wanted}").to_lowercase())
        {
            return client
                .write_all(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
        }
        if method == "CONNECT" {
            let server = TcpStream::connect(&target)?;
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
            return pump(client, server);
        }
        let rest = target.strip_prefix("http://").unwrap_or(&target);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut server = TcpStream::connect(host)?;
        // One request a connection: what follows must not slip through unread.
        let head = head.replacen(&target, &format!("/{path}"), 1).replacen(
            "\r\n\r\n",
            "\r\nConnection: close\r\n\r\n",
            1,
        );
        server.write_all(head.as_bytes())?;
        pump(client, server)
    })
}

/// A SOCKS 5 proxy, with a user and a password if they are given.
fn socks(login: Option<(&'static str, &'static str)>) -> (u16, Log) {
    serve(move |mut client, log| {
        let mut two = [0; 2];
        client.read_exact(&mut two)?;
        let mut methods = vec![0; two[1].into()];
        client.read_exact(&mut methods)?;
        match login {
            None => client.write_all(&[5, 0])?,
            Some(_) if !methods.contains(&2) => return client.write_all(&[5, 255]),
            Some((user, password)) => {
                client.write_all(&[5, 2])?;
                let right = login_of(&mut client)? == (user.to_owned(), password.to_owned());
                client.write_all(&[1, u8::from(!right)])?;
                if !right {
                    return Ok(());
                }
            }
        }
        let mut request = [0; 4];
        client.read_exact(&mut request)?;
        let host = match request[3] {
            1 => {
                let mut ip = [0; 4];
                client.read_exact(&mut ip)?;
                std::net::Ipv4Addr::from(ip).to_string()
            }
            3 => {
                let mut length = [0];
                client.read_exact(&mut length)?;
                let mut name = vec![0; length[0].into()];
                client.read_exact(&mut name)?;
                format!("name:{}", String::from_utf8_lossy(&name))
            }
            _ => return client.write_all(&[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
        };
        let mut port = [0; 2];
        client.read_exact(&mut port)?;
        log.lock().unwrap().push(host.clone());
        // A name that only this proxy knows.
        let server = TcpStream::connect(("127.0.0.1", u16::from_be_bytes(port)))?;
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
        pump(client, server)
    })
}

/// User and password as RFC 1929 sends them.
fn login_of(client: &mut TcpStream) -> std::io::Result<(String, String)> {
    let mut version = [0];
    client.read_exact(&mut version)?;
    let mut text = || {
        let mut length = [0];
        client.read_exact(&mut length)?;
        let mut bytes = vec![0; length[0].into()];
        client.read_exact(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok((text()?, text()?))
}

#[test]
fn plain_http_goes_through_a_proxy_by_its_whole_url() {
    let bytes = random(90, 12 << 20);
    let lab = Lab::with_file("model.bin", &bytes);
    // "user:pa ss"
    let (port, log) = http_proxy(Some("Basic dXNlcjpwYSBzcw=="));
    let proxy = format!("http://user:pa%20ss@127.0.0.1:{port}");
    let client = lab.client(&[("http_proxy", &proxy)]);
    assert!(std::fs::read(get(&client, "model.bin").unwrap().path).unwrap() == bytes);
    let asked = log.lock().unwrap().clone();
    assert!(asked.iter().any(|line| line.contains(&lab.hub.cdn)), "the store as well: {asked:?}");
    // Wrong words are an error of the proxy's, at once, and the password is in no message.
    let wrong = format!("http://user:secret@127.0.0.1:{port}");
    let error =
        get(&lab.client(&[("http_proxy", &wrong), ("cache_dir", "/nowhere")]), "model.bin").unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (Kind::Proxy, 407), "{error}");
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn a_token_in_plain_http_stays_on_this_machine() {
    let lab = Lab::with_file("config.json", b"{}");
    let (port, _) = http_proxy(None);
    let proxy = format!("http://127.0.0.1:{port}");
    for (more, goes) in [(None, false), (Some(("allow_http_token", "true")), true)] {
        lab.hub.forget();
        let mut options = vec![("http_proxy", proxy.as_str()), ("token", "hf_secret")];
        options.extend(more);
        get(&lab.client(&options), "config.json").unwrap();
        assert!(lab.hub.requests().iter().all(|request| request.authorization == goes), "{more:?}");
        let _ = std::fs::remove_dir_all(lab.cache());
    }
}

#[test]
fn no_proxy_goes_straight() {
    let lab = Lab::with_file("config.json", b"{}");
    let dead = [("http_proxy", "http://127.0.0.1:1"), ("no_proxy", "10.0.0.0/8,127.0.0.0/8")];
    get(&lab.client(&dead), "config.json").unwrap();
    let error = get(&lab.client(&[dead[0], ("force", "true"), ("retry_timeout_ms", "300")]), "config.json");
    assert_eq!(error.unwrap_err().kind(), Kind::Proxy);
}

#[test]
fn socks_resolves_here_or_there() {
    let bytes = random(91, 12 << 20);
    let lab = Lab::with_file("model.bin", &bytes);
    let (port, log) = socks(Some(("user", "pass")));
    let client = lab.client(&[("http_proxy", &format!("socks5://user:pass@127.0.0.1:{port}"))]);
    assert!(std::fs::read(get(&client, "model.bin").unwrap().path).unwrap() == bytes);
    assert!(log.lock().unwrap().iter().all(|host| host == "127.0.0.1"));
    let (port, log) = socks(None);
    let there = lab.hub.endpoint.replace("127.0.0.1", "hub.only-the-proxy-knows");
    let proxy = format!("socks5h://127.0.0.1:{port}");
    let cache = tempfile::tempdir().unwrap();
    let client = lab.client(&[
        ("http_proxy", &proxy),
        ("endpoint", &there),
        ("cache_dir", cache.path().to_str().unwrap()),
    ]);
    assert!(std::fs::read(get(&client, "model.bin").unwrap().path).unwrap() == bytes);
    assert!(log.lock().unwrap().iter().all(|host| host == "name:hub.only-the-proxy-knows"), "{log:?}");
    let (port, _) = socks(Some(("user", "other")));
    let wrong = format!("socks5://user:pass@127.0.0.1:{port}");
    let refused = lab.client(&[("http_proxy", &wrong), ("force", "true")]);
    let error = get(&refused, "model.bin").unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
}

#[test]
fn a_proxy_that_answers_with_a_page_is_told_apart_from_a_hub() {
    let lab = Lab::with_file("config.json", b"{}");
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<html>Log in</";
    let (port, _) = serve(move |mut client, _| {
        let head = head(&mut client)?;
        let page = if head.starts_with("HEAD") { &page[..page.len() - 14] } else { &page[..] };
        client.write_all(page)
    });
    let client =
        lab.client(&[("http_proxy", &format!("http://127.0.0.1:{port}")), ("retry_timeout_ms", "500")]);
    let error = get(&client, "config.json").unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    let error = crate::support::client::snapshot(&client, &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    assert!(error.to_string().contains("web page"), "{error}");
    assert!(lab.hub.requests().is_empty());
}

#[test]
fn a_proxy_that_breaks_off_is_tried_again() {
    let lab = Lab::with_file("config.json", b"{}");
    lab.hub.fault(json!({}), json!({"refuse": true}));
    let (port, log) = http_proxy(None);
    let client = lab.client(&[("http_proxy", &format!("http://127.0.0.1:{port}"))]);
    get(&client, "config.json").unwrap();
    assert!(log.lock().unwrap().len() >= 3, "{log:?}");
}
