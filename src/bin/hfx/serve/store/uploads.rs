//! Multipart uploads under way: `uploads/<id>/data`, every part at its place, and a file `<number>` with the etag of each
//! part that is stored.
//!
//! The id follows from repository, object and part size, so parts stay stored when their addresses are asked for again,
//! also after a restart, and all clients that upload an object share them. A part counts once all of it is there; one
//! that is sent again stays stored meanwhile. The object's SHA-256 is taken behind the parts' contiguous edge, while later parts still come. A power loss may tear
//! parts: then the hash differs at the end, all of them are dropped, and they are sent again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use flate2::Crc;
use hfx::digest::Hasher;
use sha2::{Digest, Sha256};

use super::super::body::read_exact_at;
use super::super::hashes::sha256_hasher;
use super::super::names::hex;
use super::disk;
use super::part::{Attempt, Part};

/// Uploads that nobody touched for so long are dropped at a start.
const ABANDONED: Duration = Duration::from_hours(7 * 24);
/// What is hashed at once.
const CHUNK: u64 = 1 << 20;

/// All uploads under way.
pub(in crate::serve) struct Uploads {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<Upload>>>,
}

/// What is uploaded, and in which parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Plan {
    /// `models/owner/name`.
    pub(in crate::serve) repo: String,
    pub(in crate::serve) sha256: String,
    pub(in crate::serve) size: u64,
    pub(in crate::serve) chunk: u64,
}

impl Plan {
    fn id(&self) -> String {
        let Plan { repo, sha256, size, chunk } = self;
        hex(&Sha256::digest(format!("{repo}\n{sha256}\n{size}\n{chunk}"))[..16])
    }

    pub(in crate::serve) fn count(&self) -> u64 {
        self.size.div_ceil(self.chunk)
    }

    /// How long the part of that number is, from 1 on.
    pub(super) fn length(&self, number: u64) -> u64 {
        (self.size - (number - 1) * self.chunk).min(self.chunk)
    }
}

impl Uploads {
    pub(super) fn new(folder: &Path) -> Uploads {
        Uploads { folder: folder.to_owned(), known: Mutex::default() }
    }

    /// Removes what was abandoned.
    pub(super) fn sweep(&self) {
        let old = |path: &Path| {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > ABANDONED))
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if old(&entry.path()) {
                // What can't be removed now is found again at the next start.
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }

    /// The upload of that plan, with the parts that are stored already.
    pub(in crate::serve) fn open(&self, plan: &Plan) -> io::Result<Arc<Upload>> {
        let id = plan.id();
        let mut known = lock(&self.known);
        if let Some(upload) = known.get(&id) {
            return Ok(Arc::clone(upload));
        }
        let upload = Arc::new(Upload::open(plan.clone(), self.folder.join(&id))?);
        known.insert(id, Arc::clone(&upload));
        Ok(upload)
    }

    /// Forgets an upload and its parts.
    pub(in crate::serve) fn close(&self, plan: &Plan) {
        let id = plan.id();
        lock(&self.known).remove(&id);
        // Swept later where it can't be removed.
        drop(fs::remove_dir_all(self.folder.join(id)));
    }
}

/// One object on its way in.
pub(in crate::serve) struct Upload {
    pub(super) plan: Plan,
    pub(super) folder: PathBuf,
    data: File,
    pub(super) parts: Vec<Mutex<Part>>,
    edge: Mutex<Edge>,
    /// Held by the one that hashes.
    hashing: Mutex<()>,
}

/// How far the object is hashed.
struct Edge {
    hasher: Hasher,
    /// So many parts are in it.
    parts: usize,
    /// Counts how often hashing began anew.
    turn: u64,
}

impl Edge {
    fn new(turn: u64) -> Edge {
        Edge { hasher: sha256_hasher(), parts: 0, turn }
    }
}

/// Why an upload can't be completed.
pub(in crate::serve) enum Incomplete {
    /// The numbers of parts that are not stored, or under another etag.
    Parts(Vec<u64>),
    /// The whole has another hash; its parts are dropped.
    Hash,
    Failed(io::Error),
}

impl Upload {
    fn open(plan: Plan, folder: PathBuf) -> io::Result<Upload> {
        fs::create_dir_all(&folder)?;
        let mut options = File::options();
        let data = options.create(true).truncate(false).read(true).write(true).open(folder.join("data"))?;
        data.set_len(plan.size)?;
        let parts = (1..=plan.count()).map(|number| {
            let etag = fs::read_to_string(folder.join(number.to_string())).ok();
            Mutex::new(Part { etag: etag.filter(|etag| etag.len() == 16), ..Part::default() })
        });
        let parts = parts.collect();
        Ok(Upload { plan, folder, data, parts, edge: Mutex::new(Edge::new(0)), hashing: Mutex::default() })
    }

    /// Begins to store a part.
    pub(in crate::serve) fn attempt(self: &Arc<Self>, number: u64) -> io::Result<Attempt> {
        let at = usize::try_from(number - 1).map_err(io::Error::other)?;
        let file = File::options().write(true).open(self.folder.join("data"))?;
        let mut part = lock(self.parts.get(at).ok_or(io::ErrorKind::NotFound)?);
        part.writers += 1;
        let mut edge = lock(&self.edge);
        if at <= edge.parts {
            *edge = Edge::new(edge.turn + 1);
        }
        Ok(Attempt { upload: Arc::clone(self), at, fence: part.fence, file, written: 0, crc: Crc::new() })
    }

    /// Hashes the parts that follow what is hashed, as long as they are stored.
    fn hash(&self) -> io::Result<()> {
        loop {
            let (mut hasher, at, turn) = {
                let edge = lock(&self.edge);
                (edge.hasher.clone(), edge.parts, edge.turn)
            };
            let stored =
                |part: &Mutex<Part>| Some(lock(part)).is_some_and(|p| p.etag.is_some() && p.writers == 0);
            if !self.parts.get(at).is_some_and(stored) {
                return Ok(());
            }
            let start = at as u64 * self.plan.chunk;
            let end = start + self.plan.length(at as u64 + 1);
            let mut buffer = vec![0; CHUNK.min(end - start) as usize];
            let mut from = start;
            while from < end {
                let length = CHUNK.min(end - from) as usize;
                read_exact_at(&self.data, &mut buffer[..length], from)?;
                hasher.update(&buffer[..length]);
                from += length as u64;
            }
            let mut edge = lock(&self.edge);
            if edge.turn == turn {
                edge.hasher = hasher;
                edge.parts = at + 1;
            }
        }
    }

    /// Returns when nobody completes the upload. Blocks.
    pub(in crate::serve) fn settle(&self) {
        drop(lock(&self.hashing));
    }

    /// Hashes what can be, unless somebody does already. Blocks.
    pub(in crate::serve) fn hash_on(&self) {
        if let Ok(_hashing) = self.hashing.try_lock() {
            // A part that can't be read is met again by the completion, which tells.
            drop(self.hash());
        }
    }

    /// Ends the upload: with all parts stored under these etags and the right hash, the object is put there. Blocks.
    pub(in crate::serve) fn complete(
        &self,
        uploads: &Uploads,
        etags: &HashMap<u64, String>,
        to: &Path,
    ) -> Result<(), Incomplete> {
        let wrong = (1..=self.plan.count()).zip(&self.parts).filter(|(number, part)| {
            let etag = etags.get(number).map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
            etag.is_none() || lock(part).etag.as_deref() != etag
        });
        let wrong: Vec<u64> = wrong.map(|(number, _)| number).collect();
        if !wrong.is_empty() {
            return Err(Incomplete::Parts(wrong));
        }
        let _hashing = lock(&self.hashing);
        // Another client was faster.
        if fs::metadata(to).is_ok_and(|object| object.len() == self.plan.size) {
            return Ok(());
        }
        let edge = loop {
            self.parts.iter().for_each(|part| lock(part).fence_off());
            self.hash().map_err(Incomplete::Failed)?;
            let edge = lock(&self.edge);
            // Else another client has begun to send a part again, while all were hashed.
            if edge.parts == self.parts.len() {
                break edge;
            }
        };
        if edge.hasher.clone().finish() != self.plan.sha256 {
            uploads.close(&self.plan);
            return Err(Incomplete::Hash);
        }
        // The edge stays locked until the object has its name: an attempt that begins now writes to no file of ours.
        self.data.sync_all().map_err(Incomplete::Failed)?;
        disk::rename(&self.folder.join("data"), to).map_err(Incomplete::Failed)?;
        uploads.close(&self.plan);
        Ok(())
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(upload: &Arc<Upload>, number: u64, bytes: &[u8]) -> io::Result<String> {
        let mut attempt = upload.attempt(number)?;
        attempt.write(bytes)?;
        attempt.finish().map(|(etag, _)| etag)
    }

    fn plan(content: &[u8]) -> Plan {
        let sha256 = hex(&Sha256::digest(content));
        Plan { repo: "models/o/n".into(), sha256, size: content.len() as u64, chunk: 4 }
    }

    #[test]
    fn parts_come_in_any_order_and_outlive_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("object");
        let plan = plan(b"0123456789");
        let uploads = Uploads::new(&folder.path().join("uploads"));
        let upload = uploads.open(&plan).expect("opens");
        let third = send(&upload, 3, b"89").expect("stored");
        assert!(send(&upload, 2, b"45").is_err(), "too short");
        assert!(send(&upload, 1, b"01234").is_err(), "too long");
        assert!(send(&upload, 4, b"").is_err(), "no such part");
        let first = send(&upload, 1, b"0123").expect("stored");
        upload.hash_on();
        assert_eq!(lock(&upload.edge).parts, 1);

        let uploads = Uploads::new(&folder.path().join("uploads"));
        let upload = uploads.open(&plan).expect("opens");
        let mut etags: HashMap<u64, String> = [(1, first), (3, format!("\"{third}\""))].into();
        let missing = upload.complete(&uploads, &etags, &to);
        assert!(matches!(missing, Err(Incomplete::Parts(parts)) if parts == [2]));
        etags.insert(2, send(&upload, 2, b"4567").expect("stored"));
        assert!(upload.complete(&uploads, &etags, &to).is_ok());
        assert_eq!(fs::read(&to).expect("there"), b"0123456789");
        assert_eq!(fs::read_dir(folder.path().join("uploads")).expect("a folder").count(), 0);
    }

    #[test]
    fn what_is_hashed_is_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let uploads = Uploads::new(folder.path());
        let upload = uploads.open(&plan(b"abcd")).expect("opens");
        send(&upload, 1, b"xxxx").expect("stored");
        upload.hash_on();
        let mut late = upload.attempt(1).expect("begins");
        late.write(b"ab").expect("writes");
        let etags = [(1, send(&upload, 1, b"abcd").expect("stored"))].into();
        assert!(upload.complete(&uploads, &etags, &folder.path().join("o")).is_ok());
        late.write(b"zz").expect("nowhere");
        assert!(late.finish().is_ok_and(|(_, stored)| !stored));
        assert_eq!(fs::read(folder.path().join("o")).expect("there"), b"abcd");

        let upload = uploads.open(&plan(b"efgh")).expect("opens");
        let etags = [(1, send(&upload, 1, b"efgX").expect("stored"))].into();
        let ended = upload.complete(&uploads, &etags, &folder.path().join("p"));
        assert!(matches!(ended, Err(Incomplete::Hash)));
        let upload = uploads.open(&plan(b"efgh")).expect("opens");
        assert!(lock(&upload.parts[0]).etag.is_none(), "the parts are dropped");
    }
}
