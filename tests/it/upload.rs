//! Uploads as programs ask for them: every size, every operation, and what the Hub holds after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use hfx::client::{CommitResult, Draft, Hooks, HowCommitted, Input, Output};
use hfx::error::{Kind, Result};
use hfx::transfer::reader::Reader;

use crate::support::client::{job, model, repo};
use crate::support::files::{random, sha256};
use crate::support::push::{
    LFS, PART, commit, draft, folder, head, held, history, lab, listed, made, push, write,
};
use crate::support::{Lab, M, wait_for};

fn how(made: &CommitResult, path: &str) -> HowCommitted {
    made.files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}: {made:?}")).how
}

#[test]
fn every_size_arrives_whole() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let sizes = [
        0,
        1,
        LFS - 1,
        LFS,
        PART,
        2 * PART - 1,
        2 * PART,
        2 * PART + 1,
        3 * PART - 1,
        3 * PART,
        5 * PART + 7,
    ];
    let files: Vec<_> = sizes.iter().map(|size| (format!("f{size}"), random(*size as u64, *size))).collect();
    let draft = Draft::new();
    for (path, bytes) in &files {
        draft.add(path, Input::Memory(bytes.clone().into())).unwrap();
    }
    let made = commit(&client, &draft, &[]).unwrap();
    assert_eq!((made.commits, made.files.len(), draft.len()), (1, files.len(), 0));
    for (path, bytes) in &files {
        assert!(held(&client, path, None).unwrap() == *bytes, "{path}");
        let file = made.files.iter().find(|file| file.path == *path).unwrap();
        let lfs = bytes.len() >= LFS;
        assert_eq!((file.size, file.how == HowCommitted::Lfs), (bytes.len() as u64, lfs), "{path}");
        assert_eq!(file.oid, lfs.then(|| sha256(bytes)), "{path}");
    }
    let mut puts: Vec<u64> = lab.hub.puts().iter().map(|put| put.received).collect();
    let mut want: Vec<u64> = sizes
        .iter()
        .filter(|size| **size >= LFS)
        .flat_map(|size| match *size {
            basic if basic < 2 * PART => vec![basic as u64],
            large => (0..large).step_by(PART).map(|at| (large - at).min(PART) as u64).collect(),
        })
        .collect();
    puts.sort_unstable();
    want.sort_unstable();
    assert_eq!(puts, want, "each byte once");
    assert!(!lab.hub.puts().iter().any(|put| put.authorization), "the store sees no token");
}

/// Content that counts how often it is read.
struct Counted(Bytes, AtomicU64);

impl Reader for Counted {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes> {
        self.1.fetch_add(range.end - range.start, Relaxed);
        self.0.read(range)
    }
}

#[test]
fn content_comes_from_paths_memory_and_readers() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    let (file, mapped, memory, read) =
        (random(1, 3 * M), random(2, 3 * M + 1), random(3, 3 * M + 2), random(4, 3 * M + 3));
    write(dir.path(), &[("file", &file), ("mapped", &mapped), ("small", b"small")]);
    let reader = Arc::new(Counted(read.clone().into(), AtomicU64::new(0)));
    let draft = draft(&[("memory", &memory), ("deep/er/small memory ü.txt", b"m")]);
    draft.add("file", Input::Path(dir.path().join("file"), None)).unwrap();
    draft.add("small", Input::Path(dir.path().join("small"), None)).unwrap();
    draft.add("read", Input::Reader(reader.clone())).unwrap();
    draft.add("read small", Input::Reader(Arc::new(Bytes::from_static(b"rs")))).unwrap();
    commit(&client, &draft, &[]).unwrap();
    draft.add("mapped", Input::Path(dir.path().join("mapped"), None)).unwrap();
    draft.add("mapped small", Input::Path(dir.path().join("small"), None)).unwrap();
    commit(&client, &draft, &[("source", "map")]).unwrap();
    for (path, bytes) in [("file", &file), ("mapped", &mapped), ("memory", &memory), ("read", &read)] {
        assert!(held(&client, path, None).unwrap() == *bytes, "{path}");
    }
    for (path, bytes) in [
        ("small", "small"),
        ("deep/er/small memory ü.txt", "m"),
        ("read small", "rs"),
        ("mapped small", "small"),
    ] {
        assert_eq!(held(&client, path, None).unwrap(), bytes.as_bytes(), "{path}");
    }
    let (read, size) = (reader.1.load(Relaxed), read.len() as u64);
    assert!(read >= 2 * size && read < 2 * size + 2 * M as u64, "read to hash and to send: {read} of {size}");
}

#[test]
fn what_is_deleted_copied_and_replaced_in_one_commit() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let (large, other) = (random(10, M), random(11, M));
    push(&client, "keep.txt", b"keep", &[]).unwrap();
    commit(
        &client,
        &draft(&[("large.bin", &large), ("gone.txt", b"x"), ("dir/a", b"a"), ("dir/sub/b", b"b")]),
        &[],
    )
    .unwrap();
    client.create_repo(&repo("o/other"), &job(&[]), Hooks::default()).unwrap().join().unwrap();
    let there = draft(&[("large.bin", &other), ("small.txt", b"other small")]);
    let at = client.commit(&repo("o/other"), None, &there, &job(&[]), Hooks::default()).unwrap();
    let pinned = made(at.join()).unwrap().oid.unwrap();
    lab.hub.forget();
    let draft = draft(&[("dir/new", b"new"), ("gone", b"instead of a file beside it")]);
    draft.delete_file("gone.txt").unwrap();
    draft.delete_folder("dir/").unwrap();
    draft.copy(None, None, "large.bin", "copy/large.bin").unwrap();
    draft.copy(None, None, "keep.txt", "copy/keep.txt").unwrap();
    draft.copy(Some(&repo("o/other")), None, "large.bin", "copy/other.bin").unwrap();
    draft.copy(Some(&repo("o/other")), Some(&pinned), "small.txt", "copy/other.txt").unwrap();
    let made =
        commit(&client, &draft, &[("commit_message", "All"), ("commit_description", "one\ntwo")]).unwrap();
    assert_eq!((made.commits, made.files.len()), (1, 8));
    let deleted = made.files.iter().filter(|file| file.how == HowCommitted::Deleted);
    assert_eq!(deleted.map(|file| file.path.as_str()).collect::<Vec<_>>(), ["gone.txt", "dir/"]);
    let want = [
        "copy/keep.txt",
        "copy/large.bin",
        "copy/other.bin",
        "copy/other.txt",
        "dir/new",
        "gone",
        "keep.txt",
        "large.bin",
    ];
    assert_eq!(listed(&client, None), want);
    for (path, bytes) in [("copy/large.bin", &large), ("copy/other.bin", &other)] {
        assert!(held(&client, path, None).unwrap() == *bytes, "{path}");
    }
    assert_eq!(held(&client, "copy/keep.txt", None).unwrap(), b"keep");
    assert_eq!(held(&client, "copy/other.txt", None).unwrap(), b"other small");
    assert_eq!(lab.hub.puts().len(), 0, "LFS files are copied by their object");
    let last = &history(&client, None)[0];
    assert_eq!((last.title.as_str(), last.message.as_str()), ("All", "one\ntwo"));
    assert_eq!(Some(&last.id), made.oid.as_ref());
    assert!(made.url.ends_with(&format!("/o/n/commit/{}", last.id)), "{}", made.url);
    draft.copy(None, None, "no such", "x").unwrap();
    assert_eq!(commit(&client, &draft, &[]).unwrap_err().kind(), Kind::EntryNotFound);
    assert_eq!(draft.len(), 1, "a failure leaves the operations");
}

#[test]
fn what_is_there_already_is_left_out() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let large = random(20, 3 * M);
    let files: &[(&str, &[u8])] = &[("a.txt", b"a"), ("empty", b""), ("large.bin", &large)];
    commit(&client, &draft(files), &[]).unwrap();
    let before = head(&client);
    lab.hub.forget();
    let made = commit(&client, &draft(files), &[]).unwrap();
    assert_eq!((made.commits, made.oid.as_deref()), (0, Some(before.as_str())));
    assert!(made.files.iter().all(|file| file.how == HowCommitted::Unchanged), "{made:?}");
    assert_eq!((lab.hub.count("POST", "/commit/"), lab.hub.puts().len()), (0, 0));
    assert_eq!(lab.hub.count("POST", "objects/batch"), 0, "it needs no word about objects");
    // The same content under another name is stored already.
    let made = commit(&client, &draft(&[("twin.bin", &large), ("a.txt", b"b")]), &[]).unwrap();
    assert_eq!((made.commits, lab.hub.puts().len()), (1, 0));
    // What the same commit deletes is new again.
    let draft = draft(files);
    draft.delete_file("a.txt").unwrap();
    draft.delete_file("large.bin").unwrap();
    commit(&client, &draft, &[]).unwrap();
    assert_eq!(listed(&client, None), ["a.txt", "empty", "large.bin", "twin.bin"]);
    assert_eq!(held(&client, "a.txt", None).unwrap(), b"a");
    // Nothing at all.
    let made = commit(&client, &Draft::new(), &[]).unwrap();
    assert_eq!((made.commits, made.files.len()), (0, 0));
}

#[test]
fn ignored_files_are_told() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let large = random(21, M);
    let files: &[(&str, &[u8])] =
        &[(".gitignore", b"*.tmp\nbuild/\n"), ("a.tmp", b"x"), ("build/large.tmp", &large), ("a.txt", b"a")];
    let made = commit(&client, &draft(files), &[]).unwrap();
    assert_eq!(listed(&client, None), [".gitignore", "a.txt"]);
    assert_eq!(how(&made, "build/large.tmp"), HowCommitted::Ignored);
    let made = commit(&client, &draft(&files[1..3]), &[]).unwrap();
    assert_eq!(
        (made.commits, how(&made, "a.tmp")),
        (0, HowCommitted::Ignored),
        "the repository's own counts"
    );
    assert!(lab.hub.puts().is_empty());
}

#[test]
fn a_pull_request_takes_the_commit() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let large = random(22, 2 * M + 5);
    let before = head(&client);
    let draft = draft(&[("large.bin", &large), ("a.txt", b"a")]);
    let made = commit(&client, &draft, &[("create_pr", "true"), ("commit_message", "Propose")]).unwrap();
    let opened = made.pull_request.unwrap();
    assert_eq!((opened.number, head(&client)), (1, before.clone()), "main stays as it was");
    assert!(opened.url.ends_with("/o/n/discussions/1"), "{}", opened.url);
    assert!(held(&client, "large.bin", Some("refs/pr/1")).unwrap() == large);
    // A pull request is a revision like any other.
    let input = Input::Memory(Bytes::from_static(b"more"));
    let at = Some("refs/pr/1");
    made_at(client.upload_file(&model(), at, input, "b.txt", &job(&[]), Hooks::default()).unwrap().join());
    assert_eq!(listed(&client, at), ["a.txt", "b.txt", "large.bin"]);
    let titles: Vec<_> = history(&client, at).into_iter().map(|commit| commit.title).collect();
    assert_eq!(&titles[..2], ["Upload b.txt with hfx", "Propose"]);
    assert_eq!(head(&client), before);
    assert_eq!(opened_and_published(&lab), (1, 1));
    let (input, options) = (Input::Memory(Bytes::new()), job(&[("create_pr", "true")]));
    let error = client.upload_file(&model(), Some("dev"), input, "c", &options, Hooks::default()).map(|_| ());
    assert_eq!(error.unwrap_err().kind(), Kind::Unsupported, "it would be opened against main");
}

/// How often a pull request was opened, and taken out of draft.
pub fn opened_and_published(lab: &Lab) -> (usize, usize) {
    let status = lab.hub.count("POST", "/status");
    (lab.hub.count("POST", "/discussions") - status, status)
}

fn made_at(output: Result<Output>) -> CommitResult {
    made(output).unwrap()
}

#[test]
fn a_parent_that_is_not_the_head_is_a_conflict() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let first = head(&client);
    push(&client, "a.txt", b"a", &[("parent_commit", &first)]).unwrap();
    let second = head(&client);
    let error = push(&client, "b.txt", b"b", &[("parent_commit", &first)]).unwrap_err();
    assert_eq!((error.kind(), error.commit_text()), (Kind::Conflict, Some(second.as_str())), "{error}");
    assert_eq!(head(&client), second);
    assert_eq!(lab.hub.count("POST", "/commit/"), 2, "a conflict is not tried again");
}

#[test]
fn a_card_with_bad_metadata_is_refused_before_anything_is_sent() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let large = random(23, 3 * M);
    let card = b"---\nlicense mit\n---\n# Title\n";
    let error = commit(&client, &draft(&[("README.md", card), ("large.bin", &large)]), &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
    assert!(error.to_string().contains("README.md"), "{error}");
    for path in ["/preupload/", "objects/batch", "/commit/"] {
        assert_eq!(lab.hub.count("POST", path), 0, "{path}");
    }
    let below = commit(&client, &draft(&[("docs/README.md", card)]), &[]);
    assert!(below.is_ok(), "only the root's is a card");
    push(&client, "README.md", b"---\nlicense: mit\n---\n", &[]).unwrap();
}

#[test]
fn eleven_hundred_small_files_go_in_one_commit_or_in_paced_ones() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    for n in 0..1100 {
        write(dir.path(), &[(&format!("d{}/f{n:04}.txt", n % 7), format!("content {n}").as_bytes())]);
    }
    let made = folder(&client, dir.path(), &[("commits", "one")]).unwrap();
    assert_eq!((made.commits, made.files.len()), (1, 1100));
    assert_eq!((lab.hub.count("POST", "/commit/"), lab.hub.count("POST", "/preupload/")), (1, 5));
    assert_eq!(listed(&client, None).len(), 1100);
    assert_eq!(held(&client, "d3/f0010.txt", None).unwrap(), b"content 10");
    for n in 0..1100 {
        write(dir.path(), &[(&format!("d{}/f{n:04}.txt", n % 7), format!("changed {n}").as_bytes())]);
    }
    write(dir.path(), &[("large.bin", &random(24, 2 * M + 9))]);
    std::fs::remove_file(dir.path().join("d0/f0000.txt")).unwrap();
    lab.hub.forget();
    let more = [("delete", "d0/f0000.txt"), ("commit_message", "Change")];
    let made = folder(&client, dir.path(), &more).unwrap();
    let titles: Vec<String> = history(&client, None).into_iter().map(|commit| commit.title).collect();
    let commits = made.commits as usize;
    assert!((3..=6).contains(&commits), "{titles:?}");
    let want: Vec<String> = (1..=commits).rev().map(|n| format!("Change (part {n:05})")).collect();
    assert_eq!(titles[..commits], want);
    let paths = listed(&client, None);
    assert!(paths.len() == 1100 && !paths.contains(&"d0/f0000.txt".to_owned()));
    assert_eq!(held(&client, "d6/f1098.txt", None).unwrap(), b"changed 1098");
    let made = folder(&client, dir.path(), &[]).unwrap();
    assert_eq!(made.commits, 0, "again: nothing");
    assert!(made.url.contains("/commit/"), "{}", made.url);
}

#[test]
fn shards_are_sent_ahead_and_let_go_of() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let draft = Draft::new();
    let shards: Vec<Vec<u8>> = (0..3).map(|n| random(30 + n, 2 * M + n as usize)).collect();
    for (n, shard) in shards.iter().enumerate() {
        // Owned by the draft alone: gone with it.
        let owned = Arc::new(Counted(shard.clone().into(), AtomicU64::new(0)));
        let weak = Arc::downgrade(&owned);
        draft.add(&format!("shard{n}.bin"), Input::Reader(owned)).unwrap();
        let sent = client.preupload(&model(), None, &draft, &job(&[]), Hooks::default()).unwrap();
        let sent = made(sent.join()).unwrap();
        assert_eq!((sent.commits, sent.oid, sent.files.len()), (0, None, 1));
        assert_eq!(sent.files[0].oid.as_deref(), Some(sha256(shard).as_str()));
        wait_for("the shard's memory", || weak.upgrade().is_none());
    }
    draft.add("index.json", Input::Memory(Bytes::from_static(b"{}"))).unwrap();
    assert_eq!((lab.hub.count("POST", "/commit/"), draft.len()), (0, 4));
    let puts = lab.hub.puts().len();
    let made = commit(&client, &draft, &[]).unwrap();
    assert_eq!((made.commits, made.files.len(), lab.hub.puts().len()), (1, 4, puts));
    for (n, shard) in shards.iter().enumerate() {
        assert!(held(&client, &format!("shard{n}.bin"), None).unwrap() == *shard);
    }
}

#[test]
fn a_draft_is_busy_while_a_job_works_on_it() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    lab.hub.fault(serde_json::json!({"path": "/preupload/"}), serde_json::json!({"delay_ms": 60_000}));
    let draft = draft(&[("a.txt", b"a")]);
    let running = client
        .commit(
            &model(),
            None,
            &draft,
            &job(&[("head_timeout_ms", "60000"), ("work_timeout_ms", "60000")]),
            Hooks::default(),
        )
        .unwrap();
    wait_for("the request", || lab.hub.count("POST", "/preupload/") == 1);
    assert_eq!(draft.delete_file("b").unwrap_err().kind(), Kind::Locked);
    assert_eq!(commit(&client, &draft, &[]).unwrap_err().kind(), Kind::Locked);
    running.cancel();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Cancelled);
    wait_for("the draft", || draft.len() == 1);
    lab.hub.faults(&serde_json::json!([]));
    assert_eq!(commit(&client, &draft, &[]).unwrap().commits, 1);
}

#[test]
fn a_copy_of_what_is_there_is_no_commit() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    commit(&client, &draft(&[("a.txt", b"a"), ("w.bin", &random(71, 20 << 10))]), &[]).unwrap();
    let copies = || {
        let copies = draft(&[]);
        copies.copy(None, None, "a.txt", "b.txt").unwrap();
        copies.copy(None, None, "w.bin", "x.bin").unwrap();
        copies
    };
    let made = commit(&client, &copies(), &[]).unwrap();
    let large = made.files.iter().find(|file| file.path == "x.bin").unwrap();
    assert_eq!((made.commits, large.oid.clone()), (1, Some(sha256(&random(71, 20 << 10)))));
    let again = commit(&client, &copies(), &[]).unwrap();
    assert_eq!(again.commits, 0);
    assert!(again.files.iter().all(|file| file.how == HowCommitted::Unchanged), "{:?}", again.files);
    // Not where the same commit puts another thing there first, or deletes it.
    let put = copies();
    put.add("b.txt", Input::Memory(b"other".to_vec().into())).unwrap();
    put.delete_file("x.bin").unwrap();
    assert_eq!(commit(&client, &put, &[]).unwrap().commits, 1);
    assert_eq!(held(&client, "x.bin", None).unwrap(), random(71, 20 << 10));
}

#[test]
fn deleting_below_a_folder_that_is_not_there_yet_deletes_nothing() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    push(&client, "kept.bin", b"kept", &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a.txt", b"a")]);
    let upload = client.upload_folder(
        &model(),
        None,
        dir.path(),
        "new",
        &job(&[("delete", "*.bin")]),
        Hooks::default(),
    );
    upload.unwrap().join().unwrap();
    assert_eq!(listed(&client, None), ["kept.bin", "new/a.txt"]);
}
