//! Repositories as wholes: made, deleted, moved, changed, asked for. What can't be right is refused before anything is
//! sent.

use super::{Client, Hooks, Job, Output, checked_revision};
use crate::error::Result;
use crate::hub::repos::check_move;
use crate::hub::{Making, Settings};
use crate::options::{Opt, Options};
use crate::repo::{RepoId, check_repo_path, check_revision};

impl Client {
    /// Makes a repository, as the options `visibility`, `space_sdk` and `exist_ok` say. Ends with [`Output::Reply`],
    /// whose body is `{"url", "created"}`.
    pub fn create_repo(&self, repo: &RepoId, options: &Options, hooks: Hooks) -> Result<Job> {
        let (repo, all) = (repo.clone(), options.over(self.options()));
        let making = Making {
            visibility: chosen(&all, Opt::Visibility),
            sdk: chosen(&all, Opt::SpaceSdk),
            exist_ok: all.bool(Opt::ExistOk),
        };
        making.check(&repo)?;
        self.ask(options, hooks, move |hub| async move {
            hub.create_repo(&repo, &making).await.map(Output::Reply)
        })
    }

    /// Deletes a repository for ever; the option `missing_ok` takes one that is not there. Ends with
    /// [`Output::Reply`].
    pub fn delete_repo(&self, repo: &RepoId, options: &Options, hooks: Hooks) -> Result<Job> {
        let (repo, missing_ok) = (repo.clone(), options.over(self.options()).bool(Opt::MissingOk));
        self.ask(options, hooks, move |hub| async move {
            hub.delete_repo(&repo, missing_ok).await.map(Output::Reply)
        })
    }

    /// Gives a repository another name or owner. Ends with [`Output::Reply`], whose body is `{"url"}`.
    pub fn move_repo(&self, from: &RepoId, to: &RepoId, options: &Options, hooks: Hooks) -> Result<Job> {
        check_move(from, to)?;
        let (from, to) = (from.clone(), to.clone());
        self.ask(options, hooks, move |hub| async move { hub.move_repo(&from, &to).await.map(Output::Reply) })
    }

    /// Changes what the options `visibility` and `gated` say, one of them at least. Ends with [`Output::Reply`].
    pub fn change_repo(&self, repo: &RepoId, options: &Options, hooks: Hooks) -> Result<Job> {
        let (repo, all) = (repo.clone(), options.over(self.options()));
        let settings =
            Settings { visibility: chosen(&all, Opt::Visibility), gated: chosen(&all, Opt::Gated) };
        settings.check(&repo)?;
        self.ask(options, hooks, move |hub| async move {
            hub.change_repo(&repo, &settings).await.map(Output::Reply)
        })
    }

    /// Whether a repository is there, and has the revision where one is named. Ends with [`Output::Exists`].
    pub fn repo_exists(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        revision.map(check_revision).transpose()?;
        let (repo, revision) = (repo.clone(), revision.map(str::to_owned));
        self.ask(options, hooks, move |hub| async move {
            hub.repo_exists(&repo, revision.as_deref()).await.map(Output::Exists)
        })
    }

    /// Whether a revision of a repository has the file. Ends with [`Output::Exists`].
    pub fn file_exists(
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
            hub.file_exists(&repo, &revision, &path).await.map(Output::Exists)
        })
    }
}

/// A choice, where one was made.
fn chosen(options: &Options, id: Opt) -> Option<String> {
    Some(options.text(id)).filter(|text| !text.is_empty()).map(str::to_owned)
}
