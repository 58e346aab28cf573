//! The cache looked over, verified and cleaned.

use std::ffi::c_char;
use std::time::SystemTime;

use super::client::{hfx_client, of, start};
use super::convert::{Text, handle, maybe_handle, maybe_text, out, take, text, texts};
use super::error::{hfx_error, hfx_status};
use super::file::lend;
use super::guard::{guard, value};
use super::job::hfx_job;
use super::options::hfx_options;
use super::repo::{self, hfx_repo, number_of};
use crate::cache::assets::assets_path;
use crate::cache::evict::{self, Deletion, LIVE};
use crate::cache::scan::{CacheInfo, FileInfo, RepoInfo, RevisionInfo};
use crate::cache::verify::VerifyReport;
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::options::Opt;
use crate::repo::RepoId;

/// A cache as it was when it was looked over. Immutable; may be read from many threads.
pub struct hfx_cache {
    info: CacheInfo,
    root: Text,
    repos: Vec<Repo>,
    warnings: Vec<Text>,
}

struct Repo {
    id: Text,
    path: Text,
    revisions: Vec<Revision>,
}

struct Revision {
    commit: Text,
    path: Text,
    refs: Vec<Text>,
    files: Vec<Text>,
}

/// What will be deleted; nothing is until hfx_client_delete_cached. Immutable; may be read from many threads.
pub struct hfx_deletion(Deletion);

/// What a verification found. Immutable; may be read from many threads.
pub struct hfx_verification {
    checked: u64,
    bytes: u64,
    mismatches: Vec<(Text, Text, Text)>,
    missing: Vec<Text>,
    unknown: Vec<Text>,
}

/// A text that is handed out by itself: read with hfx_string_text, freed with hfx_string_free.
pub struct hfx_string(Text);

impl hfx_cache {
    pub(super) fn new(info: CacheInfo) -> Self {
        let revision = |one: &RevisionInfo| Revision {
            commit: Text::new(&one.commit),
            path: Text::path(&one.path),
            refs: one.refs.iter().map(|name| Text::new(name)).collect(),
            files: one.files.iter().map(|file| Text::new(&file.name)).collect(),
        };
        let repo = |one: &RepoInfo| Repo {
            id: Text::new(&one.id),
            path: Text::path(&one.path),
            revisions: one.revisions.iter().map(revision).collect(),
        };
        Self {
            root: Text::path(&info.root),
            repos: info.repos.iter().map(repo).collect(),
            warnings: info.warnings.iter().map(|line| Text::new(line)).collect(),
            info,
        }
    }
}

impl hfx_verification {
    pub(super) fn new(report: &VerifyReport) -> Self {
        let mismatches = report.mismatches.iter();
        Self {
            checked: report.checked as u64,
            bytes: report.bytes,
            mismatches: mismatches
                .map(|m| (Text::new(&m.path), Text::new(&m.expected), Text::new(&m.actual)))
                .collect(),
            missing: report.missing.iter().map(|name| Text::new(name)).collect(),
            unknown: report.unknown.iter().map(|name| Text::new(name)).collect(),
        }
    }
}

/// Starts looking the cache over: repositories, revisions, files, sizes, last use, refs, warnings. Nothing is followed
/// out of the cache, nothing is written. What it finds is asked for by index: repositories, in each its revisions, in
/// each its files. The result is taken with hfx_job_take_cache.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_scan_cache(
    client: *const hfx_client,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || start(client, options, out(out_job, "out_job")?, Client::scan_cache))
}

/// The cache's folder. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_path(cache: *const hfx_cache) -> *const c_char {
    lend(cache, |c| Some(&c.root))
}

/// The bytes of all blobs, each counted once.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_size(cache: *const hfx_cache) -> u64 {
    value(0, || maybe_handle(cache).map_or(0, |c| c.info.size))
}

/// How many warnings there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_warning_count(cache: *const hfx_cache) -> usize {
    value(0, || maybe_handle(cache).map_or(0, |c| c.warnings.len()))
}

/// A warning, one line; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_warning(cache: *const hfx_cache, index: usize) -> *const c_char {
    lend(cache, |c| c.warnings.get(index))
}

/// How many repositories there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_count(cache: *const hfx_cache) -> usize {
    value(0, || maybe_handle(cache).map_or(0, |c| c.repos.len()))
}

/// A repository's id, "owner/name"; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_id(cache: *const hfx_cache, repo: usize) -> *const c_char {
    lend(cache, |c| Some(&c.repos.get(repo)?.id))
}

/// A repository's folder; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_path(cache: *const hfx_cache, repo: usize) -> *const c_char {
    lend(cache, |c| Some(&c.repos.get(repo)?.path))
}

/// A repository's kind, one of `HFX_REPO_*`; 0 behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_kind(cache: *const hfx_cache, repo: usize) -> i32 {
    value(0, || repo_info(cache, repo).map_or(0, |r| number_of(r.kind)))
}

/// The bytes of a repository's blobs.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_size(cache: *const hfx_cache, repo: usize) -> u64 {
    value(0, || repo_info(cache, repo).map_or(0, |r| r.size))
}

/// When a blob of the repository was last read, as far as the file system notes it: milliseconds since 1970.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_repo_last_used_ms(cache: *const hfx_cache, repo: usize) -> i64 {
    value(0, || repo_info(cache, repo).map_or(0, |r| milliseconds(r.last_accessed)))
}

/// How many revisions of a repository are cached.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_revision_count(cache: *const hfx_cache, repo: usize) -> usize {
    value(0, || repo_info(cache, repo).map_or(0, |r| r.revisions.len()))
}

/// A revision's commit; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_revision_commit(
    cache: *const hfx_cache,
    repo: usize,
    revision: usize,
) -> *const c_char {
    lend(cache, |c| Some(&c.repos.get(repo)?.revisions.get(revision)?.commit))
}

/// A revision's folder; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_revision_path(
    cache: *const hfx_cache,
    repo: usize,
    revision: usize,
) -> *const c_char {
    lend(cache, |c| Some(&c.repos.get(repo)?.revisions.get(revision)?.path))
}

/// The bytes of a revision's files.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_revision_size(cache: *const hfx_cache, repo: usize, revision: usize) -> u64 {
    value(0, || revision_info(cache, repo, revision).map_or(0, |r| r.size))
}

/// A ref that leads to a revision, as "main"; NULL behind the last. A revision without one is detached.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_revision_ref(
    cache: *const hfx_cache,
    repo: usize,
    revision: usize,
    index: usize,
) -> *const c_char {
    lend(cache, |c| c.repos.get(repo)?.revisions.get(revision)?.refs.get(index))
}

/// How many files a revision has.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_file_count(cache: *const hfx_cache, repo: usize, revision: usize) -> usize {
    value(0, || revision_info(cache, repo, revision).map_or(0, |r| r.files.len()))
}

/// A file's path in the repository; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_file_name(
    cache: *const hfx_cache,
    repo: usize,
    revision: usize,
    index: usize,
) -> *const c_char {
    lend(cache, |c| c.repos.get(repo)?.revisions.get(revision)?.files.get(index))
}

/// A file's size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_file_size(
    cache: *const hfx_cache,
    repo: usize,
    revision: usize,
    index: usize,
) -> u64 {
    value(0, || file_info(cache, repo, revision, index).map_or(0, |f| f.size))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_free(cache: *mut hfx_cache) {
    value((), || drop(take(cache)));
}

/// Plans the deletion of revisions by their commits (40 hex digits each). Blobs that a kept revision shares stay.
/// One that the cache does not hold is `HFX_E_REVISION_NOT_FOUND`.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_delete_revisions(
    cache: *const hfx_cache,
    commits: *const *const c_char,
    count: usize,
    out_deletion: *mut *mut hfx_deletion,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_deletion, "out_deletion")?;
        let cache = handle(cache, "cache")?;
        let plan = evict::delete_revisions(&cache.info, &texts(commits, count, "commits")?);
        place.set(hfx_deletion(all_found(plan, Kind::RevisionNotFound)?));
        Ok(())
    })
}

/// Plans the deletion of a whole repository.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_delete_repo(
    cache: *const hfx_cache,
    kind: i32,
    id: *const c_char,
    out_deletion: *mut *mut hfx_deletion,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_deletion, "out_deletion")?;
        let cache = handle(cache, "cache")?;
        let id = RepoId::new(repo::kind_of(kind)?, text(id, "id")?)?;
        place.set(hfx_deletion(all_found(evict::delete_repos(&cache.info, &[id]), Kind::RepoNotFound)?));
        Ok(())
    })
}

/// Plans a clean-up: revisions that no ref leads to, and unfinished downloads that nobody is at.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_cache_prune(
    cache: *const hfx_cache,
    out_deletion: *mut *mut hfx_deletion,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_deletion, "out_deletion")?;
        place.set(hfx_deletion(evict::prune(&handle(cache, "cache")?.info, LIVE)));
        Ok(())
    })
}

/// The bytes that a plan frees, as far as can be told before.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_deletion_freed(deletion: *const hfx_deletion) -> u64 {
    value(0, || maybe_handle(deletion).map_or(0, |d| d.0.freed))
}

/// Starts doing what was planned; done again, it finds nothing left to do. Goes on after a failure, and ends with the
/// first one; a cancel leaves the rest. The job's progress tells the bytes that were freed, as `bytes_done`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_delete_cached(
    client: *const hfx_client,
    deletion: *const hfx_deletion,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let plan = &handle(deletion, "deletion")?.0;
        start(client, options, place, |client, options, hooks| client.delete_cached(plan, options, hooks))
    })
}

/// Frees the plan. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_deletion_free(deletion: *mut hfx_deletion) {
    value((), || drop(take(deletion)));
}

/// Starts a job that hashes the cached files of a repository and compares them with their names: of the repository's
/// revision when it names one, else of all that are cached. With the option `local_dir` it is that folder's files, which
/// must be what the revision holds by the Hub (offline: by the listing that was kept): those that are not there are
/// missing, and of others no hash is known. Its result is taken with hfx_job_take_verification.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_verify_cache(
    client: *const hfx_client,
    repo: *const hfx_repo,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let repo = repo::of(repo)?;
        start(client, options, place, |client, options, hooks| {
            client.verify_cache(&repo.id, repo.revision.as_deref(), options, hooks)
        })
    })
}

/// How many files were hashed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_checked(verification: *const hfx_verification) -> u64 {
    value(0, || maybe_handle(verification).map_or(0, |v| v.checked))
}

/// How many bytes were hashed.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_bytes(verification: *const hfx_verification) -> u64 {
    value(0, || maybe_handle(verification).map_or(0, |v| v.bytes))
}

/// A file whose bytes are not what its name says; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_mismatch(
    verification: *const hfx_verification,
    index: usize,
) -> *const c_char {
    lend(verification, |v| Some(&v.mismatches.get(index)?.0))
}

/// The hash that a mismatch must have; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_expected(
    verification: *const hfx_verification,
    index: usize,
) -> *const c_char {
    lend(verification, |v| Some(&v.mismatches.get(index)?.1))
}

/// The hash that a mismatch has; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_actual(
    verification: *const hfx_verification,
    index: usize,
) -> *const c_char {
    lend(verification, |v| Some(&v.mismatches.get(index)?.2))
}

/// A file of the revision that is not there: never fetched, or its bytes are gone; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_missing(
    verification: *const hfx_verification,
    index: usize,
) -> *const c_char {
    lend(verification, |v| v.missing.get(index))
}

/// A file that was not checked, since no hash of it is known; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_unknown(
    verification: *const hfx_verification,
    index: usize,
) -> *const c_char {
    lend(verification, |v| v.unknown.get(index))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_verification_free(verification: *mut hfx_verification) {
    value((), || drop(take(verification)));
}

/// Makes and names the folder where a library may keep its own assets beside the cache, as the Python client's
/// `cached_assets_path`: `<assets_dir>/<library>/<namespace>/<subfolder>`, NULL parts become "default".
/// On success `*out_path` is the folder, to be freed with hfx_string_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_assets_path(
    client: *const hfx_client,
    library: *const c_char,
    namespace: *const c_char,
    subfolder: *const c_char,
    out_path: *mut *mut hfx_string,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_path, "out_path")?;
        let root = of(client)?.options().path(Opt::AssetsDir);
        let root = root.ok_or_else(|| Error::invalid("no assets folder: set the option assets_dir"))?;
        let (namespace, subfolder) =
            (maybe_text(namespace, "namespace")?, maybe_text(subfolder, "subfolder")?);
        let path = assets_path(&root, text(library, "library")?, namespace, subfolder)?;
        place.set(hfx_string(Text::path(&path)));
        Ok(())
    })
}

/// The text. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_string_text(string: *const hfx_string) -> *const c_char {
    lend(string, |s| Some(&s.0))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_string_free(string: *mut hfx_string) {
    value((), || drop(take(string)));
}

fn all_found(plan: Deletion, kind: Kind) -> crate::error::Result<Deletion> {
    match plan.not_found.first() {
        None => Ok(plan),
        Some(name) => Err(Error::new(kind, format!("the cache does not hold {name}"))),
    }
}

fn repo_info<'a>(cache: *const hfx_cache, repo: usize) -> Option<&'a RepoInfo> {
    maybe_handle(cache)?.info.repos.get(repo)
}

fn revision_info<'a>(cache: *const hfx_cache, repo: usize, revision: usize) -> Option<&'a RevisionInfo> {
    repo_info(cache, repo)?.revisions.get(revision)
}

fn file_info<'a>(cache: *const hfx_cache, repo: usize, revision: usize, file: usize) -> Option<&'a FileInfo> {
    revision_info(cache, repo, revision)?.files.get(file)
}

fn milliseconds(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
