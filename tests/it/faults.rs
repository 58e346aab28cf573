//! Every fault that the local Hub can commit, alone and in pairs: the right bytes or a clear error, never a wrong
//! file, and nothing published on failure.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hfx::client::Hooks;
use hfx::digest::Verified;
use hfx::error::Kind;
use serde_json::{Value, json};

use crate::support::Lab;
use crate::support::client::{file, job, model};
use crate::support::files::random;
use crate::support::hub::http;

/// A fault: its name, what it does to which requests, and the errors that it may end in when it happens once.
type Fault = (&'static str, Value, Value, &'static [Kind]);

const SIZE: usize = 2_600_000;
const NEVER: &[Kind] = &[];

fn faults() -> Vec<Fault> {
    let data = || json!({"method": "GET"});
    let any = || json!({});
    let head = || json!({"method": "HEAD"});
    vec![
        ("refuse", any(), json!({"refuse": true}), NEVER),
        ("refuse data", data(), json!({"refuse": true}), NEVER),
        ("late head", any(), json!({"delay_ms": 200}), NEVER),
        ("too late a head", any(), json!({"delay_ms": 1500}), NEVER),
        ("500", any(), json!({"status": 500}), NEVER),
        ("503 data", data(), json!({"status": 503, "headers": {"Retry-After": "1"}}), NEVER),
        ("429", any(), json!({"status": 429, "headers": {"RateLimit": "\"resolvers\";r=0;t=0"}}), NEVER),
        ("expired", any(), json!({"expire": true}), NEVER),
        (
            "etag of data",
            json!({"method": "GET", "range_from": 1}),
            json!({"etag": "\"changed\""}),
            &[Kind::ContentChanged],
        ),
        ("size", head(), json!({"size": 99_999_999}), &[Kind::Protocol, Kind::ContentChanged]),
        ("no length", data(), json!({"remove_headers": ["content-length"]}), NEVER),
        ("no commit", head(), json!({"remove_headers": ["x-repo-commit"]}), NEVER),
        ("no etag", head(), json!({"remove_headers": ["etag", "x-linked-etag"]}), NEVER),
        (
            "no range told",
            data(),
            json!({"drop_after": 1u64 << 40, "remove_headers": ["content-range"]}),
            NEVER,
        ),
        ("header bomb", any(), json!({"header_bomb": 2_000_000}), &[Kind::Protocol, Kind::Network]),
        ("dropped at once", data(), json!({"drop_after": 0}), NEVER),
        ("dropped", data(), json!({"drop_after": 300_000}), NEVER),
        ("truncated", data(), json!({"truncate": 200_000}), NEVER),
        ("short", data(), json!({"short": 100_000}), NEVER),
        ("stalled", data(), json!({"stall_after": 250_000}), NEVER),
        ("slow", data(), json!({"rate": 400_000}), NEVER),
        // Repaired once; when it comes back, the error names both hashes.
        ("flipped", data(), json!({"flip_byte": 1_500_000}), &[Kind::HashMismatch]),
        ("no ranges", data(), json!({"ignore_range": true}), NEVER),
        ("wrong range", data(), json!({"content_range": "bytes 7-8/9"}), NEVER),
        ("gzip", data(), json!({"gzip": true}), NEVER),
    ]
}

/// One Hub with a file for each case, all of them LFS or none.
fn lab(cases: usize, lfs: bool) -> Lab {
    let lab = Lab::new();
    if lfs {
        lab.hub.put("models/o/n/.gitattributes", b"*.bin filter=lfs diff=lfs merge=lfs -text\n");
    }
    for case in 0..cases {
        lab.hub.put(&format!("models/o/n/{}", name(case)), &random(case as u64, SIZE));
    }
    // It hashes its files at the first question, which must not count as a fault.
    http(&lab.hub.endpoint, "GET", "/api/models/o/n/tree/main", &[], b"");
    lab
}

fn name(case: usize) -> String {
    format!("case-{case:04}.bin")
}

/// Puts each case's faults on its own file, downloads them all, and judges.
fn judge(lfs: bool, cases: &[Vec<Fault>], times: u64) {
    let lab = lab(cases.len(), lfs);
    let mut rules = Vec::new();
    for (number, faults) in cases.iter().enumerate() {
        for (_, when, act, _) in faults {
            let mut when = when.clone();
            when["path"] = json!(name(number));
            when["times"] = json!(times);
            rules.push(json!({"match": when, "do": act}));
        }
    }
    lab.hub.faults(&Value::Array(rules));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                while let Some(faults) = cases.get(next.fetch_add(1, Relaxed)) {
                    let number = faults_number(cases, faults);
                    if let Some(why) = one(&lab, number, faults, times) {
                        let names: Vec<_> = faults.iter().map(|f| f.0).collect();
                        wrong.lock().unwrap().insert(names.join(" + "), why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}

fn faults_number(cases: &[Vec<Fault>], faults: &[Fault]) -> usize {
    cases.iter().position(|case| std::ptr::eq(case.as_slice(), faults)).unwrap()
}

/// What is wrong with how a case ends, if something is.
fn one(lab: &Lab, number: usize, faults: &[Fault], times: u64) -> Option<String> {
    let cache = tempfile::tempdir().unwrap();
    let client = lab.client(&[
        ("cache_dir", cache.path().to_str().unwrap()),
        ("part_size", "500000"),
        ("stall_timeout_ms", "500"),
        ("head_timeout_ms", "1000"),
        ("retry_timeout_ms", if times == 0 { "1500" } else { "10000" }),
    ]);
    let (path, bytes) = (name(number), random(number as u64, SIZE));
    let right = |path: &std::path::Path| fs::read(path).is_ok_and(|got| got == bytes);
    let pointers = || {
        let snapshots = client.cache().unwrap().paths(&model()).snapshots();
        walk(&snapshots)
    };
    let download = client.download_file(&model(), None, &path, &job(&[]), Hooks::default()).unwrap();
    if !download.wait(Some(Duration::from_mins(1))).unwrap() {
        return Some(format!("stuck: {:?}", download.totals()));
    }
    match file(download.take()) {
        Ok(result) if !right(&result.path) => Some(format!("wrong bytes at {}", result.path.display())),
        Ok(result) if result.verified != Some(Verified::Hash) => Some(format!("{:?}", result.verified)),
        Err(error) if times == 1 && error.kind() == Kind::HashMismatch => Some(format!("{error:?}")),
        Err(error) if times != 0 && !faults.iter().any(|f| f.3.contains(&error.kind())) => {
            Some(format!("{error:?}"))
        }
        Err(error) if error.kind() == Kind::Internal => Some(format!("{error:?}")),
        Err(_) if pointers() != 0 => Some("published in spite of the error".to_owned()),
        _ => None,
    }
}

/// How many entries that are not folders lie below.
fn walk(folder: &std::path::Path) -> usize {
    fs::read_dir(folder).into_iter().flatten().flatten().fold(0, |count, entry| {
        count + if entry.file_type().unwrap().is_dir() { walk(&entry.path()) } else { 1 }
    })
}

fn alone() -> Vec<Vec<Fault>> {
    faults().into_iter().map(|fault| vec![fault]).collect()
}

#[test]
fn each_fault_once_on_a_large_file() {
    judge(true, &alone(), 1);
}

#[test]
fn each_fault_once_on_a_file_that_the_hub_serves_itself() {
    judge(false, &alone(), 1);
}

#[test]
fn each_fault_three_times() {
    judge(true, &alone(), 3);
}

#[test]
fn each_fault_for_ever_ends_with_the_file_or_an_error() {
    judge(true, &alone(), 0);
}

#[test]
fn every_pair_of_faults() {
    let faults = faults();
    let mut pairs = Vec::new();
    for (n, first) in faults.iter().enumerate() {
        for second in &faults[n + 1..] {
            pairs.push(vec![first.clone(), second.clone()]);
        }
    }
    judge(true, &pairs, 1);
}
