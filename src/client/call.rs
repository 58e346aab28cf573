//! Any call of the Hub's API, and whose token it is.

use super::{Client, Hooks, Job, Output};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::hub::call::{check_json, check_method};
use crate::options::Options;
use crate::repo::RepoId;

impl Client {
    /// Calls the Hub's API: `target` is a path below the endpoint, as `/api/models?limit=5`, or an address on one of the
    /// Hub's origins; `json` the body, if any. Of a list, up to `pages` pages are joined to one array. Ends with
    /// [`Output::Reply`].
    ///
    /// GET, HEAD and PUT are made again after failures that may pass. Others only when the Hub surely did not act on
    /// them; else the error says that it may have.
    pub fn call(
        &self,
        method: &str,
        target: &str,
        json: Option<&str>,
        pages: u32,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let method = check_method(method)?;
        json.map(check_json).transpose()?;
        if json.is_some() && method.is_safe() {
            return Err(Error::invalid(format!("{method} takes no body")));
        }
        if pages == 0 {
            return Err(Error::invalid("at least one page is asked for"));
        }
        self.hub(options)?.target(target)?;
        let (target, json) = (target.to_owned(), json.map(str::to_owned));
        self.ask(options, hooks, move |hub| async move {
            hub.api(method.as_str(), &target, json.as_deref(), pages).await.map(Output::Reply)
        })
    }

    /// Asks whose token it is. Ends with [`Output::Reply`], whose body is the Hub's: `name`, `orgs`, `auth`...
    pub fn whoami(&self, options: &Options, hooks: Hooks) -> Result<Job> {
        self.ask(options, hooks, |hub| async move { hub.whoami().await.map(Output::Reply) })
    }

    /// Asks whether the files of a repository may be read, or written to: the job's error says why not. Ends with
    /// [`Output::Reply`].
    pub fn check_access(&self, repo: &RepoId, write: bool, options: &Options, hooks: Hooks) -> Result<Job> {
        let repo = repo.clone();
        self.ask(
            options,
            hooks,
            move |hub| async move { hub.check_access(&repo, write).await.map(Output::Reply) },
        )
    }

    /// The Hub that a job with these options speaks to.
    fn hub(&self, options: &Options) -> Result<Hub> {
        Hub::new(self.0.engine.net.clone(), &options.over(self.options()))
    }

    /// A job that talks to the Hub and touches no file.
    pub(super) fn ask<F, W>(&self, options: &Options, hooks: Hooks, question: W) -> Result<Job>
    where
        F: Future<Output = Result<Output>> + Send + 'static,
        W: FnOnce(Hub) -> F + Send + 'static,
    {
        self.start(options, hooks, move |context| async move {
            context.online()?;
            context.watch().guard(question(context.hub)).await
        })
    }
}
