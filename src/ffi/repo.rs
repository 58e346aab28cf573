//! Repositories by name.

use std::ffi::c_char;

use super::convert::{Text, handle, maybe_handle, maybe_text, out, take, text};
use super::error::{hfx_error, hfx_status};
use super::file::lend;
use super::guard::{guard, value};
use crate::error::{Error, Result};
use crate::repo::{RepoId, RepoKind, RepoSpec, check_revision};

/// A model.
pub const HFX_REPO_MODEL: i32 = 1;
/// A dataset.
pub const HFX_REPO_DATASET: i32 = 2;
/// A space.
pub const HFX_REPO_SPACE: i32 = 3;
/// A kernel.
pub const HFX_REPO_KERNEL: i32 = 4;

/// A repository's name, with the revision that is meant. Immutable; may be read from many threads.
pub struct hfx_repo {
    pub(super) id: RepoId,
    pub(super) revision: Option<String>,
    name: Text,
    revision_text: Option<Text>,
    path: Option<Text>,
}

impl hfx_repo {
    fn new(spec: RepoSpec) -> Result<Self> {
        if let Some(revision) = &spec.revision {
            check_revision(revision)?;
        }
        Ok(Self {
            name: Text::new(spec.repo.id()),
            revision_text: spec.revision.as_deref().map(Text::new),
            path: spec.path.as_deref().map(Text::new),
            id: spec.repo,
            revision: spec.revision,
        })
    }
}

/// Names a repository: its kind (`HFX_REPO_*`), "owner/name" or "name", and a branch, tag, commit or `refs/pr/N`
/// (NULL is the main branch).
/// On success `*out_repo` is the name, to be freed with hfx_repo_free. Makes no request.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_new(
    kind: i32,
    id: *const c_char,
    revision: *const c_char,
    out_repo: *mut *mut hfx_repo,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_repo, "out_repo")?;
        let repo = RepoId::new(kind_of(kind)?, text(id, "id")?)?;
        let revision = maybe_text(revision, "revision")?.map(str::to_owned);
        place.set(hfx_repo::new(RepoSpec { repo, revision, path: None })?);
        Ok(())
    })
}

/// Reads a repository from text: "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub.
/// The path, if the text names one, is hfx_repo_path.
/// On success `*out_repo` is the name, to be freed with hfx_repo_free. Makes no request.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_parse(
    string: *const c_char,
    out_repo: *mut *mut hfx_repo,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_repo, "out_repo")?;
        place.set(hfx_repo::new(RepoSpec::parse(text(string, "string")?, None, &[])?)?);
        Ok(())
    })
}

/// Its kind, one of `HFX_REPO_*`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_kind(repo: *const hfx_repo) -> i32 {
    value(0, || maybe_handle(repo).map_or(0, |r| number_of(r.id.kind())))
}

/// "owner/name". NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_id(repo: *const hfx_repo) -> *const c_char {
    lend(repo, |r| Some(&r.name))
}

/// The revision; NULL when none was named.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_revision(repo: *const hfx_repo) -> *const c_char {
    lend(repo, |r| r.revision_text.as_ref())
}

/// The path within the repository that hfx_repo_parse found; NULL when there was none.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_path(repo: *const hfx_repo) -> *const c_char {
    lend(repo, |r| r.path.as_ref())
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_repo_free(repo: *mut hfx_repo) {
    value((), || drop(take(repo)));
}

pub(super) fn of<'a>(repo: *const hfx_repo) -> Result<&'a hfx_repo> {
    handle(repo, "repo")
}

pub(super) fn kind_of(number: i32) -> Result<RepoKind> {
    match number {
        HFX_REPO_MODEL => Ok(RepoKind::Model),
        HFX_REPO_DATASET => Ok(RepoKind::Dataset),
        HFX_REPO_SPACE => Ok(RepoKind::Space),
        HFX_REPO_KERNEL => Ok(RepoKind::Kernel),
        other => Err(Error::invalid(format!("{other} is no kind of repository"))),
    }
}

pub(super) fn number_of(kind: RepoKind) -> i32 {
    match kind {
        RepoKind::Model => HFX_REPO_MODEL,
        RepoKind::Dataset => HFX_REPO_DATASET,
        RepoKind::Space => HFX_REPO_SPACE,
        RepoKind::Kernel => HFX_REPO_KERNEL,
    }
}
