//! Two processes that want the same file at once, with locks that work and locks that do not.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::support::files::{blobs, partials, random};
use crate::support::proc::{Task, result};
use crate::support::{Lab, M, skip, wait_for};

/// What `flock` answers in the processes.
#[derive(Clone, Copy)]
enum Locks {
    Work,
    Refused,
    GrantedToAll,
}

#[test]
fn with_locks_one_fetches_and_the_other_finds() {
    let sent = race(Locks::Work, 16 * M);
    assert_eq!(sent, 16 * M as u64);
}

#[test]
fn without_locks_both_end_with_the_right_file() {
    race(Locks::Refused, 16 * M);
}

#[test]
fn with_locks_that_lie_both_end_with_the_right_file() {
    race(Locks::GrantedToAll, 16 * M);
}

/// Runs four processes at once, again and again; returns the bytes that the last round took.
fn race(locks: Locks, size: usize) -> u64 {
    let bytes = random(60, size);
    let lab = Lab::with_file("model.bin", &bytes);
    let shim = match locks {
        Locks::Work => None,
        Locks::Refused => Some("errno = ENOLCK; return -1;"),
        Locks::GrantedToAll => Some("return 0;"),
    };
    let library = match shim.map(|body| preload(&lab, body)) {
        Some(None) => {
            skip("race", "there is no cc");
            return size as u64;
        }
        other => other.flatten(),
    };
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 8_000_000}));
    for round in 0..3 {
        let _ = fs::remove_dir_all(lab.cache());
        lab.hub.forget();
        let task = Task::download(&lab, Some("model.bin"), &[]);
        let start = || {
            let mut command = task.command();
            if let Some(library) = &library {
                command.env("LD_PRELOAD", library);
            }
            command.spawn().unwrap()
        };
        let mut children = vec![start(), start()];
        // Others come while it grows, and one that grows it is killed.
        wait_for("a partial", || !partials(lab.cache()).is_empty());
        children.extend([start(), start()]);
        let mut killed = None;
        if round % 2 == 1 {
            wait_for("bytes", || lab.hub.sent() > (size / 4) as u64);
            let mut child = children.remove(0);
            child.kill().unwrap();
            child.wait().unwrap();
            killed = Some(child.id());
        }
        for child in children {
            let ended = result(&child.wait_with_output().unwrap());
            let path = ended["path"].as_str().unwrap_or_else(|| panic!("round {round}: {ended}"));
            // Whoever is first to end has published; the others must leave that as it is.
            assert!(fs::read(path).unwrap() == bytes, "round {round}, {killed:?}");
        }
        assert!(fs::read(&blobs(lab.cache())[0]).unwrap() == bytes);
        assert_eq!(blobs(lab.cache()).len(), 1);
        if killed.is_none() {
            assert!(partials(lab.cache()).is_empty(), "round {round}: {:?}", partials(lab.cache()));
        }
    }
    lab.hub.sent()
}

/// A library whose `flock` does `body`; none where there is no compiler.
fn preload(lab: &Lab, body: &str) -> Option<PathBuf> {
    let (source, library) = (lab.hub.path("shim.c"), lab.hub.path("shim.so"));
    let text = format!("#include <errno.h>\nint flock(int fd, int how) {{ (void)fd; (void)how; {body} }}\n");
    fs::write(&source, text).unwrap();
    let done =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().ok()?;
    done.success().then_some(library)
}
