//! What goes wrong on the way out, and what it costs: the part, the try, never the upload and never a second commit.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hfx::client::{Client, CommitResult};
use hfx::error::Kind;
use serde_json::{Value, json};

use crate::support::files::{random, sha256};
use crate::support::hub::{Request, http};
use crate::support::push::{PART, head, held, history, lab, listed, push};
use crate::support::{Lab, M};

/// The number in a part's address.
fn number(put: &Request) -> u64 {
    let path = put.path.split('?').next().unwrap();
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// How often each part was stored.
fn stored(lab: &Lab) -> BTreeMap<u64, usize> {
    let mut parts = BTreeMap::new();
    for put in lab.hub.puts().iter().filter(|put| put.status == 200) {
        *parts.entry(number(put)).or_default() += 1;
    }
    parts
}

fn once_each(count: u64) -> BTreeMap<u64, usize> {
    (1..=count).map(|number| (number, 1)).collect()
}

/// Pushes five parts and a bit while these faults are in force; what the Hub holds is right, in one commit.
pub fn push_through(lab: &Lab, client: &Client, rules: &Value) -> CommitResult {
    let bytes = random(fastrand::u64(..), 5 * PART + 9);
    let before = history(client, None).len();
    lab.hub.forget();
    lab.hub.faults(rules);
    let made = push(client, "f.bin", &bytes, &[]).unwrap_or_else(|e| panic!("{rules}: {e}"));
    assert_eq!(lab.hub.acted().iter().filter(|acted| **acted == 0).count(), 0, "{rules}");
    lab.hub.faults(&json!([]));
    assert!(held(client, "f.bin", None).unwrap() == bytes, "{rules}");
    let history = history(client, None);
    assert_eq!((history.len(), made.commits), (before + 1, 1), "{rules}");
    assert_eq!(made.oid.as_ref(), Some(&history[0].id), "{rules}");
    made
}

#[test]
fn a_part_that_breaks_costs_that_part_only() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for (fault, tries) in [
        (json!({"drop_request_after": 300_000}), 7),
        (json!({"drop_request_after": 0}), 7),
        (json!({"refuse": true}), 7),
        (json!({"lose_answer": true}), 7),
        (json!({"status": 503}), 7),
        (json!({"status": 500, "read_body": true}), 7),
        (json!({"status": 400, "body": "<Error><Code>RequestTimeout</Code></Error>"}), 7),
    ] {
        push_through(&lab, &client, &json!([{"match": {"path": "/part/", "skip": 2}, "do": fault}]));
        let mut sizes: Vec<_> = lab.hub.puts().iter().map(number).collect();
        sizes.sort_unstable();
        sizes.dedup();
        assert_eq!((lab.hub.puts().len(), sizes.len()), (tries, 6), "{fault}");
        let batches = lab.hub.count("POST", "objects/batch");
        assert_eq!(batches, 1, "{fault}");
        if fault["lose_answer"].is_null() {
            assert_eq!(stored(&lab), once_each(6), "{fault}");
        }
    }
}

#[test]
fn servers_that_fail_for_a_while_are_waited_for() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for path in ["/preupload/", "objects/batch", "/part/", "complete_multipart", "objects/verify", "/commit/"]
    {
        for status in [500, 502, 503, 504] {
            // Odd ones fail three times in a row, the others once.
            let times = if status == 502 { 3 } else { 1 };
            let when = json!({"path": path, "times": times});
            push_through(&lab, &client, &json!([{"match": when, "do": {"status": status}}]));
        }
    }
}

#[test]
fn a_rate_limit_is_a_pause() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for path in ["/part/", "objects/batch", "/commit/"] {
        let start = Instant::now();
        let wait = json!({"status": 429, "headers": {"Retry-After": "1"}});
        push_through(&lab, &client, &json!([{"match": {"path": path}, "do": wait}]));
        assert!(start.elapsed() >= Duration::from_millis(900), "{path}: {:?}", start.elapsed());
    }
}

#[test]
fn addresses_that_expired_are_asked_for_again_and_nothing_else_is() {
    let lab = lab(&[]);
    let client = lab.client(&[("max_connections", "1")]);
    push_through(&lab, &client, &json!([{"match": {"path": "/part/", "skip": 2}, "do": {"expire": true}}]));
    assert_eq!((stored(&lab), lab.hub.count("POST", "objects/batch")), (once_each(6), 2));
    // Refused side by side, they are asked for once.
    let many = lab.client(&[]);
    let expire = json!([{"match": {"path": "/part/", "skip": 2, "times": 3}, "do": {"expire": true}}]);
    push_through(&lab, &many, &expire);
    assert_eq!(stored(&lab), once_each(6));
    assert!(lab.hub.count("POST", "objects/batch") <= 3);
    // A file sent whole.
    lab.hub.forget();
    lab.hub.fault(json!({"path": "/object/"}), json!({"expire": true}));
    push(&client, "whole.bin", &random(1, M), &[]).unwrap();
    assert_eq!((lab.hub.puts().len(), lab.hub.count("POST", "objects/batch")), (2, 2));
    // One that is refused whatever the address says so.
    lab.hub.fault(
        json!({"path": "/part/", "times": 0}),
        json!({"status": 403, "body": "<Code>AccessDenied</Code>"}),
    );
    let error = push(&client, "g.bin", &random(2, 3 * M), &[]).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (Kind::Forbidden, false), "{error}");
}

/// The LFS server's answer about an upload of `bytes`, as it would come now.
pub fn batch(lab: &Lab, bytes: &[u8]) -> Value {
    let asked = json!({
        "operation": "upload", "transfers": ["basic", "multipart"], "hash_algo": "sha256",
        "objects": [{"oid": sha256(bytes), "size": bytes.len()}],
    });
    let answer =
        http(&lab.hub.endpoint, "POST", "/o/n.git/info/lfs/objects/batch", &[], asked.to_string().as_bytes());
    serde_json::from_slice(&answer.1).unwrap()
}

/// A rule that answers the batch so.
pub fn batch_says(answer: &Value) -> Value {
    let say =
        json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": answer.to_string()});
    json!({"match": {"path": "objects/batch"}, "do": say})
}

#[test]
fn a_put_that_is_redirected_goes_there_without_the_token() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_secret")]);
    for status in [307, 308] {
        for (size, path) in [(M, "/object/"), (5 * M, "/part/")] {
            let bytes = random(u64::from(fastrand::u32(..)), size);
            let mut answer = batch(&lab, &bytes);
            if size == M {
                // Some stores want a token of their own with the PUT.
                answer["objects"][0]["actions"]["upload"]["header"]["Authorization"] = json!("Bearer store");
            }
            lab.hub.forget();
            let redirect = json!({"match": {"path": path, "port": "cdn"}, "do": {"redirect": status}});
            lab.hub.faults(&json!([batch_says(&answer), redirect]));
            push(&client, "f.bin", &bytes, &[]).unwrap();
            lab.hub.faults(&json!([]));
            assert!(held(&client, "f.bin", None).unwrap() == bytes);
            let puts = lab.hub.puts();
            let (first, second): (Vec<_>, Vec<_>) = puts.iter().partition(|put| put.status == status);
            assert_eq!((first.len(), second.len()), (1, size / M), "{puts:?}");
            assert!(
                first.iter().all(|put| put.port == "cdn" && put.authorization == (size == M)),
                "{puts:?}"
            );
            assert!(second.iter().all(|put| !put.authorization), "{puts:?}");
            assert!(second.iter().any(|put| put.path == first[0].path), "{puts:?}");
        }
    }
}

#[test]
fn lfs_servers_that_answer_otherwise_are_understood_or_told() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    // Padded, out of order, called basic, a number for a string, and one that is not for the body.
    let bytes = random(60, 11 * M + 5);
    let mut answer = batch(&lab, &bytes);
    let header = answer["objects"][0]["actions"]["upload"]["header"].as_object_mut().unwrap();
    let parts: Vec<(u64, Value)> = (1..=12).map(|n| (n, header.remove(&n.to_string()).unwrap())).collect();
    for (number, url) in parts.into_iter().rev() {
        header.insert(format!("{number:05}"), url);
    }
    header["chunk_size"] = json!(M);
    header.insert("x-other".to_owned(), json!("y"));
    answer["transfer"] = json!("basic");
    lab.hub.faults(&json!([batch_says(&answer)]));
    push(&client, "f.bin", &bytes, &[]).unwrap();
    assert!(held(&client, "f.bin", None).unwrap() == bytes);
    let tip = head(&client);

    let bytes = random(61, 3 * M);
    let whole = batch(&lab, &bytes);
    let oid = sha256(&bytes);
    let with = |change: fn(&mut Value)| {
        let mut answer = whole.clone();
        change(&mut answer["objects"][0]);
        answer
    };
    for (answer, kind, words) in [
        (json!({"objects": []}), Kind::Protocol, oid.as_str()),
        (with(|o| o["error"] = json!({"code": 422, "message": "too\nlarge"})), Kind::Http, "g.bin"),
        (with(|o| o["error"] = json!({"code": 403, "message": "no"})), Kind::Forbidden, "no"),
        (
            with(|o| drop(o["actions"]["upload"]["header"].as_object_mut().unwrap().remove("2"))),
            Kind::Protocol,
            "parts",
        ),
        (
            with(|o| o["actions"]["upload"]["header"]["chunk_size"] = json!("0")),
            Kind::Protocol,
            "size of a part",
        ),
        (with(|o| o["actions"]["upload"]["header"]["2"] = json!("no address")), Kind::Protocol, ""),
        (json!({"message": "no"}), Kind::Protocol, ""),
        (json!("<html>"), Kind::Protocol, ""),
    ] {
        lab.hub.faults(&json!([batch_says(&answer)]));
        let error = push(&client, "g.bin", &bytes, &[]).unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains(words)), (kind, true), "{answer}: {error}");
    }
    // A store that names no part, a verify that says no.
    for (n, (path, act, kind)) in [
        ("/part/", json!({"remove_headers": ["etag"]}), Kind::Protocol),
        ("objects/verify", json!({"status": 404}), Kind::Http),
        ("objects/verify", json!({"status": 422, "body": "{\"message\": \"no\"}"}), Kind::Http),
    ]
    .into_iter()
    .enumerate()
    {
        lab.hub.fault(json!({"path": path, "times": 0}), act);
        let error = push(&client, "g.bin", &random(70 + n as u64, 3 * M), &[]).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains("g.bin"), "{path}: {error}");
    }
    assert_eq!(
        (head(&client), listed(&client, None)),
        (tip, vec!["f.bin".to_owned()]),
        "none of it is committed"
    );
}

#[test]
fn an_upload_that_the_server_has_forgotten_begins_anew() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for path in ["complete_multipart", "/part/"] {
        push_through(&lab, &client, &json!([{"match": {"path": path, "skip": 0}, "do": {"status": 404}}]));
    }
    push_through(&lab, &client, &json!([{"match": {"path": "complete_multipart"}, "do": {"status": 400}}]));
    assert_eq!(lab.hub.count("POST", "objects/batch"), 2);
    push_through(
        &lab,
        &client,
        &json!([{"match": {"path": "complete_multipart"}, "do": {"lose_answer": true}}]),
    );
    assert_eq!((lab.hub.count("POST", "objects/batch"), stored(&lab)), (1, once_each(6)));
}

#[test]
fn an_address_that_expired_before_the_end_does_not_send_the_parts_again() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for status in [401, 403] {
        let when = json!({"path": "complete_multipart", "times": 3});
        push_through(&lab, &client, &json!([{"match": when, "do": {"status": status}}]));
        assert_eq!((lab.hub.count("POST", "objects/batch"), stored(&lab)), (4, once_each(6)), "{status}");
    }
}

#[test]
fn a_server_that_stops_to_read_is_left_in_time() {
    // Larger than what the kernel takes for a peer that reads nothing.
    let lab = lab(&["--chunk-size", "16M"]);
    let client = lab.client(&[]);
    let bytes = random(62, 32 * M);
    lab.hub.fault(json!({"path": "/part/"}), json!({"stall_request_after": 100_000}));
    let start = Instant::now();
    push(&client, "f.bin", &bytes, &[]).unwrap();
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert!(held(&client, "f.bin", None).unwrap() == bytes);
    assert_eq!(lab.hub.puts().len(), 3);
}

#[test]
fn time_while_bytes_leave_costs_no_patience() {
    let lab = lab(&["--chunk-size", "16M"]);
    let client = lab.client(&[("retry_timeout_ms", "1500"), ("max_connections", "2")]);
    let bytes = random(63, 32 * M);
    // It breaks after more time than an upload may go on without progress, and before a part is through.
    lab.hub.faults(&json!([
        {"match": {"path": "/part/"}, "do": {"drop_request_after": 14_000_000}},
        {"match": {"path": "/part/", "times": 0}, "do": {"request_rate": 6_000_000}}
    ]));
    push(&client, "f.bin", &bytes, &[]).unwrap();
    assert_eq!(lab.hub.puts().len(), 3);
    // One that never gets further has an end.
    lab.hub
        .faults(&json!([{"match": {"path": "/part/", "times": 0}, "do": {"drop_request_after": 1_000_000}}]));
    let error = push(&client, "g.bin", &random(64, 16 * M), &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Network, "{error}");
}
