//! `hfx upload` as a user or a script meets it: what it takes, what it prints where, its exit codes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hfx::client::{Hooks, Output};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::repo;
use crate::support::files::random;
use crate::support::push::{PART, held, history, lab, listed, write};
use crate::support::{Lab, wait_for};

/// A Hub, and a home with a folder `n` in it, which `o/n` means when nothing is named.
struct Shell {
    lab: Lab,
    home: TempDir,
}

/// How a command ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Shell {
    fn new(more: &[&str]) -> Self {
        let (lab, home) = (lab(more), tempfile::tempdir().unwrap());
        write(
            &home.path().join("n"),
            &[("a.txt", b"a"), ("b.log", b"b"), ("deep/c.txt", b"c"), ("model.bin", &random(1, 3 * PART))],
        );
        Self { lab, home }
    }

    fn command(&self, line: &[&str]) -> Command {
        // Whoever started the tests may ignore signals, and children inherit that.
        let mut command = Command::new("env");
        command
            .args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_hfx"), "upload"])
            .args(line)
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("HF_ENDPOINT", &self.lab.hub.endpoint)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, line: &[&str]) -> Ran {
        let ran = self.command(line).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: ran.status.code().unwrap_or(-1), out: text(ran.stdout), err: text(ran.stderr) }
    }

    /// Runs it, which must end well; its last line.
    fn ok(&self, line: &[&str]) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line:?}: {ran:?}");
        ran.out.lines().last().unwrap_or_default().to_owned()
    }

    fn listed(&self) -> Vec<String> {
        listed(&self.lab.client(&[]), None)
    }

    fn head(&self) -> String {
        history(&self.lab.client(&[]), None)[0].id.clone()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }
}

#[test]
fn what_is_meant_is_found() {
    let shell = Shell::new(&[]);
    let url = shell.ok(&["o/n"]);
    assert_eq!(url, format!("{}/o/n/commit/{}", shell.lab.hub.endpoint, shell.head()));
    assert_eq!(shell.listed(), ["a.txt", "b.log", "deep/c.txt", "model.bin"]);
    let client = shell.lab.client(&[]);
    assert!(held(&client, "model.bin", None).unwrap() == random(1, 3 * PART));
    // Again: nothing, and it says so.
    let again = shell.run(&["o/n", "n"]);
    assert_eq!((again.code, again.out.trim()), (0, url.as_str()));
    assert!(again.err.contains("nothing to commit") && again.err.contains("4 unchanged"), "{again:?}");
    for (line, path) in [
        (&["o/n", "n/a.txt", "one.txt"][..], "one.txt"),
        (&["o/n", "n/deep/c.txt"], "c.txt"),
        (&["o/n", "n/a.txt", "to/"], "to/a.txt"),
        (&["o/n", "n/deep", "x/y"], "x/y/c.txt"),
        (&["hf://models/o/n/by/uri.txt", "n/a.txt"], "by/uri.txt"),
        (&["o/n", "n/a*.txt"], "n/a.txt"),
    ] {
        assert!(!shell.listed().contains(&path.to_owned()));
        shell.ok(line);
        assert!(shell.listed().contains(&path.to_owned()), "{line:?}: {:?}", shell.listed());
    }
    let first = ["--commit-message", "First", "--commit-description", "Of all", "--token", "hf_x"];
    shell.ok(&[&["o/new", "n/a.txt", "--private"][..], &first].concat());
    let info = hfx::options::Options::new();
    let client = shell.lab.client(&[("token", "hf_x")]);
    let info = client.repo_info(&repo("o/new"), None, &info, Hooks::default()).unwrap().join().unwrap();
    assert!(matches!(info, Output::Info(info) if info.private), "made private");
    let space = shell.ok(&["o/space", "n/a.txt", "--repo-type", "space"]);
    assert!(space.contains("/spaces/o/space/commit/"), "{space}");
    let own = shell.ok(&["mine", "n/a.txt", "--repo-type", "dataset", "--token", "hf_x"]);
    let owner = own.strip_prefix(&format!("{}/datasets/", shell.lab.hub.endpoint)).unwrap();
    assert!(owner.split('/').nth(1) == Some("mine"), "a name alone is one's own: {own}");
    let data = shell.ok(&["hf://datasets/o/d", "n/a.txt"]);
    assert!(data.contains("/datasets/o/d/commit/"), "{data}");
}

#[test]
fn patterns_choose_and_delete() {
    let shell = Shell::new(&[]);
    shell.ok(&["o/n", "n", "--include", "*.txt", "--include", "*.bin", "--exclude", "deep/*"]);
    assert_eq!(shell.listed(), ["a.txt", "model.bin"]);
    fs::remove_file(shell.path("n/a.txt")).unwrap();
    let ran = shell.run(&["o/n", "n", "--delete", "*.txt", "--exclude", "*.bin", "--commit-message", "Tidy"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("2 files, ") && ran.err.contains(", 1 deleted"), "{}", ran.err);
    assert_eq!(shell.listed(), ["b.log", "deep/c.txt", "model.bin"]);
    assert_eq!(history(&shell.lab.client(&[]), None)[0].title, "Tidy");
    let told = shell.run(&["o/n", "n", "--delete", "b.*", "--include", "*.txt", "--json"]);
    assert!(told.out.contains(r#""name":"b.log","state":"deleted""#), "{}", told.out);
}

#[test]
fn pull_requests_and_branches() {
    let shell = Shell::new(&[]);
    let url = shell.ok(&["o/n", "n", "--create-pr", "-q"]);
    assert_eq!(url, format!("{}/o/n/discussions/1", shell.lab.hub.endpoint));
    assert_eq!((shell.listed().len(), listed(&shell.lab.client(&[]), Some("refs/pr/1")).len()), (0, 4));
    shell.ok(&["o/n", "n/a.txt", "--revision", "refs/pr/1", "more.txt"].map(|text| text));
    shell.ok(&["o/n", "n/a.txt", "--revision", "dev/new"]);
    assert_eq!(listed(&shell.lab.client(&[]), Some("dev/new")), ["a.txt"]);
    shell.ok(&["o/n", "n/b.log", "--revision", "dev/new"]);
    assert_eq!(listed(&shell.lab.client(&[]), Some("dev/new")), ["a.txt", "b.log"]);
    let refused = shell.run(&["o/n", "n", "--revision", "refs/pr/9"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert_eq!(shell.listed().len(), 0);
}

#[test]
fn scripts_get_a_url_or_events() {
    let shell = Shell::new(&[]);
    let quiet = shell.run(&["o/n", "n", "-q"]);
    assert_eq!(
        (quiet.code, quiet.out.trim(), quiet.err.as_str()),
        (0, format!("{}/o/n/commit/{}", shell.lab.hub.endpoint, shell.head()).as_str(), "")
    );
    fs::write(shell.path("n/a.txt"), "other").unwrap();
    let told = shell.run(&["o/n", "n", "--json"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    let events: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["event"], &events[0]["repo"]), (&json!("start"), &json!("o/n")));
    let mut files: Vec<(&str, &str)> = events
        .iter()
        .filter(|event| event["event"] == "file")
        .map(|event| (event["name"].as_str().unwrap(), event["state"].as_str().unwrap()))
        .collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            ("a.txt", "regular"),
            ("b.log", "unchanged"),
            ("deep/c.txt", "unchanged"),
            ("model.bin", "unchanged")
        ]
    );
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["commits"], &last["commit"], &last["sent"]),
        (&json!("committed"), &json!(1), &json!(shell.head()), &json!(5))
    );
    let only = shell.run(&["o/n", "n", "--json", "-q"]);
    assert_eq!(only.out.lines().count(), 1, "{only:?}");
    assert_eq!(serde_json::from_str::<Value>(&only.out).unwrap()["commits"], 0);
    // A failure is the last event.
    let failed = shell.run(&["o/n", "n/none", "--json"]);
    let last: Value = serde_json::from_str(failed.out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (last["event"].as_str(), last["exit_code"].as_i64()),
        (Some("error"), Some(failed.code.into()))
    );
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let shell = Shell::new(&["--token", "hf_rw", "--token", "hf_ro:read"]);
    let run = |line: &[&str]| {
        let ran = shell.run(line);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{line:?}: {ran:?}");
        assert!(!ran.err.contains("hf_rw") && !ran.err.contains("hf_ro"), "a token is told: {ran:?}");
        ran.code
    };
    let usage = run(&["o/n", "n/none"]);
    assert_eq!(usage, run(&["no/such/name", "n"]));
    assert_eq!(usage, run(&["o/n", "n", "--every", "0", "--token", "hf_rw"]));
    assert_eq!(usage, run(&["o/elsewhere"]));
    let access = run(&["o/n", "n", "--token", "hf_ro"]);
    assert_eq!(access, run(&["o/n", "n", "--token", "hf_wrong"]));
    assert_ne!(usage, access);
    shell.lab.hub.fault(json!({"path": "/commit/", "times": 0}), json!({"status": 500}));
    let server = run(&["o/n", "n", "--token", "hf_rw"]);
    assert!(![0, usage, access].contains(&server), "{server}");
    assert!(shell.lab.hub.requests().iter().all(|request| request.path != "/object/"));
}

#[test]
fn ctrl_c_ends_an_upload_and_the_next_goes_on() {
    let shell = Shell::new(&[]);
    shell.lab.hub.fault(json!({"path": "/part/", "times": 0}), json!({"request_rate": 2_000_000}));
    let child = shell
        .command(&["o/n", "n", "--max-connections", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Over one connection the next part begins when the answer to the last one was heard.
    wait_for("a part", || shell.lab.hub.puts().len() > 1);
    signal(child.id(), Signal::INT);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(130), &b""[..]));
    shell.lab.hub.faults(&json!([]));
    shell.lab.hub.forget();
    let again = shell.run(&["o/n", "n"]);
    assert!(again.err.contains("resumed"), "{again:?}");
    assert!(shell.lab.hub.puts().len() <= 2, "{:?}", shell.lab.hub.puts());
    assert_eq!(shell.listed().len(), 4);
}

fn signal(id: u32, signal: Signal) {
    kill_process(Pid::from_raw(id as i32).unwrap(), signal).unwrap();
}

/// `--every`: the first commit at once, the last at Ctrl-C.
fn every(local: &str, file: &str, at: &str) {
    let shell = Shell::new(&[]);
    let client = shell.lab.client(&[]);
    let before = history(&client, None).len();
    let mut child = shell
        .command(&["o/n", local, "logs/", "--every", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("every 600 minutes"));
    wait_for("the first commit", || history(&client, None).len() > before);
    fs::write(shell.path(file), "a and more").unwrap();
    signal(child.id(), Signal::INT);
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let status = child.wait().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!((status.code(), history(&client, None).len()), (Some(0), before + 2), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("2 commits")), "{rest:?}");
    assert_eq!(out.trim(), format!("{}/o/n/commit/{}", shell.lab.hub.endpoint, shell.head()));
    assert_eq!(held(&client, at, None).unwrap(), b"a and more");
}

#[test]
fn every_so_often_until_ctrl_c() {
    every("n", "n/a.txt", "logs/a.txt");
    every("n/a.txt", "n/a.txt", "logs/a.txt");
    assert!(!Path::new("logs").exists());
}
