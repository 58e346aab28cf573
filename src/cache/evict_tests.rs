//! Deleting: what goes, what stays, and that the plan's number is what is freed.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::*;
use crate::cache::scan::scan;
use crate::cache::tests::{COMMIT, CONFIG, MODEL, dump, filled, repo};
use crate::cache::{Cache, Lookup};

const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";

/// A second revision that shares the configuration, and has 5 bytes of its own; no ref leads to it.
fn two() -> (tempfile::TempDir, Cache) {
    let (folder, cache) = filled(true);
    cache.link(&repo(), OTHER, "config.json", CONFIG).unwrap();
    let partial = cache.new_partial(&repo(), &"c".repeat(40)).unwrap();
    fs::write(&partial, "other").unwrap();
    cache.publish(&repo(), OTHER, "other", &"c".repeat(40), &partial, false).unwrap();
    (folder, cache)
}

fn age(path: &Path, seconds: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn done(plan: &Deletion) -> u64 {
    let report = plan.execute().unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report.freed
}

#[test]
fn a_shared_blob_stays_with_the_kept_revision() {
    let (_folder, cache) = two();
    let plan = delete_revisions(&scan(cache.root()).unwrap(), &[COMMIT.into(), "nope".into()]);
    assert_eq!((plan.freed, plan.not_found.as_slice()), (9003, &["nope".to_owned()][..]));
    assert_eq!(done(&plan), 9003);
    let info = scan(cache.root()).unwrap();
    assert_eq!((info.size, info.warnings.len(), info.repos[0].revisions.len()), (14, 0, 1));
    assert!(matches!(cache.lookup(&repo(), OTHER, "config.json").unwrap(), Lookup::Found(_)));
    assert_eq!(cache.commit_of(&repo(), "main"), None);
    assert!(cache.read_tree(&repo(), COMMIT).is_none());
    // The last one takes the repository along.
    let plan = delete_revisions(&info, &[OTHER.into()]);
    assert_eq!((plan.freed, plan.repos.len()), (14, 1));
    assert_eq!(done(&plan), 14);
    assert_eq!(dump(cache.root()).lines().count(), 1, "the tag is left");
}

#[test]
fn a_snapshot_that_came_after_the_plan_keeps_its_blobs() {
    let (_folder, cache) = two();
    let plan = delete_revisions(&scan(cache.root()).unwrap(), &[COMMIT.into()]);
    cache.link(&repo(), OTHER, "late.bin", MODEL).unwrap();
    assert_eq!(done(&plan), 3);
    assert!(matches!(cache.lookup(&repo(), OTHER, "late.bin").unwrap(), Lookup::Found(_)));
}

/// Whoever links a blob without its lock gets it, or is told that it is gone.
#[test]
fn a_link_made_meanwhile_never_dangles() {
    let (_folder, cache) = two();
    for round in 0..4 {
        let names: Vec<String> = (0..100).map(|n| format!("{n:040x}")).collect();
        for name in &names {
            let partial = cache.new_partial(&repo(), name).unwrap();
            fs::write(&partial, name).unwrap();
            cache.publish(&repo(), COMMIT, name, name, &partial, false).unwrap();
        }
        let plan = delete_revisions(&scan(cache.root()).unwrap(), &[COMMIT.into()]);
        let start = std::sync::Barrier::new(2);
        let late = |name: &String| format!("{round}/{name}");
        let linked: Vec<bool> = std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                plan.execute().unwrap()
            });
            start.wait();
            names
                .iter()
                .rev()
                .map(|name| cache.link(&repo(), OTHER, &late(name), name))
                .map(|to| to.unwrap().is_some())
                .collect()
        });
        for (name, linked) in names.iter().rev().zip(linked) {
            let there = fs::read_to_string(cache.paths(&repo()).pointer(OTHER, &late(name))).ok();
            assert_eq!(there.as_ref(), linked.then_some(name), "round {round}");
        }
        let info = scan(cache.root()).unwrap();
        assert!(
            info.warnings.is_empty() && info.partials.is_empty(),
            "{:?} {:?}",
            info.warnings,
            info.partials
        );
    }
}

#[test]
fn whole_repositories_go_even_broken_ones() {
    let (_folder, cache) = two();
    fs::write(cache.new_partial(&repo(), MODEL).unwrap(), "partial").unwrap();
    fs::write(cache.paths(&repo()).ref_file("broken"), "f".repeat(40)).unwrap();
    let info = scan(cache.root()).unwrap();
    assert_eq!((info.repos.len(), info.warnings.len()), (0, 1));
    let gone = RepoId::new(crate::repo::RepoKind::Dataset, "o/n").unwrap();
    let plan = delete_repos(&info, &[repo(), gone]);
    assert_eq!((plan.freed, plan.not_found.as_slice()), (9024, &["datasets/o/n".to_owned()][..]));
    assert_eq!(done(&plan), 9024);
    assert!(!cache.paths(&repo()).dir().exists());
}

#[test]
fn prune_takes_what_nobody_needs() {
    let (_folder, cache) = two();
    let partial = cache.new_partial(&repo(), MODEL).unwrap();
    fs::write(&partial, "stale").unwrap();
    let old_style = cache.paths(&repo()).blobs().join(format!("{CONFIG}.incomplete"));
    fs::write(&old_style, "old").unwrap();
    age(&partial, 7200);
    age(&old_style, 7200);
    let plan = prune(&scan(cache.root()).unwrap(), LIVE);
    assert_eq!((plan.freed, plan.partials.len(), plan.snapshots.len()), (13, 2, 1));
    assert_eq!(done(&plan), 13);
    let info = scan(cache.root()).unwrap();
    assert_eq!((info.size, info.partials.len(), info.repos[0].revisions.len()), (9012, 0, 1));
    assert!(prune(&info, LIVE).is_empty());
}

#[test]
fn prune_spares_a_download_under_way() {
    let (_folder, cache) = two();
    let partial = cache.new_partial(&repo(), MODEL).unwrap();
    fs::write(&partial, "growing").unwrap();
    // Written just now: alive, and so is the revision that it may belong to.
    assert!(prune(&scan(cache.root()).unwrap(), LIVE).is_empty());
    assert!(!prune(&scan(cache.root()).unwrap(), Duration::ZERO).is_empty());
    // Old, but its lock is held.
    age(&partial, 7200);
    let lock = cache.lock(&repo(), MODEL).unwrap();
    let Attempt::Held(held) = FileLock::try_acquire(&lock).unwrap() else { panic!("free") };
    assert!(prune(&scan(cache.root()).unwrap(), Duration::ZERO).is_empty());
    drop(held);
    // Taken up again between plan and deed.
    let plan = prune(&scan(cache.root()).unwrap(), LIVE);
    assert_eq!((plan.partials.len(), plan.snapshots.len()), (1, 1));
    age(&partial, 0);
    assert_eq!(done(&plan), 0);
    assert!(partial.exists() && cache.paths(&repo()).snapshot(OTHER).exists());
}

#[test]
fn a_blob_in_use_is_kept_and_told() {
    let (_folder, cache) = two();
    let plan = delete_revisions(&scan(cache.root()).unwrap(), &[COMMIT.into()]);
    let lock = cache.lock(&repo(), MODEL).unwrap();
    let Attempt::Held(_held) = FileLock::try_acquire(&lock).unwrap() else { panic!("free") };
    let report = plan.execute().unwrap();
    assert_eq!((report.freed, report.failures.len(), report.failures[0].kind()), (3, 1, Kind::Locked));
    assert!(cache.has_blob(&repo(), MODEL, Some(9000)).is_some());
}

#[test]
fn deletion_follows_nothing_out_of_the_cache() {
    let (folder, cache) = filled(true);
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    let snapshot = cache.paths(&repo()).snapshot(COMMIT);
    std::os::unix::fs::symlink(&outside, snapshot.join("folder")).unwrap();
    std::os::unix::fs::symlink(outside.join("precious"), snapshot.join("file")).unwrap();
    cache.link(&repo(), OTHER, "config.json", CONFIG).unwrap();
    done(&delete_revisions(&scan(cache.root()).unwrap(), &[COMMIT.into()]));
    done(&delete_repos(&scan(cache.root()).unwrap(), &[repo()]));
    assert!(outside.join("precious").exists());
    let forged =
        Deletion { blobs: vec![outside.join("precious")], ..delete_repos(&scan(cache.root()).unwrap(), &[]) };
    assert_eq!(forged.execute().unwrap_err().kind(), Kind::Internal);
}

#[test]
fn a_folder_that_is_a_symlink_is_neither_counted_nor_walked() {
    let (folder, cache) = filled(true);
    let outside = folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("precious"), "precious").unwrap();
    let snapshots = cache.paths(&repo()).snapshot(COMMIT).parent().unwrap().to_owned();
    fs::remove_dir_all(&snapshots).unwrap();
    std::os::unix::fs::symlink(&outside, &snapshots).unwrap();
    let plan = delete_repos(&scan(cache.root()).unwrap(), &[repo()]);
    assert_eq!(plan.freed, done(&plan));
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"precious");
}
