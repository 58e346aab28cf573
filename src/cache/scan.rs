//! Looking over a whole cache: the same repositories, revisions and sizes that the Python client's `scan_cache_dir`
//! reports. Only blobs count; a blob that several files name counts once.
//!
//! Nothing is followed out of the cache: a repository that is a symlink, and a file whose blob lies elsewhere, are
//! left out with a warning. (The Python client follows both, and deletes what it finds there.)

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cache::guard::{entries, parent};
use crate::cache::layout::{CACHEDIR_TAG_NAME, LOCKS, is_partial, parse_repo_folder};
use crate::cache::shared;
use crate::cache::verify::{files_below, relative};
use crate::error::{Error, Result};
use crate::repo::RepoKind;

/// A whole cache.
#[derive(Debug, Clone)]
pub struct CacheInfo {
    /// Its folder, without symlinks.
    pub root: PathBuf,
    /// The bytes of all blobs, each counted once, and of shared payloads that nobody holds.
    pub size: u64,
    /// The repositories, sorted by folder.
    pub repos: Vec<RepoInfo>,
    /// Downloads that did not end, or have not yet.
    pub partials: Vec<PartialInfo>,
    /// What is wrong with it, a line each. A repository that makes no sense is left out above.
    pub warnings: Vec<String>,
}

/// A cached repository.
#[derive(Debug, Clone)]
pub struct RepoInfo {
    /// Its kind.
    pub kind: RepoKind,
    /// Its id, as the folder's name says.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// The bytes of its blobs.
    pub size: u64,
    /// The number of its blobs.
    pub blobs: usize,
    /// Its snapshots, sorted by commit.
    pub revisions: Vec<RevisionInfo>,
    /// When a blob was last read, as far as the file system notes it.
    pub last_accessed: SystemTime,
    /// When a blob was last written.
    pub last_modified: SystemTime,
}

/// A snapshot.
#[derive(Debug, Clone)]
pub struct RevisionInfo {
    /// Its commit.
    pub commit: String,
    /// Its folder.
    pub path: PathBuf,
    /// The bytes of its blobs.
    pub size: u64,
    /// The refs that lead to it, sorted. With none it is detached.
    pub refs: Vec<String>,
    /// Its files, sorted by path.
    pub files: Vec<FileInfo>,
    /// When a blob was last written.
    pub last_modified: SystemTime,
}

/// A file of a snapshot.
#[derive(Debug, Clone)]
pub struct FileInfo {
    /// Its path in the repository.
    pub name: String,
    /// Its path on disk.
    pub path: PathBuf,
    /// The repository's blob that it names; itself in a cache without symlinks.
    pub blob: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// When the blob was last read.
    pub last_accessed: SystemTime,
    /// When the blob was last written.
    pub last_modified: SystemTime,
}

/// A download that did not end, or has not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialInfo {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub size: u64,
}

/// What operating systems leave in folders.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// Looks over the cache at `root`.
pub fn scan(root: &Path) -> Result<CacheInfo> {
    let root = fs::canonicalize(root).map_err(|error| Error::io("open the cache", root, &error))?;
    if !root.is_dir() {
        return Err(Error::invalid(format!("the cache {} is not a folder", root.display())));
    }
    let mut info = CacheInfo { size: 0, repos: Vec::new(), partials: Vec::new(), warnings: Vec::new(), root };
    for path in entries(&info.root)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if LITTER.contains(&name) || [LOCKS, CACHEDIR_TAG_NAME].contains(&name) {
            continue;
        }
        if name == shared::STORE && shared::is_store(&path) {
            continue;
        }
        let mut warnings = Vec::new();
        match scan_repo(&info.root, &path, &mut warnings) {
            Ok(repo) => info.repos.push(repo),
            Err(why) => warnings.push(why),
        }
        info.warnings.append(&mut warnings);
        // Also in a repository that makes no sense: they can be pruned.
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            info.partials.extend(partials_in(&path.join("blobs")));
        }
    }
    let files = info.repos.iter().flat_map(|repo| &repo.revisions).flat_map(|revision| &revision.files);
    let own: BTreeMap<&Path, u64> = files
        .filter(|file| shared::target(&info.root, &file.blob).is_none())
        .map(|file| (file.blob.as_path(), file.size))
        .collect();
    let payloads: u64 = shared::payloads(&info.root).iter().map(|(_, size)| size).sum();
    info.size = own.values().sum::<u64>() + payloads;
    Ok(info)
}

/// The partials in a `blobs` folder; a symlink or ref on its way is one too.
fn partials_in(blobs: &Path) -> Vec<PartialInfo> {
    if !fs::symlink_metadata(blobs).is_ok_and(|found| found.is_dir()) {
        return Vec::new();
    }
    let partial = |path: PathBuf| {
        let found = fs::symlink_metadata(&path).ok().filter(|found| !found.is_dir())?;
        let size = if found.is_file() { found.len() } else { 0 };
        is_partial(path.file_name()?).then_some(PartialInfo { path, size })
    };
    entries(blobs).unwrap_or_default().into_iter().filter_map(partial).collect()
}

fn scan_repo(root: &Path, path: &Path, warnings: &mut Vec<String>) -> Result<RepoInfo, String> {
    let shown = path.display();
    let found = fs::symlink_metadata(path).map_err(|error| format!("can't look at {shown}: {error}"))?;
    if found.is_symlink() {
        return Err(format!("{shown} is a symlink; it is not followed"));
    }
    if !found.is_dir() {
        return Err(format!("{shown} is not a folder"));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let (kind, id) = name
        .and_then(parse_repo_folder)
        .ok_or_else(|| format!("{shown} is no repository: its name is not like models--owner--name"))?;
    let snapshots = path.join("snapshots");
    if !fs::symlink_metadata(&snapshots).is_ok_and(|found| found.is_dir()) {
        return Err(format!("{shown} has no folder 'snapshots'"));
    }
    let mut refs = scan_refs(&path.join("refs"))?;
    let mut blobs: HashMap<PathBuf, Metadata> = HashMap::new();
    let mut revisions = Vec::new();
    for folder in entries(&snapshots).map_err(|error| error.to_string())? {
        let Some(commit) = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
            return Err(format!("{} has no readable name", folder.display()));
        };
        if LITTER.contains(&commit.as_str()) {
            continue;
        }
        let itself = fs::symlink_metadata(&folder).map_err(|error| error.to_string())?;
        if !itself.is_dir() {
            return Err(format!("{} is not a folder", folder.display()));
        }
        let files = scan_files(root, &folder, &mut blobs, warnings)?;
        let distinct: BTreeMap<&Path, u64> =
            files.iter().map(|file| (file.blob.as_path(), file.size)).collect();
        revisions.push(RevisionInfo {
            refs: refs.remove(&commit).unwrap_or_default().into_iter().collect(),
            size: distinct.values().sum(),
            last_modified: files
                .iter()
                .map(|file| file.last_modified)
                .max()
                .unwrap_or_else(|| modified(&itself)),
            commit,
            path: folder,
            files,
        });
    }
    if let Some((commit, names)) = refs.first_key_value() {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err(format!(
            "{shown}: refs {} lead to {commit}, of which there is no snapshot",
            names.join(", ")
        ));
    }
    let latest =
        |time: fn(&Metadata) -> SystemTime| blobs.values().map(time).max().unwrap_or_else(|| time(&found));
    Ok(RepoInfo {
        kind,
        id,
        path: path.to_owned(),
        size: blobs.values().map(Metadata::len).sum(),
        blobs: blobs.len(),
        revisions,
        last_accessed: latest(accessed),
        last_modified: latest(modified),
    })
}

/// Commit to the names of its refs.
fn scan_refs(folder: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let mut refs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(format!("{} is not a folder", folder.display())),
        Err(_) => return Ok(refs),
    }
    for path in files_below(folder).map_err(|error| error.to_string())? {
        let name = relative(folder, &path);
        if path.is_dir() || LITTER.contains(&name.rsplit('/').next().unwrap_or_default()) {
            continue;
        }
        let text =
            fs::read_to_string(&path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
        refs.entry(text.trim().to_owned()).or_default().insert(name);
    }
    Ok(refs)
}

fn scan_files(
    root: &Path,
    folder: &Path,
    blobs: &mut HashMap<PathBuf, Metadata>,
    warnings: &mut Vec<String>,
) -> Result<Vec<FileInfo>, String> {
    let mut files = Vec::new();
    for path in files_below(folder).map_err(|error| error.to_string())? {
        // The first hop only: a blob may itself lead into the shared store, and the blob is what the repository owns.
        let blob = match fs::read_link(&path) {
            Ok(target) => shared::lexical(&parent(&path).join(target)),
            Err(_) => path.clone(),
        };
        if !blobs.contains_key(&blob) {
            let Ok(real) = fs::canonicalize(&blob) else {
                return Err(format!("{}: its blob {} is missing", path.display(), blob.display()));
            };
            if !blob.starts_with(root) || !real.starts_with(root) {
                warnings.push(format!("{} leads out of the cache; it is not followed", path.display()));
                continue;
            }
            let found =
                fs::metadata(&blob).map_err(|error| format!("can't look at {}: {error}", blob.display()))?;
            if found.is_dir() {
                continue;
            }
            blobs.insert(blob.clone(), found);
        }
        let found = &blobs[&blob];
        files.push(FileInfo {
            name: relative(folder, &path),
            size: found.len(),
            last_accessed: accessed(found),
            last_modified: modified(found),
            path,
            blob,
        });
    }
    Ok(files)
}

fn modified(of: &Metadata) -> SystemTime {
    of.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn accessed(of: &Metadata) -> SystemTime {
    of.accessed().unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::cache::tests::{COMMIT, CONFIG, filled, repo};
    use std::os::unix::fs::symlink;

    #[test]
    fn counts_each_blob_once() {
        let (_folder, cache) = filled(true);
        let other = "b".repeat(40);
        cache.link(&repo(), COMMIT, "twice.json", CONFIG).unwrap();
        cache.link(&repo(), &other, "config.json", CONFIG).unwrap();
        fs::write(cache.new_partial(&repo(), CONFIG).unwrap(), "par").unwrap();
        fs::write(cache.root().join(".DS_Store"), "").unwrap();
        let info = scan(cache.root()).unwrap();
        assert_eq!(info.warnings, [""; 0]);
        assert_eq!(
            (info.size, info.repos.len(), info.partials.len(), info.partials[0].size),
            (9012, 1, 1, 3)
        );
        let found = &info.repos[0];
        assert_eq!(
            (found.kind, found.id.as_str(), found.size, found.blobs),
            (RepoKind::Model, "o/n", 9012, 4)
        );
        let [first, second] = &found.revisions[..] else { panic!("two revisions") };
        assert_eq!((first.commit.as_str(), first.size, first.files.len()), (COMMIT, 9012, 5));
        assert_eq!((first.refs.as_slice(), second.refs.len()), (&["main".to_owned()][..], 0));
        assert_eq!((second.size, second.files[0].name.as_str()), (9, "config.json"));
    }

    #[test]
    fn what_makes_no_sense_is_a_warning() {
        let (folder, cache) = filled(true);
        let root = cache.root();
        let outside = folder.path().join("outside");
        fs::create_dir_all(outside.join("snapshots")).unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        symlink(&outside, root.join("models--out--side")).unwrap();
        symlink(outside.join("secret"), cache.paths(&repo()).snapshot(COMMIT).join("leak")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        fs::create_dir_all(root.join("folder")).unwrap();
        fs::create_dir_all(root.join("blobs")).unwrap();
        fs::create_dir_all(root.join("models--no--snapshots/refs")).unwrap();
        fs::create_dir_all(root.join("models--dead--ref/snapshots")).unwrap();
        fs::create_dir_all(root.join("models--dead--ref/refs/refs/pr")).unwrap();
        fs::write(root.join("models--dead--ref/refs/refs/pr/1"), COMMIT).unwrap();
        fs::create_dir_all(root.join("models--broken--link/snapshots/c/sub")).unwrap();
        symlink("../../../blobs/gone", root.join("models--broken--link/snapshots/c/sub/x")).unwrap();
        let info = scan(root).unwrap();
        assert_eq!(info.repos.len(), 1);
        assert_eq!(info.size, 9012);
        for part in [
            "side is a symlink",
            "leak leads out",
            "/file is not a folder",
            "/folder is no repo",
            "/blobs is no repo",
            "no folder 'snapshots'",
            "refs refs/pr/1 lead to",
            "gone is missing",
        ] {
            assert!(
                info.warnings.iter().any(|warning| warning.contains(part)),
                "{part}: {:#?}",
                info.warnings
            );
        }
        assert_eq!(info.warnings.len(), 8);
        assert!(scan(&root.join("nowhere")).is_err());
    }
}
