//! The listing of a commit, `trees/<commit>.json`: what tells later, without network, whether a snapshot is whole.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::repo::is_repo_path;

/// A listing: each file's path in the repository, and what is known of it.
pub type Tree = BTreeMap<String, TreeEntry>;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Its size in bytes.
    pub size: u64,
    /// Its git object id: the SHA-1 of the file, or of the pointer of an LFS file.
    pub blob_id: String,
    /// The SHA-256 of an LFS file.
    #[serde(default)]
    pub lfs_sha256: Option<String>,
    /// The size that the LFS pointer says.
    #[serde(default)]
    pub lfs_size: Option<u64>,
    /// The Xet hash.
    #[serde(default)]
    pub xet_hash: Option<String>,
}

impl TreeEntry {
    /// What the Hub sends as its `ETag`, and so its blob's name: the SHA-256 of an LFS file, else the git SHA-1.
    pub fn etag(&self) -> &str {
        self.lfs_sha256.as_deref().unwrap_or(&self.blob_id)
    }

    /// The bytes of its content.
    pub fn length(&self) -> u64 {
        self.lfs_size.unwrap_or(self.size)
    }
}

#[derive(Deserialize)]
struct FileFormat {
    format_version: u64,
    files: Tree,
}

/// As the Python client does, `lfs_size` stands beside `lfs_sha256` even when it is null, and nothing else does.
#[derive(Serialize)]
struct WrittenEntry<'a> {
    size: u64,
    blob_id: &'a str,
    #[serde(flatten)]
    lfs: Option<WrittenLfs<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xet_hash: Option<&'a str>,
}

#[derive(Serialize)]
struct WrittenLfs<'a> {
    lfs_sha256: &'a str,
    lfs_size: Option<u64>,
}

impl<'a> From<&'a TreeEntry> for WrittenEntry<'a> {
    fn from(entry: &'a TreeEntry) -> Self {
        Self {
            size: entry.size,
            blob_id: &entry.blob_id,
            lfs: entry
                .lfs_sha256
                .as_deref()
                .map(|lfs_sha256| WrittenLfs { lfs_sha256, lfs_size: entry.lfs_size }),
            xet_hash: entry.xet_hash.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct WrittenFormat<'a> {
    format_version: u64,
    files: BTreeMap<&'a str, WrittenEntry<'a>>,
}

const VERSION: u64 = 1;

/// Whether a listing may be kept and used: no path leads out of its folder, no Xet hash is malformed.
pub fn is_sound(tree: &Tree) -> bool {
    // Here, as in the Python client's check, capitals are fine.
    let xet = |hash: &str| hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit());
    tree.iter().all(|(path, entry)| is_repo_path(path) && entry.xet_hash.as_deref().is_none_or(xet))
}

/// The file's bytes, exactly those that the Python client writes. None for a listing that is not [`is_sound`].
pub fn to_json(tree: &Tree) -> Option<Vec<u8>> {
    if !is_sound(tree) {
        return None;
    }
    let mut bytes = Vec::new();
    let files = tree.iter().map(|(path, entry)| (path.as_str(), WrittenEntry::from(entry))).collect();
    let mut out =
        serde_json::Serializer::with_formatter(&mut bytes, Ascii(PrettyFormatter::with_indent(b" ")));
    WrittenFormat { format_version: VERSION, files }.serialize(&mut out).ok()?;
    Some(bytes)
}

/// Reads a listing. None when it is malformed, unsafe, or of a later format: it is fetched again then.
pub fn from_json(bytes: &[u8]) -> Option<Tree> {
    let read: FileFormat = serde_json::from_slice(bytes).ok()?;
    (read.format_version == VERSION && is_sound(&read.files)).then_some(read.files)
}

/// JSON in ASCII alone, indented, as Python's `json.dump(indent=1)` writes it.
struct Ascii(PrettyFormatter<'static>);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        for c in text.chars() {
            if matches!(c, ' '..='~') {
                out.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: u64, id: &str, lfs: Option<(&str, Option<u64>)>, xet: Option<&str>) -> TreeEntry {
        TreeEntry {
            size,
            blob_id: id.repeat(40),
            lfs_sha256: lfs.map(|(hash, _)| hash.repeat(64)),
            lfs_size: lfs.and_then(|(_, size)| size),
            xet_hash: xet.map(|hash| hash.repeat(64)),
        }
    }

    // Written by `write_tree_cache` of huggingface_hub 2.4.0.
    fn golden() -> (Tree, String) {
        let tree = Tree::from([
            ("z.bin".into(), entry(5, "b", Some(("c", Some(5))), Some("d"))),
            ("a \u{e9}\u{1F600}\"\\\u{7f}\t\n/x".into(), entry(0, "e", None, None)),
            ("Z".into(), entry(7, "f", Some(("1", None)), None)),
        ]);
        let text = "{\n \"format_version\": 1,\n \"files\": {\n  \"Z\": {\n   \"size\": 7,\n   \"blob_id\": \"F\",\n   \
            \"lfs_sha256\": \"L\",\n   \"lfs_size\": null\n  },\n  \
            \"a \\u00e9\\ud83d\\ude00\\\"\\\\\\u007f\\t\\n/x\": {\n   \"size\": 0,\n   \"blob_id\": \"E\"\n  },\n  \
            \"z.bin\": {\n   \"size\": 5,\n   \"blob_id\": \"B\",\n   \"lfs_sha256\": \"C\",\n   \"lfs_size\": 5,\n   \
            \"xet_hash\": \"D\"\n  }\n }\n}";
        let long = |text: String, (mark, len): (&str, usize)| {
            let hash = if mark == "L" { "1".repeat(64) } else { mark.to_lowercase().repeat(len) };
            text.replace(&format!("\"{mark}\""), &format!("\"{hash}\""))
        };
        let marks = [("F", 40), ("L", 64), ("E", 40), ("B", 40), ("C", 64), ("D", 64)];
        (tree, marks.into_iter().fold(text.to_owned(), long))
    }

    #[test]
    fn byte_for_byte_as_python() {
        let (tree, text) = golden();
        assert_eq!(String::from_utf8(to_json(&tree).unwrap()).unwrap(), text);
        assert_eq!(from_json(text.as_bytes()), Some(tree));
        assert_eq!(to_json(&Tree::new()).unwrap(), b"{\n \"format_version\": 1,\n \"files\": {}\n}");
    }

    #[test]
    fn etags() {
        let (tree, _) = golden();
        assert_eq!(tree["z.bin"].etag(), "c".repeat(64));
        assert_eq!(tree["a \u{e9}\u{1F600}\"\\\u{7f}\t\n/x"].etag(), "e".repeat(40));
    }

    #[test]
    fn what_is_not_sound_is_not_used() {
        let one = |path: &str, xet| Tree::from([(path.to_owned(), entry(1, "a", None, xet))]);
        assert!(to_json(&one("a", Some("0"))).is_some());
        for tree in [one("a", Some("G")), one("../a", None), one("/a", None), one("C:x", None)] {
            assert_eq!(to_json(&tree), None);
        }
        let (_, text) = golden();
        for bad in [
            text.replace("\"format_version\": 1", "\"format_version\": 2"),
            text.replace("z.bin", "../z.bin"),
            text.replace("\"size\": 7", "\"size\": -7"),
            text[..90].to_owned(),
            String::new(),
        ] {
            assert_eq!(from_json(bad.as_bytes()), None, "{bad}");
        }
    }
}
