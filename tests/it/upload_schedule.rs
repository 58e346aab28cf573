//! A folder that is committed again and again while somebody writes to it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use hfx::client::{Client, Hooks, Job, Schedule};
use hfx::error::Kind;
use serde_json::json;

use crate::support::client::{job, model};
use crate::support::files::random;
use crate::support::push::{PART, head, held, history, lab, listed, made, write};
use crate::support::{Lab, wait_for};

/// A schedule on a folder that looks only when it is told to.
fn schedule(lab: &Lab, client: &Client, folder: &std::path::Path) -> (Schedule, Job) {
    let schedule = Schedule::new();
    let every = Duration::from_hours(1);
    let job = client
        .schedule(&model(), None, folder, "logs", every, &schedule, &job(&[]), Hooks::default())
        .unwrap();
    lab.hub.forget();
    (schedule, job)
}

fn append(path: &std::path::Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_folder_is_committed_as_it_grows() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log.txt");
    let (schedule, running) = schedule(&lab, &client, dir.path());
    let commits = || history(&client, None).len();
    let before = commits();
    // Nothing there: nothing made.
    schedule.trigger();
    for round in 1..=3 {
        // The look before may be still to come: it must not see a file without its line.
        assert!(schedule.lock(None).unwrap());
        append(&log, &format!("line {round}\n"));
        schedule.unlock().unwrap();
        schedule.trigger();
        wait_for("the commit", || commits() == before + round || running.has_ended());
        assert!(!running.has_ended(), "{:?}", running.error());
    }
    assert_eq!(held(&client, "logs/log.txt", None).unwrap(), b"line 1\nline 2\nline 3\n");
    // Nothing new: nothing made, nothing sent.
    lab.hub.forget();
    schedule.trigger();
    assert!(schedule.lock(None).unwrap());
    append(&log, "half a ");
    schedule.trigger();
    // A commit of another file would be made now, were the look not held back.
    append(&dir.path().join("other.txt"), "x");
    assert!(!running.wait(Some(Duration::from_millis(200))).unwrap());
    assert_eq!(lab.hub.count("POST", "/commit/"), 0);
    append(&log, "line\n");
    schedule.unlock().unwrap();
    assert!(schedule.unlock().is_err());
    wait_for("the commit", || commits() == before + 4);
    assert_eq!(held(&client, "logs/log.txt", None).unwrap().len(), 21 + 12);
    // A failure is not the end.
    lab.hub.fault(json!({"path": "/commit/"}), json!({"status": 403}));
    append(&log, "late\n");
    schedule.trigger();
    wait_for("the refusal", || lab.hub.acted() == [1]);
    wait_for("the next one", || {
        schedule.trigger();
        commits() == before + 5
    });
    append(&log, "last\n");
    schedule.stop();
    let made = made(running.join()).unwrap();
    assert_eq!((made.commits, commits()), (6, before + 6));
    assert_eq!(made.oid, Some(head(&client)));
    assert!(held(&client, "logs/log.txt", None).unwrap().ends_with(b"late\nlast\n"));
    assert_eq!(listed(&client, None), ["logs/log.txt", "logs/other.txt"]);
}

#[test]
fn a_file_that_grows_while_it_is_committed_is_committed_as_it_was_seen() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    let bytes = random(8, 3 * PART + 5);
    write(dir.path(), &[("large.log", &bytes), ("small.log", b"small")]);
    let (schedule, running) = schedule(&lab, &client, dir.path());
    lab.hub.fault(json!({"path": "/part/", "times": 0}), json!({"request_rate": 6_000_000}));
    schedule.trigger();
    wait_for("the parts", || !lab.hub.puts().is_empty());
    append(&dir.path().join("large.log"), "more");
    wait_for("a commit", || listed(&client, None).len() == 2 || running.has_ended());
    assert!(held(&client, "logs/large.log", None).unwrap() == bytes);
    // And all the time.
    let before = history(&client, None).len();
    let (stop, growing) = (Arc::new(std::sync::atomic::AtomicBool::new(false)), dir.path().to_owned());
    let stopped = stop.clone();
    let writer = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            append(&growing.join("large.log"), "more");
            append(&growing.join("small.log"), "more");
            std::thread::yield_now();
        }
    });
    schedule.trigger();
    wait_for("a commit", || history(&client, None).len() > before || running.has_ended());
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    assert!(held(&client, "logs/large.log", None).unwrap().starts_with(&bytes));
    schedule.stop();
    made(running.join()).unwrap();
    for name in ["large.log", "small.log"] {
        let now = fs::read(dir.path().join(name)).unwrap();
        assert!(held(&client, &format!("logs/{name}"), None).unwrap() == now, "{name}");
    }
}

#[test]
fn the_last_commit_that_fails_is_told_and_a_cancel_makes_none() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a.txt", b"a")]);
    lab.hub.fault(json!({"path": "/commit/"}), json!({"status": 403}));
    let (one, running) = schedule(&lab, &client, dir.path());
    one.stop();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Forbidden);
    let (_two, running) = schedule(&lab, &client, dir.path());
    running.cancel();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Cancelled);
    assert_eq!(lab.hub.count("POST", "/commit/"), 0);
    let (never, every) = (Schedule::new(), Duration::ZERO);
    assert!(
        client.schedule(&model(), None, dir.path(), "", every, &never, &job(&[]), Hooks::default()).is_err()
    );
}
