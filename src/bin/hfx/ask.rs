//! Calls of the Hub by commands that touch no file: a client for them, what they are about, and how they end.

use hfx::client::{Client, Hooks, Job, Output};
use hfx::error::{Error, Kind};
use hfx::hub::ApiReply;
use hfx::options::{Opt, Options};
use hfx::repo::{RepoId, RepoSpec};
use serde_json::Value;

use crate::args::hub::{AnswerArgs, HubArgs};
use crate::args::repo::WhichArgs;
use crate::fail::Failure;
use crate::{settings, stop, ui};

/// A client, and the repository that a command is about.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) repo: RepoId,
    /// The revision that the name or the flag gives.
    pub(crate) revision: Option<String>,
}

impl Session {
    /// For a command that is about a repository as a whole.
    pub(crate) fn whole(which: &WhichArgs) -> Result<Self, Failure> {
        let session = Self::at(which, None)?;
        match session.revision {
            None => Ok(session),
            Some(_) => {
                let text = format!("'{}' names a revision, which means nothing here", which.repo);
                Err(Failure::usage(text))
            }
        }
    }

    /// For a command that is about a revision.
    pub(crate) fn at(which: &WhichArgs, revision: Option<&str>) -> Result<Self, Failure> {
        let client = client(&which.hub)?;
        let spec = RepoSpec::parse(&which.repo, which.repo_type, &[client.options().text(Opt::Endpoint)])?;
        if spec.path.is_some() {
            return Err(Failure::usage(format!("'{}' names a file, not a repository", which.repo)));
        }
        let revision = match (spec.revision, revision) {
            (Some(own), Some(flag)) if own != flag => {
                let text = format!("'{}' names the revision {own}, and --revision {flag}", which.repo);
                return Err(Failure::usage(text));
            }
            (own, flag) => own.or_else(|| flag.map(str::to_owned)),
        };
        Ok(Self { client, repo: spec.repo, revision })
    }

    /// The fields that each answer about a repository begins with.
    pub(crate) fn object(&self) -> Value {
        serde_json::json!({"repo": self.repo.id(), "repo_type": self.repo.kind().name()})
    }

    /// "model o/n", for people.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.repo.kind(), self.repo.id())
    }
}

/// A client with these flags.
pub(crate) fn client(args: &HubArgs) -> Result<Client, Failure> {
    stop::listen();
    Ok(Client::open(settings::hub(args)?)?)
}

/// Waits for a job that was started, until it ends or the user ends it.
pub(crate) fn output(job: Result<Job, Error>) -> Result<Output, Failure> {
    let job = job?;
    stop::attach(&job);
    job.join().map_err(|error| match error.kind() {
        Kind::Cancelled => {
            Failure::from(error).says("interrupted").hint("what was asked for may have been done")
        }
        _ => Failure::from(error),
    })
}

/// The same, of a job that ends with an answer of the Hub.
pub(crate) fn reply(job: Result<Job, Error>) -> Result<ApiReply, Failure> {
    match output(job)? {
        Output::Reply(reply) => Ok(reply),
        _ => Err(other()),
    }
}

/// Options of one job that are switched on.
pub(crate) fn switched(flags: &[(bool, Opt)]) -> Result<Options, Error> {
    let mut options = Options::new();
    for (on, id) in flags {
        if *on {
            options.set_bool(*id, true)?;
        }
    }
    Ok(options)
}

/// Nothing that is called.
pub(crate) fn hooks() -> Hooks {
    Hooks::default()
}

/// The library gave what it never gives.
pub(crate) fn other() -> Failure {
    Failure::plain("the library answered something else than what was asked for")
}

/// Says what was done: one object with `--json`, a word on stderr for people, and nothing when quiet.
pub(crate) fn done(answer: AnswerArgs, object: &Value, words: &str) -> Result<(), Failure> {
    if answer.json {
        return ui::json(object);
    }
    if !answer.quiet {
        ui::note(words);
    }
    Ok(())
}

/// With `--json` a failure is told there, too.
pub(crate) fn ended(result: Result<(), Failure>, json: bool) -> Result<(), Failure> {
    if let Err(failure) = &result
        && json
        && !failure.is_told()
    {
        ui::json(&failure.event())?;
    }
    result
}
