//! What one job works with: its options over the client's, and the rooms below made from them.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::batch::Batch;
use super::job::Job;
use super::partial::Settings;
use super::place::Partials;
use crate::cache::{Cache, LocalDir};
use crate::cancel::{Control, Watch};
use crate::error::{Error, Kind, Result};
use crate::hub::Hub;
use crate::log::Level;
use crate::net::Url;
use crate::options::{Opt, Options};
use crate::pattern::Filter;
use crate::repo::DEFAULT_REVISION;
use crate::transfer::download::Engine;

/// The set-up of one job; clones share it.
#[derive(Clone)]
pub struct Context {
    /// The options, the job's over the client's.
    pub options: Arc<Options>,
    /// Network and budgets.
    pub engine: Engine,
    /// The endpoint.
    pub hub: Hub,
    /// The job.
    pub job: Job,
    /// The headers that the job itself brought.
    pub own_headers: Arc<[(String, String)]>,
    /// Whether the job itself brought a token.
    pub own_token: bool,
    /// Publishes small files together, in a snapshot.
    pub batch: Option<Arc<Batch>>,
    /// The unfinished downloads that lay in the cache when a snapshot began.
    pub before: Option<Arc<Partials>>,
    /// What stops this part of the job alone; it follows the job's own.
    pub control: Option<Control>,
}

impl Context {
    /// The set-up for a job with these options.
    pub fn new(own: &Options, below: &Options, engine: Engine, job: Job) -> Result<Self> {
        let options = own.over(below);
        let hub = Hub::new(engine.net.clone(), &options)?;
        Ok(Self {
            options: Arc::new(options),
            engine,
            hub,
            job,
            own_headers: own.headers().into(),
            own_token: own.secret(Opt::Token).is_some(),
            batch: None,
            before: None,
            control: None,
        })
    }

    /// The shared cache; an error that says how to set one, where there is none.
    pub fn cache(&self) -> Result<Cache> {
        let root = self.options.path(Opt::CacheDir).ok_or_else(|| {
            Error::invalid(
                "no cache folder: set the option cache_dir, or read the environment (hfx_options_from_env)",
            )
        })?;
        Ok(Cache::new(root, self.options.bool(Opt::Symlinks)).with_sync(self.sync()))
    }

    /// The local folder, where one is asked for; else there must be a shared cache.
    pub fn destination(&self) -> Result<Option<LocalDir>> {
        match self.options.path(Opt::LocalDir) {
            Some(root) => Ok(Some(LocalDir::new(root).with_sync(self.sync()))),
            None => self.cache().map(|_| None),
        }
    }

    /// Whether files must survive a power loss.
    pub fn sync(&self) -> bool {
        self.options.text(Opt::Durability) == "power"
    }

    /// Whether the network may not be used.
    pub fn offline(&self) -> bool {
        self.options.bool(Opt::Offline) || self.options.bool(Opt::LocalFilesOnly)
    }

    /// How partials are used.
    pub fn settings(&self) -> Settings {
        Settings {
            resume: self.options.bool(Opt::Resume),
            sync: self.sync(),
            mapped: self.options.text(Opt::Sink) == "map",
        }
    }

    /// The patterns of a snapshot.
    pub fn filter(&self) -> Filter {
        let (include, exclude) = (self.options.list(Opt::Include), self.options.list(Opt::Exclude));
        Filter::new(include, exclude).and_files(self.options.list(Opt::Files))
    }

    /// Whether a file that is here has to be asked about all the same: nobody knows its etag, and only one will do (see the
    /// option `if_match`).
    pub fn has_to_ask(&self, etag: &str) -> bool {
        etag.is_empty() && !self.options.text(Opt::IfMatch).is_empty() && !self.offline()
    }

    /// Refuses a file that has changed since the caller looked: see the option `if_match`.
    pub fn check_match(&self, name: &str, etag: &str) -> Result<()> {
        let wanted = self.options.text(Opt::IfMatch).trim_start_matches("W/").trim_matches('"');
        if wanted.is_empty() || wanted == etag {
            return Ok(());
        }
        let now = if etag.is_empty() { "unknown" } else { etag };
        Err(Error::new(Kind::ContentChanged, format!("the etag of {name} is {now}, not {wanted}")))
    }

    /// The headers for any URL: the client's are for its endpoint, those of the job are for this URL.
    pub fn headers_for(&self, url: &Url) -> HeaderMap {
        let home = url.origin() == self.hub.home();
        let mine = if home { self.options.headers() } else { self.own_headers.to_vec() };
        let pairs = mine.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    /// What stops the work: the job's control, or that of a part of it.
    pub fn watch(&self) -> Watch {
        self.control.as_ref().map_or_else(|| self.job.watch(), Control::watch)
    }

    /// Tells that the cache answers where the Hub should have.
    pub fn tell_stale(&self, error: &Error) {
        let text = || format!("what is here already was taken, which may be old: {error}");
        self.engine.log.tell(Level::Warn, "cache", text);
    }

    /// Why nothing was found without the network.
    pub fn not_cached(&self, what: &str) -> Error {
        Error::new(Kind::Offline, format!("{what} is not in the cache, and {}", self.why_offline()))
    }

    /// Refuses what only the Hub can do, where it may not be asked.
    pub fn online(&self) -> Result<()> {
        if self.offline() {
            let why = self.why_offline();
            return Err(Error::new(Kind::Offline, format!("{why}, and only the Hub can do this")));
        }
        Ok(())
    }

    fn why_offline(&self) -> &'static str {
        if self.options.bool(Opt::Offline) {
            "the client is offline"
        } else {
            "only local files were asked for"
        }
    }

    /// The same, in the midst of work that has taken long: a question to the Hub is asked again for as long as a transfer
    /// would go on.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { hub: self.hub.patient(), ..self.clone() }
    }
}

/// The revision that is meant when none is named.
pub fn revision_or_main(revision: Option<&str>) -> &str {
    revision.filter(|revision| !revision.is_empty()).unwrap_or(DEFAULT_REVISION)
}

/// Whether an error of the Hub leaves the last known state of the cache as the better answer.
pub fn cache_may_answer(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Network
            | Kind::Timeout
            | Kind::Http
            | Kind::RateLimited
            | Kind::RepoNotFound
            | Kind::Gated
            | Kind::Unauthorized
            | Kind::Forbidden
            | Kind::Disabled
            | Kind::Offline
    )
}
