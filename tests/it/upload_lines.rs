//! Uploads over every kind of line, and answers that come before all of the request is out.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hfx::client::{Client, Draft, Input};
use hfx::error::{Error, Kind, Result};
use hfx::transfer::reader::Reader;
use serde_json::json;

use crate::proxy::http_proxy;
use crate::support::files::random;
use crate::support::push::{PART, commit, draft, folder, head, held, lab, listed, push, write};
use crate::support::{Lab, M, skip, wait_for};
use crate::tls::Terminator;

/// Large, small, empty: pushed and looked at.
fn pushes(client: &Client, seed: u64) {
    let (large, whole) = (random(seed, 3 * PART + 1), random(seed + 1, PART));
    let files: &[(&str, &[u8])] =
        &[("large.bin", &large), ("whole.bin", &whole), ("a.txt", b"a"), ("empty", b"")];
    commit(client, &draft(files), &[]).unwrap();
    for (path, bytes) in files {
        assert!(held(client, path, None).unwrap() == *bytes, "{path}");
    }
}

#[test]
fn through_a_proxy_and_over_tls() {
    let lab = lab(&[]);
    let (port, log) = http_proxy(None);
    pushes(&lab.client(&[("http_proxy", &format!("http://127.0.0.1:{port}"))]), 1);
    let asked = log.lock().unwrap().clone();
    let puts = asked.iter().filter(|line| line.starts_with(&format!("PUT {}", lab.hub.cdn))).count();
    assert_eq!(puts, 5, "{asked:?}");
    let Some(tls) = Terminator::start(&lab) else {
        return skip("through_a_proxy_and_over_tls", "openssl and python3 are needed");
    };
    let (ca, here) = (tls.ca(), tls.endpoint("localhost"));
    let client = lab.client(&[("endpoint", &here), ("ca_file", ca.to_str().unwrap())]);
    // The store's addresses name the host that was asked, which has plain http alone.
    let files: &[(&str, &[u8])] = &[("t.txt", &random(5, LFS_LESS)), ("u.txt", b"u")];
    commit(&client, &draft(files), &[]).unwrap();
    assert!(held(&client, "t.txt", None).unwrap() == files[0].1);
}

/// Not LFS.
const LFS_LESS: usize = 200_000;

#[test]
fn an_answer_before_the_end_of_the_request_is_heard() {
    let lab = lab(&["--lfs-threshold", "100M"]);
    let tls = Terminator::start(&lab);
    let mut clients = vec![lab.client(&[])];
    if let Some(tls) = &tls {
        clients.push(
            lab.client(&[("endpoint", &tls.endpoint("localhost")), ("ca_file", tls.ca().to_str().unwrap())]),
        );
    } else {
        skip("an_answer_before_the_end_of_the_request_is_heard", "over TLS openssl and python3 are needed");
    }
    let bytes = random(7, 24 * M);
    for client in clients {
        for (status, kind) in [(403, Kind::Forbidden), (413, Kind::Http), (412, Kind::Conflict)] {
            lab.hub.forget();
            lab.hub.fault(
                json!({"path": "/commit/"}),
                json!({"status": status, "body": "{\"error\": \"early\"}"}),
            );
            let start = Instant::now();
            let error = push(&client, "large.txt", &bytes, &[]).unwrap_err();
            assert_eq!((error.kind(), error.http_status()), (kind, status), "{error}");
            assert!(error.to_string().contains("early"), "{error}");
            assert_eq!(lab.hub.count("POST", "/commit/"), 1);
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        }
    }
    lab.hub.faults(&json!([]));
    push(&lab.client(&[]), "large.txt", &bytes, &[]).unwrap();
    assert!(
        held(&lab.client(&[]), "large.txt", None).unwrap() == bytes,
        "regular, and of more than one block"
    );
}

#[test]
fn a_part_on_a_connection_much_slower_than_the_others_is_sent_over_another_one() {
    let lab = lab(&["--chunk-size", "4M", "--multipart-from", "8M"]);
    let bytes = random(11, 32 * M);
    // Minutes for its part, if nobody did anything about it; it is soon the only one left.
    lab.hub.fault(json!({"path": "/part/", "skip": 3}), json!({"request_rate": 20_000}));
    let start = Instant::now();
    push(&lab.client(&[("stall_timeout_ms", "120000")]), "f.bin", &bytes, &[]).unwrap();
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
    assert_eq!(lab.hub.acted(), [1]);
    assert_eq!(lab.hub.puts().len(), 9, "eight parts, and one of them again: {:?}", lab.hub.puts());
    assert!(held(&lab.client(&[]), "f.bin", None).unwrap() == bytes);
}

#[test]
fn a_large_commit_on_a_slow_line_is_tried_again() {
    let lab = lab(&["--lfs-threshold", "100M"]);
    let client = lab.client(&[("retry_timeout_ms", "1000")]);
    let busy = json!({"status": 503, "read_body": true, "request_rate": 8_000_000});
    lab.hub.fault(json!({"path": "/commit/"}), busy);
    let bytes = random(10, 9 * M);
    push(&client, "large.txt", &bytes, &[]).unwrap();
    assert!(held(&client, "large.txt", None).unwrap() == bytes);
    assert_eq!(lab.hub.count("POST", "/commit/"), 2);
}

#[test]
fn a_commit_that_is_sent_elsewhere_goes_nowhere() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_secret")]);
    let elsewhere = format!("{}/api/models/o/n/commit/main", lab.hub.cdn);
    for path in ["/commit/", "/preupload/", "objects/batch", "complete_multipart"] {
        for status in [301, 302, 303, 307, 308] {
            lab.hub.forget();
            let redirect = json!({"status": status, "headers": {"Location": elsewhere}});
            lab.hub.fault(json!({"path": path}), redirect);
            let error =
                push(&client, "f.bin", &random(u64::from(fastrand::u32(..)), 2 * PART), &[]).unwrap_err();
            assert_eq!(error.kind(), Kind::Protocol, "{path} {status}: {error}");
            let requests = lab.hub.requests();
            assert!(!requests.iter().any(|r| r.port == "cdn" && r.method == "POST"), "{requests:?}");
        }
    }
    assert_eq!(listed(&client, None), Vec::<String>::new());
    // Within the Hub, as for a repository that was moved, it is followed.
    let moved = json!({"status": 307, "headers": {"Location": "/api/models/o/n/commit/main"}});
    lab.hub.fault(json!({"path": "/commit/"}), moved);
    push(&client, "f.txt", b"f", &[]).unwrap();
    assert_eq!(held(&client, "f.txt", None).unwrap(), b"f");
}

#[test]
fn names_of_every_kind_arrive_as_they_are() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let names = [
        "100%/#1?.txt",
        "a+b&c=d.txt",
        "\"quotes\" 'and' `ticks`.txt",
        "ünï/日本/🤗.txt",
        "sp ace /tr .x",
        "%2e%2e.txt",
        "-q",
        "~",
    ];
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        write(dir.path(), &[(name, name.as_bytes())]);
    }
    folder(&client, dir.path(), &[]).unwrap();
    let copies = Draft::new();
    for name in names {
        assert_eq!(held(&client, name, None).unwrap(), name.as_bytes(), "{name}");
        copies.copy(None, None, name, &format!("copied/{name}")).unwrap();
    }
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    commit(&client, &copies, &[]).unwrap();
    for name in names {
        assert_eq!(held(&client, &format!("copied/{name}"), None).unwrap(), name.as_bytes(), "{name}");
    }
    assert_eq!(folder(&client, dir.path(), &[("delete", "copied/*")]).unwrap().commits, 1);
    assert_eq!(listed(&client, None).len(), names.len());
}

/// A small reader that can be looked at, and then not be read.
struct Once(std::sync::atomic::AtomicBool);

impl Reader for Once {
    fn size(&self) -> u64 {
        10
    }

    fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes> {
        if self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::new(Kind::Io, "the host's disk is gone"));
        }
        Ok(vec![b'x'; (range.end - range.start) as usize].into())
    }
}

#[test]
fn regular_files_that_change_or_fail_are_not_committed() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let before = head(&client);
    let once = Draft::new();
    once.add("once.txt", Input::Reader(std::sync::Arc::new(Once(false.into())))).unwrap();
    let error = commit(&client, &once, &[]).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("the host's disk")), (Kind::Io, true), "{error}");
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a.txt", b"as it was"), ("b.txt", b"b")]);
    for change in ["longer than it was", "AS IT WAS", "short"] {
        write(dir.path(), &[("a.txt", b"as it was")]);
        let when = json!([{"match": {"path": "/preupload/"}, "do": {"delay_ms": 500}}]);
        lab.hub.forget();
        lab.hub.faults(&when);
        let client = client.clone();
        let at = dir.path().to_owned();
        let running = std::thread::spawn(move || folder(&client, &at, &[]));
        wait_for("the preupload", || lab.hub.count("POST", "/preupload/") == 1);
        write(dir.path(), &[("a.txt", change.as_bytes())]);
        let error = running.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::ContentChanged, "{error}");
        assert!(error.to_string().contains("a.txt"), "{error}");
    }
    assert_eq!(head(&client), before);
}

#[test]
fn what_is_not_there_can_not_be_deleted_and_the_last_of_two_counts() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let (one, two) = (random(8, M), random(9, M));
    for gone in [|d: &Draft| d.delete_file("none"), |d: &Draft| d.delete_folder("none")] {
        let draft = draft(&[("f.bin", &one)]);
        gone(&draft).unwrap();
        let error = commit(&client, &draft, &[]).unwrap_err();
        assert_eq!((error.kind(), draft.len()), (Kind::EntryNotFound, 2), "{error}");
    }
    let twice: &[(&str, &[u8])] = &[("f.bin", &one), ("a.txt", b"1"), ("f.bin", &two), ("a.txt", b"2")];
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    let made = commit(&client, &draft(twice), &[]).unwrap();
    assert_eq!((made.commits, made.files.len()), (1, 2));
    assert!(held(&client, "f.bin", None).unwrap() == two);
    assert_eq!(held(&client, "a.txt", None).unwrap(), b"2");
    // A folder that is replaced by what is in it now.
    write_through(&lab, &client);
}

fn write_through(lab: &Lab, client: &Client) {
    commit(client, &draft(&[("d/old", b"o"), ("d/e/old", b"o")]), &[]).unwrap();
    let replaced = draft(&[("d/new", b"n")]);
    replaced.delete_folder("d").unwrap();
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    commit(client, &replaced, &[("commit_message", "  Replace  ")]).unwrap();
    assert_eq!(listed(client, None), ["a.txt", "d/new", "f.bin"]);
    // A file in the place of a folder, and the other way round.
    let turned = draft(&[("d", b"file"), ("a.txt/in", b"folder")]);
    turned.delete_folder("d").unwrap();
    turned.delete_file("a.txt").unwrap();
    commit(client, &turned, &[]).unwrap();
    assert_eq!(listed(client, None), ["a.txt/in", "d", "f.bin"]);
}
