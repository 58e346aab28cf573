//! What a client does about a server or a line that does badly.

use std::fs;
use std::time::{Duration, Instant};

use hfx::client::{Hooks, Output, ReadInto, Which};
use hfx::digest::Verified;
use hfx::error::Kind;
use serde_json::json;

use crate::support::client::{get, get_with, job, model, snapshot, url};
use crate::support::files::{blobs, partials, random, sha256};
use crate::support::{Lab, M, wait_for};

#[test]
fn a_rate_limit_holds_all_requests_to_its_resource() {
    let lab = Lab::new();
    for n in 0..20 {
        lab.hub.put(&format!("models/o/n/f{n}"), &[n]);
    }
    let client = lab.client(&[]);
    snapshot(&client, &[("include", "f0")]).unwrap();
    lab.hub.forget();
    let refusal = json!({"status": 429, "headers": {"RateLimit": "\"resolvers\";r=0;t=1"}});
    lab.hub.fault(json!({"path": "/resolve/", "times": 1}), refusal);
    assert!(snapshot(&client, &[]).unwrap().first_error().is_none());
    let log = lab.hub.requests();
    let refused = log.iter().find(|r| r.status == 429).unwrap_or_else(|| panic!("{log:#?}")).at_ms;
    // Those that were under way when the word came are past it; then nothing until the time is over.
    let silence = log.iter().map(|r| r.at_ms).filter(|at| *at > refused + 500 && *at < refused + 1900);
    assert_eq!(silence.count(), 0, "{log:#?}");
    assert!(log.iter().any(|r| r.at_ms >= refused + 1900));
}

#[test]
fn retry_after_is_obeyed() {
    let lab = Lab::with_file("config.json", b"{}");
    lab.hub.fault(json!({"method": "GET"}), json!({"status": 503, "headers": {"Retry-After": "1"}}));
    get(&lab.client(&[]), "config.json").unwrap();
    let times: Vec<u64> = lab.hub.requests().iter().filter(|r| r.method == "GET").map(|r| r.at_ms).collect();
    assert!(times.len() == 2 && times[1] >= times[0] + 990, "{times:?}");
}

#[test]
fn bursts_of_server_errors_are_outlived_and_endless_ones_are_not_waited_for() {
    let bytes = random(20, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 9}), json!({"status": 500}));
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"status": 500}));
    let start = Instant::now();
    let force = [("force", "true"), ("retry_timeout_ms", "2000")];
    let error = get_with(&lab.client(&[]), "model.bin", None, &force).unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (Kind::Http, 500));
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn addresses_that_expire_are_resolved_again_as_often_as_needed() {
    let bytes = random(21, 40 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    // Every fourth request to the store finds its address expired: all parts that use it are refused at once.
    let expiries: Vec<_> = (0..6)
        .map(|n| json!({"match": {"port": "cdn", "skip": 1 + 4 * n}, "do": {"expire": true}}))
        .collect();
    lab.hub.faults(&json!(expiries));
    let client = lab.client(&[("part_size", "1M")]);
    let result = get(&client, "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert!(lab.hub.acted().iter().all(|n| *n == 1), "{:?}", lab.hub.acted());
}

#[test]
fn an_address_that_stays_refused_is_an_error() {
    let lab = Lab::with_file("model.bin", &random(22, 12 * M));
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"status": 403}));
    let error = get(&lab.client(&[]), "model.bin").unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (Kind::Forbidden, 403));
    assert!(blobs(lab.cache()).is_empty());
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let bytes = random(23, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/config.json", b"{}");
    lab.hub.fault(json!({"port": "cdn", "skip": 2}), json!({"expire": true}));
    let client = lab.client(&[("token", "hf_secret")]);
    assert!(snapshot(&client, &[]).unwrap().first_error().is_none());
    let folder = tempfile::tempdir().unwrap();
    url(&client, &format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint), &folder.path().join("x"), &[])
        .unwrap();
    for request in lab.hub.requests() {
        assert_eq!(request.authorization, request.port == "hub", "{request:?}");
    }
}

#[test]
fn a_stalled_connection_costs_its_own_bytes_in_flight() {
    let bytes = random(24, 32 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 3}), json!({"stall_after": 600_000}));
    let start = Instant::now();
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    let again = lab.hub.sent() - bytes.len() as u64;
    assert!(again <= 3 * M as u64, "{again} bytes were sent twice");
}

#[test]
fn a_connection_much_slower_than_the_others_is_replaced() {
    let bytes = random(25, 48 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    // Some 40 s for its part, if nobody did anything about it; it is soon the only one left.
    lab.hub.fault(json!({"port": "cdn", "range_from": 1}), json!({"rate": 100_000}));
    let start = Instant::now();
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn one_broken_range_does_not_hold_up_the_others() {
    let bytes = random(26, 48 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/other.bin", &random(27, 24 * M));
    // One file stays unreachable and probes; the other breaks once and must not wait for that.
    lab.hub.faults(&json!([
        {"match": {"path": "model.bin", "port": "cdn", "times": 0}, "do": {"refuse": true}},
        {"match": {"path": "other.bin", "port": "cdn", "times": 4, "skip": 1}, "do": {"drop_after": 500_000}},
    ]));
    let client = lab.client(&[("retry_timeout_ms", "12000")]);
    let broken = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("the refusals", || lab.hub.acted()[0] > 3);
    let start = Instant::now();
    get(&client, "other.bin").unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(broken.join().unwrap_err().kind(), Kind::Network);
}

#[test]
fn a_server_without_ranges_gives_the_file_in_one_stream() {
    let bytes = random(28, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"ignore_range": true}));
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert_eq!(result.verified, Some(Verified::Hash));
    assert!(fs::read(result.path).unwrap() == bytes);
    // A range of it works as well, and the rest is left out.
    let which = Which::Repo { repo: model(), revision: None, path: "model.bin".into() };
    let client = lab.client(&[]);
    let read = client.read(which, Some((5_000_000, 77)), ReadInto::Memory, &job(&[]), Hooks::default());
    let Output::Bytes(part) = read.unwrap().join().unwrap() else { panic!() };
    assert_eq!(part.bytes, bytes[5_000_000..5_000_077]);
}

/// What the hash has passed is not written once more: the second answer's byte would be published, and never hashed.
#[test]
fn bytes_that_come_twice_are_the_ones_that_were_hashed() {
    let bytes = random(61, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.faults(&json!([
        {"match": {"port": "cdn"}, "do": {"ignore_range": true, "drop_after": 8_000_000, "rate": 30_000_000}},
        {"match": {"port": "cdn", "skip": 1, "times": 0}, "do": {"ignore_range": true, "flip_byte": 1_000_000}}
    ]));
    let result = get(&lab.client(&[("max_connections", "1")]), "model.bin").unwrap();
    assert!(lab.hub.acted().iter().all(|times| *times > 0), "{:?}", lab.hub.acted());
    assert_eq!(result.verified, Some(Verified::Hash));
    assert!(fs::read(result.path).unwrap() == bytes);
}

#[test]
fn a_server_without_ranges_that_always_breaks_is_given_up() {
    let lab = Lab::with_file("model.bin", &random(29, 12 * M));
    let act = json!({"ignore_range": true, "drop_after": 3_000_000});
    lab.hub.fault(json!({"port": "cdn", "times": 0}), act);
    let start = Instant::now();
    let error = get(&lab.client(&[("retry_timeout_ms", "2000")]), "model.bin").unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn gzip_is_never_taken_for_content() {
    let text = "compressible ".repeat(100_000);
    let lab = Lab::with_file("text.txt", text.as_bytes());
    lab.hub.fault(json!({"method": "GET", "times": 0}), json!({"gzip": true}));
    let error = get(&lab.client(&[]), "text.txt").unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol);
    assert!(error.to_string().contains("gzip"), "{error}");
    lab.hub.faults(&json!([]));
    let result = get(&lab.client(&[]), "text.txt").unwrap();
    assert_eq!(fs::read_to_string(result.path).unwrap(), text);
}

#[test]
fn a_url_whose_content_changes_is_never_mixed() {
    let (old, new) = (random(30, 24 * M), random(31, 24 * M));
    let lab = Lab::with_file("model.bin", &old);
    let from = format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint);
    // After the first answer the file is another one, of the same size.
    lab.hub.fault(json!({"port": "cdn", "range_from": 1, "times": 0}), json!({"etag": "\"newer\""}));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    let error = url(&lab.client(&[]), &from, &to, &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::ContentChanged, "{error}");
    assert!(!to.exists());
    // What is there of the old one is not used for the new one.
    lab.hub.faults(&json!([]));
    lab.hub.put("models/o/n/model.bin", &new);
    url(&lab.client(&[]), &from, &to, &[]).unwrap();
    assert!(fs::read(&to).unwrap() == new);
}

#[test]
fn a_flipped_byte_is_repaired_once_and_then_refused_with_both_hashes() {
    let bytes = random(32, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn"}), json!({"flip_byte": 10_000_000}));
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(&result.path).unwrap() == bytes);
    fs::remove_dir_all(lab.cache()).unwrap();
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"flip_byte": 10_000_000}));
    let error = get(&lab.client(&[]), "model.bin").unwrap_err();
    assert_eq!(error.kind(), Kind::HashMismatch);
    let mut wrong = bytes.clone();
    wrong[10_000_000] ^= 255;
    for hash in [sha256(&wrong), sha256(&bytes)] {
        assert!(error.to_string().contains(&hash), "{error}");
    }
    assert!(
        blobs(lab.cache()).is_empty() && partials(lab.cache()).is_empty(),
        "nothing is published or kept"
    );
}

#[test]
fn a_read_of_a_url_is_tried_again() {
    let lab = Lab::with_file("f.txt", b"hello");
    lab.hub.fault(json!({"times": 2}), json!({"status": 503}));
    let which = Which::Url(format!("{}/o/n/resolve/main/f.txt", lab.hub.endpoint));
    let client = lab.client(&[]);
    let read = client.read(which, None, ReadInto::Memory, &job(&[]), Hooks::default()).unwrap();
    let Output::Bytes(read) = read.join().unwrap() else { panic!() };
    assert_eq!(read.bytes, b"hello");
}

#[test]
fn a_dead_hub_is_given_up_after_the_time_for_it() {
    let lab = Lab::with_file("model.bin", &random(33, 12 * M));
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"refuse": true}));
    let start = Instant::now();
    let error = get(&lab.client(&[("retry_timeout_ms", "1500")]), "model.bin").unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn an_outage_is_one_event() {
    let bytes = random(34, 64 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    // All connections break, and for a while nobody gets through.
    let rules: Vec<_> = vec![
        json!({"match": {"port": "cdn", "times": 8}, "do": {"drop_after": 700_000}}),
        json!({"match": {"port": "cdn", "skip": 8, "times": 6}, "do": {"refuse": true}}),
    ];
    lab.hub.faults(&json!(rules));
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    let refused: Vec<u64> = lab.hub.requests().iter().filter(|r| r.status == 0).map(|r| r.at_ms).collect();
    assert!(refused.len() >= 4, "{refused:?}");
}
