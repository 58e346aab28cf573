//! Where everything lies in the cache. Pure: text in, paths out; the names must have been checked before (see
//! [`crate::repo`]).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::repo::{RepoId, RepoKind};

/// What marks a cache folder for backup tools (bford.info/cachedir). Byte for byte what the Python client writes.
pub const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by huggingface_hub.\n\
    # For information about cache directory tags, see:\n\
    #\thttps://bford.info/cachedir/\n";

/// The name of [`CACHEDIR_TAG`]'s file.
pub const CACHEDIR_TAG_NAME: &str = "CACHEDIR.TAG";

/// The folder of the lock files, in the cache's root.
pub const LOCKS: &str = ".locks";

/// How the name of a download under way ends, ours and the Python client's.
pub const INCOMPLETE: &str = ".incomplete";

/// The paths of one repository in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoPaths {
    root: PathBuf,
    folder: String,
}

impl RepoPaths {
    /// Of `repo` in the cache at `root`.
    pub fn new(root: &Path, repo: &RepoId) -> Self {
        Self { root: root.to_owned(), folder: repo_folder(repo) }
    }

    /// `models--owner--name`
    pub fn dir(&self) -> PathBuf {
        self.root.join(&self.folder)
    }

    /// `refs/<revision>`
    pub fn ref_file(&self, revision: &str) -> PathBuf {
        join(self.dir().join("refs"), revision)
    }

    /// `blobs`
    pub fn blobs(&self) -> PathBuf {
        self.dir().join("blobs")
    }

    /// `blobs/<etag>`
    pub fn blob(&self, etag: &str) -> PathBuf {
        self.blobs().join(etag)
    }

    /// `snapshots`
    pub fn snapshots(&self) -> PathBuf {
        self.dir().join("snapshots")
    }

    /// `snapshots/<commit>`
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.snapshots().join(commit)
    }

    /// `snapshots/<commit>/<path>`
    pub fn pointer(&self, commit: &str, path: &str) -> PathBuf {
        join(self.snapshot(commit), path)
    }

    /// `.no_exist/<commit>/<path>`
    pub fn no_exist(&self, commit: &str, path: &str) -> PathBuf {
        join(self.dir().join(".no_exist").join(commit), path)
    }

    /// `trees/<commit>.json`
    pub fn tree(&self, commit: &str) -> PathBuf {
        tree_file(&self.dir(), commit)
    }

    /// `.locks/models--owner--name/<etag>.lock`
    pub fn lock(&self, etag: &str) -> PathBuf {
        self.root.join(LOCKS).join(&self.folder).join(format!("{etag}.lock"))
    }

    /// `blobs/<etag>.<8 hex>.incomplete`
    pub fn partial(&self, etag: &str, id: u32) -> PathBuf {
        self.blobs().join(partial_name(etag, id))
    }
}

/// `models--owner--name`
pub fn repo_folder(repo: &RepoId) -> String {
    format!("{}--{}", repo.kind().plural(), repo.id().replace('/', "--"))
}

/// The kind and id behind a repository's folder. An id is not checked here: what lies in a cache is listed.
pub fn parse_repo_folder(name: &str) -> Option<(RepoKind, String)> {
    let (plural, id) = name.split_once("--")?;
    Some((RepoKind::from_plural(plural)?, id.replace("--", "/")))
}

/// `trees/<commit>.json` below a repository's folder or a local folder's `.cache/huggingface`.
pub fn tree_file(folder: &Path, commit: &str) -> PathBuf {
    folder.join("trees").join(format!("{commit}.json"))
}

/// `<etag>.<8 hex>.incomplete`: the hex tells the processes apart.
pub fn partial_name(etag: &str, id: u32) -> String {
    format!("{etag}.{id:08x}{INCOMPLETE}")
}

/// The etag and the id of a partial's name; older clients wrote `<etag>.incomplete`, without an id.
pub fn parse_partial(name: &str) -> Option<(&str, Option<u32>)> {
    let stem = name.strip_suffix(INCOMPLETE)?;
    let with_id = stem.rsplit_once('.').and_then(|(etag, id)| {
        let hex = id.len() == 8 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        (hex && !etag.is_empty()).then(|| u32::from_str_radix(id, 16).ok().map(|id| (etag, Some(id))))?
    });
    with_id.or_else(|| (!stem.is_empty()).then_some((stem, None)))
}

/// Whether a file name is that of a partial.
pub fn is_partial(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(INCOMPLETE.as_bytes())
}

/// What the symlink of `path` in a snapshot points to: `../../blobs/<etag>`, one `..` more for each folder.
pub fn blob_target(path: &str, etag: &str) -> PathBuf {
    let mut target = PathBuf::from("../..");
    target.extend(std::iter::repeat_n("..", path.matches('/').count()));
    target.extend(["blobs", etag]);
    target
}

/// Joins a path that is written with `/`, part by part.
pub(crate) fn join(mut base: PathBuf, path: &str) -> PathBuf {
    base.extend(path.split('/'));
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "9338f7b671827df886678df2bdd7cc7b4f36dffd";
    const ETAG: &str = "403450e234d65943a7dcf7e05a771ce3c92faa84";

    // Made by huggingface_hub 2.4.0: `repo_folder_name`, `_get_pointer_path`, `_tree_cache_path`.
    #[test]
    fn as_python_lays_it_out() {
        for (kind, id, folder) in [
            (RepoKind::Model, "gpt2", "models--gpt2"),
            (RepoKind::Model, "julien-c/EsperBERTo-small", "models--julien-c--EsperBERTo-small"),
            (RepoKind::Dataset, "nyu-mll/glue", "datasets--nyu-mll--glue"),
            (RepoKind::Space, "a/b.c", "spaces--a--b.c"),
            (RepoKind::Kernel, "k_/_k", "kernels--k_--_k"),
        ] {
            let paths = RepoPaths::new(Path::new("/c"), &RepoId::new(kind, id).unwrap());
            let is = |path: PathBuf, below: &str| assert_eq!(path, Path::new("/c").join(folder).join(below));
            is(paths.dir(), "");
            is(paths.ref_file("refs/pr/1"), "refs/refs/pr/1");
            is(paths.blob(ETAG), &format!("blobs/{ETAG}"));
            is(paths.pointer(COMMIT, "a/b.txt"), &format!("snapshots/{COMMIT}/a/b.txt"));
            is(paths.no_exist(COMMIT, "a/b.txt"), &format!(".no_exist/{COMMIT}/a/b.txt"));
            is(paths.tree(COMMIT), &format!("trees/{COMMIT}.json"));
            is(paths.partial(ETAG, 0xab), &format!("blobs/{ETAG}.000000ab.incomplete"));
            assert_eq!(paths.lock(ETAG), Path::new(&format!("/c/.locks/{folder}/{ETAG}.lock")));
            assert_eq!(parse_repo_folder(folder), Some((kind, id.to_owned())));
        }
        assert_eq!(parse_repo_folder("blobs"), None);
        assert_eq!(parse_repo_folder("model--a"), None);
    }

    // Read from the symlinks that `_create_symlink` of huggingface_hub 2.4.0 made.
    #[test]
    fn links_point_as_pythons() {
        assert_eq!(blob_target("a.txt", "E"), Path::new("../../blobs/E"));
        assert_eq!(blob_target("a/b/c.txt", "E"), Path::new("../../../../blobs/E"));
    }

    #[test]
    fn partials_are_told_by_name() {
        assert_eq!(parse_partial(&partial_name(ETAG, 0xdead_beef)), Some((ETAG, Some(0xdead_beef))));
        assert_eq!(parse_partial("abc.incomplete"), Some(("abc", None)));
        assert_eq!(parse_partial("a-12.b.0000000g.incomplete"), Some(("a-12.b.0000000g", None)));
        assert_eq!(parse_partial("a.+1234567.incomplete"), Some(("a.+1234567", None)));
        assert_eq!(parse_partial(ETAG), None);
        assert_eq!(parse_partial(".incomplete"), None);
    }
}
