//! A cache folder with anything in it: looked over, pruned, deleted from and read, without leaving it.
//! The input is a list of things to make, each a byte for what and a byte for where.
#![no_main]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use hfx::cache::layout::{parse_partial, parse_repo_folder};
use hfx::cache::{Cache, evict, scan};
use hfx::repo::{RepoId, RepoKind};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const C: &str = "0123456789012345678901234567890123456789";
const PARTS: &[&str] = &[
    "models--o--n", "datasets--x", "models--", ".locks", "blobs", "snapshots", "refs", "trees", ".no_exist", C, "abc",
    "main", "a.bin", "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "dd", ".incomplete",
    "e.00000001.incomplete", "CACHEDIR.TAG", "\u{e9}", "..x", "refs", "pr", "1", ".DS_Store", "sub",
];
const TARGETS: &[&str] = &[
    "../../blobs/abc", "../../../outside/keep", "/", "..", ".", "../../blobs/../../../outside/keep", "loop", "",
    "../../../../outside", "/proc/self/fd/0", "../blobs", "../../../blobs/abc",
];

static HOUSE: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let (root, outside) = (HOUSE.path().join("cache"), HOUSE.path().join("outside"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("keep"), "keep").unwrap();
    let mut here = root.clone();
    for pair in data.chunks_exact(2).take(64) {
        make(&root, &mut here, pair[0], pair[1]);
    }
    let text = String::from_utf8_lossy(data);
    let _ = (parse_partial(&text), parse_repo_folder(&text));

    let cache = Cache::new(&root, data.len() % 2 == 0);
    for (kind, id) in [(RepoKind::Model, "o/n"), (RepoKind::Dataset, "x")] {
        let repo = RepoId::new(kind, id).unwrap();
        for revision in ["main", C, "refs/pr/1"] {
            let _ = cache.lookup(&repo, revision, "a.bin").unwrap();
            cache.commit_of(&repo, revision);
        }
        cache.all_partials(&repo);
        cache.read_tree(&repo, C);
        let _ = cache.snapshot_complete(&repo, C, &hfx::pattern::Filter::default()).unwrap();
        let _ = cache.write_ref(&repo, "main", C);
        let _ = cache.write_no_exist(&repo, C, "sub/b.bin");
        let _ = cache.link(&repo, C, "sub/a.bin", "abc");
    }
    let info = scan::scan(&root).unwrap();
    assert!(info.repos.iter().all(|repo| repo.path.starts_with(&info.root)));
    for plan in [
        evict::prune(&info, Duration::ZERO),
        evict::delete_revisions(&info, &[C.to_owned(), "abc".to_owned()]),
        evict::delete_repos(&info, &[RepoId::new(RepoKind::Model, "o/n").unwrap()]),
    ] {
        let freed = plan.execute().map_or(0, |report| report.freed);
        // 64 small files are all that is there, and outside there is more.
        assert!(plan.freed.max(freed) < 10_000, "{} {freed}", plan.freed);
    }
    assert_eq!(fs::read_to_string(outside.join("keep")).unwrap(), "keep");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "something was written outside");
});

/// One thing: a folder that is gone into, a file, a link, or a step up.
fn make(root: &Path, here: &mut PathBuf, what: u8, where_: u8) {
    let part = PARTS[usize::from(where_) % PARTS.len()];
    match what % 6 {
        0 | 1 => {
            here.push(part);
            // Never through a link: the things that are made lie in the cache themselves.
            if fs::create_dir(&*here).is_err() && !here.symlink_metadata().is_ok_and(|m| m.is_dir()) {
                here.pop();
            }
        }
        2 => {
            if here != root {
                here.pop();
            }
        }
        3 => {
            let content = match what / 6 % 4 {
                0 => C,
                1 => "",
                2 => "{\"format_version\": 1, \"files\": {\"a.bin\": {\"size\": 3, \"blob_id\": \"abc\"}}}",
                _ => "abc",
            };
            if here.join(part).symlink_metadata().is_err() {
                fs::write(here.join(part), content).unwrap();
            }
        }
        _ => {
            let _ = symlink(TARGETS[usize::from(what / 6) % TARGETS.len()], here.join(part));
        }
    }
}
