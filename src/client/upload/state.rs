//! What uploads remember from one run to the next: [`Hashes`] of files, and the parts that a store has taken.
//!
//! It lies in the folder of the option `state_dir`, apart from what is uploaded; without one nothing is remembered, and
//! an upload that was killed sends its unfinished files again. Losing it, or any part of it, costs time and nothing
//! else: each line carries a checksum, and one that is not as it was written counts for nothing. The addresses of parts
//! are signed, so the files are for their owner alone.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::hashes::{Hashes, whole};
use super::lines::{read_line, replace, write_line};
use crate::client::context::Context;
use crate::error::{Error, Result};
use crate::hub::lfs::{Action, LfsObject, UploadBy};
use crate::net::Url;
use crate::options::Opt;
use crate::sys::sha::{Sha256, hex};

/// Signed addresses are not good for longer than this.
const PARTS_AGE: u64 = 24 * 3600;

/// The memory of uploads, or none.
#[derive(Debug, Clone, Default)]
pub struct State {
    root: Option<PathBuf>,
}

/// The parts of one object on their way to a server.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Begun {
    /// The object.
    pub object: LfsObject,
    /// Takes the list of parts.
    pub complete: String,
    /// Bytes of each part but the last.
    pub chunk_size: u64,
    /// One address for each part.
    pub parts: Vec<String>,
    /// Seconds since 1970.
    pub at: u64,
}

/// The journal of one object's parts.
#[derive(Debug)]
pub struct Parts {
    path: Option<PathBuf>,
    log: Mutex<Option<File>>,
}

/// The store's names of the parts it has taken.
pub type Taken = HashMap<usize, String>;

#[derive(Serialize, Deserialize)]
struct PartLine {
    part: usize,
    etag: String,
}

impl State {
    /// In this folder, made when it is needed; without one nothing is remembered.
    pub fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// Of a job, where its options say.
    pub(super) fn of(context: &Context) -> Self {
        Self::new(context.options.path(Opt::StateDir))
    }

    fn file(&self, kind: &str, key: &[&str]) -> Option<PathBuf> {
        let mut hash = Sha256::new();
        for part in key {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let name = hex(&hash.finish()[..16]);
        Some(self.root.as_ref()?.join(format!("{name}.{kind}")))
    }

    /// The hashes of files below `folder`; of files anywhere, without one.
    pub fn hashes(&self, folder: Option<&Path>) -> Hashes {
        let folder = folder.map_or_else(PathBuf::new, whole);
        Hashes::new(self.file("hashes", &[&folder.to_string_lossy()]))
    }

    /// What is known of an object on its way to `server`: how it was begun, and the store's name of each part it took.
    pub fn parts(&self, server: &str, object: &LfsObject) -> (Parts, Option<(Begun, Taken)>) {
        let path = self.file("parts", &[server, &object.oid]);
        let parts = Parts { path: path.clone(), log: Mutex::default() };
        let begun = path.as_deref().and_then(|path| {
            let mut reader = BufReader::new(File::open(path).ok()?);
            let mut first = String::new();
            reader.read_line(&mut first).ok()?;
            let begun: Begun = read_line(first.trim_end())?;
            let fresh = begun.at <= now() && now() - begun.at < PARTS_AGE && begun.object == *object;
            let taken = reader
                .lines()
                .map_while(std::result::Result::ok)
                .map_while(|line| read_line::<PartLine>(&line))
                .filter(|line| line.part < begun.parts.len());
            let taken = taken.map(|line| (line.part, line.etag)).collect();
            fresh.then_some((begun, taken))
        });
        (parts, begun)
    }

    /// Forgets an object on its way to `server`.
    pub fn forget(&self, server: &str, object: &LfsObject) {
        if let Some(path) = self.file("parts", &[server, &object.oid]) {
            let _ = fs::remove_file(path);
        }
    }

    /// Removes what is too old to be gone on with.
    pub fn sweep(&self) {
        let Some(root) = &self.root else { return };
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            let old = matches!(age, Ok(Ok(age)) if age.as_secs() > PARTS_AGE);
            if old && matches!(ending, Some("parts" | "new")) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

impl Begun {
    /// An upload that begins now.
    pub fn now(object: &LfsObject, complete: &str, chunk_size: u64, parts: Vec<String>) -> Self {
        Self { object: object.clone(), complete: complete.to_owned(), chunk_size, parts, at: now() }
    }

    /// How it goes on; none where an address makes no sense.
    pub fn way(&self) -> Option<UploadBy> {
        let parts = self.parts.iter().map(|url| Url::parse(url).ok()).collect::<Option<Vec<_>>>()?;
        let complete = Action { url: Url::parse(&self.complete).ok()?, headers: HeaderMap::new() };
        Some(UploadBy::Multipart { complete, chunk_size: self.chunk_size, parts })
    }
}

impl Parts {
    /// Starts a new journal, with what was taken before.
    pub fn begin(&self, begun: &Begun, taken: &Taken) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let written = replace(path, |file| {
            write_line(file, begun)?;
            let mut lines = taken.iter().map(|(part, etag)| PartLine { part: *part, etag: etag.clone() });
            lines.try_for_each(|line| write_line(file, &line))
        });
        let file = written.map_err(|error| Error::io("write", path, &error))?;
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    /// Remembers that the store has taken a part.
    pub fn taken(&self, part: usize, etag: &str) {
        if let Some(file) = &mut *self.log.lock().unwrap_or_else(PoisonError::into_inner) {
            // What can't be remembered is sent again.
            let _ = write_line(file, &PartLine { part, etag: etag.to_owned() });
        }
    }

    /// Forgets it all.
    pub fn forget(&self) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    fn object() -> LfsObject {
        LfsObject::new(&"a".repeat(64), 30).unwrap()
    }

    #[test]
    fn parts_survive_and_a_torn_line_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::new(Some(dir.path().to_owned()));
        let (parts, begun) = state.parts("http://h", &object());
        assert!(begun.is_none());
        let first = Begun::now(&object(), "http://h/c", 10, vec!["http://s/1?sig".into(); 3]);
        parts.begin(&first, &HashMap::from([(2, "\"e2\"".to_owned())])).unwrap();
        parts.taken(0, "e0");
        let path = parts.path.clone().unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"part\":1,\"et").unwrap();
        let (_, found) = state.parts("http://h", &object());
        let (found, taken) = found.unwrap();
        assert_eq!(found, first);
        assert_eq!(taken, HashMap::from([(0, "e0".to_owned()), (2, "\"e2\"".to_owned())]));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("\"part\":2", "\"part\":1", 1)).unwrap();
        assert!(state.parts("http://h", &object()).1.unwrap().1.is_empty(), "it is not as it was written");
        fs::write(&path, text.replacen("10", "11", 1)).unwrap();
        assert!(state.parts("http://h", &object()).1.is_none());
        fs::write(&path, text).unwrap();
        state.sweep();
        assert!(path.exists(), "it is young");
        let old = SystemTime::now() - std::time::Duration::from_secs(PARTS_AGE + 60);
        File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        state.sweep();
        assert!(!path.exists());
        parts.begin(&first, &HashMap::new()).unwrap();
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
        parts.forget();
        assert!(state.parts("http://h", &object()).1.is_none());
    }
}
