//! One file of known name, etag and size into its place: locked, resumed, proven, published.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::context::Context;
use super::partial::Wanted;
use super::place::Place;
use crate::digest::{Expected, Verified};
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::log::Level;
use crate::options::Opt;
use crate::sys::lock::{Attempt, FileLock};
use crate::sys::map::Region;
use crate::sys::{file, space};
use crate::transfer::download::{First, Spec, blocking, run};
use crate::transfer::sink::MemorySink;
use crate::transfer::slots::SMALL;
use crate::transfer::source::{Remote, Source};

/// Longest pause between two tries for a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// What to fetch.
pub struct Item {
    /// Where it is.
    pub remote: Remote,
    /// Its etag: the hash, for files of the Hub. Empty when nothing identifies the content.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// The hash it must have.
    pub expected: Option<Expected>,
    /// An answer that is here already.
    pub first: Option<(Arc<Source>, First)>,
}

/// What came of it.
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// What was proven; none when another process had it ready.
    pub verified: Option<Verified>,
}

/// Fetches a file into its place.
pub async fn fetch(
    context: &Context,
    place: Place,
    item: Item,
    progress: Arc<FileProgress>,
) -> Result<Fetched> {
    if item.expected.is_none() && context.options.bool(Opt::RequireHash) {
        return Err(Error::new(Kind::NoHash, format!("no hash is known of {}", progress.name))
            .url(item.remote.url.as_str()));
    }
    progress.set_size(item.size);
    progress.set_state(FileState::Running);
    let name = progress.name.clone();
    let done = async {
        let at = place.clone();
        blocking(move || at.prepare()).await?;
        if item.size <= SMALL {
            small(context, place, item, progress).await
        } else {
            large(context, place, item, progress).await
        }
    };
    done.await.map_err(|error: Error| match error.kind() {
        Kind::Cancelled => error,
        _ => error.context(name),
    })
}

/// Fetched whole into memory, in one request, without a journal.
async fn small(
    context: &Context,
    place: Place,
    mut item: Item,
    progress: Arc<FileProgress>,
) -> Result<Fetched> {
    let size = item.size as usize;
    let expected = item.expected.clone();
    let mut watch = context.watch();
    let (mut region, room, verified) = loop {
        watch.go_on().await?;
        let room = match &item.first {
            // Whoever has a connection already must not wait for those who wait for one.
            Some(_) => None,
            None => tokio::select! {
                biased;
                () = watch.stopped() => continue,
                room = context.engine.limits.room(size as u64) => room,
            },
        };
        let memory = |error| Error::new(Kind::Io, format!("no memory for {size} bytes")).os(&error);
        let region = Arc::new(Region::anonymous(size).map_err(memory)?);
        if size == 0 {
            break (region, room, empty(expected.as_ref(), &progress.name)?);
        }
        let (source, first) = source_of(context, &mut item);
        let spec = Spec {
            source,
            sink: Arc::new(MemorySink(region.clone())),
            bounds: 0..item.size,
            expected: expected.clone(),
            disk: None,
            part_size: item.size,
            patience: context.options.time(Opt::RetryTimeout),
            first,
            progress: progress.clone(),
        };
        let run = run(&context.engine, spec, context.watch());
        tokio::select! {
            outcome = run => break (region, room, outcome?.verified),
            // Others need the room meanwhile; what had come of so little comes again.
            () = watch.paused() => {}
        }
    };
    let sync = context.sync();
    let batch = context.batch.clone();
    let alone = batch.is_none();
    let limits = &context.engine.limits;
    let open = (limits.open().await, limits.on_disk().await);
    let written = blocking(move || {
        let partial = Unpublished(place.new_partial()?);
        let failed = |error| Error::io("write", &partial.0, &error);
        let file = place.create(&partial.0)?;
        match Arc::get_mut(&mut region).and_then(Region::own_bytes) {
            Some(bytes) => file::write_all_at(&file, bytes, 0),
            None => file::write_all_at(&file, &region.to_vec(), 0),
        }
        .map_err(failed)?;
        if alone && sync {
            file.sync_data().map_err(failed)?;
        }
        drop(file);
        drop((region, room, open));
        Ok((place, partial))
    })
    .await?;
    let (at, partial) = written;
    let path = partial.0.clone();
    let path = match batch {
        Some(batch) => batch.publish(at, path).await?,
        None => blocking(move || at.publish(&path)).await?,
    };
    partial.published();
    Ok(Fetched { path, verified: Some(verified) })
}

/// A small file that is written and not yet visible: nobody would go on with it, so it goes with its download.
struct Unpublished(PathBuf);

impl Unpublished {
    fn published(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// An empty file needs no request: its hash is known.
pub fn empty(expected: Option<&Expected>, name: &str) -> Result<Verified> {
    let Some(expected) = expected else { return Ok(Verified::Length) };
    expected.matches(b"").map(|()| Verified::Hash).map_err(|actual| {
        let text = format!("{name} is empty, which has the hash {actual}; it must have {}", expected.hex());
        Error::new(Kind::HashMismatch, text)
    })
}

fn source_of(context: &Context, item: &mut Item) -> (Arc<Source>, Option<First>) {
    match item.first.take() {
        Some((source, first)) => (source, Some(first)),
        None => (Arc::new(Source::new(context.engine.net.clone(), item.remote.clone())), None),
    }
}

async fn large(
    context: &Context,
    place: Place,
    mut item: Item,
    progress: Arc<FileProgress>,
) -> Result<Fetched> {
    let (lock, others) = lock(context, &place).await?;
    let held = lock.is_some();
    let (at, size) = (place.clone(), item.size);
    if let Some(path) = blocking(move || at.published(size)).await? {
        return Ok(Fetched { path, verified: None });
    }
    check_space(vec![(place.clone(), item.size)], others).await?;
    let (at, etag, expected) = (place.clone(), item.etag.clone(), item.expected.clone());
    let (settings, watch) = (context.settings(), context.watch());
    let opened = blocking(move || {
        let go_on = || watch.wish() != crate::cancel::Wish::Cancel;
        let wanted = Wanted { place: &at, etag: &etag, size, expected: expected.as_ref(), settings };
        wanted.open(held, others, &go_on)
    })
    .await?;
    let log = context.engine.log.clone();
    let (name, restored) = (progress.name.clone(), opened.disk.done.total());
    if restored > 0 {
        log.tell(Level::Info, "client", || format!("{name}: going on with {restored} of {size} bytes"));
    }
    let (source, first) = source_of(context, &mut item);
    // What came first is of use only where nothing is there yet.
    let first = first.filter(|_| opened.disk.done.total() == 0);
    let spec = Spec {
        source,
        sink: opened.sink,
        bounds: 0..item.size,
        expected: item.expected,
        disk: Some(opened.disk),
        part_size: context.options.int(Opt::PartSize),
        patience: context.options.time(Opt::RetryTimeout),
        first,
        progress,
    };
    let outcome = run(&context.engine, spec, context.watch()).await;
    let partial = opened.partial;
    match outcome {
        Ok(outcome) => {
            let path = blocking(move || partial.finish(&place)).await?;
            log.tell(Level::Debug, "client", || format!("{name}: published {}", path.display()));
            Ok(Fetched { path, verified: Some(outcome.verified) })
        }
        Err(error) => {
            blocking(move || {
                if error.kind() == Kind::HashMismatch || partial.is_empty() {
                    partial.discard();
                }
                Err(error)
            })
            .await
        }
    }
}

/// Takes the place's lock. While another process holds it and gets on, it is waited for; when that one does not get
/// on for the bound's length, or locks do not work here, this process fetches beside it. True when another had it at first.
async fn lock(context: &Context, place: &Place) -> Result<(Option<FileLock>, bool)> {
    let Some(path) = place.lock()? else { return Ok((None, false)) };
    let bound = context.options.time(Opt::LockTimeout);
    let mut watch = context.watch();
    let (mut pause, mut until, mut before) = (Duration::from_millis(10), Instant::now() + bound, None);
    let mut waited = false;
    loop {
        let (at, lock) = (place.clone(), path.clone());
        // A lock that can't even be tried is no lock.
        match blocking(move || Ok(at.try_lock(&lock).unwrap_or(Attempt::Unsupported))).await? {
            Attempt::Held(lock) => return Ok((Some(lock), waited)),
            // Others may be there without our knowing.
            Attempt::Unsupported => return Ok((None, true)),
            Attempt::Busy => waited = true,
        }
        if Instant::now() >= until {
            let now = last_write(place);
            if before.is_some_and(|before| before == now) || now.is_none() {
                return Ok((None, true));
            }
            (before, until) = (Some(now), Instant::now() + bound);
            context.engine.log.tell(Level::Info, "client", || {
                format!("waiting for another process that downloads the same file (lock {})", path.display())
            });
        }
        watch.sleep(pause).await?;
        pause = (pause * 2).min(LOCK_PAUSE);
    }
}

fn last_write(place: &Place) -> Option<SystemTime> {
    let partials = place.partials().ok()?;
    partials.iter().filter_map(|path| fs::metadata(path).ok()?.modified().ok()).max()
}

/// Refuses a job that can't fit, before its first byte: what is missing of all files against the free space. `others`: there
/// may be partials that are younger than the job.
pub async fn check_space(files: Vec<(Place, u64)>, others: bool) -> Result<()> {
    blocking(move || {
        let Some((place, _)) = files.first() else { return Ok(()) };
        let folder = place.folder();
        let mut needed = 0u64;
        for (place, size) in &files {
            // Nobody goes on with a small one, and to look for each of many would read its folder as often.
            let partials = match others {
                _ if *size <= SMALL => Ok(Vec::new()),
                true => place.partials(),
                false => place.partials_before(),
            };
            let partials = partials.unwrap_or_default();
            let there = partials.iter().map(|path| allocated(path)).max().unwrap_or(0);
            needed = needed.saturating_add(size.saturating_sub(there));
        }
        // A file system that does not tell is found out on the way.
        let Ok(free) = space::free_space(&folder) else { return Ok(()) };
        if needed > free {
            return Err(Error::new(
                Kind::DiskFull,
                format!("{needed} bytes are needed below {} and {free} are free", folder.display()),
            ));
        }
        Ok(())
    })
    .await
}

fn allocated(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map_or(0, |m| m.blocks() * 512)
}
