//! Downloads in a process of their own, to be killed, starved or watched: this test binary, run again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use hfx::client::{Client, Hooks};
use hfx::options::Options;
use hfx::repo::{RepoId, RepoKind};
use serde_json::{Value, json};

use super::Lab;

const TASK: &str = "HFX_TEST_TASK";

/// What the child does.
#[derive(Clone)]
pub struct Task(Value);

impl Task {
    /// Downloads a file of `o/n`, or its snapshot without one.
    pub fn download(lab: &Lab, path: Option<&str>, more: &[(&str, &str)]) -> Self {
        let mut options = lab.pairs();
        options.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self(json!({"options": options, "path": path}))
    }

    /// The command that does it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "support::proc::child", "--nocapture", "--test-threads=1"])
            .env(TASK, self.0.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Starts it.
    pub fn start(&self) -> Child {
        self.command().spawn().unwrap()
    }

    /// Does it, to its end.
    pub fn run(&self) -> Value {
        result(&self.command().output().unwrap())
    }
}

/// The same command in a mount namespace of its own, where the file `instead` lies in the place of another one.
pub fn with_file(command: &Command, instead: &Path, of: &str) -> Command {
    let mut wrapped = Command::new("unshare");
    let script = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
    wrapped.args(["-rm", "sh", "-c", script]).arg(instead).arg(of);
    wrapped
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    wrapped
}

/// Whether this machine lets [`with_file`] work.
pub fn can_have_files_of_its_own() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts");
    std::fs::write(&file, "").unwrap();
    let ran = with_file(&Command::new("true"), &file, "/etc/hosts").output();
    ran.is_ok_and(|output| output.status.success())
}

/// What a child ended with: `{"path"}` or `{"error", "text"}`, and its `peak` of memory.
pub fn result(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once("RESULT ").map(|(_, json)| json.to_owned()));
    let line = line.unwrap_or_else(|| panic!("the child ended with {:?}: {text}", output.status));
    serde_json::from_str(&line).unwrap()
}

/// The child's side; nothing where no task is given.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let task: Value = serde_json::from_str(&task).unwrap();
    let answer = match work(&task) {
        Ok(path) => json!({"path": path, "peak": peak()}),
        Err(error) => json!({"error": error.kind().name(), "text": error.to_string(), "peak": peak()}),
    };
    println!("\nRESULT {answer}");
    std::io::stdout().flush().unwrap();
}

/// The most memory that this process has held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

fn work(task: &Value) -> hfx::error::Result<PathBuf> {
    let mut options = Options::new();
    for pair in task["options"].as_array().unwrap() {
        options.set_by_name(pair[0].as_str().unwrap(), pair[1].as_str().unwrap())?;
    }
    let client = Client::open(options)?;
    let (repo, none) = (RepoId::new(RepoKind::Model, "o/n")?, Options::new());
    if let Some(path) = task["path"].as_str() {
        let job = client.download_file(&repo, None, path, &none, Hooks::default())?;
        return Ok(super::client::file(job.join())?.path);
    }
    let job = client.download_snapshot(&repo, None, &none, Hooks::default())?;
    let hfx::client::Output::Snapshot(snapshot) = job.join()? else { panic!("not a snapshot") };
    match snapshot.first_error() {
        Some(error) => Err(error.clone()),
        None => Ok(snapshot.path),
    }
}
