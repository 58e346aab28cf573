//! A commit on disk: the contents of the regular files that it brought, one behind the other; then its record, one line
//! of JSON; then the record's length, as a line of 16 hex digits. One file, so that a thousand small files cost one sync.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::clock::unix_ms;
use super::super::hashes::blob_id;
use super::disk::Temp;

/// The last line: the record's length and a line's end.
const TAIL: usize = 17;

/// What a commit did to one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::serve) struct Change {
    /// Git's blob id: of the content, or of the pointer that stands for it.
    pub(in crate::serve) blob: String,
    pub(in crate::serve) size: u64,
    /// For large files, which lie under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) sha256: Option<String>,
    /// The commit whose file holds the content, unless it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) from: Option<String>,
    /// Where in that file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(in crate::serve) start: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Change {
    /// A regular file whose content begins there in the commit's own file.
    pub(in crate::serve) fn regular(content: &[u8], start: u64) -> Change {
        Change { blob: blob_id(content), size: content.len() as u64, sha256: None, from: None, start }
    }
}

/// A commit's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::serve) struct Commit {
    pub(in crate::serve) parent: Option<String>,
    pub(in crate::serve) title: String,
    pub(in crate::serve) message: String,
    pub(in crate::serve) author: String,
    /// Milliseconds since 1970.
    pub(in crate::serve) at: u64,
    /// Whether the changes begin with nothing, not with the parent's files.
    #[serde(default)]
    pub(in crate::serve) whole: bool,
    /// What lies at each path from now on; nothing, where it was deleted.
    pub(in crate::serve) changes: BTreeMap<String, Option<Change>>,
}

impl Commit {
    /// One that changes nothing yet.
    pub(in crate::serve) fn new(
        title: &str,
        message: &str,
        author: &str,
        at: SystemTime,
        parent: Option<String>,
    ) -> Commit {
        let (title, message, author) = (title.to_owned(), message.to_owned(), author.to_owned());
        Commit { parent, title, message, author, at: unix_ms(at), whole: false, changes: BTreeMap::new() }
    }

    pub(super) fn when(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.at)
    }

    /// What git would write behind the tree's line.
    pub(super) fn text(&self) -> String {
        let parent = self.parent.as_ref().map(|parent| format!("parent {parent}\n")).unwrap_or_default();
        let who = format!("{0} <{0}@localhost> {1} +0000", self.author, self.at / 1000);
        let message = if self.message.is_empty() { String::new() } else { format!("\n{}\n", self.message) };
        format!("{parent}author {who}\ncommitter {who}\n\n{}\n{message}", self.title)
    }

    /// Adds the record to the contents and publishes both.
    pub(super) fn write(&self, mut contents: Temp, to: &Path) -> io::Result<()> {
        let mut record = serde_json::to_vec(self)?;
        record.push(b'\n');
        contents.write(&record)?;
        contents.write(format!("{:016x}\n", record.len()).as_bytes())?;
        contents.publish(to)
    }

    /// Reads a commit's record.
    pub(super) fn read(path: &Path) -> io::Result<Commit> {
        let torn = || io::Error::new(io::ErrorKind::InvalidData, "not a commit of hfx");
        let mut file = File::open(path)?;
        let before_tail = file.seek(SeekFrom::End(0))?.checked_sub(TAIL as u64).ok_or_else(torn)?;
        let mut tail = [0; TAIL];
        file.seek(SeekFrom::Start(before_tail))?;
        file.read_exact(&mut tail)?;
        let length = std::str::from_utf8(&tail[..TAIL - 1]).ok();
        let length = length.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(torn)?;
        file.seek(SeekFrom::Start(before_tail.checked_sub(length).ok_or_else(torn)?))?;
        let mut record = vec![0; length as usize];
        file.read_exact(&mut record)?;
        Ok(serde_json::from_slice(&record)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c");
        let mut commit = Commit::new("Title", "Text", "ann", SystemTime::now(), Some("a".repeat(40)));
        commit.changes.insert("a b/c".to_owned(), Some(Change::regular(b"content", 0)));
        commit.changes.insert("gone".to_owned(), None);
        let mut temp = Temp::new(folder.path()).expect("a file");
        temp.write(b"content").expect("written");
        commit.write(temp, &path).expect("written");
        assert_eq!(Commit::read(&path).expect("reads"), commit);
        assert_eq!(std::fs::read(&path).expect("reads")[..7], *b"content");
        for text in ["", "short", "0000000000000000", "00000000000000ff\n"] {
            std::fs::write(&path, text).expect("written");
            assert!(Commit::read(&path).is_err(), "{text:?}");
        }
    }
}
