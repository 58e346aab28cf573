//! The use cases: what programs ask for, joined from the rooms below.
//!
//! A [`Client`] owns the threads, the connections and the budgets; everything it is asked to do is a [`Job`] on its
//! threads. Several clients live side by side and share nothing but the disk, and the knowledge of which
//! partials this process writes. [`Client::close`] cancels what runs
//! and waits until no thread is left; a client that is dropped does the same without waiting.

mod batch;
mod call;
mod context;
mod fetch;
mod file;
pub mod job;
pub mod output;
mod partial;
mod place;
mod queue;
mod refs;
mod repos;
mod sequence;
mod snapshot;
pub mod upload;
pub mod url;
mod verify;

/// What [`queue`] stands on; `tests/loom` has its own.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard};
}

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

pub use crate::transfer::reader::Reader;
use context::{Context, revision_or_main};
pub use job::{DoneFn, Hooks, Job, Queue};
pub use output::{
    BytesResult, CommitFile, CommitResult, FileOutcome, FileResult, HowCommitted, Output, PartsResult,
    SnapshotResult,
};
use sequence::Sequences;
pub use upload::{Draft, Input, Schedule};
pub use url::{Into as ReadInto, Which, token_may_go};

use crate::cache::evict::Deletion;
use crate::cache::{Cache, Lookup, scan};
use crate::cancel::Wish;
use crate::error::{Error, Kind, Result};
use crate::event::FileState;
pub use crate::hub::lfs::LfsObject;
use crate::log::Log;
use crate::net::Net;
use crate::options::{Opt, Options};
use crate::repo::{RepoId, check_repo_path, check_revision};
use crate::runtime::{Runtime, network_threads, on_own_thread};
use crate::sys::{file as sys_file, space};
use crate::transfer::download::{Engine, blocking};
use crate::transfer::limit::Limits;

/// The default memory budget is at most this.
const MEMORY: u64 = 256 << 20;

/// A client; clones are the same client.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// A client that may be gone.
#[derive(Clone)]
pub struct WeakClient(Weak<Shared>);

impl WeakClient {
    /// The client, if it is still there.
    pub fn upgrade(&self) -> Result<Client> {
        self.0.upgrade().map(Client).ok_or_else(|| Error::new(Kind::Closed, "the client was freed"))
    }
}

struct Shared {
    options: Options,
    engine: Engine,
    runtime: Arc<Runtime>,
    running: Arc<job::Running>,
    queue: Arc<Queue>,
    sequences: Sequences,
}

impl Client {
    /// A client with these options. Starts its threads; opens no connection.
    pub fn open(options: Options) -> Result<Self> {
        Self::open_with(options, Log::default())
    }

    /// The same, telling `log` of its work.
    pub fn open_with(options: Options, log: Log) -> Result<Self> {
        let memory = match options.int(Opt::MemoryBudget) {
            0 => MEMORY.min(space::memory_limit().map_or(MEMORY, |limit| limit / 8)).max(8 << 20),
            budget => budget,
        };
        let limits = Arc::new(Limits::new(
            options.int(Opt::MaxConnections),
            memory,
            options.int(Opt::MaxRate),
            sys_file::fd_limit(),
            network_threads(options.int(Opt::Threads) as usize),
        ));
        let net = Arc::new(Net::new(&options)?.with_log(log.clone()));
        let engine = Engine { net, limits, outage: Arc::default(), log };
        // The endpoint is checked now, not by the first job.
        crate::hub::Hub::new(engine.net.clone(), &options)?;
        let runtime = Arc::new(Runtime::start(options.int(Opt::Threads) as usize)?);
        Ok(Self(Arc::new(Shared {
            options,
            engine,
            runtime,
            running: Arc::default(),
            queue: Arc::default(),
            sequences: Sequences::default(),
        })))
    }

    /// The client, without holding on to it.
    pub fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Downloads one file into the cache or the local folder. Ends with [`Output::File`].
    pub fn download_file(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        path: &str,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        let path = check_repo_path(path)?;
        self.start(options, hooks, move |context| async move {
            file::download(&context, &repo, &revision, &path).await.map(Output::File)
        })
    }

    /// Downloads a snapshot. Ends with [`Output::Snapshot`], in which single files may have failed.
    pub fn download_snapshot(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        self.start(options, hooks, move |context| async move {
            snapshot::download(&context, &repo, &revision).await.map(Output::Snapshot)
        })
    }

    /// Downloads any URL to a path. Ends with [`Output::File`].
    pub fn download_url(&self, url: &str, to: &Path, options: &Options, hooks: Hooks) -> Result<Job> {
        crate::net::Url::parse(url)?;
        let (url, to): (String, PathBuf) = (url.to_owned(), to.to_owned());
        if to.as_os_str().is_empty() {
            return Err(Error::invalid("no path to download to"));
        }
        self.start(options, hooks, move |context| async move {
            url::download(&context, &url, &to).await.map(Output::File)
        })
    }

    /// Reads a range (offset and length), or the whole, into memory. Ends with [`Output::Bytes`].
    pub fn read(
        &self,
        which: Which,
        range: Option<(u64, u64)>,
        into: ReadInto,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let which = match which {
            Which::Repo { repo, revision, path } => {
                let revision = Some(checked_revision(revision.as_deref())?);
                Which::Repo { repo, revision, path: check_repo_path(&path)? }
            }
            Which::Url(url) => {
                crate::net::Url::parse(&url)?;
                Which::Url(url)
            }
        };
        self.start(options, hooks, move |context| async move {
            url::read(&context, &which, range, into).await.map(Output::Bytes)
        })
    }

    /// Asks the Hub about a file. Ends with [`Output::Meta`].
    pub fn file_meta(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        path: &str,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        let path = check_repo_path(path)?;
        self.ask(options, hooks, move |hub| async move {
            hub.resolve(&repo, &revision, &path).await.map(Output::Meta)
        })
    }

    /// Asks the Hub about a repository. Ends with [`Output::Info`].
    pub fn repo_info(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        self.ask(
            options,
            hooks,
            move |hub| async move { hub.repo_info(&repo, &revision).await.map(Output::Info) },
        )
    }

    /// Lists a repository's files, below `folder` when it is not empty; offline, those that the cache knows of. Ends with
    /// [`Output::Tree`].
    pub fn tree(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        folder: &str,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        let folder = match folder.trim_matches('/') {
            "" => String::new(),
            folder => check_repo_path(folder)?,
        };
        self.start(options, hooks, move |context| async move {
            if context.offline() {
                return blocking(move || snapshot::listed(&context, &repo, &revision, &folder))
                    .await
                    .map(Output::Tree);
            }
            let listing = async {
                // A listing names no commit: the revision is pinned first.
                let sha = context.hub.repo_info(&repo, &revision).await?.sha;
                context.hub.tree(&repo, &sha, &folder).await.map(Output::Tree)
            };
            context.watch().guard(listing).await
        })
    }

    /// Lists branches, tags, conversions and, if asked for, pull requests. Ends with [`Output::Refs`].
    pub fn refs(&self, repo: &RepoId, pull_requests: bool, options: &Options, hooks: Hooks) -> Result<Job> {
        let repo = repo.clone();
        self.ask(
            options,
            hooks,
            move |hub| async move { hub.refs(&repo, pull_requests).await.map(Output::Refs) },
        )
    }

    /// Hashes the cached files of a repository, of one revision when it is named; those of the local folder, where the options
    /// name one, which must be what the revision holds. Ends with [`Output::Verification`].
    pub fn verify_cache(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), revision.map(str::to_owned));
        self.start(options, hooks, move |context| async move {
            verify::local(&context, repo, revision).await.map(Output::Verification)
        })
    }

    /// Looks the cache over. Ends with [`Output::Cache`].
    pub fn scan_cache(&self, options: &Options, hooks: Hooks) -> Result<Job> {
        self.start(options, hooks, |context| async move {
            let root = context.cache()?.root().to_owned();
            let looked = blocking(move || scan::scan(&root));
            context.watch().guard(looked).await.map(Output::Cache)
        })
    }

    /// Deletes from the cache what was planned; a cancel leaves the rest. Ends with [`Output::Nothing`], and tells in its
    /// progress what was freed.
    pub fn delete_cached(&self, plan: &Deletion, options: &Options, hooks: Hooks) -> Result<Job> {
        let plan = plan.clone();
        self.start(options, hooks, |context| async move {
            let progress = context.job.shared_progress().add("cache", plan.freed);
            progress.set_state(FileState::Running);
            let watch = context.watch();
            let report = blocking(move || plan.execute_while(&|| watch.wish() != Wish::Cancel)).await?;
            progress.set_size(report.freed);
            progress.set_done(report.freed);
            let ended = report.failures.into_iter().next().map_or(Ok(()), Err);
            match &ended {
                Ok(()) => progress.set_state(FileState::Done),
                Err(error) => progress.fail(error),
            }
            context.watch().check()?;
            ended.map(|()| Output::Nothing)
        })
    }

    /// What the cache knows of a file, without network and without writing.
    pub fn lookup(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        path: &str,
        options: &Options,
    ) -> Result<Lookup> {
        options.check_per_job()?;
        cache_by(&options.over(&self.0.options))?.lookup(repo, revision_or_main(revision), path)
    }

    /// The cache.
    pub fn cache(&self) -> Result<Cache> {
        cache_by(&self.0.options)
    }

    /// Changes the cap on connections while jobs run; 0 lets hfx find the number.
    pub fn set_max_connections(&self, most: u64) {
        self.0.engine.limits.slots.set_most(most);
    }

    /// Changes the cap on bytes per second while jobs run; 0 is none.
    pub fn set_max_rate(&self, bytes_per_second: u64) {
        self.0.engine.limits.rate.set(bytes_per_second);
    }

    /// The jobs that have ended, for event loops.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.0.queue
    }

    /// Cancels all jobs and waits until every thread has ended. False when that takes longer; callable again.
    pub fn close(&self, timeout: Duration) -> Result<bool> {
        // One that does not wait begins the end all the same.
        if on_own_thread() && !timeout.is_zero() {
            return Err(Error::new(Kind::WouldDeadlock, "a client can't be closed inside a callback"));
        }
        self.0.runtime.check_process()?;
        let until = Instant::now().checked_add(timeout);
        self.0.running.close();
        if !self.0.running.wait_all(timeout) {
            // The threads are needed by what still runs: the last of it ends them, also when this is never called again.
            let runtime = Arc::downgrade(&self.0.runtime);
            self.0.running.after_all(Box::new(move || {
                if let Some(runtime) = runtime.upgrade() {
                    runtime.end();
                }
            }));
            return Ok(false);
        }
        let left = until.map_or(timeout, |until| until.saturating_duration_since(Instant::now()));
        let ended = self.0.runtime.close(left);
        // After the tasks, which may still put a connection back; each holds on to the runtime's descriptors.
        self.0.engine.net.close_idle();
        Ok(ended)
    }

    fn start<F, W>(&self, options: &Options, hooks: Hooks, work: W) -> Result<Job>
    where
        F: Future<Output = Result<Output>> + Send + 'static,
        W: FnOnce(Context) -> F + Send + 'static,
    {
        self.0.runtime.check_process()?;
        options.check_per_job()?;
        let all = options.over(&self.0.options);
        crate::hub::Hub::new(self.0.engine.net.clone(), &all)?;
        let turn = self.0.sequences.turn(all.int(Opt::Sequence));
        let (own, below, engine) = (options.clone(), self.0.options.clone(), self.0.engine.clone());
        self.0.running.start(&self.0.runtime, &self.0.queue, hooks, move |job| {
            let context = Context::new(&own, &below, engine, job);
            async move {
                let context = context?;
                let _turn = context.watch().guard(turn.come()).await?;
                work(context).await
            }
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.running.close();
    }
}

fn cache_by(options: &Options) -> Result<Cache> {
    let root = options
        .path(Opt::CacheDir)
        .ok_or_else(|| Error::invalid("no cache folder: set the option cache_dir"))?;
    Ok(Cache::new(root, options.bool(Opt::Symlinks)))
}

fn checked_revision(revision: Option<&str>) -> Result<String> {
    let revision = revision_or_main(revision);
    check_revision(revision)?;
    Ok(revision.to_owned())
}
