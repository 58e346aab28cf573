//! Plain URLs to a file, and bytes of remote files into memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header;

use super::context::{Context, revision_or_main};
use super::fetch::{self, Fetched, Item};
use super::file;
use super::output::{BytesResult, FileResult};
use super::place::Place;
use crate::cache::Lookup;
use crate::cache::verify::hashes_to;
use crate::cancel::{Watch, Wish};
use crate::digest::{Expected, Verified};
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::FileMeta;
use crate::hub::api::timeouts;
use crate::log::Level;
use crate::net::retry::Backoff;
use crate::net::{Body, Url, redirect};
use crate::options::{Opt, Options};
use crate::repo::{RepoId, is_commit};
use crate::sys::link;
use crate::sys::map::Region;
use crate::sys::sha::{Sha256, hex};
use crate::transfer::download::{First, Spec, blocking, run};
use crate::transfer::sink::{ChunkFn, FileSink, MemorySink, OrderedSink, Sink};
use crate::transfer::slots::Slot;
use crate::transfer::source::{Found, Opened, Remote, Source};

/// Names in a query that a signature brings (S3, its CDN, Google, Azure).
const SIGNATURES: &[&str] = &[
    "awsaccesskeyid",
    "signature",
    "expires",
    "policy",
    "key-pair-id",
    "googleaccessid",
    "token",
    "security-token",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-expires",
    "x-oss-security-token",
    "authorization",
    "hdnea",
    "hdnts",
    "verify",
    "sig",
    "se",
    "sp",
    "sv",
    "sr",
    "st",
    "spr",
    "skoid",
    "sktid",
    "skt",
    "ske",
    "sks",
    "skv",
];

/// What the first request asks for.
const FIRST: u64 = 4 << 20;
/// How often the first request is tried.
const TRIES: u32 = 8;
/// A read from the disk for a file that is cached.
const READ: usize = 1 << 20;

/// Which file's bytes are wanted.
#[derive(Debug, Clone)]
pub enum Which {
    /// A file of a repository.
    Repo {
        /// The repository.
        repo: RepoId,
        /// Its revision, `main` when none.
        revision: Option<String>,
        /// The path in it.
        path: String,
    },
    /// Any URL.
    Url(String),
}

/// Called before the first byte.
pub type StartFn = Box<dyn FnOnce(&FileMeta) -> Result<()> + Send>;

/// Where bytes go that do not go to the disk.
pub enum Into {
    /// Memory that the result brings along.
    Memory,
    /// Memory of the caller's.
    Region(Arc<Region>),
    /// A callback that gets them in order.
    Chunks(ChunkFn),
    /// The same, and one before that is told which file it is.
    Stream(StartFn, ChunkFn),
}

/// Downloads a URL to a path.
pub async fn download(context: &Context, url: &str, to: &Path) -> Result<FileResult> {
    let source = Arc::new(Source::new(context.engine.net.clone(), plain(context, url)?));
    let url = &source.remote().url;
    let name = url.path().rsplit('/').find(|part| !part.is_empty()).unwrap_or("file").to_owned();
    let progress = context.job.shared_progress().add(&name, 0);
    let result = to_path(context, source, to, progress.clone()).await;
    if let Err(error) = &result {
        progress.fail(error);
    }
    result
}

async fn to_path(
    context: &Context,
    source: Arc<Source>,
    to: &Path,
    progress: Arc<FileProgress>,
) -> Result<FileResult> {
    let expected = expected_of(context);
    let name = source.remote().url.safe();
    let (at, own, hash, told) = (to.to_owned(), context.clone(), expected.clone(), progress.clone());
    let url = name.clone();
    let (to, there) = blocking(move || {
        let to = behind_links(&at)?;
        let there = already(&own, &to, hash.as_ref(), &told)?;
        if !there {
            online(&own, &url)?;
            Place::Path(to.clone()).prepare()?;
        }
        Ok((to, there))
    })
    .await?;
    if there {
        let cached = FileResult::local(&name, "", to);
        return Ok(FileResult { verified: Some(Verified::Hash), ..cached }.told(&progress));
    }
    let place = Place::Path(to);
    if expected.is_none() && context.options.bool(Opt::RequireHash) {
        return Err(Error::new(Kind::NoHash, "a hash is required and none was given (option sha256)"));
    }
    let mut backoff = Backoff::default();
    let mut watch = context.watch();
    // Each look stands for itself: what told no size before may tell one now.
    let (etag, fetched) = loop {
        watch.go_on().await?;
        let (slot, opened, found) = first_look(context, &source, FIRST).await?;
        let etag = found.etag.unwrap_or_default();
        context.check_match(&source.remote().url.safe(), &etag)?;
        if let Some(size) = found.size {
            let length = size.min(FIRST);
            let item = sized(&source, &etag, size, expected, First { opened, length, slot }).await;
            let mut fetched = fetch::fetch(context, place.clone(), item, progress.clone()).await?;
            fetched.verified = fetched.verified.or(Some(Verified::Length));
            break (etag, fetched);
        }
        let error = match endless(context, opened, slot, &place, expected.as_ref(), &progress).await {
            Ok(fetched) => break (etag, fetched),
            Err(error) => error,
        };
        if watch.wish() == Wish::Pause {
            continue;
        }
        let wait = backoff.next(fastrand::f64());
        if !error.is_retryable() || backoff.failures() >= TRIES {
            return Err(error);
        }
        context.engine.log.tell(Level::Warn, "transfer", || format!("{error}; beginning again"));
        watch.sleep(wait).await?;
    };
    sync_name(context, place.folder()).await?;
    progress.set_state(FileState::Done);
    Ok(FileResult {
        name,
        path: fetched.path,
        size: progress.size(),
        etag,
        commit: String::new(),
        verified: fetched.verified,
        state: FileState::Done,
    })
}

/// Whether the file that is there has the hash that it must have. Blocks.
fn already(
    context: &Context,
    path: &Path,
    expected: Option<&Expected>,
    progress: &FileProgress,
) -> Result<bool> {
    let Some(expected) = expected.filter(|_| !context.options.bool(Opt::Force)) else { return Ok(false) };
    let Some(there) = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file) else {
        return Ok(false);
    };
    progress.set_size(there.len());
    match hashes_to(path, expected.hex(), &mut file::hashing(context, progress)) {
        Err(error) if error.kind() != Kind::Cancelled => Ok(false), // What can't be read can be replaced.
        looked => looked,
    }
}

/// Where a path leads: a link stays, and what it leads to is replaced. Devices and what the kernel makes up are no places
/// for a file, whatever a link of theirs (`/dev/stdout`) leads to.
fn behind_links(to: &Path) -> Result<PathBuf> {
    let not_here = |what: &str| Err(Error::invalid(format!("{} is {what}", to.display())));
    if to.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return not_here("a folder");
    }
    let made_up = |path: &Path| path.starts_with("/dev") || path.starts_with("/proc");
    let at = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
    let is_link = std::fs::symlink_metadata(to).is_ok_and(|metadata| metadata.is_symlink());
    let place = match std::fs::canonicalize(to) {
        Ok(place) if is_link => place,
        Err(_) if is_link => return not_here("a link that leads nowhere"),
        _ => to.to_owned(),
    };
    let shm = |path: &Path| path.starts_with("/dev/shm");
    if [at.as_path(), &place].into_iter().any(|path| made_up(path) && !shm(path)) {
        return not_here("not a place for a file");
    }
    Ok(place)
}

fn online(context: &Context, url: &str) -> Result<()> {
    if context.offline() { Err(context.not_cached("what a URL names").url(url)) } else { Ok(()) }
}

/// What to fetch, now that its size is known.
async fn sized(source: &Source, etag: &str, size: u64, expected: Option<Expected>, first: First) -> Item {
    let identity = match &expected {
        Some(expected) => expected.hex().to_owned(),
        None => identity(&source.remote().url, etag),
    };
    let mut remote = source.remote().clone();
    remote.size = Some(size);
    let sized = Arc::new(source.sized(source.net().clone(), remote.clone()).await);
    let first = (first.length > 0).then_some((sized, first));
    Item { remote, etag: identity, size, expected, first }
}

/// What tells a file without a hash from another one, so that it is gone on with: address and etag together, since servers
/// make etags of time and size alone. A signature, which is another one in each run, is no part of the address.
fn identity(url: &Url, etag: &str) -> String {
    if etag.is_empty() {
        return String::new();
    }
    let query = url.as_str().split_once('?').map_or("", |(_, query)| query);
    let named = query.split('&').filter(|pair| {
        let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        !SIGNATURES.contains(&key.as_str())
            && !["x-amz-", "x-goog-", "x-oss-signature", "q-"].iter().any(|signed| key.starts_with(signed))
    });
    let named: Vec<&str> = named.collect();
    let mut hash = Sha256::new();
    hash.update(format!("{}?{}\n{etag}", url.safe(), named.join("&")).as_bytes());
    hex(&hash.finish())
}

/// Brings the names in the folder of a finished file to disk, where it is to survive a power loss.
async fn sync_name(context: &Context, folder: PathBuf) -> Result<()> {
    if !context.sync() {
        return Ok(());
    }
    blocking(move || link::sync_dir(&folder).map_err(|error| Error::io("sync", &folder, &error))).await
}

fn expected_of(context: &Context) -> Option<Expected> {
    Expected::from_etag(context.options.text(Opt::ExpectSha256))
}

/// The first request, tried again while that may help.
async fn first_look(context: &Context, source: &Source, length: u64) -> Result<(Slot, Opened, Found)> {
    let mut watch = context.watch();
    let mut backoff = Backoff::default();
    loop {
        let member = context.engine.limits.slots.member(u64::MAX);
        let slot = watch.guard(async { Ok(context.engine.limits.slots.acquire(member).await) }).await?;
        let error = match watch.guard(source.probe(length)).await {
            Ok((opened, found)) => return Ok((slot, opened, found)),
            Err(error) => error,
        };
        drop(slot);
        let wait = backoff.next(fastrand::f64());
        if !error.is_retryable() || backoff.failures() >= TRIES {
            return Err(error);
        }
        watch.sleep(wait).await?;
    }
}

/// A server that does not tell the size: bytes until the end, in one stream, from the first. Without a hash nothing proves
/// that the end was the end.
async fn endless(
    context: &Context,
    opened: Opened,
    slot: Slot,
    place: &Place,
    expected: Option<&Expected>,
    progress: &FileProgress,
) -> Result<Fetched> {
    let (Opened::Whole(body) | Opened::Part(body)) = opened;
    let partial = Unfinished(place.new_partial()?);
    let (file, verified) = to_its_end(context, body, slot, &partial.0, expected, progress).await?;
    let (place, sync) = (place.clone(), context.sync());
    let path = blocking(move || {
        if sync {
            file.sync_data().map_err(|error| Error::io("sync", &partial.0, &error))?;
        }
        place.publish(&partial.0)
    })
    .await?;
    Ok(Fetched { path, verified })
}

/// A file that goes unless it is published.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes a body to a new file until it ends.
async fn to_its_end(
    context: &Context,
    mut body: Body,
    mut slot: Slot,
    partial: &Path,
    expected: Option<&Expected>,
    progress: &FileProgress,
) -> Result<(Arc<std::fs::File>, Option<Verified>)> {
    let file = std::fs::File::create_new(partial).map_err(|error| Error::io("create", partial, &error))?;
    let file = Arc::new(file);
    let sink = FileSink::new(file.clone(), partial);
    let mut hasher = expected.map(|expected| expected.hasher(0));
    let (mut size, mut watch) = (0, context.watch());
    loop {
        let chunk = tokio::select! {
            biased;
            () = watch.stopped() => return Err(Error::cancelled()),
            chunk = body.chunk() => chunk?,
        };
        let Some(chunk) = chunk else { break };
        slot.delivers(chunk.len() as u64);
        context.engine.limits.write(|| sink.write_at(&chunk, size)).await?;
        if let Some(hasher) = &mut hasher {
            hasher.update(&chunk);
        }
        let length = chunk.len() as u64;
        size += length;
        progress.set_size(size.max(progress.size()));
        progress.add_received(length);
        progress.set_done(size);
        drop(chunk);
        tokio::select! {
            biased;
            () = context.engine.limits.rate.pass(length) => {}
            () = watch.stopped() => return Err(Error::cancelled()),
        }
    }
    progress.set_size(size);
    let verified = match (hasher, expected) {
        (Some(hasher), Some(expected)) => {
            let actual = hasher.finish();
            if actual != expected.hex() {
                let text = format!("the bytes have the hash {actual}, they must have {}", expected.hex());
                return Err(Error::new(Kind::HashMismatch, text));
            }
            Some(Verified::Hash)
        }
        _ => None,
    };
    Ok((file, verified))
}

/// Whether the token of these options goes along to a URL.
pub fn token_may_go(options: &Options, url: &str) -> Result<bool> {
    let (home, to) = (Url::parse(options.text(Opt::Endpoint))?, Url::parse(url)?);
    Ok(redirect::token_may_go(home.origin(), to.origin(), options.bool(Opt::AllowHttpToken)))
}

/// A URL as it is, with the job's headers, and with the token where it is the endpoint's own.
fn plain(context: &Context, url: &str) -> Result<Remote> {
    let url = Url::parse(url)?;
    let mut headers = context.headers_for(&url);
    let hub = &context.hub;
    let own = context.own_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if own && !hub.net().token_may_go(url.origin(), url.origin(), hub.allows_http_token()) {
        let what = format!("Authorization would go to {} over plain http", url.origin());
        return Err(Error::invalid(format!("{what}, where others can read it (option allow_http_token)")));
    }
    if !own
        && hub.net().token_may_go(hub.home(), url.origin(), hub.allows_http_token())
        && let Some(token) = hub.headers().get(header::AUTHORIZATION)
    {
        headers.insert(header::AUTHORIZATION, token.clone());
    }
    Ok(Remote {
        home: url.origin().clone(),
        url,
        location: None,
        headers,
        allow_http_token: hub.allows_http_token(),
        size: None,
        etag: None,
        timeouts: timeouts(&context.options),
    })
}

/// Reads a range (or, without one, the whole) of a file into memory or a callback.
pub async fn read(
    context: &Context,
    which: &Which,
    range: Option<(u64, u64)>,
    into: Into,
) -> Result<BytesResult> {
    let mut watch = context.watch();
    let (start, into) = match into {
        Into::Stream(start, chunks) => (Some(start), Into::Chunks(chunks)),
        other => (None, other),
    };
    let begin = |name: &str, meta: &FileMeta| -> Result<()> {
        context.check_match(name, &meta.etag)?;
        // The host's code may block; the connections of this thread go on elsewhere.
        start.map_or(Ok(()), |start| tokio::task::block_in_place(|| start(meta)))
    };
    let (source, meta, expected, name) = match which {
        Which::Repo { repo, revision, path } => {
            let revision = revision_or_main(revision.as_deref());
            let here = match cached(context, repo, revision, path)? {
                Some(found) => Some((cached_meta(context, repo, revision, path, &found)?, found)),
                None => None,
            };
            if let Some((meta, cached)) = here.filter(|(meta, _)| !context.has_to_ask(&meta.etag)) {
                begin(path, &meta)?;
                let progress = context.job.shared_progress().add(path, 0);
                let wish = watch.clone();
                let read = move || from_disk(&cached, range, into, meta, &progress, &wish);
                return blocking(read).await;
            }
            if context.offline() {
                return Err(context.not_cached(&format!("{path} of {} at {revision}", repo.id())));
            }
            let meta = watch.guard(context.hub.resolve(repo, revision, path)).await?;
            let remote = file::remote(context, repo, path, &meta)?;
            let source = Source::new(context.engine.net.clone(), remote);
            let expected = Expected::from_etag(&meta.etag);
            (source, meta, expected, path.clone())
        }
        Which::Url(url) => {
            online(context, url)?;
            let source = Source::new(context.engine.net.clone(), plain(context, url)?);
            let (_, _, found) = first_look(context, &source, 1).await?;
            let size = found.size.ok_or_else(|| {
                Error::new(Kind::Unsupported, "the server does not tell the file's size").url(url)
            })?;
            let mut remote = source.remote().clone();
            remote.size = Some(size);
            let net = source.net().clone();
            let meta = FileMeta {
                commit: String::new(),
                etag: found.etag.unwrap_or_default(),
                size,
                url: remote.url.clone(),
                location: None,
                xet_hash: None,
            };
            (source.sized(net, remote).await, meta, expected_of(context), source.remote().url.safe())
        }
    };
    let size = meta.size;
    let bounds = clamp(range, size)?;
    let whole = bounds == (0..size);
    let expected = expected.filter(|_| whole);
    if expected.is_none() && context.options.bool(Opt::RequireHash) {
        return Err(Error::new(Kind::NoHash, "a hash is required, and a part of a file has none"));
    }
    begin(&name, &meta)?;
    let length = bounds.end - bounds.start;
    let progress = context.job.shared_progress().add(&name, length);
    progress.set_state(FileState::Running);
    let (sink, region, part_size) = sink_of(context, into, length, expected.as_ref())?;
    let verified = if length == 0 {
        fetch::empty(expected.as_ref(), &name).inspect_err(|error| progress.fail(error))?
    } else {
        let spec = Spec {
            source: Arc::new(source),
            sink,
            bounds,
            expected,
            disk: None,
            part_size,
            patience: context.options.time(Opt::RetryTimeout),
            first: None,
            progress: progress.clone(),
        };
        let outcome = run(&context.engine, spec, watch).await;
        outcome.inspect_err(|error| progress.fail(error))?.verified
    };
    progress.set_state(FileState::Done);
    // Alone, unless a thread that was left behind still has it.
    let owned =
        |region: Arc<Region>| Arc::try_unwrap(region).map_or_else(|region| region.to_vec(), Region::into_vec);
    let bytes = region.map(owned).unwrap_or_default();
    Ok(BytesResult { bytes, length, size, verified, commit: meta.commit, etag: meta.etag })
}

type SinkOf = (Arc<dyn Sink>, Option<Arc<Region>>, u64);

fn sink_of(context: &Context, into: Into, length: u64, expected: Option<&Expected>) -> Result<SinkOf> {
    let part_size = context.options.int(Opt::PartSize);
    Ok(match into {
        Into::Memory => {
            // A server names the length.
            reserve(&mut Vec::new(), length)?;
            let region = Arc::new(Region::boxed(length as usize));
            (Arc::new(MemorySink(region.clone())), Some(region), part_size)
        }
        Into::Region(region) => {
            too_small(&region, length)?;
            (Arc::new(MemorySink(region)), None, part_size)
        }
        Into::Chunks(callback) | Into::Stream(_, callback) => {
            // Half of the memory may wait for its turn; parts are small enough that several fit.
            let ahead = context.engine.limits.memory() / 2;
            let part_size = if part_size == 0 { (ahead / 16).clamp(256 << 10, 4 << 20) } else { part_size };
            let hasher = expected.map(|expected| expected.hasher(length));
            (Arc::new(OrderedSink::new(callback, hasher, ahead)), None, part_size)
        }
    })
}

/// Makes room for so many bytes: what is too much must not end the process.
fn reserve(bytes: &mut Vec<u8>, length: u64) -> Result<()> {
    bytes
        .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|error| Error::new(Kind::TooSmall, format!("no memory for {length} bytes")).cause(&error))
}

fn too_small(region: &Region, length: u64) -> Result<()> {
    if (region.len() as u64) < length {
        let text = format!("{length} bytes do not fit into memory of {}", region.len());
        return Err(Error::new(Kind::TooSmall, text));
    }
    Ok(())
}

/// The bytes of `range` (offset and length) that a file of `size` has.
fn clamp(range: Option<(u64, u64)>, size: u64) -> Result<std::ops::Range<u64>> {
    let Some((offset, length)) = range else { return Ok(0..size) };
    if offset > size {
        return Err(Error::invalid(format!("offset {offset} is behind the end of a file of {size} bytes")));
    }
    Ok(offset..offset.saturating_add(length).min(size))
}

fn cached(context: &Context, repo: &RepoId, revision: &str, path: &str) -> Result<Option<PathBuf>> {
    let trusted = is_commit(revision) || context.offline() || context.options.bool(Opt::Pin);
    let Ok(cache) = context.cache() else { return Ok(None) };
    match cache.lookup(repo, revision, path)? {
        Lookup::Found(found) if trusted => Ok(Some(found)),
        _ => Ok(None),
    }
}

/// What the cache knows of a file without asking.
fn cached_meta(
    context: &Context,
    repo: &RepoId,
    revision: &str,
    path: &str,
    found: &Path,
) -> Result<FileMeta> {
    let cache = context.cache()?;
    let commit = cache.commit_of(repo, revision).unwrap_or_default();
    let etag = file::etag_of(&cache, repo, &commit, path, found);
    Ok(FileMeta {
        url: context.hub.file_url(repo, if commit.is_empty() { revision } else { &commit }, path)?,
        commit,
        etag,
        size: std::fs::metadata(found).map_or(0, |metadata| metadata.len()),
        location: None,
        xet_hash: None,
    })
}

fn from_disk(
    path: &Path,
    range: Option<(u64, u64)>,
    into: Into,
    meta: FileMeta,
    progress: &FileProgress,
    watch: &Watch,
) -> Result<BytesResult> {
    let failed = |error: std::io::Error| Error::io("read", path, &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let bounds = clamp(range, size)?;
    let length = bounds.end - bounds.start;
    progress.set_size(length);
    let mut bytes = Vec::new();
    let mut into = into;
    match &into {
        Into::Region(region) => too_small(region, length)?,
        Into::Memory => reserve(&mut bytes, length)?,
        Into::Chunks(_) | Into::Stream(..) => {}
    }
    let mut buffer = vec![0; READ.min(length as usize)];
    let mut at = bounds.start;
    while at < bounds.end {
        tokio::runtime::Handle::current().block_on(watch.clone().go_on())?;
        let chunk = &mut buffer[..READ.min((bounds.end - at) as usize)];
        crate::sys::file::read_exact_at(&file, chunk, at).map_err(failed)?;
        let offset = at - bounds.start;
        match &mut into {
            Into::Memory => bytes.extend_from_slice(chunk),
            Into::Region(region) => region.write_at(chunk, offset).map_err(failed)?,
            Into::Chunks(callback) | Into::Stream(_, callback) => callback(offset, chunk)?,
        }
        at += chunk.len() as u64;
    }
    progress.set_state(FileState::Cached);
    // A file of the cache is trusted by its name.
    let verified = Verified::Length;
    Ok(BytesResult { bytes, length, size, verified, commit: meta.commit, etag: meta.etag })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_signature() {
        let of = |url: &str, etag: &str| identity(&Url::parse(url).unwrap(), etag);
        let first = of("https://h/get?f=part-aa&X-Amz-Signature=1&X-Amz-Date=2", "e");
        assert_eq!(first, of("https://h/get?f=part-aa&X-Amz-Signature=3&X-Amz-Date=4", "e"));
        for other in [
            "https://h/get?f=part-ab&X-Amz-Signature=1",
            "https://h/put?f=part-aa",
            "https://g/get?f=part-aa",
        ] {
            assert_ne!(first, of(other, "e"), "{other}");
        }
        assert_ne!(first, of("https://h/get?f=part-aa", "f"));
        assert_eq!(of("https://h/get", ""), "", "nothing to go on with");
    }
}
