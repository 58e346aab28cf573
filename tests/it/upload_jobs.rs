//! Uploads as jobs: cancelled, paused, watched, in sequence, held to a rate, in little memory.

use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hfx::client::{Client, Draft, Hooks, Job};
use hfx::error::Kind;
use hfx::event::Totals;
use serde_json::json;

use crate::support::client::{job, model};
use crate::support::files::random;
use crate::support::push::{PART, draft, head, held, history, lab, listed, made, push};
use crate::support::{M, skip, wait_for};

fn start(client: &Client, draft: &Draft, more: &[(&str, &str)], hooks: Hooks) -> Job {
    client.commit(&model(), None, draft, &job(more), hooks).unwrap()
}

#[test]
fn a_cancel_answers_at_once_whatever_an_upload_waits_for() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let bytes = random(1, 3 * PART);
    let before = head(&client);
    for path in [
        "/revision/",
        "/preupload/",
        "objects/batch",
        "/part/",
        "complete_multipart",
        "objects/verify",
        "/commit/",
    ] {
        lab.hub.forget();
        lab.hub.fault(json!({"path": path, "times": 0}), json!({"delay_ms": 60_000}));
        let draft = draft(&[("f.bin", &bytes), ("a.txt", b"a")]);
        let running = start(
            &client,
            &draft,
            &[("head_timeout_ms", "60000"), ("work_timeout_ms", "60000")],
            Hooks::default(),
        );
        wait_for(path, || lab.hub.requests().iter().any(|r| r.path.contains(path)) || running.has_ended());
        let asked = Instant::now();
        running.cancel();
        assert_eq!(running.join().unwrap_err().kind(), Kind::Cancelled, "{path}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{path}: {:?}", asked.elapsed());
        assert_eq!(draft.len(), 2, "{path}");
    }
    lab.hub.faults(&json!([]));
    assert_eq!(head(&client), before);
}

#[test]
fn a_pause_sends_nothing_and_numbers_only_grow() {
    let lab = lab(&[]);
    let client = lab.client(&[("max_connections", "2")]);
    let (large, whole) = (random(2, 8 * PART + 3), random(3, PART));
    lab.hub.fault(json!({"port": "cdn", "method": "PUT", "times": 0}), json!({"request_rate": 6_000_000}));
    let seen = Arc::new(Mutex::new(Vec::<Totals>::new()));
    let noted = seen.clone();
    let hooks = Hooks {
        progress: Some(Box::new(move |job| noted.lock().unwrap().push(job.totals()))),
        ..Hooks::default()
    };
    let draft = draft(&[("large.bin", &large), ("whole.bin", &whole), ("a.txt", b"abc"), ("empty", b"")]);
    let running = start(&client, &draft, &[], hooks);
    for round in 1..=3 {
        wait_for("parts", || running.totals().done >= (round * 2 * PART) as u64 || running.has_ended());
        assert!(!running.has_ended());
        running.pause();
        // What was under way is dropped.
        assert!(!running.wait(Some(Duration::from_millis(100))).unwrap());
        let (puts, totals) = (lab.hub.puts().len(), running.totals());
        assert!(!running.wait(Some(Duration::from_millis(150))).unwrap());
        assert_eq!((lab.hub.puts().len(), running.totals()), (puts, totals), "round {round}");
        running.resume();
    }
    let made = made(running.join()).unwrap();
    assert_eq!((made.commits, made.files.len()), (1, 4));
    assert!(
        held(&client, "large.bin", None).unwrap() == large
            && held(&client, "whole.bin", None).unwrap() == whole
    );
    let seen = seen.lock().unwrap();
    for pair in seen.windows(2) {
        let numbers = |t: &Totals| [t.files, t.files_done, t.done, t.sent, t.hashed, t.bytes];
        let (one, two) = (numbers(&pair[0]), numbers(&pair[1]));
        assert!(one.iter().zip(two).all(|(a, b)| *a <= b), "{one:?} then {two:?}");
    }
    let (last, all) = (running.totals(), (large.len() + whole.len() + 3) as u64);
    assert_eq!(seen.last(), Some(&last), "the last call has the final numbers");
    assert_eq!((last.files, last.files_done, last.files_failed, last.bytes, last.done), (4, 4, 0, all, all));
    assert_eq!((last.hashed, last.restored), (all - 3, 0));
    // What was under way at a pause went twice; nothing, when only answers were.
    assert!(last.sent >= all && last.sent < all + 12 * PART as u64, "some of it twice: {last:?}");
}

#[test]
fn a_pause_holds_between_two_requests_and_while_a_file_is_hashed() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for (path, next) in [
        ("/revision/", "/preupload/"),
        ("/preupload/", "objects/batch"),
        ("objects/batch", "/part/"),
        ("/part/", "complete_multipart"),
        ("objects/verify", "/commit/"),
    ] {
        lab.hub.forget();
        lab.hub.fault(json!({"path": path, "times": 0}), json!({"delay_ms": 200}));
        let bytes = random(u64::from(fastrand::u32(..)), 2 * PART);
        let running = start(&client, &draft(&[("f.bin", &bytes)]), &[], Hooks::default());
        let seen = |path: &str| lab.hub.requests().iter().any(|request| request.path.contains(path));
        wait_for(path, || seen(path) || running.has_ended());
        running.pause();
        assert!(!running.wait(Some(Duration::from_millis(400))).unwrap(), "{path}");
        assert!(!seen(next), "{next} follows {path} in a pause");
        running.resume();
        made(running.join()).unwrap();
    }
    lab.hub.faults(&json!([]));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sparse.bin");
    fs::File::create(&path).unwrap().set_len(8 << 30).unwrap();
    let input = hfx::client::Input::Path(path, None);
    let running = client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("some hashes", || running.totals().hashed > 0);
    running.pause();
    assert!(!running.wait(Some(Duration::from_millis(50))).unwrap());
    let hashed = running.totals().hashed;
    assert!(!running.wait(Some(Duration::from_millis(100))).unwrap());
    assert_eq!(running.totals().hashed, hashed);
    running.resume();
    wait_for("more hashes", || running.totals().hashed > hashed);
    running.cancel();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Cancelled);
}

#[test]
fn numbers_of_an_upload_without_trouble_are_exact() {
    let lab = lab(&[]);
    // A machine that is busy elsewhere for a second is a trouble: a part goes out again then.
    let patient = [
        ("stall_timeout_ms", "60000"),
        ("head_timeout_ms", "60000"),
        ("work_timeout_ms", "60000"),
        ("max_connections", "1"),
    ];
    let client = lab.client(&patient);
    let (large, whole) = (random(4, 3 * PART + 3), random(5, PART));
    let files: &[(&str, &[u8])] =
        &[("large.bin", &large), ("whole.bin", &whole), ("a.txt", b"abc"), ("empty", b"")];
    let running = start(&client, &draft(files), &[], Hooks::default());
    made(running.join()).unwrap();
    let (totals, all) = (running.totals(), (large.len() + whole.len() + 3) as u64);
    let want = Totals {
        files: 4,
        files_done: 4,
        bytes: all,
        done: all,
        sent: all,
        hashed: all - 3,
        ..Totals::default()
    };
    assert_eq!(totals, want);
    let again = start(&client, &draft(files), &[], Hooks::default());
    made(again.join()).unwrap();
    assert_eq!(again.totals(), Totals { sent: 0, ..want }, "what was there is done without being sent");
    // The first failure is told of its file.
    lab.hub.fault(json!({"path": "/object/", "times": 0}), json!({"status": 400}));
    let failing = start(&client, &draft(&[("b.bin", &random(6, M)), ("b.txt", b"b")]), &[], Hooks::default());
    assert_eq!(failing.join().unwrap_err().kind(), Kind::Http);
    assert_eq!((failing.totals().files_done, failing.totals().files_failed), (0, 1));
}

#[test]
fn jobs_of_one_sequence_follow_one_another() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let before = history(&client, None).len();
    // Without an order the first would come last.
    lab.hub.fault(json!({"path": "/preupload/"}), json!({"delay_ms": 300}));
    let jobs: Vec<Job> = (0..6)
        .map(|n| {
            let title = format!("number {n}");
            let draft = draft(&[("same.txt", title.as_bytes())]);
            start(&client, &draft, &[("sequence", "7"), ("commit_message", &title)], Hooks::default())
        })
        .collect();
    jobs[3].cancel();
    for (n, job) in jobs.iter().enumerate() {
        assert_eq!(job.join().is_err(), n == 3, "{n}");
    }
    let titles: Vec<String> = history(&client, None).into_iter().map(|commit| commit.title).collect();
    assert_eq!(titles.len(), before + 5);
    assert_eq!(titles[..5], ["number 5", "number 4", "number 2", "number 1", "number 0"]);
}

#[test]
fn the_rate_holds_for_uploads() {
    let lab = lab(&[]);
    let rate = 4_000_000;
    let client = lab.client(&[("max_bytes_per_second", &rate.to_string())]);
    let bytes = random(7, 5 * PART);
    let start = Instant::now();
    push(&client, "f.bin", &bytes, &[]).unwrap();
    let least = Duration::from_secs_f64(bytes.len() as f64 / f64::from(rate) * 0.8);
    assert!(start.elapsed() > least && start.elapsed() < 6 * least, "{:?}", start.elapsed());
}

#[test]
fn a_rate_below_the_bounds_on_waiting_is_no_stall() {
    let lab = lab(&[]);
    // What is sent at once takes longer than a connection may stand still.
    let client = lab.client(&[("max_bytes_per_second", "500000")]);
    let files: &[(&str, &[u8])] = &[("f.bin", &random(9, 2 * PART)), ("a.txt", &random(10, 200_000))];
    let running = start(&client, &draft(files), &[], Hooks::default());
    made(running.join()).unwrap();
    assert_eq!(
        (running.totals().sent, lab.hub.puts().len()),
        (2 * PART as u64 + 200_000, 2),
        "nothing twice"
    );
}

#[test]
fn a_large_file_needs_little_memory() {
    let lab = lab(&["--multipart-from", "64M", "--chunk-size", "16M"]);
    let dir = tempfile::tempdir().unwrap();
    // What is held does not depend on it: a quarter of a GiB shows it, and three on demand.
    let size: u64 = if std::env::var_os("HFX_TEST_LARGE").is_some() { 3 << 30 } else { 256 << 20 };
    if hfx::sys::space::free_space(dir.path()).is_ok_and(|free| free < 3 * size) {
        return skip("a_large_file_needs_little_memory", "it needs three times its size on disk");
    }
    let path = dir.path().join("sparse.bin");
    let file = fs::File::create(&path).unwrap();
    file.set_len(size).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_hfx"))
        .args(["upload", "o/n"])
        .arg(&path)
        .arg("-q")
        .env_clear()
        .env("HF_ENDPOINT", &lab.hub.endpoint)
        .env("HOME", dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut most, status) = (0, format!("/proc/{}/status", child.id()));
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let anonymous = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = anonymous.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0));
        assert!(began.elapsed() < Duration::from_mins(5), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    println!("{most} KiB");
    assert!(most > 0 && most < 64 << 10, "{most} KiB");
    let client = lab.client(&[]);
    assert_eq!(
        (listed(&client, None), lab.hub.puts().len()),
        (vec!["sparse.bin".to_owned()], size as usize >> 24)
    );
}
