//! `hfx lfs-agent` under a real git-lfs: plain push, clone and pull of large files go through the engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::support::files::random;
use crate::support::{Hub, M, skip};

const TOKEN: &str = "hf_lfs_agent";

/// A Hub with LFS, a bare repository on disk, and a home that knows neither.
struct Git {
    hub: Hub,
    home: TempDir,
}

impl Git {
    /// None, said aloud, where git-lfs is missing.
    fn new(test: &str) -> Option<Self> {
        let may = Command::new("git").args(["lfs", "version"]).output().is_ok_and(|out| out.status.success());
        if !may {
            skip(test, "no git-lfs here");
            return None;
        }
        let hub = Hub::with(&["--token", TOKEN, "--multipart-from", "5M", "--chunk-size", "2M"]);
        let git = Self { hub, home: tempfile::tempdir().unwrap() };
        git.hfx(&["repo", "create", "o/n"]);
        git.git(&git.path("."), &["init", "-q", "--bare", "-b", "main", "bare"]);
        Some(git)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    fn command(&self, program: &str, at: &Path, line: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(line)
            .current_dir(at)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("HF_HOME", self.path("hf"))
            .env("HF_ENDPOINT", &self.hub.endpoint)
            .env("HF_TOKEN", TOKEN)
            .env("GIT_AUTHOR_NAME", "a")
            .env("GIT_AUTHOR_EMAIL", "a@b")
            .env("GIT_COMMITTER_NAME", "a")
            .env("GIT_COMMITTER_EMAIL", "a@b")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        command
    }

    fn hfx(&self, line: &[&str]) {
        let out = self.command(env!("CARGO_BIN_EXE_hfx"), self.home.path(), line).output().unwrap();
        assert!(out.status.success(), "{out:?}");
    }

    /// Whether it went well, and what it said.
    fn try_git(&self, at: &Path, line: &[&str]) -> (bool, String) {
        let out = self.command("git", at, line).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.success(), text(&out.stdout) + &text(&out.stderr))
    }

    fn git(&self, at: &Path, line: &[&str]) -> String {
        let (well, text) = self.try_git(at, line);
        assert!(well, "git {line:?}: {text}");
        assert!(!text.contains(TOKEN), "{text}");
        text
    }

    /// The agent for all of the home's repositories, and the Hub as their LFS server.
    fn enable(&self) {
        self.hfx(&["lfs-enable-largefiles", "--global"]);
        let home = self.path(".");
        self.git(&home, &["lfs", "install", "--skip-repo"]);
        let server = format!("{}/o/n.git/info/lfs", self.hub.endpoint);
        self.git(&home, &["config", "--global", "lfs.url", &server]);
    }

    /// A working copy with these files, pushed.
    fn push(&self, files: &[(&str, &[u8])]) {
        let work = self.path("work");
        self.git(&self.path("."), &["init", "-q", "-b", "main", "work"]);
        self.git(&work, &["lfs", "track", "*.bin"]);
        for (name, bytes) in files {
            fs::write(work.join(name), bytes).unwrap();
        }
        self.git(&work, &["add", "-A"]);
        self.git(&work, &["commit", "-q", "-m", "all"]);
        self.git(&work, &["remote", "add", "origin", "../bare"]);
        self.git(&work, &["push", "-q", "origin", "main"]);
    }
}

#[test]
fn git_push_and_clone_go_through_the_engine() {
    let Some(git) = Git::new("git_push_and_clone_go_through_the_engine") else { return };
    git.enable();
    let (large, small) = (random(900, 11 * M), random(901, 3 * M));
    git.push(&[("large.bin", &large), ("small.bin", &small), ("note.txt", b"plain git")]);
    let sent = git.hub.requests();
    let parts: Vec<_> = sent.iter().filter(|r| r.method == "PUT" && r.path.contains("/part/")).collect();
    assert_eq!(parts.len(), 6, "11 MiB in parts of 2 MiB");
    assert!(sent.iter().filter(|r| r.port == "cdn").all(|r| !r.authorization), "presigned: no token");
    git.hub.forget();
    git.git(&git.path("work"), &["push", "-q", "origin", "main:again"]);
    assert!(git.hub.requests().iter().all(|r| r.method != "PUT"), "all is there");

    git.git(&git.path("."), &["clone", "-q", "bare", "copy"]);
    assert!(fs::read(git.path("copy/large.bin")).unwrap() == large);
    assert!(fs::read(git.path("copy/small.bin")).unwrap() == small);
    let fetched: u64 = git.hub.data_requests().iter().map(|r| r.bytes).sum();
    assert_eq!(fetched, 14 * M as u64);
    assert!(
        git.hub.data_requests().iter().any(|r| r.range.is_some_and(|(first, _)| first > 0)),
        "in parallel"
    );
    let left = fs::read_dir(git.path("copy/.git/lfs/tmp")).unwrap().count();
    assert_eq!(left, 0, "git-lfs has taken what the agent had fetched");
}

#[test]
fn an_interrupted_pull_goes_on_where_it_was() {
    let Some(git) = Git::new("an_interrupted_pull_goes_on_where_it_was") else { return };
    git.enable();
    let large = random(902, 24 * M);
    git.push(&[("large.bin", &large)]);
    let mut clone = git.command("git", &git.path("."), &["clone", "-q", "bare", "copy"]);
    assert!(clone.env("GIT_LFS_SKIP_SMUDGE", "1").status().unwrap().success());
    let copy = git.path("copy");
    git.hub.forget();
    git.hub.fault(json!({"range_from": 16 * M, "times": 0}), json!({"status": 400}));
    let (well, text) = git.try_git(&copy, &["lfs", "pull"]);
    assert!(!well && text.contains("HTTP 400"), "{text}");
    git.hub.faults(&json!([]));
    git.git(&copy, &["lfs", "pull"]);
    assert!(fs::read(copy.join("large.bin")).unwrap() == large);
    let fetched: u64 = git.hub.data_requests().iter().map(|r| r.bytes).sum();
    assert!(fetched <= 32 * M as u64, "{fetched} bytes for a file of 24 MiB");
}

#[test]
fn what_goes_wrong_reaches_the_user() {
    let Some(git) = Git::new("what_goes_wrong_reaches_the_user") else { return };
    git.enable();
    git.push(&[("large.bin", &random(903, 6 * M))]);
    let server = format!("{}/o/none.git/info/lfs", git.hub.endpoint);
    let (well, text) =
        git.try_git(&git.path("."), &["-c", &format!("lfs.url={server}"), "clone", "bare", "copy"]);
    assert!(!well && text.contains("no such repository"), "{text}");
    git.hub.fault(json!({"port": "cdn", "times": 0}), json!({"flip_byte": 5_000_000}));
    let (well, text) = git.try_git(&git.path("."), &["clone", "bare", "other"]);
    assert!(!well && text.contains("they must have"), "{text}");
    assert!(!git.path("other/large.bin").exists());
}
