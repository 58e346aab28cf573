//! The way out: content to LFS servers, files and folders into commits.
//!
//! [`draft`] holds what shall be committed, [`commit`] makes it [`ready`] and [`once`] makes it, where others have not
//! [`touched`] the same; [`folder`] and [`schedule`] fill it from disk; [`push`] brings LFS content to the server, each
//! [`object`] in its parts; [`lfs`] and [`put`] send without a commit. [`state`] remembers parts and [`hashes`] from one run
//! to the next, in [`lines`].

pub mod commit;
pub mod draft;
mod folder;
mod hashes;
mod lfs;
mod lines;
mod object;
mod once;
mod push;
mod put;
mod ready;
pub mod schedule;
mod state;
mod touched;

use std::path::Path;
use std::time::Duration;

pub use draft::{Draft, Input};
use ready::Aim;
pub use schedule::Schedule;

use super::{Client, Hooks, Job, Output, checked_revision};
use crate::error::{Error, Result};
use crate::hub::lfs::LfsObject;
use crate::options::Options;
use crate::repo::RepoId;

impl Client {
    /// Commits a draft, which is empty after. Ends with [`Output::Commit`].
    pub fn commit(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        draft: &Draft,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let aim = self.aim(repo, revision, options, "Upload with hfx")?;
        let draft = draft.clone();
        self.start(options, hooks, move |context| async move {
            commit::commit(&context, &aim, &draft).await.map(Output::Commit)
        })
    }

    /// Sends the LFS content of a draft ahead of its commit, and lets go of it. Ends with [`Output::Commit`].
    pub fn preupload(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        draft: &Draft,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let aim = self.aim(repo, revision, options, "Upload with hfx")?;
        let draft = draft.clone();
        self.start(options, hooks, move |context| async move {
            commit::preupload(&context, &aim, &draft).await.map(Output::Commit)
        })
    }

    /// Uploads one file in a commit of its own. Ends with [`Output::Commit`].
    pub fn upload_file(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        input: Input,
        path: &str,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let draft = Draft::new();
        draft.add(path, input)?;
        let aim = self.aim(repo, revision, options, &format!("Upload {path} with hfx"))?;
        self.start(options, hooks, move |context| async move {
            commit::commit(&context, &aim, &draft).await.map(Output::Commit)
        })
    }

    /// Uploads a folder into a folder of the repository (empty: its root). Ends with [`Output::Commit`].
    pub fn upload_folder(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        folder: &Path,
        below: &str,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let aim = self.aim(repo, revision, options, "Upload folder with hfx")?;
        let (folder, below) = (folder.to_owned(), folder::below(below)?);
        self.start(options, hooks, move |context| async move {
            folder::upload(&context, &aim, &folder, &below).await.map(Output::Commit)
        })
    }

    /// Brings an object to an LFS server, unless it is there. Ends with [`Output::Nothing`].
    pub fn lfs_upload(
        &self,
        server: &str,
        object: &LfsObject,
        file: &Path,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (server, object, file) = (crate::net::Url::parse(server)?, object.clone(), file.to_owned());
        self.start(options, hooks, move |context| async move {
            lfs::upload(&context, &server, &object, file).await.map(|()| Output::Nothing)
        })
    }

    /// Fetches an object from an LFS server to a path. Ends with [`Output::File`].
    pub fn lfs_download(
        &self,
        server: &str,
        object: &LfsObject,
        to: &Path,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        let (server, object, to) = (crate::net::Url::parse(server)?, object.clone(), to.to_owned());
        self.start(options, hooks, move |context| async move {
            lfs::download(&context, &server, &object, to).await.map(Output::File)
        })
    }

    /// Sends a file by one PUT to a URL. Ends with [`Output::Parts`].
    pub fn upload_url(&self, input: Input, url: &str, options: &Options, hooks: Hooks) -> Result<Job> {
        crate::net::Url::parse(url)?;
        let urls = [url.to_owned()];
        self.start(options, hooks, move |context| async move {
            put::put(&context, input, &urls, None).await.map(Output::Parts)
        })
    }

    /// Sends a file in parts of one size to a URL each, in their order. Ends with [`Output::Parts`].
    pub fn upload_parts(
        &self,
        input: Input,
        urls: &[String],
        part_size: u64,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        if part_size == 0 {
            return Err(Error::invalid("a part is not 0 bytes"));
        }
        urls.iter().try_for_each(|url| crate::net::Url::parse(url).map(|_| ()))?;
        let urls = urls.to_vec();
        self.start(options, hooks, move |context| async move {
            put::put(&context, input, &urls, Some(part_size)).await.map(Output::Parts)
        })
    }

    /// Commits what is new in a folder every so often, until the schedule is stopped. Ends with [`Output::Commit`].
    #[allow(clippy::too_many_arguments)] // Each is a thing of its own.
    pub fn schedule(
        &self,
        repo: &RepoId,
        revision: Option<&str>,
        folder: &Path,
        below: &str,
        every: Duration,
        schedule: &Schedule,
        options: &Options,
        hooks: Hooks,
    ) -> Result<Job> {
        if every.is_zero() {
            return Err(Error::invalid("the time between two commits is not 0"));
        }
        let aim = self.aim(repo, revision, options, "Scheduled Commit")?;
        if aim.parent.is_some() || aim.create_pr {
            return Err(Error::invalid(
                "a schedule makes many commits: neither parent_commit nor create_pr fit",
            ));
        }
        let below = folder::below(below)?;
        let plan =
            schedule::Plan { aim, folder: folder.to_owned(), below, every, schedule: schedule.clone() };
        self.start(options, hooks, move |context| async move { plan.run(&context).await.map(Output::Commit) })
    }

    /// Asks a schedule for a commit now. Ends with [`Output::Commit`], of that commit alone.
    pub fn trigger(&self, schedule: &Schedule, options: &Options, hooks: Hooks) -> Result<Job> {
        let schedule = schedule.clone();
        self.start(options, hooks, move |context| async move {
            context.watch().guard(schedule.triggered()).await.map(Output::Commit)
        })
    }

    fn aim(&self, repo: &RepoId, revision: Option<&str>, options: &Options, message: &str) -> Result<Aim> {
        Aim::new(&options.over(&self.0.options), repo, &checked_revision(revision)?, message)
    }
}
