//! The store as a whole, held against what `huggingface_hub` 2.4.0 wrote for the same repository.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::cache::verify::{files_below, relative, verify};
use crate::error::Kind;
use crate::pattern::Filter;
use crate::repo::{RepoId, RepoKind};

pub(crate) const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";
pub(crate) const CONFIG: &str = "cb5b2f69babc53f9145b45ad20b9a075d48717ef";
pub(crate) const MODEL: &str = "07a7b9a5bd3063b9cb4ca835d161958fb2bc52236eef9d0e413b2fd4778d2774";
const ODD: &str = "dc48465477a861bbbd7654d2792582a5ed144f33";
const EMPTY: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// What the Python client wrote: `snapshot_download`, then `hf_hub_download` of a missing file and at `refs/pr/1`.
const GOLDEN: &str = "CACHEDIR.TAG 644 191
models--o--n/.no_exist/C/missing/x.json 644 0
models--o--n/blobs/07a7b9a5bd3063b9cb4ca835d161958fb2bc52236eef9d0e413b2fd4778d2774 644 9000
models--o--n/blobs/cb5b2f69babc53f9145b45ad20b9a075d48717ef 644 9
models--o--n/blobs/dc48465477a861bbbd7654d2792582a5ed144f33 644 3
models--o--n/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 644 0
models--o--n/refs/main 644 40
models--o--n/refs/refs/pr/1 644 40
models--o--n/snapshots/C/config.json -> ../../blobs/cb5b2f69babc53f9145b45ad20b9a075d48717ef
models--o--n/snapshots/C/empty -> ../../blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391
models--o--n/snapshots/C/odd \u{e9} [x] 100%.txt -> ../../blobs/dc48465477a861bbbd7654d2792582a5ed144f33
models--o--n/snapshots/C/sub/dir/model.bin -> ../../../../blobs/07a7b9a5bd3063b9cb4ca835d161958fb2bc52236eef9d0e413b2fd4778d2774
models--o--n/trees/C.json 644 540
";

pub(crate) fn files() -> [(&'static str, &'static str, Vec<u8>); 4] {
    [
        ("config.json", CONFIG, b"{\"a\": 1}\n".to_vec()),
        ("sub/dir/model.bin", MODEL, b"\x00\x01weights".repeat(1000)),
        ("odd \u{e9} [x] 100%.txt", ODD, b"odd".to_vec()),
        ("empty", EMPTY, Vec::new()),
    ]
}

pub(crate) fn tree() -> Tree {
    let entry = |(path, etag, bytes): (&str, &str, Vec<u8>)| {
        let lfs = etag.len() == 64;
        let entry = TreeEntry {
            size: bytes.len() as u64,
            // The git hash of b"pointer", as the recorded listing has it.
            blob_id: if lfs { "f0ad30f55e4b9d79d7bb56e10c00dd93d8b22a26".into() } else { etag.to_owned() },
            lfs_sha256: lfs.then(|| etag.to_owned()),
            lfs_size: lfs.then_some(bytes.len() as u64),
            xet_hash: None,
        };
        (path.to_owned(), entry)
    };
    files().into_iter().map(entry).collect()
}

pub(crate) fn repo() -> RepoId {
    RepoId::new(RepoKind::Model, "o/n").unwrap()
}

fn put(cache: &Cache, commit: &str, path: &str, etag: &str, bytes: &[u8]) -> PathBuf {
    let partial = cache.new_partial(&repo(), etag).unwrap();
    cache.prepare(&repo()).unwrap();
    fs::write(&partial, bytes).unwrap();
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o600)).unwrap();
    cache.publish(&repo(), commit, path, etag, &partial, false).unwrap()
}

/// A cache with the repository of the recording in it.
pub(crate) fn filled(symlinks: bool) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().canonicalize().unwrap().join("hub"), symlinks).with_sync(true);
    for (path, etag, bytes) in files() {
        let found = put(&cache, COMMIT, path, etag, &bytes);
        assert_eq!(fs::read(found).unwrap(), bytes);
    }
    assert!(cache.write_tree(&repo(), COMMIT, &tree()).unwrap());
    assert!(cache.write_ref(&repo(), "main", COMMIT).unwrap());
    cache.sync_names(&repo(), COMMIT).unwrap();
    (folder, cache)
}

/// Every file below a folder: permissions and length, or the symlink's target.
pub(crate) fn dump(root: &Path) -> String {
    let line = |path: PathBuf| {
        let name = relative(root, &path).replace(COMMIT, "C");
        let found = path.symlink_metadata().unwrap();
        match fs::read_link(&path) {
            Ok(target) => format!("{name} -> {}\n", target.display()),
            Err(_) => format!("{name} {:o} {}\n", found.permissions().mode() & 0o777, found.len()),
        }
    };
    files_below(root).unwrap().into_iter().map(line).collect()
}

#[test]
fn what_is_published_is_what_python_writes() {
    let (_folder, cache) = filled(true);
    assert!(cache.write_no_exist(&repo(), COMMIT, "missing/x.json").unwrap());
    assert!(cache.write_ref(&repo(), "refs/pr/1", COMMIT).unwrap());
    // The recording was made with umask 022; here the umask is the machine's.
    fs::write(cache.root().join("probe"), "").unwrap();
    let mode = fs::metadata(cache.root().join("probe")).unwrap().permissions().mode() & 0o777;
    fs::remove_file(cache.root().join("probe")).unwrap();
    assert_eq!(dump(cache.root()), GOLDEN.replace(" 644 ", &format!(" {mode:o} ")));
    let tag = fs::read_to_string(cache.root().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

#[test]
fn look_ups_have_three_answers() {
    let (_folder, cache) = filled(true);
    let look = |revision: &str, path: &str| cache.lookup(&repo(), revision, path).unwrap();
    let Lookup::Found(path) = look("main", "sub/dir/model.bin") else { panic!("cached") };
    assert_eq!(path, cache.paths(&repo()).pointer(COMMIT, "sub/dir/model.bin"));
    assert!(matches!(look(COMMIT, "/config.json"), Lookup::Found(_)));
    assert_eq!(look("main", "nope"), Lookup::Unknown);
    assert_eq!(look("other", "config.json"), Lookup::Unknown);
    cache.write_no_exist(&repo(), COMMIT, "nope").unwrap();
    assert_eq!(look("main", "nope"), Lookup::Missing);
    assert_eq!(look("main", "sub"), Lookup::Unknown, "a folder is no file");
    fs::remove_file(cache.paths(&repo()).blob(CONFIG)).unwrap();
    assert_eq!(look("main", "config.json"), Lookup::Unknown, "its blob is gone");
    for (revision, path) in [("main", "../x"), ("../../x", "a"), ("main", "")] {
        assert_eq!(cache.lookup(&repo(), revision, path).unwrap_err().kind(), Kind::InvalidArgument);
    }
    fs::write(cache.paths(&repo()).ref_file("main"), "not a commit").unwrap();
    assert_eq!(cache.commit_of(&repo(), "main"), None);
}

#[test]
fn completeness_is_told_by_the_listing() {
    let (_folder, cache) = filled(true);
    let ask = |filter: &Filter| cache.snapshot_complete(&repo(), COMMIT, filter).unwrap();
    assert_eq!(ask(&Filter::default()), Completeness::Complete);
    fs::remove_file(cache.paths(&repo()).pointer(COMMIT, "config.json")).unwrap();
    assert_eq!(ask(&Filter::default()), Completeness::Missing(vec!["config.json".into()]));
    assert_eq!(ask(&Filter::new(&[], &["*.json".into()])), Completeness::Complete);
    fs::remove_file(cache.paths(&repo()).tree(COMMIT)).unwrap();
    assert_eq!(ask(&Filter::default()), Completeness::Unknown);
    let other = cache.snapshot_complete(&repo(), OTHER, &Filter::default());
    assert_eq!(other.unwrap(), Completeness::Absent);
}

#[test]
fn a_blob_that_is_there_is_kept_and_linked() {
    let (_folder, cache) = filled(true);
    let paths = cache.paths(&repo());
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(paths.blob(CONFIG)).unwrap());
    let before = inode();
    put(&cache, OTHER, "renamed.json", CONFIG, b"{\"a\": 1}\n");
    assert_eq!(inode(), before, "what others have mapped is not replaced");
    assert!(cache.partials(&repo(), CONFIG).is_empty(), "and the second copy is dropped");
    let linked = cache.link(&repo(), OTHER, "a/b/again.json", CONFIG).unwrap().unwrap();
    assert_eq!(fs::read(linked).unwrap(), b"{\"a\": 1}\n");
    assert_eq!(cache.link(&repo(), OTHER, "x", &"0".repeat(40)).unwrap(), None);
    // Another size, and a forced download, replace it.
    let partial = cache.new_partial(&repo(), CONFIG).unwrap();
    fs::write(&partial, "{\"a\": 2}\n").unwrap();
    cache.publish(&repo(), COMMIT, "config.json", CONFIG, &partial, true).unwrap();
    assert_ne!(inode(), before);
    assert!(!partial.exists());
    // Somebody else published it and pruned our partial.
    cache.publish(&repo(), COMMIT, "config.json", CONFIG, &partial, false).unwrap();
    assert!(cache.publish(&repo(), COMMIT, "x", &"0".repeat(40), &partial, false).is_err());
    assert!(
        cache.all_partials(&repo()).is_empty(),
        "no temporary is left: {:?}",
        cache.all_partials(&repo())
    );
}

#[test]
fn writers_of_one_file_do_not_disturb_each_other() {
    let (_folder, cache) = filled(true);
    let bytes = b"\x00\x01weights".repeat(1000);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (cache, bytes) = (&cache, &bytes);
            scope.spawn(move || {
                for round in 0..50 {
                    let partial = cache.new_partial(&repo(), MODEL).unwrap();
                    fs::write(&partial, bytes).unwrap();
                    let replace = (round + writer) % 3 == 0;
                    let found =
                        cache.publish(&repo(), OTHER, "a/model.bin", MODEL, &partial, replace).unwrap();
                    assert_eq!(fs::read(found).unwrap(), *bytes, "whole at every moment");
                }
            });
        }
    });
    assert!(cache.all_partials(&repo()).is_empty());
}

#[test]
fn partials_are_found_newest_first() {
    let (_folder, cache) = filled(true);
    let names = ["11111111", "22222222", "33333333"]
        .map(|id| cache.paths(&repo()).partial(MODEL, u32::from_str_radix(id, 16).unwrap()));
    for (age, path) in names.iter().enumerate() {
        let time = std::time::SystemTime::now() - Duration::from_secs(100 - age as u64);
        fs::File::create(path).unwrap().set_modified(time).unwrap();
    }
    let newest: Vec<PathBuf> = names.into_iter().rev().collect();
    assert_eq!(cache.partials(&repo(), MODEL), newest);
    assert_eq!(cache.all_partials(&repo()).len(), 1);
    assert!(!newest.contains(&cache.new_partial(&repo(), MODEL).unwrap()));
    assert!(cache.new_partial(&repo(), "../x").is_err() && cache.lock(&repo(), "a/b").is_err());
}

#[test]
fn refs_never_come_first() {
    let (_folder, cache) = filled(true);
    assert!(!cache.write_ref(&repo(), "main", COMMIT).unwrap(), "it says so already");
    assert!(!cache.write_ref(&repo(), "main", OTHER).unwrap(), "there is no snapshot");
    assert!(!cache.write_ref(&repo(), COMMIT, COMMIT).unwrap(), "a commit needs no ref");
    assert!(cache.write_ref(&repo(), "../../../x", COMMIT).is_err());
    put(&cache, OTHER, "config.json", CONFIG, b"{\"a\": 1}\n");
    assert!(cache.write_ref(&repo(), "main", OTHER).unwrap());
    assert_eq!(cache.commit_of(&repo(), "main").unwrap(), OTHER);
}

#[test]
fn without_symlinks_the_files_lie_in_the_snapshot() {
    let (_folder, cache) = filled(false);
    let found = cache.paths(&repo()).pointer(COMMIT, "sub/dir/model.bin");
    assert!(found.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_dir(cache.paths(&repo()).blobs()).unwrap().count(), 0);
    assert!(matches!(cache.lookup(&repo(), "main", "config.json").unwrap(), Lookup::Found(_)));
    let copy = |path: &str, etag: &str, size| {
        cache.link_copy(&repo(), OTHER, path, etag, size, &mut |_| true).unwrap()
    };
    assert!(
        copy("sub/dir/model.bin", MODEL, 9000)
            .is_some_and(|path| path.starts_with(cache.paths(&repo()).snapshot(OTHER)))
    );
    assert_eq!(copy("config.json", &"0".repeat(40), 9), None, "its hash says otherwise");
    let report = verify(&cache, &repo(), Some(COMMIT), &mut |_, _| true).unwrap();
    assert_eq!((report.checked, report.mismatches.len(), report.missing.len()), (4, 0, 0));
}

#[test]
fn nothing_is_written_through_a_symlink() {
    for folder in ["blobs", "snapshots", "refs", "trees", ".no_exist"] {
        let (outside, (_folder, cache)) = (tempfile::tempdir().unwrap(), filled(true));
        let planted = cache.paths(&repo()).dir().join(folder);
        let _ = fs::remove_dir_all(&planted);
        std::os::unix::fs::symlink(outside.path(), &planted).unwrap();
        // As far as the outside goes along with it.
        fs::create_dir(outside.path().join(OTHER)).unwrap();
        let partial = cache.paths(&repo()).blobs().join("partial");
        if folder != "blobs" {
            fs::write(&partial, "x").unwrap();
        }
        let results = [
            cache.publish(&repo(), OTHER, "sub/x", CONFIG, &partial, true).err(),
            cache.write_tree(&repo(), OTHER, &tree()).err(),
            cache.write_no_exist(&repo(), OTHER, "x").err(),
            cache.write_ref(&repo(), "new", OTHER).err(),
        ];
        let refused: Vec<Kind> = results.into_iter().flatten().map(|error| error.kind()).collect();
        assert!(
            !refused.is_empty() && refused.iter().all(|kind| *kind == Kind::CorruptCache),
            "{folder}: {refused:?}"
        );
        assert!(files_below(outside.path()).unwrap().is_empty(), "{folder}");
    }
    let (outside, (_folder, cache)) = (tempfile::tempdir().unwrap(), filled(true));
    std::os::unix::fs::symlink(outside.path(), cache.paths(&repo()).snapshot(COMMIT).join("out")).unwrap();
    assert_eq!(cache.link(&repo(), COMMIT, "out/x", CONFIG).unwrap_err().kind(), Kind::CorruptCache);
    assert!(files_below(outside.path()).unwrap().is_empty());
}

#[test]
fn hostile_names_touch_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("hub"), true);
    let partial = folder.path().join("partial");
    fs::write(&partial, "x").unwrap();
    for (commit, path, etag) in [
        (COMMIT, "../x", CONFIG),
        (COMMIT, "a/..\\..\\x", CONFIG),
        (COMMIT, "C:\\x", CONFIG),
        (COMMIT, "\\\\host\\share", CONFIG),
        (COMMIT, "x", "../../x"),
        ("../x", "x", CONFIG),
        ("main", "x", CONFIG),
    ] {
        assert!(cache.publish(&repo(), commit, path, etag, &partial, false).is_err());
        assert!(cache.link(&repo(), commit, path, etag).is_err());
    }
    assert!(
        cache.write_no_exist(&repo(), COMMIT, "../x").is_err()
            && cache.write_ref(&repo(), "a/../b", COMMIT).is_err()
    );
    assert!(partial.exists() && !cache.root().exists());
}

#[test]
fn a_damaged_blob_is_told() {
    let (_folder, cache) = filled(true);
    fs::write(cache.paths(&repo()).blob(MODEL), "damaged").unwrap();
    fs::remove_file(cache.paths(&repo()).blob(ODD)).unwrap();
    let mut seen = 0;
    let report = verify(&cache, &repo(), Some(COMMIT), &mut |_, bytes| {
        seen = bytes;
        true
    })
    .unwrap();
    assert_eq!((report.checked, report.bytes, seen), (3, 16, 16));
    let [bad] = &report.mismatches[..] else { panic!("{report:?}") };
    assert_eq!((bad.path.as_str(), bad.expected.as_str()), ("sub/dir/model.bin", MODEL));
    assert_eq!(report.missing, ["odd \u{e9} [x] 100%.txt"]);
    let all = verify(&cache, &repo(), None, &mut |_, _| true).unwrap();
    assert_eq!((all.checked, all.mismatches.len(), all.missing.len()), (3, 1, 1));
    assert_eq!(all.mismatches[0].path, format!("blobs/{MODEL}"));
    assert_eq!(verify(&cache, &repo(), None, &mut |_, _| false).unwrap_err().kind(), Kind::Cancelled);
    assert_eq!(
        verify(&cache, &repo(), Some(OTHER), &mut |_, _| true).unwrap_err().kind(),
        Kind::EntryNotFound
    );
}
