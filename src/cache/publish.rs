//! Making things visible: each by one rename, after everything it needs is there.
//!
//! What is on its way has a name in `blobs/` that ends in `.incomplete`, symlinks and refs too: a name beside its
//! destination, left by a crash, would be taken for a file of the snapshot or for a ref.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cache::guard::{entries, is_read_only, make_dirs, name, parent};
use crate::cache::layout::{CACHEDIR_TAG, CACHEDIR_TAG_NAME, RepoPaths, blob_target, partial_name};
use crate::cache::shared;
use crate::cache::store::Cache;
use crate::cache::tree::{self, Tree};
use crate::cache::verify::hashes_to;
use crate::error::{Error, Result};
use crate::repo::{RepoId, check_commit, check_etag, check_repo_path, check_revision};
use crate::sys::folder::Folder;
use crate::sys::{file, link};

impl Cache {
    /// The folder of a repository's blobs and partials, open.
    pub fn blobs(&self, repo: &RepoId) -> Result<Folder> {
        make_dirs(self.root(), &self.paths(repo).blobs())
    }

    /// Makes a snapshot's folder.
    pub fn make_snapshot(&self, folder: &Path) -> Result<()> {
        make_dirs(self.root(), folder).map(drop)
    }

    /// The folder of a lock file, open.
    pub fn locks(&self, lock: &Path) -> Result<Folder> {
        make_dirs(self.root(), parent(lock))
    }

    /// Makes the repository's folders, and tags the cache for backup tools.
    pub fn prepare(&self, repo: &RepoId) -> Result<()> {
        let paths = self.paths(repo);
        make_dirs(self.root(), &paths.blobs())?;
        make_dirs(self.root(), &paths.snapshots())?;
        tag(self.root());
        Ok(())
    }

    /// Publishes a finished download: `partial` becomes the blob `etag`, and the snapshot of `commit` gets its
    /// entry, whose path is returned. The bytes must be verified and synced, and nothing else in the file.
    ///
    /// A blob that is there with the same size is kept, and the partial dropped, unless `replace` asks for the new
    /// one (a forced download). A partial that is gone is fine when somebody else has published the blob.
    pub fn publish(
        &self,
        repo: &RepoId,
        commit: &str,
        path: &str,
        etag: &str,
        partial: &Path,
        replace: bool,
    ) -> Result<PathBuf> {
        let place = Place::new(self, repo, commit, path, etag)?;
        let open = place.make_folders(self)?;
        if self.symlinks()
            && let Some(link) = place.link_on_its_way(&open)?
        {
            settle(&open.blobs, partial, &open.blobs, &place.blob, replace)
                .inspect_err(|_| drop(open.blobs.remove(name(&link))))?;
            return place.show(&open, &link);
        }
        // No symlinks here: the file itself is the snapshot's entry.
        settle(&open.blobs, partial, &open.snapshot, &place.pointer, replace)?;
        Ok(place.pointer)
    }

    /// Makes the snapshot's entry for a blob that is there already, from this or another revision. None when the
    /// blob is not there, or goes meanwhile.
    pub fn link(&self, repo: &RepoId, commit: &str, path: &str, etag: &str) -> Result<Option<PathBuf>> {
        let place = Place::new(self, repo, commit, path, etag)?;
        if !place.blob.is_file() {
            return Ok(None);
        }
        let open = place.make_folders(self)?;
        if self.symlinks() {
            let there = fs::read_link(&place.pointer).is_ok_and(|target| target == place.target);
            let made = if there { None } else { place.link_on_its_way(&open)? };
            if let Some(link) = &made {
                place.show(&open, link)?;
            }
            if there || made.is_some() {
                // Who deletes it from now on sees the link first; who did so before has taken its name away.
                if place.blob.is_file() {
                    return Ok(Some(place.pointer));
                }
                let _ = open.snapshot.remove(name(&place.pointer));
                return Ok(None);
            }
        }
        match place.copy_in(&open, &place.blob) {
            Err(_) if !place.blob.is_file() => Ok(None),
            copied => copied.map(Some),
        }
    }

    /// As [`Cache::link`], for a file that only the shared Xet store holds.
    pub fn link_shared(
        &self,
        repo: &RepoId,
        commit: &str,
        path: &str,
        etag: &str,
        xet_hash: &str,
        size: u64,
    ) -> Result<Option<PathBuf>> {
        let place = Place::new(self, repo, commit, path, etag)?;
        if !self.symlinks() || !shared::has(self.root(), xet_hash, size) {
            return Ok(None);
        }
        place.make_folders(self)?;
        if !shared::link(self.root(), &place.blob, xet_hash, size) {
            return Ok(None);
        }
        self.link(repo, commit, path, etag)
    }

    /// Without symlinks, the same file in the snapshot of another commit, proven by its hash, copied into this one.
    /// `go_on` as for [`crate::cache::verify::verify`].
    pub fn link_copy(
        &self,
        repo: &RepoId,
        commit: &str,
        path: &str,
        etag: &str,
        size: u64,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Option<PathBuf>> {
        let place = Place::new(self, repo, commit, path, etag)?;
        for snapshot in entries(&place.paths.snapshots())? {
            let candidate = snapshot.join(&place.path);
            let fits = fs::metadata(&candidate).is_ok_and(|found| found.is_file() && found.len() == size);
            if fits && candidate != place.pointer && hashes_to(&candidate, etag, go_on)? {
                let open = place.make_folders(self)?;
                return place.copy_in(&open, &candidate).map(Some);
            }
        }
        Ok(None)
    }

    /// Lets the ref `revision` say `commit`. False when nothing was written: it says so already, the revision is
    /// a commit itself, the snapshot's folder is not there yet (a ref without it makes the Python client call the
    /// repository corrupt), or the cache is read-only.
    pub fn write_ref(&self, repo: &RepoId, revision: &str, commit: &str) -> Result<bool> {
        check_revision(revision)?;
        check_commit(commit)?;
        let paths = self.paths(repo);
        if self.commit_of(repo, revision).is_some_and(|known| known == commit || known == revision)
            || !paths.snapshot(commit).is_dir()
        {
            return Ok(false);
        }
        let path = paths.ref_file(revision);
        let written = self.write_small(&paths, &path, commit.as_bytes())?;
        if written && self.sync() {
            self.sync_up(parent(&path))?;
        }
        Ok(written)
    }

    /// Notes that the repository has no such file at this commit. False when it is known already or the cache is
    /// read-only.
    pub fn write_no_exist(&self, repo: &RepoId, commit: &str, path: &str) -> Result<bool> {
        check_commit(commit)?;
        let path = check_repo_path(path)?;
        let paths = self.paths(repo);
        let note = paths.no_exist(commit, &path);
        if note.symlink_metadata().is_ok() {
            return Ok(false);
        }
        // Without snapshots/ the Python client would call the repository corrupt.
        if let Err(error) = make_dirs(self.root(), &paths.snapshots()) {
            return if is_read_only(&error) { Ok(false) } else { Err(error) };
        }
        self.write_small(&paths, &note, b"")
    }

    /// Keeps the listing of a commit. False when it is malformed (then none is better) or the cache is read-only.
    pub fn write_tree(&self, repo: &RepoId, commit: &str, tree: &Tree) -> Result<bool> {
        check_commit(commit)?;
        let Some(bytes) = tree::to_json(tree) else { return Ok(false) };
        let paths = self.paths(repo);
        self.write_small(&paths, &paths.tree(commit), &bytes)
    }

    /// Brings the names of a snapshot to disk, once at the end of a job that wants to survive a power loss.
    pub fn sync_names(&self, repo: &RepoId, commit: &str) -> Result<()> {
        let paths = self.paths(repo);
        let mut folders = vec![paths.snapshot(commit)];
        while let Some(folder) = folders.pop() {
            let real = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| found.is_dir());
            folders.extend(entries(&folder)?.into_iter().filter(real));
            sync_dir(&folder)?;
        }
        [paths.blobs(), paths.snapshots(), paths.dir().join("refs"), paths.dir(), self.root().to_owned()]
            .iter()
            .try_for_each(|folder| sync_dir(folder))
    }

    /// As [`Cache::sync_names`], for one file of a snapshot.
    pub fn sync_name(&self, repo: &RepoId, commit: &str, path: &str) -> Result<()> {
        let paths = self.paths(repo);
        sync_dir(&paths.blobs())?;
        self.sync_up(parent(&paths.pointer(commit, &check_repo_path(path)?)))
    }

    /// Brings the names in a folder, and those that lead to it, to disk.
    fn sync_up(&self, folder: &Path) -> Result<()> {
        folder.ancestors().take_while(|folder| folder.starts_with(self.root())).try_for_each(sync_dir)
    }

    /// Writes a small file of ours whole. False on a read-only cache.
    fn write_small(&self, paths: &RepoPaths, path: &Path, bytes: &[u8]) -> Result<bool> {
        let temp = on_its_way(paths);
        let write = || {
            let blobs = make_dirs(self.root(), parent(&temp))?;
            let folder = make_dirs(self.root(), parent(path))?;
            blobs
                .write_atomic(name(&temp), &folder, name(path), bytes, self.sync())
                .map_err(|error| Error::io("write", path, &error))
        };
        match write() {
            Ok(()) => Ok(true),
            Err(error) if is_read_only(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Where one file of one snapshot goes.
struct Place {
    paths: RepoPaths,
    path: String,
    blob: PathBuf,
    pointer: PathBuf,
    target: PathBuf,
    sync: bool,
}

impl Place {
    fn new(cache: &Cache, repo: &RepoId, commit: &str, path: &str, etag: &str) -> Result<Self> {
        check_commit(commit)?;
        check_etag(etag)?;
        let path = check_repo_path(path)?;
        let paths = cache.paths(repo);
        let (blob, pointer) = (paths.blob(etag), paths.pointer(commit, &path));
        let target = blob_target(&path, etag);
        Ok(Self { paths, path, blob, pointer, target, sync: cache.sync() })
    }

    fn make_folders(&self, cache: &Cache) -> Result<Open> {
        let blobs = make_dirs(cache.root(), parent(&self.blob))?;
        Ok(Open { blobs, snapshot: make_dirs(cache.root(), parent(&self.pointer))? })
    }

    /// The symlink under a name of its own, before anything has moved. None where there are no symlinks.
    fn link_on_its_way(&self, open: &Open) -> Result<Option<PathBuf>> {
        let temp = on_its_way(&self.paths);
        match open.blobs.symlink(&self.target, name(&temp)) {
            Ok(()) => Ok(Some(temp)),
            // Permission: only a Windows without developer mode, or FAT, says so in a folder that was just made.
            Err(error) if link::is_no_symlinks(&error) => Ok(None),
            Err(error) => Err(Error::io("make the symlink", &temp, &error)),
        }
    }

    fn show(&self, open: &Open, link: &Path) -> Result<PathBuf> {
        rename(&open.blobs, link, &open.snapshot, &self.pointer)
            .inspect_err(|_| drop(open.blobs.remove(name(link))))?;
        Ok(self.pointer.clone())
    }

    fn copy_in(&self, open: &Open, source: &Path) -> Result<PathBuf> {
        let temp = on_its_way(&self.paths);
        copy_file(source, &open.blobs, &temp, self.sync)?;
        self.show(open, &temp)
    }
}

/// Where it goes, open.
struct Open {
    blobs: Folder,
    snapshot: Folder,
}

fn on_its_way(paths: &RepoPaths) -> PathBuf {
    paths.blobs().join(partial_name("hfx", fastrand::u32(..)))
}

/// Renames what lies in the open folder of `from` to a name in that of `to`.
fn rename(from_folder: &Folder, from: &Path, to_folder: &Folder, to: &Path) -> Result<()> {
    from_folder.rename(name(from), to_folder, name(to)).map_err(|error| Error::io("rename to", to, &error))
}

/// Moves a finished file to where it stays, or drops it when that place holds the same already. The folders are those
/// of the two paths.
pub(crate) fn settle(
    from_folder: &Folder,
    partial: &Path,
    to_folder: &Folder,
    to: &Path,
    replace: bool,
) -> Result<()> {
    let found = match fs::symlink_metadata(partial) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound && !replace && to.is_file() => return Ok(()),
        Err(error) => return Err(Error::io("publish", partial, &error)),
    };
    if !replace && fs::metadata(to).is_ok_and(|there| there.is_file() && there.len() == found.len()) {
        let _ = from_folder.remove(name(partial));
        return Ok(());
    }
    if is_private(&found) {
        link::set_default_mode(partial)
            .map_err(|error| Error::io("set the permissions of", partial, &error))?;
    }
    rename(from_folder, partial, to_folder, to)
}

/// Whether a file was made for its owner alone, as temporary files are. Any other was made in the ordinary way and
/// has the umask's permissions already; to find those out costs more than all the rest of publishing.
fn is_private(found: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(found) & 0o066 == 0;
    #[cfg(not(unix))]
    {
        let _ = found;
        false
    }
}

/// Copies a file to a new name in the open folder of `to`, sharing blocks where the file system can; `sync` brings it to
/// disk before its rename.
pub(crate) fn copy_file(from: &Path, folder: &Folder, to: &Path, sync: bool) -> Result<()> {
    let source = fs::File::open(from).map_err(|error| Error::io("open", from, &error))?;
    let size = source.metadata().map_err(|error| Error::io("look at", from, &error))?.len();
    let target = folder.create_new(name(to)).map_err(|error| Error::io("create", to, &error))?;
    let copied = file::copy_range(&source, 0, &target, 0, size);
    copied.and_then(|()| if sync { target.sync_data() } else { Ok(()) }).map_err(|error| {
        let _ = folder.remove(name(to));
        Error::io("copy to", to, &error)
    })
}

/// Marks a cache folder for backup tools, as well as it can.
pub(crate) fn tag(folder: &Path) {
    use std::io::Write as _;
    if let Ok(mut tag) = fs::File::create_new(folder.join(CACHEDIR_TAG_NAME)) {
        let _ = tag.write_all(CACHEDIR_TAG.as_bytes());
    }
}

fn sync_dir(folder: &Path) -> Result<()> {
    match link::sync_dir(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("sync", folder, &error)),
        _ => Ok(()),
    }
}
