//! Branches, tags, commits and pull requests. Names that git or the Hub would refuse are refused before anything is
//! sent.

use super::{Client, Hooks, Job, Output, checked_revision};
use crate::error::Result;
use crate::hub::discussions::{check_title, described};
use crate::options::{Opt, Options};
use crate::repo::{RepoId, check_ref_name, check_revision};

impl Client {
    /// Makes a branch at a revision, the head of main when none is named; the option `exist_ok` takes one that is
    /// there. Ends with [`Output::Reply`].
    pub fn create_branch(
        &self,
        repo: &RepoId,
        branch: &str,
        start: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        check_ref_name("branch", branch)?;
        start.map(check_revision).transpose()?;
        let exist_ok = options.over(self.options()).bool(Opt::ExistOk);
        let (repo, branch, start) = (repo.clone(), branch.to_owned(), start.map(str::to_owned));
        self.ask(options, hooks, move |hub| async move {
            hub.create_branch(&repo, &branch, start.as_deref(), exist_ok).await.map(Output::Reply)
        })
    }

    /// Deletes a branch; the option `missing_ok` takes one that is not there. Ends with [`Output::Reply`].
    pub fn delete_branch(&self, repo: &RepoId, branch: &str, options: &Options, hooks: Hooks) -> Result<Job> {
        check_revision(branch)?;
        let missing_ok = options.over(self.options()).bool(Opt::MissingOk);
        let (repo, branch) = (repo.clone(), branch.to_owned());
        self.ask(options, hooks, move |hub| async move {
            hub.delete_branch(&repo, &branch, missing_ok).await.map(Output::Reply)
        })
    }

    /// Tags a revision, the head of main when none is named; the option `exist_ok` takes a tag that is there. Ends with
    /// [`Output::Reply`].
    pub fn create_tag(
        &self,
        repo: &RepoId,
        tag: &str,
        revision: Option<&str>,
        message: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        check_ref_name("tag", tag)?;
        let revision = checked_revision(revision)?;
        let exist_ok = options.over(self.options()).bool(Opt::ExistOk);
        let (repo, tag, message) = (repo.clone(), tag.to_owned(), message.map(str::to_owned));
        self.ask(options, hooks, move |hub| async move {
            hub.create_tag(&repo, &tag, &revision, message.as_deref(), exist_ok).await.map(Output::Reply)
        })
    }

    /// Deletes a tag; the option `missing_ok` takes one that is not there. Ends with [`Output::Reply`].
    pub fn delete_tag(&self, repo: &RepoId, tag: &str, options: &Options, hooks: Hooks) -> Result<Job> {
        check_revision(tag)?;
        let missing_ok = options.over(self.options()).bool(Opt::MissingOk);
        let (repo, tag) = (repo.clone(), tag.to_owned());
        self.ask(options, hooks, move |hub| async move {
            hub.delete_tag(&repo, &tag, missing_ok).await.map(Output::Reply)
        })
    }

    /// Lists the commits behind a revision, newest first: `most` of them, 0 for all. Ends with [`Output::Commits`].
    pub fn commits(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        most: usize,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (repo, revision) = (repo.clone(), checked_revision(revision)?);
        self.ask(options, hooks, move |hub| async move {
            hub.commits(&repo, &revision, most).await.map(Output::Commits)
        })
    }

    /// Opens a pull request, in draft. Ends with [`Output::Reply`], whose body is `{"num", "ref", "url"}`. Never sent
    /// twice: an error after a lost answer says that one may have been opened.
    pub fn open_pull_request(
        &self,
        repo: &RepoId,
        title: &str,
        description: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let title = check_title(title)?.to_owned();
        let description = described(description.unwrap_or_default()).to_owned();
        let repo = repo.clone();
        self.ask(options, hooks, move |hub| async move {
            hub.open_pull_request(&repo, &title, &description).await.map(|opened| Output::Reply(opened.reply))
        })
    }
}
