//! What shall be committed: a list of operations, filled by the caller, worked on by one job at a time.
//!
//! A [`Draft`] is a handle. A preupload job notes in it what has been sent and lets go of that content, so a program
//! can make, send and forget one shard after another and commit them all at the end.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::error::{Error, Kind, Result};
use crate::hub::commit::{Preupload, SAMPLE};
use crate::hub::lfs::LfsObject;
use crate::repo::{RepoId, check_repo_path, is_sha256};
use crate::transfer::reader::{FileReader, MappedReader, Reader, Stamp};

/// Where the content of a file comes from.
#[derive(Clone)]
pub enum Input {
    /// A file on disk, read when it is needed. With a size only so many of its first bytes count, and it may grow.
    Path(PathBuf, Option<u64>),
    /// Memory.
    Memory(Bytes),
    /// The caller's own way to read.
    Reader(Arc<dyn Reader>),
}

/// One change of a commit.
#[derive(Clone)]
pub enum Operation {
    /// Adds or replaces a file.
    Add(Addition),
    /// Deletes a file.
    DeleteFile(String),
    /// Deletes a folder.
    DeleteFolder(String),
    /// Copies a file of this repository, or of another one.
    Copy {
        /// The repository, when it is another one.
        repo: Option<RepoId>,
        /// The revision, when it is not the one that is committed to.
        revision: Option<String>,
        /// The path there.
        from: String,
        /// The path here.
        to: String,
    },
}

/// A file to add, and what is known of it by now.
#[derive(Clone)]
pub struct Addition {
    /// Its path in the repository.
    pub path: String,
    /// Its content; gone once it was sent ahead of the commit.
    pub input: Option<Input>,
    /// Its size, first bytes, and the file's stamp.
    pub(super) looked: Option<Looked>,
    /// What the Hub said of it.
    pub(super) mode: Option<Preupload>,
    /// What its content is, once it is known or on the LFS server.
    pub(super) object: Option<LfsObject>,
    /// Whether the object is on the server.
    pub(super) stored: bool,
}

/// What a first look at a file tells.
#[derive(Clone)]
pub(super) struct Looked {
    pub(super) size: u64,
    pub(super) beginning: Bytes,
    pub(super) stamp: Option<Stamp>,
}

/// The operations of a commit to come. Clones are the same draft.
#[derive(Clone, Default)]
pub struct Draft(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    operations: Vec<Operation>,
    in_work: bool,
}

/// A draft's operations while a job works on them; they go back when it is dropped.
pub(super) struct InWork {
    draft: Draft,
    pub(super) operations: Vec<Operation>,
}

impl Draft {
    /// Without operations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn add(&self, path: &str, input: Input) -> Result<()> {
        self.push(Operation::Add(Addition::new(path, input)?))
    }

    /// Adds or replaces a file by an object that the repository's LFS server holds.
    pub fn add_stored(&self, path: &str, object: LfsObject) -> Result<()> {
        if !is_sha256(&object.oid) {
            return Err(Error::invalid(format!("{:?} is no SHA-256: 64 lower-case hex digits", object.oid)));
        }
        self.push(Operation::Add(Addition::stored(path, object)?))
    }

    /// Deletes a file.
    pub fn delete_file(&self, path: &str) -> Result<()> {
        self.push(Operation::DeleteFile(check_commit_path(path)?))
    }

    /// Deletes a folder with all that is in it.
    pub fn delete_folder(&self, path: &str) -> Result<()> {
        self.push(Operation::DeleteFolder(format!("{}/", check_commit_path(path.trim_end_matches('/'))?)))
    }

    /// Copies a file, from another repository where one is named.
    pub fn copy(&self, repo: Option<&RepoId>, revision: Option<&str>, from: &str, to: &str) -> Result<()> {
        let (from, to) = (check_repo_path(from)?, check_commit_path(to)?);
        self.push(Operation::Copy { repo: repo.cloned(), revision: revision.map(str::to_owned), from, to })
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.lock().operations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&self, operation: Operation) -> Result<()> {
        let mut inner = self.lock();
        if inner.in_work {
            return Err(busy());
        }
        inner.operations.push(operation);
        Ok(())
    }

    /// Takes the operations for a job.
    pub(super) fn work(&self) -> Result<InWork> {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.in_work, true) {
            return Err(busy());
        }
        Ok(InWork { draft: self.clone(), operations: std::mem::take(&mut inner.operations) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        let mut inner = self.draft.lock();
        inner.operations = std::mem::take(&mut self.operations);
        inner.in_work = false;
    }
}

fn busy() -> Error {
    Error::new(Kind::Locked, "a job works on this commit: wait for its end")
}

impl Addition {
    /// A file to add, its path checked.
    pub fn new(path: &str, input: Input) -> Result<Self> {
        let path = check_commit_path(path)?;
        if let Input::Path(file, _) = &input
            && file.as_os_str().is_empty()
        {
            return Err(Error::invalid(format!("no file for {path}")));
        }
        Ok(Self { path, input: Some(input), looked: None, mode: None, object: None, stored: false })
    }

    /// A file whose content was sent before.
    fn stored(path: &str, object: LfsObject) -> Result<Self> {
        Ok(Self {
            path: check_commit_path(path)?,
            input: None,
            looked: Some(Looked { size: object.size, beginning: Bytes::new(), stamp: None }),
            mode: Some(Preupload { lfs: true, ignored: false, oid: None }),
            object: Some(object),
            stored: true,
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.looked.as_ref().map_or(0, |looked| looked.size)
    }

    /// Opens the content, which must be what it was at the first look.
    pub(super) fn open(&self, mapped: bool) -> Result<Arc<dyn Reader>> {
        let changed = |path: &std::path::Path| {
            let what = format!("{} changed since the upload began: run it again", path.display());
            Error::new(Kind::ContentChanged, what)
        };
        match &self.input {
            None => Err(Error::new(Kind::Internal, format!("the content of {} is gone", self.path))),
            Some(Input::Memory(bytes)) => Ok(Arc::new(bytes.clone())),
            Some(Input::Reader(reader)) => Ok(reader.clone()),
            Some(Input::Path(path, size)) => {
                let stamp = self.looked.as_ref().and_then(|looked| looked.stamp);
                if mapped && size.is_none() && stamp.is_some_and(|stamp| stamp.size > 0) {
                    let reader = MappedReader::open(path)?;
                    return if stamp == Some(reader.stamp()) {
                        Ok(Arc::new(reader))
                    } else {
                        Err(changed(path))
                    };
                }
                let reader = FileReader::open(path, *size)?;
                // A file that only grows keeps its beginning.
                let same = match size {
                    Some(size) => reader.size() == *size,
                    None => stamp.is_none_or(|stamp| stamp == reader.stamp()),
                };
                if same { Ok(Arc::new(reader)) } else { Err(changed(path)) }
            }
        }
    }

    /// Looks at size and beginning. Blocks.
    pub(super) fn look(&mut self) -> Result<()> {
        if self.looked.is_some() {
            return Ok(());
        }
        let of = |reader: &dyn Reader| {
            let length = reader.size().min(SAMPLE as u64);
            let beginning = if length == 0 { Bytes::new() } else { reader.read(0..length)? };
            Ok(Looked { size: reader.size(), beginning, stamp: None })
        };
        self.looked = Some(match &self.input {
            None => return Err(Error::new(Kind::Internal, format!("the content of {} is gone", self.path))),
            Some(Input::Memory(bytes)) => of(bytes)?,
            Some(Input::Reader(reader)) => of(&**reader)?,
            Some(Input::Path(path, size)) => {
                let reader = FileReader::open(path, *size)?;
                Looked { stamp: Some(reader.stamp()), ..of(&reader)? }
            }
        });
        Ok(())
    }

    /// The whole content as text, for the small files that steer a commit.
    pub(super) fn text(&self) -> Result<String> {
        match &self.input {
            Some(Input::Path(path, _)) => {
                let mut text = String::new();
                let read = std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text));
                read.map_err(|error| Error::io("read", path, &error))?;
                Ok(text)
            }
            _ => {
                let reader = self.open(false)?;
                let bytes = if reader.size() == 0 { Bytes::new() } else { reader.read(0..reader.size())? };
                String::from_utf8(bytes.into())
                    .map_err(|_| Error::invalid(format!("{} is not UTF-8", self.path)))
            }
        }
    }
}

/// A path that may be committed: what git or the client keep for themselves is refused.
pub fn check_commit_path(path: &str) -> Result<String> {
    let path = check_repo_path(path)?;
    if let Some(part) = path.split('/').find(|part| part.eq_ignore_ascii_case(".git") || *part == ".cache") {
        return Err(Error::invalid(format!("'{}' can't be committed: it holds {part}", path.escape_debug())));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_git_keeps_are_refused() {
        for bad in
            [".git/config", "a/.git", "a/.GIT/x", ".cache/huggingface/x", "../x", "a/../b", "", "C:\\x"]
        {
            assert!(check_commit_path(bad).is_err(), "{bad}");
        }
        assert_eq!(check_commit_path("/./a/.gitattributes").unwrap(), "a/.gitattributes");
    }

    #[test]
    fn one_job_at_a_time() {
        let draft = Draft::new();
        draft.add("a", Input::Memory(Bytes::from_static(b"x"))).unwrap();
        let work = draft.work().unwrap();
        assert_eq!(draft.delete_file("b").unwrap_err().kind(), Kind::Locked);
        assert!(draft.work().is_err());
        drop(work);
        draft.delete_folder("b").unwrap();
        assert_eq!(draft.len(), 2);
    }

    #[test]
    fn a_first_look_binds_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"abc").unwrap();
        let mut addition = Addition::new("f", Input::Path(path.clone(), None)).unwrap();
        addition.look().unwrap();
        assert_eq!((addition.size(), addition.text().unwrap()), (3, "abc".to_owned()));
        std::fs::write(&path, b"other").unwrap();
        assert_eq!(addition.open(false).err().unwrap().kind(), Kind::ContentChanged);
        let mut grows = Addition::new("f", Input::Path(path.clone(), Some(4))).unwrap();
        grows.look().unwrap();
        std::fs::write(&path, b"otherwise").unwrap();
        assert_eq!(grows.open(false).unwrap().read(0..4).unwrap(), "othe");
        assert!(
            Addition::new("f", Input::Path(dir.path().into(), None)).unwrap().look().is_err(),
            "a folder"
        );
    }
}
