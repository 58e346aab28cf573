//! The command line tool as a user or a script meets it: what it prints where, its exit codes, every flag.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hfx::client::{Client, Hooks, Job};
use hfx::error::{Kind, Result};
use hfx::options::Options;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::model;
use crate::support::files::{blobs, files_below, partials, random, sha256};
use crate::support::{Hub, M, skip, told, wait_for};

/// A Hub, a home, and what runs there.
pub struct Shell {
    pub hub: Hub,
    pub home: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Shell {
    pub fn new() -> Self {
        Self { hub: Hub::start(), home: tempfile::tempdir().unwrap() }
    }

    /// With `o/n`: a large file, small ones, a folder, two branches.
    fn with_repo() -> Self {
        let shell = Self::new();
        let put = |path: &str, bytes: &[u8]| shell.hub.put(&format!("models/o/n/{path}"), bytes);
        put("config.json", b"{}");
        put("model.safetensors", &random(1, 12 * M));
        put("train/a b.txt", b"a");
        put("train/deep/c.txt", b"c");
        put("train/[x].txt", b"x");
        put(".hfx/revisions/dev/config.json", b"dev");
        put(".hfx/revisions/refs%2Fpr%2F1/config.json", b"pr");
        shell.hub.put("datasets/o/d/train.csv", b"1,2");
        shell
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("hub")
    }

    pub fn path(&self, path: &str) -> String {
        self.home.path().join(path).to_str().unwrap().to_owned()
    }

    /// The command, in the home, with nothing of this process's environment but the path.
    pub fn command(&self, line: &[&str]) -> Command {
        // Whoever started the tests may ignore signals (nohup, a shell's background job), and children inherit that.
        let mut command = Command::new("env");
        command
            .args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_hfx")])
            .args(line)
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("HF_HOME", self.home.path())
            .env("HF_ENDPOINT", &self.hub.endpoint)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &[&str]) -> Ran {
        ran(&mut self.command(line))
    }

    /// Runs it, which must end well; what it said on stdout.
    pub fn ok(&self, line: &[&str]) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line:?}: {ran:?}");
        ran.out
    }

    /// Runs it, which must fail with this code; what it said on stderr.
    pub fn fails(&self, code: i32, line: &[&str]) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, code, "{line:?}: {ran:?}");
        assert!(ran.err.lines().any(|line| line.starts_with("hfx: ")) || code == 2, "{line:?}: {ran:?}");
        ran.err
    }

    /// The names in the folder that a download ended with.
    fn names(&self, line: &[&str]) -> BTreeSet<String> {
        let folder = PathBuf::from(self.ok(&[line, &["-q"]].concat()).trim_end());
        let inner = |path: &Path| -> Vec<PathBuf> {
            fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect()
        };
        let mut names = BTreeSet::new();
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for path in inner(&next) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    names.insert(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        names
    }
}

pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    told(&format!("{}\n{}", ran.out, ran.err));
    ran
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The events of `--json`: an object a line, and the last one is the end.
fn events(text: &str) -> Vec<Value> {
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}")))
        .collect();
    let ends: Vec<_> = events.iter().map(|e| e["event"] == "done" || e["event"] == "error").collect();
    assert_eq!(ends.iter().filter(|end| **end).count(), 1, "{text}");
    assert_eq!(ends.last(), Some(&true), "{text}");
    events
}

#[test]
fn the_path_is_the_last_line_and_quiet_prints_nothing_else() {
    let shell = Shell::with_repo();
    let first = shell.run(&["download", "o/n"]);
    assert_eq!(first.code, 0, "{first:?}");
    let folder = first.out.lines().last().unwrap();
    assert!(Path::new(folder).is_dir() && folder.starts_with(&shell.path("hub/models--o--n/snapshots/")));
    assert!(first.err.contains("5 files") && first.err.contains("verified by hash"), "{first:?}");
    let again = shell.run(&["download", "o/n", "-q"]);
    assert_eq!((again.code, again.out, again.err), (0, format!("{folder}\n"), String::new()));
    let file = shell.run(&["download", "o/n", "train/a b.txt", "--quiet"]);
    assert_eq!((file.out, file.err), (format!("{folder}/train/a b.txt\n"), String::new()));
    assert_eq!(fs::read(format!("{folder}/train/a b.txt")).unwrap(), b"a");

    let relative = shell.run(&["download", "o/n", "--local-dir", "here", "-q"]);
    assert_eq!((relative.code, relative.out), (0, format!("{}\n", shell.path("here"))));
    let relative = shell.run(&["download", "o/n", "config.json", "--local-dir", "here", "-q"]);
    assert_eq!((relative.code, relative.out), (0, format!("{}\n", shell.path("here/config.json"))));
    let url = format!("{}/o/n/resolve/main/config.json", shell.hub.endpoint);
    let got = shell.run(&["get", &url, "-q"]);
    assert_eq!((got.code, got.out, got.err), (0, format!("{}\n", shell.path("config.json")), String::new()));
}

#[test]
fn repositories_in_all_their_forms() {
    let shell = Shell::with_repo();
    let read = |line: &[&str]| {
        let path = shell.ok(&[&["download", "-q"], line].concat());
        fs::read(path.trim_end()).unwrap()
    };
    let page = |path: &str| format!("{}/{path}", shell.hub.endpoint);
    assert_eq!(read(&["hf://o/n/config.json"]), b"{}");
    assert_eq!(read(&["hf://o/n@dev/config.json"]), b"dev");
    assert_eq!(read(&["hf://models/o/n", "config.json", "--revision", "refs/pr/1"]), b"pr");
    assert_eq!(read(&["hf://datasets/o/d/train.csv"]), b"1,2");
    assert_eq!(read(&["o/d", "train.csv", "--repo-type", "dataset"]), b"1,2");
    assert_eq!(read(&["o/d", "train.csv", "--type", "dataset"]), b"1,2");
    assert_eq!(read(&[&page("o/n/blob/dev/config.json")]), b"dev");
    assert_eq!(read(&[&page("datasets/o/d/resolve/main/train.csv")]), b"1,2");
    assert_eq!(
        shell.names(&["download", &page("o/n/tree/main/train/deep"), "--cache-dir", "t"]),
        set(&["train/deep/c.txt"])
    );
    shell.fails(2, &["download", "hf://o/n@dev", "--revision", "main"]);
    shell.fails(2, &["download", "hf://o/n/config.json", "other.json"]);
    shell.fails(2, &["download", "hf://datasets/o/d", "--repo-type", "model"]);
    shell.fails(2, &["download", "o/n", "../config.json"]);
    shell.fails(2, &["download", "no//name"]);
}

#[test]
fn what_is_taken() {
    let shell = Shell::with_repo();
    let all = ["config.json", "model.safetensors", "train/[x].txt", "train/a b.txt", "train/deep/c.txt"];
    for (number, (line, want)) in [
        (&["config.json", "train/[x].txt"][..], &all[0..3][..]),
        (&["train/"], &all[2..]),
        (&["train/deep/", "config.json"], &["config.json", "train/deep/c.txt"]),
        (&["--include", "*.json", "*.safetensors"], &all[..2]),
        (&["--include", "train/*", "--exclude", "*[[]x]*", "train/deep/*"], &["train/a b.txt"]),
        (&["--exclude", "*.safetensors", "--exclude", "train/"], &all[..1]),
        (&["config.json", "--include", "*deep*"], &["config.json", "train/deep/c.txt"]),
        (&["./"], &all),
    ]
    .into_iter()
    .enumerate()
    {
        let mut want = set(want);
        want.remove(if line.contains(&"train/[x].txt") { "model.safetensors" } else { "" });
        // A cache each: a snapshot's folder holds all that was ever fetched of it.
        let cache = number.to_string();
        assert_eq!(
            shell.names(&[&["download", "o/n"], line, &["--cache-dir", &cache]].concat()),
            want,
            "{line:?}"
        );
    }
    let said = shell.fails(3, &["download", "o/n", "config.json", "no.txt", "nor.txt"]);
    assert!(said.contains("no.txt") && said.contains("nor.txt"), "{said}");
    let said = shell.run(&["download", "o/n", "--include", "*.none"]);
    assert!(said.code == 0 && said.err.contains("no file matches"), "{said:?}");
}

#[test]
fn json_is_an_event_a_line() {
    let shell = Shell::with_repo();
    shell.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 20_000_000}));
    let first = shell.run(&["download", "o/n", "--json"]);
    assert_eq!((first.code, first.err), (0, String::new()));
    let told = events(&first.out);
    assert_eq!(
        told[0],
        json!({"event": "start", "repo": "o/n", "repo_type": "model", "revision": null, "url": shell.hub.endpoint})
    );
    let (mut before, mut steps) = (0, 0);
    for event in told.iter().filter(|e| e["event"] == "progress") {
        assert!(event["done"].as_u64().unwrap() >= before, "{event}");
        (before, steps) = (event["done"].as_u64().unwrap(), steps + 1);
    }
    assert!(steps >= 2, "{steps}");
    let files: Vec<_> = told.iter().filter(|e| e["event"] == "file").collect();
    assert_eq!(files.len(), 5);
    for file in files {
        assert_eq!(
            (&file["state"], &file["verified"], &file["error"]),
            (&json!("done"), &json!("hash"), &Value::Null)
        );
        assert!(Path::new(file["path"].as_str().unwrap()).is_file());
    }
    let done = told.last().unwrap();
    let bytes = (12 * M + 5) as u64;
    assert_eq!((done["files"].as_u64(), done["bytes"].as_u64()), (Some(5), Some(bytes)), "{done}");
    assert!(
        done["received"].as_u64() >= Some(bytes) && done["commit"].as_str().unwrap().len() == 40,
        "{done}"
    );

    let again = events(&shell.ok(&["download", "o/n", "--json"]));
    assert!(again.iter().filter(|e| e["event"] == "file").all(|file| file["state"] == "cached"));
    let quiet = events(&shell.ok(&["download", "o/n", "config.json", "--json", "-q"]));
    assert_eq!((quiet.len(), &quiet[0]["dry_run"]), (1, &json!(false)));
    let dry =
        events(&shell.ok(&["download", "o/n", "config.json", "--revision", "dev", "--dry-run", "--json"]));
    assert_eq!(dry.last().unwrap()["dry_run"], true);
    assert_eq!(dry[dry.len() - 2]["state"], "planned");

    for (line, kind, code) in [
        (&["download", "o/n", "none", "--json"][..], "ENTRY_NOT_FOUND", 3),
        (&["download", "o/none", "--json", "-q"], "REPO_NOT_FOUND", 3),
        (&["download", "o//none", "--json"], "INVALID_ARGUMENT", 2),
        (&["get", "http://127.0.0.1:1/x", "--json", "--option", "retry_timeout_ms=1"], "NETWORK", 5),
        (&["get", "nonsense", "--json"], "INVALID_ARGUMENT", 2),
    ] {
        let ran = shell.run(line);
        let error = events(&ran.out).pop().unwrap();
        assert_eq!(
            (ran.code, &error["kind"], &error["exit_code"]),
            (code, &json!(kind), &json!(code)),
            "{line:?}: {error}"
        );
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let url = format!("{}/o/n/resolve/main/config.json", shell.hub.endpoint);
    let got = events(&shell.ok(&["get", &url, "--json"]));
    assert_eq!((&got[0]["repo"], &got[0]["url"]), (&Value::Null, &json!(url)));
    assert_eq!(got.last().unwrap()["path"], shell.path("config.json"));
}

#[test]
fn a_dry_run_fetches_nothing() {
    let shell = Shell::with_repo();
    let said = shell.ok(&["download", "o/n", "--dry-run"]);
    assert!(said.starts_with("[dry-run] Will download 5 files (out of 5) totalling 12.0 MiB."), "{said}");
    assert!(said.contains("train/a b.txt") && said.contains("model.safetensors"), "{said}");
    assert_eq!(shell.ok(&["download", "o/n", "config.json", "--dry-run", "-q"]), "config.json\n");
    shell.ok(&["download", "o/n", "--dry-run", "--local-dir", "d"]);
    shell.fails(3, &["download", "o/n", "none", "--dry-run"]);
    assert!(shell.hub.data_requests().is_empty());
    assert!(blobs(&shell.cache()).is_empty() && !Path::new(&shell.path("d")).exists());
    assert!(files_below(&shell.cache()).iter().all(|path| !path.to_str().unwrap().contains("snapshots")));
    shell.ok(&["download", "o/n", "config.json", "-q"]);
    let said = shell.ok(&["download", "o/n", "--dry-run"]);
    assert!(said.contains("4 files (out of 5)"), "{said}");
    assert_eq!(shell.ok(&["download", "o/n", "config.json", "--dry-run", "-q"]), "");
}

#[test]
fn without_the_network() {
    let shell = Shell::with_repo();
    let offline = |line: &[&str]| ran(shell.command(line).env("HF_HUB_OFFLINE", "1"));
    let said = shell.fails(3, &["download", "o/n", "config.json", "--local-files-only"]);
    assert!(said.contains("hint: "), "{said}");
    assert_eq!(offline(&["download", "o/n", "-q"]).code, 3);
    assert!(shell.hub.requests().is_empty());
    let path = shell.ok(&["download", "o/n", "-q"]);
    shell.hub.forget();
    assert_eq!(shell.ok(&["download", "o/n", "-q", "--local-files-only"]), path);
    assert_eq!(offline(&["download", "o/n", "-q"]).out, path);
    assert_eq!(shell.ok(&["download", "o/n", "-q", "--pin"]), path);
    assert_eq!(shell.ok(&["download", "o/n", "-q", "-o", "pin=true"]), path);
    let file = offline(&["download", "o/n", "train/a b.txt", "-q"]);
    assert_eq!(file.out, format!("{}/train/a b.txt\n", path.trim_end()));
    assert_eq!(offline(&["download", "o/n", "-q", "--revision", "dev"]).code, 3);
    assert!(shell.hub.requests().is_empty());
    // The Hub is gone, and nobody said so: the cache answers.
    let gone = ran(shell
        .command(&["download", "o/n", "-q", "-o", "retry_timeout_ms=200"])
        .env("HF_ENDPOINT", "http://127.0.0.1:1"));
    assert_eq!((gone.code, gone.out), (0, path));
}

#[test]
fn exit_codes() {
    let shell = Shell::with_repo();
    shell.hub.put("models/o/gate/config.json", b"{}");
    shell.hub.put("models/o/gate/.hfx/repo.json", br#"{"gated": "manual", "granted": ["hf_ok"]}"#);
    shell.hub.put("models/o/off/config.json", b"{}");
    shell.hub.put("models/o/off/.hfx/repo.json", br#"{"disabled": true}"#);
    for line in [
        &[][..],
        &["download"],
        &["nonsense"],
        &["download", "o/n", "--nonsense"],
        &["download", "o/n", "--repo-type", "bucket"],
        &["download", "o/n", "--limit-rate", "fast"],
        &["download", "o/n", "--durability", "eternal"],
        &["download", "o/n", "--max-workers", "many"],
        &["download", "o/n", "-o", "nonsense=1"],
        &["download", "o/n", "-o", "pin"],
        &["download", "o/n", "--local-dir", "a", "--cache-dir", "b"],
        &["get"],
        &["cache", "rm"],
        &["serve"],
        &["completions", "ksh"],
    ] {
        shell.fails(2, line);
    }
    assert!(shell.hub.requests().is_empty(), "a mistake sends nothing");
    let said = shell.fails(3, &["download", "o/none"]);
    assert!(said.contains("o/none") && said.contains("HF_TOKEN"), "{said}");
    shell.fails(3, &["download", "o/n", "--revision", "none"]);
    shell.fails(3, &["download", "o/n", "none"]);
    let said = shell.fails(4, &["download", "o/gate", "config.json"]);
    assert!(said.contains(&format!("{}/o/gate", shell.hub.endpoint)), "{said}");
    shell.fails(4, &["download", "o/gate", "config.json", "--token", "hf_other"]);
    shell.ok(&["download", "o/gate", "config.json", "--token", "hf_ok"]);
    shell.fails(4, &["download", "o/off"]);
    let nobody = ["--endpoint", "http://127.0.0.1:1", "-o", "retry_timeout_ms=200"];
    shell.fails(5, &[&["download", "o/n"][..], &nobody].concat());
    fs::write(shell.path("file"), "").unwrap();
    shell.fails(6, &["download", "o/n", "--cache-dir", "file/below"]);
    let url = format!("{}/o/n/resolve/main/config.json", shell.hub.endpoint);
    let said = shell.fails(7, &["get", &url, "-o", "wrong", "--sha256", &sha256(b"other")]);
    assert!(said.contains(&sha256(b"{}")) || said.contains(&sha256(b"other")), "{said}");
    assert!(!Path::new(&shell.path("wrong")).exists());
    assert_eq!(shell.run(&["--version"]).out, format!("hfx {}\n", env!("CARGO_PKG_VERSION")));
}

/// One large file and its bytes, of which the Hub sends at most some a request until it is told otherwise.
fn stalled() -> (Shell, Vec<u8>) {
    let shell = Shell::new();
    let bytes = random(7, 40 * M);
    shell.hub.put("models/o/n/large.bin", &bytes);
    shell.hub.put("models/o/n/small.txt", b"small");
    // Hashed by the Hub before anything is timed.
    shell.ok(&["download", "o/n", "large.bin", "--dry-run"]);
    shell.hub.forget();
    // Eight megabytes come, and the rest hangs.
    shell.hub.faults(&json!([
        {"match": {"path": "large.bin", "port": "cdn", "range_from": 8 * M, "times": 0}, "do": {"stall_after": M}},
        {"match": {"path": "large.bin", "port": "cdn", "times": 0}, "do": {"stall_after": 9 * M}},
    ]));
    (shell, bytes)
}

/// How many whole mebibytes of it an unfinished download below the folder holds.
fn arrived(folder: &Path, bytes: &[u8]) -> usize {
    let same = |path: &PathBuf| {
        let there = fs::read(path).unwrap_or_default();
        there.chunks(M).zip(bytes.chunks(M)).filter(|(ours, theirs)| ours == theirs).count()
    };
    files_below(folder).iter().map(same).max().unwrap_or(0)
}

#[test]
fn an_interrupt_is_130_and_a_rerun_resumes() {
    for (signal, line) in [
        (Signal::INT, &["download", "o/n"][..]),
        (Signal::TERM, &["download", "o/n", "large.bin", "--json"]),
        (Signal::INT, &["get", "URL", "-o", "large.bin"]),
    ] {
        let (shell, bytes) = stalled();
        let url = format!("{}/o/n/resolve/main/large.bin", shell.hub.endpoint);
        let line: Vec<&str> =
            line.iter().map(|word| if *word == "URL" { url.as_str() } else { word }).collect();
        let mut child = shell.command(&line);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("megabytes on the disk", || arrived(shell.home.path(), &bytes) >= 8);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(130), "{line:?}: {out} {err}");
        assert!(err.contains("interrupted") && err.contains("goes on where it stopped"), "{line:?}: {err}");
        if line.contains(&"--json") {
            let told = events(&out);
            let last = told.last().unwrap();
            assert_eq!((&last["kind"], &last["exit_code"]), (&json!("CANCELLED"), &json!(130)));
            let failed = told.iter().rfind(|e| e["event"] == "progress").unwrap()["files_failed"].clone();
            assert_eq!(failed, 0, "what was cancelled has not failed");
        } else {
            assert_eq!(out, "", "{line:?}");
        }
        assert!(!Path::new(&shell.path("large.bin")).exists());

        shell.hub.faults(&json!([]));
        shell.hub.forget();
        let again = shell.run(&line);
        assert_eq!(again.code, 0, "{line:?}: {again:?}");
        if !line.contains(&"--json") {
            assert!(again.err.contains("resumed "), "{line:?}: {again:?}");
            let path = PathBuf::from(again.out.trim_end());
            let file = if path.is_dir() { path.join("large.bin") } else { path };
            assert!(fs::read(file).unwrap() == bytes);
        }
        let sent = shell.hub.sent();
        // What was on its way in a connection that a slow machine gave up counts as sent, too.
        assert!(sent < bytes.len() as u64, "{line:?}: {sent} bytes were fetched again");
        assert!(partials(&shell.cache()).is_empty());
    }
}

#[test]
fn flags_of_the_network_do_what_they_say() {
    let shell = Shell::with_repo();
    shell.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 30_000_000}));
    shell.ok(&["download", "o/n", "--max-connections", "2", "-q", "--cache-dir", "a", "-o", "part_size=1M"]);
    assert!(shell.hub.connections("cdn").1 <= 2 && shell.hub.connections("hub").1 <= 2);
    shell.hub.faults(&json!([]));
    let start = std::time::Instant::now();
    shell.ok(&["download", "o/n", "--limit-rate", "10M", "-q", "--cache-dir", "b"]);
    assert!(start.elapsed().as_secs_f64() > 0.8, "12 MiB at 10 MB/s came in {:?}", start.elapsed());
    shell.ok(&["download", "o/n", "--durability", "process", "--max-workers", "1", "-q", "--cache-dir", "c"]);
    shell.ok(&["download", "o/n", "--require-hash", "-q", "--cache-dir", "d"]);

    shell.hub.forget();
    shell.ok(&["download", "o/n", "-q", "--cache-dir", "d"]);
    assert!(shell.hub.data_requests().is_empty());
    shell.ok(&["download", "o/n", "--force-download", "-q", "--cache-dir", "d"]);
    assert_eq!(shell.hub.sent(), (12 * M + 5) as u64);

    let url = format!("{}/o/n/resolve/main/config.json", shell.hub.endpoint);
    shell.hub.fault(
        json!({"path": "config.json", "times": 0}),
        json!({"remove_headers": ["etag", "x-repo-commit"]}),
    );
    shell.fails(7, &["get", &url, "--require-hash", "-o", "x"]);
    shell.ok(&["get", &url, "--require-hash", "-o", "x", "--sha256", &sha256(b"{}")]);
    assert_eq!(fs::read(shell.path("x")).unwrap(), b"{}");
    fs::create_dir(shell.path("folder")).unwrap();
    shell.ok(&["get", &url, "-o", "folder"]);
    assert!(Path::new(&shell.path("folder/config.json")).is_file());
    shell.ok(&[
        "get",
        &url,
        "--max-connections",
        "1",
        "--limit-rate",
        "1M",
        "--durability",
        "process",
        "--option",
        "resume=false",
    ]);
    let said = shell.run(&[
        "download",
        "o/n",
        "--ca-file",
        "none.pem",
        "--endpoint",
        &shell.hub.endpoint.replace("http:", "https:"),
        "-o",
        "retry_timeout_ms=100",
        "--cache-dir",
        "e",
    ]);
    assert!(said.code != 0 && said.err.contains("none.pem"), "{said:?}");

    shell.hub.put("models/o/private/a.txt", b"a");
    shell.hub.put("models/o/private/.hfx/repo.json", br#"{"private": true}"#);
    shell.fails(3, &["download", "o/private"]);
    shell.ok(&["download", "o/private", "--token", "hf_any"]);
    let other = Hub::start();
    other.put("models/o/n/other.txt", b"other");
    assert_eq!(
        shell.names(&["download", "o/n", "--endpoint", &other.endpoint, "--cache-dir", "f"]),
        set(&["other.txt"])
    );
}

#[test]
fn a_pipe_gets_no_bars_and_a_terminal_does() {
    let shell = Shell::with_repo();
    let slow = || shell.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 9_000_000}));
    slow();
    let line = ["download", "o/n", "-o", "max_connections=1"];
    let ran = shell.run(&line);
    assert_eq!(ran.code, 0, "{ran:?}");
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(['\x1b', '\r', '█', '━']), "{text:?}");
    }
    // `script` of util-linux gives it a terminal.
    let trial = Command::new("script").args(["-qec", "true", "/dev/null"]).stdin(Stdio::null()).output();
    if !trial.is_ok_and(|trial| trial.status.success()) {
        return skip("cli::a_pipe_gets_no_bars_and_a_terminal_does", "no script(1) to make a terminal");
    }
    let on_terminal = |more: &str| {
        slow();
        let words = format!("{} {} --force-download {more}", env!("CARGO_BIN_EXE_hfx"), line.join(" "));
        let mut script = Command::new("script");
        script.args(["-qec", &words, "/dev/null"]).env("HF_HOME", shell.home.path()).env("TERM", "xterm");
        script.env("HF_ENDPOINT", &shell.hub.endpoint).env_remove("NO_COLOR").stdin(Stdio::null());
        let output = script.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = on_terminal("");
    assert!(
        shown.contains("\x1b[") && shown.contains("model.safetensors") && shown.contains("MiB/s"),
        "{shown:?}"
    );
    let quiet = on_terminal("-q");
    assert!(!quiet.contains('\x1b') && quiet.trim_end().lines().count() == 1, "{quiet:?}");
}

#[test]
fn the_cache_is_looked_after() {
    let shell = Shell::with_repo();
    assert_eq!(shell.ok(&["cache", "path"]), format!("{}\n", shell.cache().display()));
    assert_eq!(shell.ok(&["cache", "path", "--cache-dir", "/x"]), "/x\n");
    let empty = shell.run(&["cache", "ls"]);
    assert!(empty.code == 0 && empty.err.contains("nothing is cached yet"), "{empty:?}");
    assert_eq!(shell.ok(&["cache", "ls", "--json"]), "null\n");
    assert_eq!(shell.ok(&["cache", "prune"]), "");
    shell.fails(3, &["cache", "ls", "--cache-dir", "none"]);
    let main = shell.ok(&["download", "o/n", "-q"]);
    let commit = main.trim_end().rsplit('/').next().unwrap();
    shell.ok(&["download", "o/n", "-q", "--revision", "dev"]);
    shell.ok(&["download", "o/d", "-q", "--repo-type", "dataset"]);

    let list = shell.ok(&["cache", "ls"]);
    assert!(
        list.contains("model/o/n") && list.contains("dataset/o/d") && list.contains("dev main"),
        "{list}"
    );
    assert!(list.contains("2 repositories with 3 revisions, 12.0 MiB in "), "{list}");
    let list = shell.ok(&["cache", "list", "-v"]);
    assert!(list.contains(commit) && list.contains(main.trim_end()), "{list}");
    let ids = |more: &[&str]| shell.ok(&[&["cache", "ls", "-q"], more].concat());
    assert_eq!(ids(&[]), "dataset/o/d\nmodel/o/n\n");
    assert_eq!(ids(&["--filter", "size>1M", "-f", "type=model"]), "model/o/n\n");
    assert_eq!(ids(&["--filter", "accessed>1h"]), "");
    assert_eq!(ids(&["--filter", "refs=main", "-v", "-f", "type=model"]), format!("{commit}\n"));
    assert_eq!(ids(&["--sort", "size", "--limit", "1"]), "model/o/n\n");
    fs::create_dir_all(shell.cache().join("models--o--empty/snapshots")).unwrap();
    fs::create_dir_all(shell.cache().join("models--o--empty/blobs")).unwrap();
    let of =
        |more: &[&str]| shell.ok(&[&["cache", "ls"], more].concat()).contains("3 repositories with 3 rev");
    assert!(of(&[]) && of(&["-v"]), "one without a revision is one");
    fs::remove_dir_all(shell.cache().join("models--o--empty")).unwrap();
    let list = shell.ok(&["cache", "ls", "--filter", "type=dataset"]);
    assert!(list.contains("1 repository with 1 revision, 3 B in "), "{list}");
    assert!(shell.fails(2, &["cache", "ls", "--filter", "age>1d"]).contains("no such key"));
    let short: Value = serde_json::from_str(&shell.ok(&["cache", "ls", "--json"])).unwrap();
    let long: Value = serde_json::from_str(&shell.ok(&["cache", "ls", "--json", "--verbose"])).unwrap();
    assert_eq!((short["size"].clone(), short["warnings"].clone()), (json!(12 * M + 5 + 3 + 3), json!([])));
    let files = |info: &Value| info["repos"][1]["revisions"][0]["files"].is_array();
    assert!(files(&long) && !files(&short));

    let said = shell.ok(&["cache", "verify", "o/n"]);
    assert!(said.contains("6 files checked"), "{said}");
    let said = shell.ok(&["cache", "verify", "model/o/n", "--revision", "dev"]);
    assert!(said.contains("1 file checked"), "{said}");
    shell.ok(&["cache", "verify", "o/d", "--repo-type", "dataset", "--json"]);
    shell.ok(&["cache", "verify", "hf://datasets/o/d@main"]);
    shell.fails(3, &["cache", "verify", "o/none"]);
    shell.fails(3, &["cache", "verify", "o/n", "--revision", "none"]);
    let file = fs::canonicalize(format!("{}/config.json", main.trim_end())).unwrap();
    fs::write(&file, "[]").unwrap();
    let wrong = shell.run(&["cache", "verify", "o/n", "--revision", "main"]);
    assert!(wrong.code == 7 && wrong.out.contains("wrong: config.json"), "{wrong:?}");
    fs::remove_file(&file).unwrap();
    let gone = shell.run(&["cache", "verify", "o/n", "--revision", "main"]);
    assert!(gone.code == 6 && gone.out.contains("gone: config.json"), "{gone:?}");
    shell.ok(&["download", "o/n", "-q"]);
    shell.ok(&["cache", "verify", "o/n"]);

    // Asked on no terminal, it deletes nothing.
    let said = shell.fails(2, &["cache", "rm", "dataset/o/d"]);
    assert!(said.contains("--yes"), "{said}");
    let said = shell.ok(&["cache", "rm", "o/d", "--dry-run"]);
    assert!(said.contains("dataset/o/d (all of it)") && said.contains("(3 B in all)"), "{said}");
    assert!(shell.cache().join("datasets--o--d").is_dir());
    let partly = shell.run(&["cache", "rm", "dataset/o/d", "model/o/none", "-y"]);
    assert!(partly.code == 3 && partly.out.contains("Freed 3 B."), "{partly:?}");
    assert!(!shell.cache().join("datasets--o--d").exists());
    assert_eq!(shell.ok(&["cache", "prune", "-y"]), "Nothing to prune.\n");

    // Detached, and a partial that was left days ago.
    fs::remove_file(shell.cache().join("models--o--n/refs/dev")).unwrap();
    let partial = shell.cache().join(format!("models--o--n/blobs/{}.0123abcd.incomplete", "a".repeat(64)));
    fs::write(&partial, vec![1; M]).unwrap();
    let fresh = shell.run(&["cache", "prune", "-y"]);
    assert!(fresh.code == 0 && partial.exists() && fresh.err.contains("kept"), "{fresh:?}");
    let days_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(72);
    fs::File::options().write(true).open(&partial).unwrap().set_modified(days_ago).unwrap();
    let said = shell.ok(&["cache", "prune", "--dry-run"]);
    assert!(
        said.contains("(detached)") && said.contains("1 abandoned download") && partial.exists(),
        "{said}"
    );
    let said = shell.ok(&["cache", "prune", "-y"]);
    assert!(said.contains("Freed 1.0 MiB.") && !partial.exists(), "{said}");
    assert_eq!(shell.ok(&["download", "o/n", "-q", "--local-files-only"]), main);
    shell.fails(3, &["download", "o/n", "-q", "--local-files-only", "--revision", "dev"]);
    shell.ok(&["cache", "rm", commit, "-y"]);
    assert!(!shell.cache().join("models--o--n").exists());
    shell.fails(3, &["cache", "rm", commit, "-y"]);
}

#[test]
fn a_folder_is_compared_with_the_hub() {
    let shell = Shell::with_repo();
    let here = shell.home.path().join("here");
    let dir = here.to_str().unwrap();
    shell.ok(&["download", "o/n", "--local-dir", dir, "-q"]);
    let verify = |more: &[&str]| shell.run(&[&["cache", "verify", "o/n", "--local-dir", dir], more].concat());
    let all = ["--fail-on-missing-files", "--fail-on-extra-files"];
    let whole = verify(&all);
    assert!(whole.code == 0 && whole.out.contains("files checked"), "{whole:?}");
    fs::write(here.join("mine.txt"), "mine").unwrap();
    let extra = verify(&[]);
    assert!(extra.code == 0 && extra.err.contains("not of the revision: mine.txt"), "{extra:?}");
    assert_ne!(verify(&["--fail-on-extra-files"]).code, 0);
    #[cfg(unix)]
    {
        // Links are no files of the revision, wherever they lead.
        std::os::unix::fs::symlink(here.join("gone"), here.join("dangling")).unwrap();
        let links = verify(&["--fail-on-missing-files"]);
        assert!(links.code == 0 && links.err.contains("not of the revision: dangling"), "{links:?}");
        fs::remove_file(here.join("dangling")).unwrap();
    }
    // A byte that changed without a trace in size and time: a download would not see it.
    let file = here.join("config.json");
    let (bytes, modified) = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    fs::write(&file, [&[bytes[0] ^ 1], &bytes[1..]].concat()).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    let wrong = verify(&[]);
    assert!(wrong.code == 7 && wrong.out.contains("wrong: config.json"), "{wrong:?}");
    // Without the network the listing that was kept tells.
    assert_eq!(verify(&["-o", "offline=true"]).code, 7);
    fs::remove_file(&file).unwrap();
    let missing = verify(&["--fail-on-missing-files"]);
    assert!(missing.code != 0 && missing.out.contains("missing: config.json"), "{missing:?}");
    assert_eq!(verify(&[]).code, 0);
    shell.fails(3, &["cache", "verify", "o/n", "--local-dir", "/nowhere"]);
    shell.fails(3, &["cache", "verify", "o/none", "--local-dir", dir]);
    let told: Value = serde_json::from_str(&verify(&["--json"]).out).unwrap();
    assert_eq!((&told["missing"], &told["unknown"]), (&json!(["config.json"]), &json!(["mine.txt"])));
}

#[test]
fn a_token_is_never_shown() {
    const TOKEN: &str = "hf_abcdefghijklmnopqrstuvwxyz0123";
    let shell = Shell::with_repo();
    shell.hub.put("models/o/gate/config.json", b"{}");
    shell.hub.put("models/o/gate/.hfx/repo.json", br#"{"gated": "manual"}"#);
    let mut all = String::new();
    for line in [
        &["env"][..],
        &["download", "o/n", "--json"],
        &["download", "o/none"],
        &["download", "o/gate", "config.json"],
        &["download", "o/gate", "--json"],
        &["download", "o/n", "none", "-o", &format!("token={TOKEN}")],
        &[
            "download",
            "o/n",
            "--endpoint",
            "http://user:hf_abcdefghijklmnop@127.0.0.1:1",
            "-o",
            "retry_timeout_ms=50",
            "--json",
        ],
        &["cache", "ls", "--json"],
    ] {
        let ran = ran(shell
            .command(line)
            .env("HF_TOKEN", TOKEN)
            .env("https_proxy", "http://user:hf_abcdefghij@p:1"));
        all += &format!("{line:?}: {} {}\n", ran.out, ran.err).replace(&format!("{line:?}"), "");
    }
    let log = shell.hub.requests();
    assert!(log.iter().any(|r| r.port == "hub" && r.authorization), "the Hub was shown the token");
    assert!(!log.iter().any(|r| r.port == "cdn" && r.authorization), "the CDN was shown it, too");
    assert!(log.iter().any(|r| r.port == "cdn"));
    assert!(!all.contains("hf_abc"), "{all}");
}

/// Flags of `download` and `get`.
const NETWORK: [&str; 7] = [
    "--token",
    "--endpoint",
    "--max-connections",
    "--limit-rate",
    "--durability",
    "--require-hash",
    "--ca-file",
];

#[test]
fn help_teaches_every_flag() {
    let shell = Shell::new();
    let flags: [(&[&str], &[&str]); 11] = [
        (
            &["download"],
            &[
                "--repo-type",
                "--revision",
                "--include",
                "--exclude",
                "--cache-dir",
                "--local-dir",
                "--force-download",
                "--dry-run",
                "--local-files-only",
                "--pin",
                "--max-workers",
                "--quiet",
                "--json",
                "--option",
                "Examples:",
                "hf://",
                "progress",
                "exit_code",
            ],
        ),
        (&["get"], &["--output", "--sha256", "--option", "--quiet", "--json", "Examples:"]),
        (&["cache"], &["ls", "rm", "prune", "verify", "path", "Examples:"]),
        (&["cache", "ls"], &["--verbose", "--json", "--cache-dir"]),
        (&["cache", "rm"], &["--yes", "--dry-run", "--cache-dir"]),
        (&["cache", "prune"], &["--yes", "--dry-run", "--cache-dir"]),
        (
            &["cache", "verify"],
            &["--repo-type", "--revision", "--json", "--cache-dir", "--local-dir", "--token"],
        ),
        (&["cache", "path"], &["--cache-dir"]),
        (
            &["serve"],
            &[
                "--listen",
                "--token",
                "--cache",
                "--fault",
                "--control",
                "--url-lifetime",
                "--lfs-threshold",
                "--page-size",
                "stall_after",
                "HF_ENDPOINT=",
            ],
        ),
        (&["completions"], &["bash", "zsh", "fish"]),
        (&["env"], &["bug report"]),
    ];
    for (command, words) in flags {
        let help = shell.ok(&[command, &["--help"]].concat());
        let network: &[&str] = if matches!(command, ["download" | "get"]) { &NETWORK } else { &[] };
        for word in words.iter().chain(network) {
            assert!(help.contains(word), "{command:?} --help lacks {word}:\n{help}");
        }
        let short = shell.ok(&[command, &["-h"]].concat());
        assert!(short.len() <= help.len());
    }
    let root = shell.ok(&["--help"]);
    for word in ["download", "get", "cache", "serve", "env", "completions", "Exit codes", "130", "HF_TOKEN"] {
        assert!(root.contains(word), "--help lacks {word}");
    }
}

#[test]
fn completions_parse_in_their_shells() {
    let shell = Shell::new();
    for (name, flag) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = shell.ok(&["completions", name]);
        assert!(script.contains("local-files-only") && script.contains("verify"), "{script}");
        let file = shell.path(name);
        fs::write(&file, script).unwrap();
        match Command::new(name).args([flag, &file]).output() {
            Ok(output) => assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}"),
            Err(_) => skip("cli::completions_parse_in_their_shells", &format!("no {name}")),
        }
    }
}

#[test]
fn env_says_what_is_set_and_from_where() {
    let shell = Shell::new();
    let said = ran(shell.command(&["env"]).env("HF_TOKEN", "hf_secret").env("HF_HUB_OFFLINE", "1")).out;
    let line =
        |name: &str| said.lines().find(|line| line.split(' ').next() == Some(name)).unwrap_or_default();
    assert!(line("hfx").ends_with(env!("CARGO_PKG_VERSION")));
    assert!(
        line("cache_dir").contains(&shell.path("hub")) && line("cache_dir").contains("HF_HOME"),
        "{said}"
    );
    assert!(line("offline").contains("true") && line("offline").contains("HF_HUB_OFFLINE"), "{said}");
    assert!(line("token").contains("HF_TOKEN") && !said.contains("hf_secret"), "{said}");
    assert!(
        line("endpoint").contains(&shell.hub.endpoint) && line("part_size").contains("default"),
        "{said}"
    );
    for spec in hfx::options::TABLE {
        assert!(!line(spec.name).is_empty(), "{} is not listed", spec.name);
    }
}

#[test]
fn serve_has_its_flags() {
    let shell = Shell::new();
    shell.fails(1, &["serve", "none"]);
    fs::write(shell.path("bad.json"), r#"[{"do": {"boom": 1}}]"#).unwrap();
    let said = shell.fails(2, &["serve", ".", "--fault", "bad.json"]);
    assert!(said.contains("boom"), "{said}");
    shell.fails(2, &["serve", ".", "--listen", "nowhere"]);

    let faults = shell.path("faults.json");
    fs::write(&faults, r#"[{"match": {"path": "/a.txt"}, "do": {"status": 500}}]"#).unwrap();
    let hub = Hub::with(&[
        "--listen",
        "127.0.0.1:0",
        "--lfs-threshold",
        "1K",
        "--page-size",
        "2",
        "--url-lifetime",
        "60",
        "--token",
        "hf_known",
        "--fault",
        &faults,
    ]);
    for name in ["a.txt", "b.txt", "c.txt"] {
        hub.put(&format!("models/o/n/{name}"), name.as_bytes());
    }
    hub.put("models/o/n/large.bin", &random(1, 2000));
    assert_eq!(
        shell.names(&["download", "o/n", "--endpoint", &hub.endpoint]),
        set(&["a.txt", "b.txt", "c.txt", "large.bin"])
    );
    assert_eq!(hub.acted(), [1], "the fault was committed");
    let log = hub.requests();
    assert!(log.iter().filter(|r| r.path.contains("/tree/")).count() >= 2, "pages of two");
    assert!(log.iter().any(|r| r.port == "cdn"), "2,000 bytes are LFS");
    shell.fails(
        4,
        &["download", "o/n", "--endpoint", &hub.endpoint, "--token", "hf_unknown", "--cache-dir", "x"],
    );
    shell.ok(&["download", "o/n", "--endpoint", &hub.endpoint, "--token", "hf_known", "--cache-dir", "x"]);

    // What was cached, served again.
    let cache = shell.path("hub");
    let mut child = shell.command(&["serve", "--cache", &cache]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let endpoint = lines.next().unwrap().unwrap().strip_prefix("HF_ENDPOINT=").unwrap().to_owned();
    let names = shell.names(&["download", "o/n", "--endpoint", &endpoint, "--cache-dir", "z"]);
    assert_eq!(names, set(&["a.txt", "b.txt", "c.txt", "large.bin"]));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn get_goes_where_it_is_told_and_harms_nothing_else() {
    let shell = Shell::with_repo();
    let page = |name: &str| format!("{}/o/n/resolve/main/{name}", shell.hub.endpoint);
    let url = page("config.json");
    assert_eq!(shell.ok(&["get", &url, "-o", "-"]), "{}");
    let large = shell.command(&["get", &page("model.safetensors"), "-o", "-", "-q"]).output().unwrap();
    let whole = large.stdout == random(1, 12 * M);
    assert!(large.status.success() && whole, "{:?}", large.status);
    let other = sha256(b"other");
    let wrong = shell.command(&["get", &page("model.safetensors"), "-o", "-", "--sha256", &other]).output();
    assert_eq!(wrong.unwrap().status.code(), Some(7));
    shell.fails(2, &["get", &url, "-o", "-", "--json"]);
    for device in ["/dev/stdout", "/dev/null", "/proc/self/fd/1"] {
        shell.fails(2, &["get", &url, "-o", device]);
    }
    fs::write(shell.path("target"), "old").unwrap();
    std::os::unix::fs::symlink("target", shell.path("link")).unwrap();
    shell.ok(&["get", &url, "-o", "link"]);
    assert!(fs::symlink_metadata(shell.path("link")).unwrap().is_symlink());
    assert_eq!(fs::read(shell.path("target")).unwrap(), b"{}");
    std::os::unix::fs::symlink("nowhere", shell.path("dangling")).unwrap();
    shell.fails(2, &["get", &url, "-o", "dangling"]);
    let made = shell.ok(&["get", &url, "-o", "new/folder/", "-q"]);
    assert_eq!(made.trim_end(), shell.path("new/folder/config.json"));
    shell.hub.forget();
    let offline = shell.command(&["get", &url, "-o", "x"]).env("HF_HUB_OFFLINE", "1").output().unwrap();
    assert_eq!(offline.status.code(), Some(3), "{offline:?}");
    assert!(shell.hub.requests().is_empty());
}

#[test]
fn get_fetches_nothing_that_is_there_with_its_hash() {
    let shell = Shell::with_repo();
    let url = format!("{}/o/n/resolve/main/config.json", shell.hub.endpoint);
    let get = ["get", &url, "-o", "config.json", "--sha256", &sha256(b"{}")];
    shell.ok(&get);
    shell.hub.forget();
    let again = shell.ok(&[&get[..], &["--json"]].concat());
    assert!(again.contains(r#""state":"cached""#) && again.contains(r#""verified":"hash""#), "{again}");
    let offline = shell.command(&get).env("HF_HUB_OFFLINE", "1").output().unwrap();
    assert!(offline.status.success(), "{offline:?}");
    assert!(shell.hub.requests().is_empty());
    fs::write(shell.path("config.json"), "[]").unwrap();
    shell.ok(&get);
    assert_eq!(fs::read(shell.path("config.json")).unwrap(), b"{}");
    shell.hub.forget();
    shell.ok(&[&get[..], &["--option", "force=true"]].concat());
    assert_eq!(shell.hub.requests().len(), 1);
}

#[test]
fn get_has_headers_of_its_own() {
    let shell = Shell::with_repo();
    let hub = Hub::with(&["--token", "hf_read"]);
    hub.put("models/o/n/secret.txt", b"secret");
    hub.put("models/o/n/.hfx/repo.json", br#"{"private": true}"#);
    let url = format!("{}/o/n/resolve/main/secret.txt", hub.endpoint);
    shell.fails(3, &["get", &url, "-o", "-"]);
    let token = "Authorization: Bearer hf_read";
    assert_eq!(shell.ok(&["get", &url, "-o", "-", "-H", token]), "secret");
    fs::write(shell.path("headers"), format!("X-Other: 1\n{token}\n")).unwrap();
    shell.ok(&["get", &url, "-o", "here", "-H", "@headers"]);
    assert_eq!(fs::read(shell.path("here")).unwrap(), b"secret");
    // A header that is said counts before a token that is there.
    let mut own = shell.command(&["get", &url, "-o", "-", "--endpoint", &hub.endpoint, "-H", token]);
    assert!(own.env("HF_TOKEN", "hf_other").output().unwrap().status.success());
    hub.forget();
    let open = ["get", "http://192.0.2.1/x", "-o", "-", "-H", token];
    assert!(shell.fails(2, &open).contains("allow_http_token"));
    let said = shell.fails(2, &["get", &url, "-o", "-", "--token", "hf_read"]);
    assert!(said.contains("-H"), "{said}");
    assert!(shell.fails(2, &["get", &url, "-o", "-", "-H", "no header"]).contains("Name: value"));
    shell.fails(6, &["get", &url, "-o", "-", "-H", "@not-there"]);
    assert!(hub.requests().is_empty());
}

#[test]
fn nothing_is_asked_where_nothing_can_be_put() {
    let shell = Shell::with_repo();
    let homeless = |line: &[&str]| ran(shell.command(line).env_remove("HF_HOME").env_remove("HOME"));
    for line in [&["download", "o/n"][..], &["download", "o/n", "config.json"]] {
        let said = homeless(line);
        assert!(said.code == 2 && said.err.contains("use --cache-dir"), "{said:?}");
    }
    assert!(shell.hub.requests().is_empty());
    let client = Client::open(Options::new()).unwrap();
    let asked = |job: Result<Job>| job.unwrap().join().unwrap_err().kind();
    let (own, hooks) = (Options::new(), Hooks::default);
    assert_eq!(asked(client.download_snapshot(&model(), None, &own, hooks())), Kind::InvalidArgument);
    assert_eq!(asked(client.download_file(&model(), None, "x", &own, hooks())), Kind::InvalidArgument);
}

#[test]
fn what_is_named_and_not_there_is_an_error() {
    let shell = Shell::with_repo();
    shell.ok(&["download", "o/n", "train/"]);
    let said = shell.fails(3, &["download", "o/n", "trian/"]);
    assert!(said.contains("o/n has no trian/"), "{said}");
    shell.ok(&["download", "o/n", "train/", "--exclude", "train/*"]);
    let said = shell.fails(2, &["upload", "o/n", &shell.path("x"), "*.json", "--include", "*.bin"]);
    assert!(said.contains("--include"), "{said}");
}

#[test]
fn a_wait_says_why() {
    let shell = Shell::with_repo();
    shell.hub.fault(
        json!({"path": "/api/", "times": 0}),
        json!({"status": 429, "headers": {"Retry-After": "600"}}),
    );
    let mut child = shell
        .command(&["download", "o/n", "-v"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("asks to wait") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0, "it ended");
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    // What signals a child and its group signals it twice: that is one wish.
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.contains("interrupted; before that:") && rest.contains("asks to wait"), "{rest}");
}
