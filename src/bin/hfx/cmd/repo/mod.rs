//! `hfx repo`: repositories on the Hub.

mod list;
mod make;
mod refs;

use crate::args::repo::{BranchCommand, RepoCommand, TagCommand};
use crate::ask;
use crate::fail::Failure;

/// Does what was asked.
pub(crate) fn run(command: &RepoCommand) -> Result<(), Failure> {
    let (done, answer) = match command {
        RepoCommand::Create(args) => (make::create(args), args.which.answer),
        RepoCommand::Delete(args) => (make::delete(args), args.which.answer),
        RepoCommand::Move(args) => (make::rename(args), args.which.answer),
        RepoCommand::Settings(args) => (make::settings(args), args.which.answer),
        RepoCommand::Branch(args) => match &args.command {
            BranchCommand::Create(args) => (refs::create_branch(args), args.which.answer),
            BranchCommand::Delete(args) => (refs::delete_branch(args), args.which.answer),
            BranchCommand::List(which) => (refs::list_branches(which), which.answer),
        },
        RepoCommand::Tag(args) => match &args.command {
            TagCommand::Create(args) => (refs::create_tag(args), args.which.answer),
            TagCommand::Delete(args) => (refs::delete_tag(args), args.which.answer),
            TagCommand::List(which) => (refs::list_tags(which), which.answer),
        },
        RepoCommand::Files(args) => (list::files(args), args.which.answer),
        RepoCommand::Refs(args) => (refs::list_all(args), args.which.answer),
        RepoCommand::Commits(args) => (list::commits(args), args.which.answer),
        RepoCommand::Exists(args) => (list::exists(args), args.which.answer),
    };
    ask::ended(done, answer.json)
}
