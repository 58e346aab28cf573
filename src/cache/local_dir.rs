//! The `--local-dir` form: files where the caller wants them, and beside them, in `.cache/huggingface`, what is
//! known of each, so that an up-to-date file is not fetched again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cache::guard::{entries, is_read_only, make_dirs, name, parent};
use crate::cache::layout::{INCOMPLETE, join, parse_partial, partial_name, tree_file};
use crate::cache::publish::{copy_file, settle, tag};
use crate::cache::store::{Completeness, complete};
use crate::cache::tree::{self, Tree, TreeEntry};
use crate::cache::verify::hashes_to;
use crate::error::{Error, Result};
use crate::pattern::Filter;
use crate::repo::{check_commit, check_etag, check_repo_path};
use crate::sys::folder::Folder;
use crate::sys::link;
use crate::sys::sha::Sha1;

/// A folder that mirrors a repository.
#[derive(Debug, Clone)]
pub struct LocalDir {
    root: PathBuf,
    sync: bool,
}

/// What is noted of a file: it was this version at that time.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The commit it was fetched at.
    pub commit: String,
    /// The etag it had there.
    pub etag: String,
    /// When that was true, in seconds since 1970.
    pub timestamp: f64,
}

/// How a file on disk stands to what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalState {
    /// It is the wanted version, by its note.
    Current(PathBuf),
    /// It is there, but nothing that holds is noted: its hash decides ([`LocalDir::adopt`]).
    Unproven(PathBuf),
    /// It is there, and is another version.
    Outdated(PathBuf),
    /// It is not there.
    Absent,
}

/// A file's places: itself and its notes.
struct Place {
    file: PathBuf,
    /// The folder of its notes.
    notes: PathBuf,
    /// The last part of its path.
    name: String,
}

impl LocalDir {
    /// The folder at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), sync: false }
    }

    /// Whether a file's new name is on disk before its note is (durability against power loss).
    #[must_use]
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder for the notes, tagged for backup tools and ignored by git.
    pub fn prepare(&self) -> Result<()> {
        use std::io::Write as _;
        let house = self.house();
        make_dirs(&self.root, &house)?;
        tag(&house);
        if let Ok(mut ignore) = fs::File::create_new(house.join(".gitignore")) {
            let _ = ignore.write_all(b"*");
        }
        Ok(())
    }

    /// Where a file goes.
    pub fn file(&self, path: &str) -> Result<PathBuf> {
        Ok(self.place(path)?.file)
    }

    /// The lock file of a file.
    pub fn lock(&self, path: &str) -> Result<PathBuf> {
        let place = self.place(path)?;
        Ok(place.notes.join(format!("{}.lock", place.name)))
    }

    /// What is noted of a file, if the file is there and was not touched since. The clock of the file system may
    /// differ a little, so a second is forgiven.
    pub fn metadata(&self, path: &str) -> Result<Option<Metadata>> {
        let place = self.place(path)?;
        let read = || -> Option<Metadata> {
            let note = parse_metadata(&fs::read_to_string(place.metadata()).ok()?)?;
            let modified = fs::metadata(&place.file).ok()?.modified().ok()?;
            (seconds(modified) - 1.0 <= note.timestamp).then_some(note)
        };
        Ok(read())
    }

    /// Notes that the file is this version, now.
    pub fn write_metadata(&self, path: &str, commit: &str, etag: &str) -> Result<()> {
        check_commit(commit)?;
        check_etag(etag)?;
        let place = self.place(path)?;
        let notes = make_dirs(&self.root, &place.notes)?;
        // Never before the file's own time, whatever clock wrote that.
        let modified = fs::metadata(&place.file).and_then(|found| found.modified()).unwrap_or(UNIX_EPOCH);
        let now = SystemTime::now().max(modified).duration_since(UNIX_EPOCH).unwrap_or_default();
        let text = format!("{commit}\n{etag}\n{}.{:06}\n", now.as_secs(), now.subsec_micros());
        let note = place.metadata();
        notes
            .write_atomic(name(&place.temp()), &notes, name(&note), text.as_bytes(), false)
            .map_err(|error| Error::io("write", &note, &error))
    }

    /// How the file stands to the version that is wanted. With `commit` alone (asked for by commit) no request is
    /// needed when the note says that commit; with `etag`, which the Hub told, the note's etag decides.
    pub fn state(&self, path: &str, commit: Option<&str>, etag: Option<&str>) -> Result<LocalState> {
        let file = self.file(path)?;
        if !file.is_file() {
            return Ok(LocalState::Absent);
        }
        let note = self.metadata(path)?;
        Ok(match (note, etag) {
            (Some(note), _) if commit == Some(note.commit.as_str()) || etag == Some(note.etag.as_str()) => {
                LocalState::Current(file)
            }
            (Some(_), Some(_)) => LocalState::Outdated(file),
            _ => LocalState::Unproven(file),
        })
    }

    /// Takes a file that is there for what it is: when its bytes have the hash `etag`, that is noted, and the
    /// answer is true. `go_on` gets the bytes read in each step, and false ends it as cancelled.
    pub fn adopt(
        &self,
        path: &str,
        commit: &str,
        etag: &str,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<bool> {
        check_commit(commit)?;
        let file = self.file(path)?;
        let time = || fs::metadata(&file).and_then(|found| found.modified()).ok();
        let before = time();
        if !file.is_file() || !hashes_to(&file, etag, go_on)? || time() != before {
            return Ok(false);
        }
        self.write_metadata(path, commit, etag)?;
        Ok(true)
    }

    /// Copies a file of the main cache here, sharing blocks where the file system can.
    pub fn copy_from(&self, source: &Path, path: &str, commit: &str, etag: &str) -> Result<PathBuf> {
        self.prepare()?;
        let temp = self.new_partial(path, etag)?;
        let notes = make_dirs(&self.root, parent(&temp))?;
        copy_file(source, &notes, &temp, self.sync)?;
        self.publish(path, commit, etag, &temp).inspect_err(|_| drop(notes.remove(name(&temp))))
    }

    /// The unfinished downloads of this file and etag, last written first.
    pub fn partials(&self, path: &str, etag: &str) -> Result<Vec<PathBuf>> {
        check_etag(etag)?;
        let place = self.place(path)?;
        let stem = format!("{}.{etag}", place.short_hash());
        let mut found = Vec::new();
        for path in entries(&place.notes)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if parse_partial(name).is_some_and(|(of, _)| of == stem) {
                let modified = fs::symlink_metadata(&path).and_then(|found| found.modified()).ok();
                found.push((modified, path));
            }
        }
        found.sort_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// A name for a new partial, in use by nobody; its folder is made.
    pub fn new_partial(&self, path: &str, etag: &str) -> Result<PathBuf> {
        check_etag(etag)?;
        let place = self.place(path)?;
        make_dirs(&self.root, &place.notes)?;
        let stem = format!("{}.{etag}", place.short_hash());
        loop {
            let path = place.notes.join(partial_name(&stem, fastrand::u32(..)));
            if path.symlink_metadata().is_err() {
                return Ok(path);
            }
        }
    }

    /// The folder of a file's notes, lock and partials, open.
    pub fn notes(&self, path: &str) -> Result<Folder> {
        make_dirs(&self.root, &self.place(path)?.notes)
    }

    /// Publishes a finished, verified and synced download: it replaces the file, and that is noted.
    pub fn publish(&self, path: &str, commit: &str, etag: &str, partial: &Path) -> Result<PathBuf> {
        check_commit(commit)?;
        check_etag(etag)?;
        let place = self.place(path)?;
        let (notes, folder) =
            (make_dirs(&self.root, &place.notes)?, make_dirs(&self.root, parent(&place.file))?);
        settle(&notes, partial, &folder, &place.file, true)?;
        if self.sync {
            // Up to the top: a folder on the way may be new.
            for folder in parent(&place.file).ancestors().take_while(|folder| folder.starts_with(&self.root))
            {
                link::sync_dir(folder).map_err(|error| Error::io("sync", folder, &error))?;
            }
        }
        self.write_metadata(path, commit, etag)?;
        Ok(place.file)
    }

    /// The listing of a commit; None when there is none that can be used.
    pub fn read_tree(&self, commit: &str) -> Option<Tree> {
        check_commit(commit).ok()?;
        tree::from_json(&fs::read(tree_file(&self.house(), commit)).ok()?)
    }

    /// The commit whose listing was kept last.
    pub fn last_listed(&self) -> Option<String> {
        let trees = entries(&self.house().join("trees")).ok()?;
        let listed = trees.into_iter().filter_map(|path| {
            let commit = path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned();
            check_commit(&commit).ok()?;
            Some((fs::metadata(&path).ok()?.modified().ok()?, commit))
        });
        listed.max().map(|(_, commit)| commit)
    }

    /// Keeps the listing of a commit. False when it is malformed or the folder is read-only.
    pub fn write_tree(&self, commit: &str, tree: &Tree) -> Result<bool> {
        check_commit(commit)?;
        let Some(bytes) = tree::to_json(tree) else { return Ok(false) };
        let path = tree_file(&self.house(), commit);
        let temp = path.with_file_name(format!("{commit}.{:08x}.tmp", fastrand::u32(..)));
        let write = || {
            let trees = make_dirs(&self.root, parent(&path))?;
            trees
                .write_atomic(name(&temp), &trees, name(&path), &bytes, self.sync)
                .map_err(|error| Error::io("write", &path, &error))
        };
        match write() {
            Ok(()) => Ok(true),
            Err(error) if is_read_only(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the files that `filter` lets through are all there, by the listing of the commit.
    pub fn complete(&self, commit: &str, filter: &Filter) -> Result<Completeness> {
        check_commit(commit)?;
        let current = |path: &str, entry: &TreeEntry| {
            matches!(self.state(path, Some(commit), Some(entry.etag())), Ok(LocalState::Current(_)))
        };
        Ok(complete(&self.root, || self.read_tree(commit), filter, current))
    }

    fn house(&self) -> PathBuf {
        self.root.join(".cache").join("huggingface")
    }

    fn place(&self, path: &str) -> Result<Place> {
        let path = check_repo_path(path)?;
        let lower = path.to_ascii_lowercase();
        if lower == ".cache/huggingface" || lower.starts_with(".cache/huggingface/") {
            return Err(Error::invalid(format!(
                "'{path}' can't be written here: the notes of all files lie there"
            )));
        }
        let notes = join(self.house().join("download"), &path);
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Place { file: join(self.root.clone(), &path), notes: parent(&notes).to_owned(), name })
    }
}

impl Place {
    fn metadata(&self) -> PathBuf {
        self.notes.join(format!("{}.metadata", self.name))
    }

    fn temp(&self) -> PathBuf {
        self.notes.join(format!("{}.{:08x}{INCOMPLETE}", self.short_hash(), fastrand::u32(..)))
    }

    /// What stands for the file's name in the names of its partials, which could get too long otherwise.
    fn short_hash(&self) -> String {
        let mut hash = Sha1::new();
        hash.update(format!("{}.metadata", self.name).as_bytes());
        base64_url(&hash.finish())
    }
}

fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Three lines: commit, etag, time.
fn parse_metadata(text: &str) -> Option<Metadata> {
    let mut lines = text.lines().map(str::trim);
    let (commit, etag) = (lines.next()?.to_owned(), lines.next()?.to_owned());
    let timestamp: f64 = lines.next()?.parse().ok()?;
    timestamp.is_finite().then_some(Metadata { commit, etag, timestamp })
}

fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::cache::tests::{COMMIT, CONFIG, MODEL, dump, filled, repo, tree};
    use std::time::Duration;

    fn folder() -> (tempfile::TempDir, LocalDir) {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalDir::new(folder.path()).with_sync(true);
        local.prepare().unwrap();
        (folder, local)
    }

    // File names made by `get_local_download_paths(..).incomplete_path(..)` of huggingface_hub 2.4.0.
    #[test]
    fn as_python_lays_it_out() {
        let (_folder, local) = folder();
        let notes = local.root().join(".cache/huggingface/download/sub/dir");
        assert_eq!(local.file("sub/dir/model.bin").unwrap(), local.root().join("sub/dir/model.bin"));
        assert_eq!(local.lock("sub/dir/model.bin").unwrap(), notes.join("model.bin.lock"));
        let partial = local.new_partial("sub/dir/model.bin", MODEL).unwrap();
        assert_eq!(partial.parent().unwrap(), notes);
        let name = partial.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("mBG94Lz8EYH5gU8b5axgj2RF9Tk=.{MODEL}."))
                && name.ends_with(".incomplete"),
            "{name}"
        );
        fs::write(&partial, "x").unwrap();
        assert_eq!(local.partials("sub/dir/model.bin", MODEL).unwrap(), [partial]);
        assert!(local.partials("sub/dir/model.bin", CONFIG).unwrap().is_empty());
    }

    #[test]
    fn a_file_comes_and_is_current_until_touched() {
        let (_folder, local) = folder();
        let state =
            |commit: Option<&str>, etag: Option<&str>| local.state("a/config.json", commit, etag).unwrap();
        assert_eq!(state(Some(COMMIT), None), LocalState::Absent);
        let partial = local.new_partial("a/config.json", CONFIG).unwrap();
        fs::write(&partial, b"{\"a\": 1}\n").unwrap();
        let file = local.publish("a/config.json", COMMIT, CONFIG, &partial).unwrap();
        assert_eq!(state(Some(COMMIT), None), LocalState::Current(file.clone()));
        assert_eq!(state(None, Some(CONFIG)), LocalState::Current(file.clone()));
        assert_eq!(state(None, Some(MODEL)), LocalState::Outdated(file.clone()));
        let other = "0".repeat(40);
        assert_eq!(state(Some(&other), None), LocalState::Unproven(file.clone()));
        let note = local.metadata("a/config.json").unwrap().unwrap();
        assert_eq!((note.commit.as_str(), note.etag.as_str()), (COMMIT, CONFIG));

        let later = SystemTime::now() + Duration::from_mins(1);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert_eq!(state(Some(COMMIT), Some(CONFIG)), LocalState::Unproven(file.clone()), "touched");
        assert!(!local.adopt("a/config.json", COMMIT, MODEL, &mut |_| true).unwrap());
        assert!(local.adopt("a/config.json", COMMIT, CONFIG, &mut |_| true).unwrap());
        assert_eq!(
            state(None, Some(CONFIG)),
            LocalState::Current(file.clone()),
            "noted with the file's own time"
        );

        fs::write(local.root().join(".cache/huggingface/download/a/config.json.metadata"), "x\ny\nnan\n")
            .unwrap();
        assert_eq!(state(Some(COMMIT), Some(CONFIG)), LocalState::Unproven(file));
    }

    #[test]
    fn a_file_of_the_cache_is_copied() {
        let (_cache_folder, cache) = filled(true);
        let (_folder, local) = folder();
        let source = cache.paths(&repo()).pointer(COMMIT, "sub/dir/model.bin");
        local.copy_from(&source, "sub/dir/model.bin", COMMIT, MODEL).unwrap();
        local.copy_from(&source, "sub/dir/model.bin", COMMIT, MODEL).unwrap();
        assert!(local.write_tree(COMMIT, &tree()).unwrap());
        assert_eq!(local.read_tree(COMMIT), Some(tree()));
        let only = Filter::new(&["*.bin".into()], &[]);
        assert_eq!(local.complete(COMMIT, &only).unwrap(), Completeness::Complete);
        assert!(matches!(local.complete(COMMIT, &Filter::default()).unwrap(), Completeness::Missing(_)));
        let names: Vec<String> =
            dump(local.root()).lines().map(|line| line.split(' ').next().unwrap().into()).collect();
        assert_eq!(
            names,
            [
                ".cache/huggingface/.gitignore",
                ".cache/huggingface/CACHEDIR.TAG",
                ".cache/huggingface/download/sub/dir/model.bin.metadata",
                ".cache/huggingface/trees/C.json",
                "sub/dir/model.bin",
            ]
        );
    }

    #[test]
    fn the_notes_can_not_be_overwritten() {
        let (folder, local) = folder();
        for path in
            [".cache/huggingface/download/x.metadata", ".CACHE/HuggingFace/x", ".cache/huggingface", "../x"]
        {
            assert!(local.file(path).is_err(), "{path}");
        }
        assert!(local.file(".cache/other").is_ok());
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        let partial = local.new_partial("x", CONFIG).unwrap();
        fs::write(&partial, "x").unwrap();
        assert!(local.publish("out/x", COMMIT, CONFIG, &partial).is_err());
        assert_eq!(entries(outside.path()).unwrap().len(), 0);
    }

    #[test]
    fn base64_as_python() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"\xff\xfe\xfd", "__79")] {
            assert_eq!(base64_url(bytes), text);
        }
    }
}
