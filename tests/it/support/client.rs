//! A Hub, an empty cache, and clients with quick timeouts that know both.

use std::path::Path;

use hfx::client::{Client, FileResult, Hooks, Output, SnapshotResult};
use hfx::error::Result;
use hfx::log::{Level, Log};
use hfx::options::Options;
use hfx::repo::{RepoId, RepoKind};
use tempfile::TempDir;

use super::{Hub, told};

/// One test's world.
pub struct Lab {
    pub hub: Hub,
    pub cache: TempDir,
}

impl Lab {
    /// With an empty Hub.
    pub fn new() -> Self {
        Self { hub: Hub::start(), cache: tempfile::tempdir().unwrap() }
    }

    /// With one file, `models/o/n/{name}`.
    pub fn with_file(name: &str, bytes: &[u8]) -> Self {
        let lab = Self::new();
        lab.hub.put(&format!("models/o/n/{name}"), bytes);
        lab
    }

    /// The options of its clients, as name and value: faults show within a second.
    pub fn pairs(&self) -> Vec<(String, String)> {
        [
            ("endpoint", self.hub.endpoint.as_str()),
            ("cache_dir", self.cache.path().to_str().unwrap()),
            ("durability", "process"),
            ("stall_timeout_ms", "700"),
            ("head_timeout_ms", "1500"),
            ("work_timeout_ms", "1500"),
            ("retry_timeout_ms", "15000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A client, with further options.
    pub fn client(&self, more: &[(&str, &str)]) -> Client {
        let mut options = Options::new();
        for (name, value) in self.pairs() {
            options.set_by_name(&name, &value).unwrap();
        }
        let log = Log::new(Level::Debug, Box::new(|_, room, text| told(&format!("{room}: {text}"))));
        Client::open_with(with(options, more), log).unwrap()
    }

    /// The cache's folder.
    pub fn cache(&self) -> &Path {
        self.cache.path()
    }
}

/// Options, with more of them.
pub fn with(mut options: Options, more: &[(&str, &str)]) -> Options {
    for (name, value) in more {
        options.set_by_name(name, value).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    options
}

/// Options of one job.
pub fn job(more: &[(&str, &str)]) -> Options {
    with(Options::new(), more)
}

/// The model `o/n`.
pub fn model() -> RepoId {
    repo("o/n")
}

/// A model.
pub fn repo(id: &str) -> RepoId {
    RepoId::new(RepoKind::Model, id).unwrap()
}

/// A file of `o/n` at main.
pub fn get(client: &Client, path: &str) -> Result<FileResult> {
    get_with(client, path, None, &[])
}

/// A file of `o/n`, with options for the job.
pub fn get_with(
    client: &Client,
    path: &str,
    revision: Option<&str>,
    more: &[(&str, &str)],
) -> Result<FileResult> {
    file(client.download_file(&model(), revision, path, &job(more), Hooks::default())?.join())
}

/// The snapshot of `o/n` at main.
pub fn snapshot(client: &Client, more: &[(&str, &str)]) -> Result<SnapshotResult> {
    match client.download_snapshot(&model(), None, &job(more), Hooks::default())?.join()? {
        Output::Snapshot(snapshot) => Ok(snapshot),
        other => panic!("{other:?}"),
    }
}

/// A URL's file.
pub fn url(client: &Client, url: &str, to: &Path, more: &[(&str, &str)]) -> Result<FileResult> {
    file(client.download_url(url, to, &job(more), Hooks::default())?.join())
}

/// The file that a job ended with.
pub fn file(output: Result<Output>) -> Result<FileResult> {
    match output.inspect_err(|error| told(&format!("{error:?}")))? {
        Output::File(file) => Ok(file),
        other => panic!("{other:?}"),
    }
}
