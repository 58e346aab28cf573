//! Sources that change, are not there, or may not be read; and everything else that is refused before it is sent.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use hfx::client::{Client, Draft, Hooks, Input};
use hfx::error::{Error, Kind, Result};
use hfx::transfer::reader::Reader;
use serde_json::json;

use crate::support::client::{job, model, repo};
use crate::support::files::random;
use crate::support::push::{PART, commit, draft, folder, head, held, lab, listed, made, push, write};
use crate::support::{Lab, M, wait_for};

/// A file larger than this is sent whole, and does not fit into the buffers of a connection.
const LARGE: usize = 12 * M;

/// Starts the upload of a file, changes it when `moment` has come, and expects that nothing of it is committed.
fn changed(size: usize, more: &[(&str, &str)], moment: fn(&Lab) -> bool, change: fn(&Path)) {
    let lab = lab(&["--multipart-from", if size > LARGE { "1G" } else { "2M" }]);
    let client = lab.client(&[("max_connections", "1")]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.bin");
    fs::write(&path, random(1, size)).unwrap();
    let before = head(&client);
    lab.hub.forget();
    // Slow, so that there is a moment in between.
    lab.hub.faults(&json!([
        {"match": {"path": "objects/batch"}, "do": {"delay_ms": 300}},
        {"match": {"port": "cdn", "method": "PUT", "times": 0}, "do": {"request_rate": 6_000_000}}
    ]));
    let options = job(more);
    let running = client.upload_file(
        &model(),
        None,
        Input::Path(path.clone(), None),
        "f.bin",
        &options,
        Hooks::default(),
    );
    let running = running.unwrap();
    wait_for("the moment", || moment(&lab) || running.has_ended());
    assert!(!running.has_ended(), "it came too late");
    change(&path);
    let error = running.join().unwrap_err();
    assert_eq!(error.kind(), Kind::ContentChanged, "{error}");
    assert_eq!(head(&client), before);
    assert_eq!(lab.hub.count("POST", "/commit/"), 0);
    assert_eq!(lab.hub.count("POST", "complete_multipart"), 0, "no wrong object is finished");
    let whole: Vec<_> = lab.hub.puts().into_iter().filter(|put| put.path.starts_with("/object/")).collect();
    assert!(whole.iter().all(|put| put.received < size as u64), "{whole:?}");
    // The same call again takes it as it is now.
    lab.hub.faults(&json!([]));
    let now = client.upload_file(
        &model(),
        None,
        Input::Path(path.clone(), None),
        "f.bin",
        &options,
        Hooks::default(),
    );
    made(now.unwrap().join()).unwrap();
    assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap());
}

fn hashed(lab: &Lab) -> bool {
    lab.hub.count("POST", "objects/batch") > 0
}

fn one_part(lab: &Lab) -> bool {
    lab.hub.puts().iter().any(|put| put.status == 200)
}

fn begun(lab: &Lab) -> bool {
    lab.hub.puts().iter().any(|put| put.received > 0)
}

fn other_bytes(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let at = file.metadata().unwrap().len() - 10;
    file.write_all_at(b"!", at).unwrap();
}

fn shorter(path: &Path) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
}

fn longer(path: &Path) {
    let file = OpenOptions::new().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut &file, b"more").unwrap();
}

/// Other bytes of the same size, and the time of change of the ones before.
fn other_bytes_unseen(path: &Path) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    other_bytes(path);
    OpenOptions::new().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_file_that_changes_after_it_was_hashed_is_no_object() {
    for change in [other_bytes, shorter, longer, other_bytes_unseen] {
        changed(4 * PART, &[], hashed, change);
        changed(4 * PART, &[], one_part, change);
        changed(2 * PART - 1, &[], hashed, change);
    }
    for change in [other_bytes, longer] {
        changed(4 * PART, &[("source", "map")], one_part, change);
        changed(2 * PART - 1, &[("source", "map")], hashed, change);
    }
}

#[test]
fn a_file_sent_whole_that_changes_on_the_way_is_no_object() {
    // Half of it is out by then.
    for change in [other_bytes, shorter, longer, other_bytes_unseen] {
        changed(LARGE + 1, &[], begun, change);
    }
}

#[test]
fn a_hash_from_an_earlier_run_is_no_licence() {
    let lab = lab(&["--multipart-from", "1G"]);
    let state = tempfile::tempdir().unwrap();
    let client = lab.client(&[("state_dir", state.path().to_str().unwrap()), ("max_connections", "1")]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.bin");
    fs::write(&path, random(2, LARGE)).unwrap();
    // Old enough to be remembered.
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    OpenOptions::new().write(true).open(&path).unwrap().set_modified(old).unwrap();
    let upload = || {
        client.upload_file(
            &model(),
            None,
            Input::Path(path.clone(), None),
            "f.bin",
            &job(&[]),
            Hooks::default(),
        )
    };
    // Hashed, and no more.
    lab.hub.fault(json!({"path": "objects/batch"}), json!({"status": 400}));
    assert!(upload().unwrap().join().is_err());
    lab.hub.forget();
    lab.hub.fault(json!({"port": "cdn", "method": "PUT"}), json!({"request_rate": 6_000_000}));
    let running = upload().unwrap();
    wait_for("the first bytes", || begun(&lab));
    assert_eq!(running.totals().hashed, LARGE as u64);
    other_bytes(&path);
    assert_eq!(running.join().unwrap_err().kind(), Kind::ContentChanged);
    let put = &lab.hub.puts()[0];
    assert!(put.received < LARGE as u64, "the server got it whole: {put:?}");
    made(upload().unwrap().join()).unwrap();
    assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap());
}

#[test]
fn other_content_of_the_same_size_and_time_is_not_taken_for_what_was_hashed() {
    let lab = lab(&[]);
    let state = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.bin");
    for size in [PART, 3 * PART] {
        let client = lab.client(&[("state_dir", state.path().to_str().unwrap())]);
        fs::write(&path, random(12, size)).unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
        OpenOptions::new().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let upload = || {
            let input = Input::Path(path.clone(), None);
            client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap().join()
        };
        lab.hub.fault(json!({"path": "objects/batch"}), json!({"status": 400}));
        assert!(upload().is_err());
        other_bytes_unseen(&path);
        lab.hub.faults(&json!([]));
        made(upload()).unwrap();
        assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap());
    }
}

/// Two files of one size and one time, in two folders that are the working folder in turn.
#[test]
fn hashes_are_kept_by_the_whole_path() {
    let lab = lab(&[]);
    let state = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    for (name, seed) in [("one", 3), ("two", 4)] {
        let path = write(&dir.path().join(name), &[("model.bin", &random(seed, M))]).join("model.bin");
        OpenOptions::new().write(true).open(&path).unwrap().set_modified(old).unwrap();
        for (from, to) in [("model.bin", format!("{name}.bin")), (".", name.to_owned())] {
            let ran = std::process::Command::new(env!("CARGO_BIN_EXE_hfx"))
                .args(["upload", "o/n", from, &to, "-o"])
                .arg(format!("state_dir={}", state.path().display()))
                .current_dir(dir.path().join(name))
                .env_clear()
                .env("HF_ENDPOINT", &lab.hub.endpoint)
                .env("HOME", dir.path())
                .output()
                .unwrap();
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        }
    }
    let client = lab.client(&[]);
    for (name, seed) in [("one", 3), ("two", 4)] {
        assert!(held(&client, &format!("{name}.bin"), None).unwrap() == random(seed, M), "{name}.bin");
        assert!(held(&client, &format!("{name}/model.bin"), None).unwrap() == random(seed, M), "{name}");
    }
}

/// Content that is another one each time it is read.
struct Fickle(usize, AtomicU64);

impl Reader for Fickle {
    fn size(&self) -> u64 {
        self.0 as u64
    }

    fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes> {
        let round = self.1.fetch_add(1, Relaxed);
        Ok(vec![round as u8; (range.end - range.start) as usize].into())
    }
}

/// A reader that fails, or says too little.
struct Broken(bool);

impl Reader for Broken {
    fn size(&self) -> u64 {
        3 * M as u64
    }

    fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes> {
        if self.0 {
            return Ok(Bytes::from(vec![0; ((range.end - range.start) as usize).min(100)]));
        }
        Err(Error::new(Kind::Io, "the host's disk is gone"))
    }
}

#[test]
fn readers_are_not_trusted() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let before = head(&client);
    let try_it = |reader: Arc<dyn Reader>| {
        let draft = Draft::new();
        draft.add("f.bin", Input::Reader(reader)).unwrap();
        commit(&client, &draft, &[]).unwrap_err()
    };
    for size in [M, 5 * M] {
        let error = try_it(Arc::new(Fickle(size, AtomicU64::new(0))));
        assert_eq!(error.kind(), Kind::ContentChanged, "{error}");
    }
    let error = try_it(Arc::new(Broken(false)));
    assert_eq!((error.kind(), error.to_string().contains("the host's disk")), (Kind::Io, true), "{error}");
    let error = try_it(Arc::new(Broken(true)));
    assert!(error.to_string().contains("f.bin"), "{error}");
    assert_eq!(head(&client), before);
    assert_eq!((lab.hub.count("POST", "/commit/"), lab.hub.count("POST", "complete_multipart")), (0, 0));
}

#[test]
fn bad_paths_and_files_are_refused_before_anything_is_sent() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    let bytes = Input::Memory(Bytes::from_static(b"x"));
    for bad in
        ["../x", "a/../b", ".git/config", "a/.GIT/x", ".cache/x", "a/.cache/huggingface/x", "", "/", "a\0b"]
    {
        let error = Draft::new().add(bad, bytes.clone()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument, "{bad:?}: {error}");
        let upload = client.upload_file(&model(), None, bytes.clone(), bad, &job(&[]), Hooks::default());
        assert!(upload.is_err(), "{bad:?}");
        if !bad.trim_matches('/').is_empty() {
            let upload = client.upload_folder(&model(), None, dir.path(), bad, &job(&[]), Hooks::default());
            assert!(upload.is_err(), "{bad:?}");
        }
        assert!(
            Draft::new().delete_file(bad).is_err() && Draft::new().delete_folder(bad).is_err(),
            "{bad:?}"
        );
        assert!(Draft::new().copy(None, None, "a", bad).is_err(), "{bad:?}");
    }
    for (name, value) in [("parent_commit", "abc"), ("parent_commit", "main"), ("commit_message", " ")] {
        let error = push(&client, "a", b"a", &[(name, value)]).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument, "{name}={value}: {error}");
    }
    assert!(lab.hub.requests().is_empty(), "{:?}", lab.hub.requests());
    let at = |name: &str| Input::Path(dir.path().join(name), None);
    fs::create_dir(dir.path().join("folder")).unwrap();
    write(dir.path(), &[("secret", b"x"), ("good.bin", &random(5, 3 * M))]);
    fs::set_permissions(dir.path().join("secret"), fs::Permissions::from_mode(0o0)).unwrap();
    let mut all = vec![("missing", Kind::Io), ("folder", Kind::InvalidArgument), ("good.bin/x", Kind::Io)];
    if fs::File::open(dir.path().join("secret")).is_err() {
        all.push(("secret", Kind::Io));
    }
    for (bad, kind) in all {
        let draft = Draft::new();
        draft.add("good.bin", at("good.bin")).unwrap();
        draft.add("bad", at(bad)).unwrap();
        let error = commit(&client, &draft, &[]).unwrap_err();
        assert_eq!(error.kind(), kind, "{bad}: {error}");
        assert!(error.to_string().contains(bad), "{error}");
    }
    assert_eq!(folder(&client, &dir.path().join("none"), &[]).unwrap_err().kind(), Kind::Io);
    assert_eq!(folder(&client, &dir.path().join("good.bin"), &[]).unwrap_err().kind(), Kind::InvalidArgument);
    nothing_sent(&lab);
}

/// No request that changes anything.
fn nothing_sent(lab: &Lab) {
    let requests = lab.hub.requests();
    assert!(requests.iter().all(|request| request.method == "GET"), "{requests:?}");
}

#[test]
fn who_may_not_write_is_told_before_anything_is_sent() {
    let lab = lab(&["--token", "hf_rw", "--token", "hf_ro:read"]);
    let large = random(6, 3 * M);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("large.bin", &large), ("a.txt", b"a")]);
    let refused = |client: &Client, id: &str, revision: Option<&str>| {
        let files: &[(&str, &[u8])] = &[("large.bin", &large), ("a.txt", b"a")];
        let commit = client.commit(&repo(id), revision, &draft(files), &job(&[]), Hooks::default());
        let error = made(commit.unwrap().join()).unwrap_err();
        let folder = client.upload_folder(&repo(id), revision, dir.path(), "", &job(&[]), Hooks::default());
        let other = made(folder.unwrap().join()).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (other.kind(), false), "{error} and {other}");
        error
    };
    let writer = lab.client(&[("token", "hf_rw")]);
    assert_eq!(refused(&lab.client(&[("token", "hf_ro")]), "o/n", None).kind(), Kind::Forbidden);
    assert_eq!(refused(&lab.client(&[("token", "hf_wrong")]), "o/n", None).kind(), Kind::Unauthorized);
    let error = refused(&writer, "o/none", None);
    assert_eq!(error.kind(), Kind::RepoNotFound, "{error}");
    assert_eq!(refused(&writer, "o/n", Some("none")).kind(), Kind::RevisionNotFound);
    assert_eq!(
        refused(&lab.client(&[("token", "hf_rw"), ("offline", "true")]), "o/n", None).kind(),
        Kind::Offline
    );
    assert!(lab.hub.puts().is_empty());
    assert_eq!((lab.hub.count("POST", "objects/batch"), lab.hub.count("POST", "/commit/")), (0, 0));
    // A commit is no branch: nothing can follow it there.
    let tip = head(&writer);
    let error = refused(&writer, "o/n", Some(&tip));
    assert!(matches!(error.kind(), Kind::RevisionNotFound | Kind::InvalidArgument), "{error}");
    assert_eq!(listed(&writer, None), Vec::<String>::new());
}
