//! What a download does when nothing goes wrong.

use std::fs;
use std::sync::{Arc, Mutex};

use hfx::cache::Lookup;
use hfx::client::{Hooks, Output, ReadInto, Which};
use hfx::digest::Verified;
use hfx::error::Kind;
use hfx::event::FileState;
use hfx::repo::{RepoId, RepoKind};
use hfx::sys::map::Region;
use serde_json::json;

use crate::support::client::{file, get, get_with, job, model, snapshot, url};
use crate::support::files::{blobs, partials, random, sha256};
use crate::support::{Lab, M};

#[test]
fn a_small_file_takes_one_question_and_one_request() {
    let lab = Lab::with_file("config.json", b"{}");
    let client = lab.client(&[]);
    let result = get(&client, "config.json").unwrap();
    assert_eq!(fs::read(&result.path).unwrap(), b"{}");
    assert_eq!((result.state, result.verified), (FileState::Done, Some(Verified::Hash)));
    let methods: Vec<String> = lab.hub.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["HEAD", "GET"]);
}

#[test]
fn a_large_file_comes_in_parallel_ranges_each_byte_once() {
    let bytes = random(1, 48 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    // Slow enough that the parts must overlap.
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 8_000_000}));
    let result = get(&lab.client(&[]), "model.bin").unwrap();
    assert!(fs::read(&result.path).unwrap() == bytes);
    assert_eq!(result.verified, Some(Verified::Hash));
    assert_eq!(result.etag, sha256(&bytes));
    let parts = lab.hub.data_requests();
    assert!(parts.len() >= 4 && parts.iter().all(|r| r.range.is_some()), "{parts:?}");
    assert_eq!(lab.hub.sent(), bytes.len() as u64, "no byte twice");
    assert!(lab.hub.connections("cdn").1 >= 4, "{}", lab.hub.stats());
    assert!(partials(lab.cache()).is_empty());
}

#[test]
fn an_empty_file_needs_no_request_for_its_bytes() {
    let lab = Lab::with_file("empty", b"");
    let result = get(&lab.client(&[]), "empty").unwrap();
    assert_eq!(fs::read(&result.path).unwrap(), b"");
    assert_eq!(result.verified, Some(Verified::Hash));
    assert_eq!(lab.hub.data_requests().len(), 0);
}

#[test]
fn odd_names_arrive() {
    let lab = Lab::new();
    let names = [
        "with space.txt",
        "100%.txt",
        "a%20b",
        "[x]^|y.txt",
        "größe/日本語.txt",
        "deep/er/still/f",
        "a+b&c=d;e.txt",
        "quote\"'.txt",
        "#hash?.txt",
    ];
    for name in names {
        lab.hub.put(&format!("models/o/n/{name}"), name.as_bytes());
    }
    let client = lab.client(&[]);
    for name in names {
        let result = get(&client, name).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fs::read(&result.path).unwrap(), name.as_bytes());
        assert!(result.path.ends_with(name), "{}", result.path.display());
    }
    let all = snapshot(&client, &[]).unwrap();
    assert_eq!(all.files.len(), names.len());
    assert!(all.first_error().is_none());
}

#[test]
fn every_type_of_repo_and_revision() {
    let lab = Lab::new();
    for types in ["models", "datasets", "spaces", "kernels"] {
        lab.hub.put(&format!("{types}/o/n/f"), types.as_bytes());
        lab.hub.put(&format!("{types}/o/n/.hfx/revisions/dev%2Fone/f"), b"branch");
        lab.hub.put(&format!("{types}/o/n/.hfx/revisions/refs%2Ftags%2Fv1/f"), b"tag");
        lab.hub.put(&format!("{types}/o/n/.hfx/revisions/refs%2Fpr%2F7/f"), b"pull request");
    }
    let client = lab.client(&[]);
    for kind in [RepoKind::Model, RepoKind::Dataset, RepoKind::Space, RepoKind::Kernel] {
        let repo = RepoId::new(kind, "o/n").unwrap();
        let get = |revision: Option<&str>| {
            let job = client.download_file(&repo, revision, "f", &job(&[]), Hooks::default()).unwrap();
            let result = file(job.join()).unwrap_or_else(|e| panic!("{kind:?} {revision:?}: {e}"));
            (fs::read(&result.path).unwrap(), result.commit)
        };
        let (bytes, commit) = get(None);
        assert_eq!(bytes, kind.plural().as_bytes());
        assert_eq!(get(Some("dev/one")).0, b"branch");
        assert_eq!(get(Some("v1")).0, b"tag");
        assert_eq!(get(Some("refs/pr/7")).0, b"pull request");
        assert_eq!(get(Some(&commit)).0, bytes);
        assert_eq!(client.cache().unwrap().commit_of(&repo, "main"), Some(commit));
        assert!(client.cache().unwrap().commit_of(&repo, "refs/pr/7").is_some());
    }
}

#[test]
fn a_snapshot_pages_its_listing_and_asks_for_no_file_twice() {
    let lab = Lab::new();
    for n in 0..1100 {
        lab.hub.put(&format!("models/o/n/d{}/f{n}", n % 7), n.to_string().as_bytes());
    }
    let client = lab.client(&[]);
    let result = snapshot(&client, &[]).unwrap();
    assert_eq!(result.files.len(), 1100);
    for n in [0, 7, 1099] {
        let path = result.path.join(format!("d{}/f{n}", n % 7));
        assert_eq!(fs::read_to_string(path).unwrap(), n.to_string());
    }
    let log = lab.hub.requests();
    assert_eq!(log.iter().filter(|r| r.path.contains("/tree/")).count(), 2, "two pages");
    assert_eq!(
        log.iter().filter(|r| r.method == "HEAD").count(),
        0,
        "one listing, no question for each file"
    );
    assert_eq!(lab.hub.data_requests().len(), 1100);
    lab.hub.forget();
    let again = snapshot(&client, &[]).unwrap();
    assert_eq!(again.commit, result.commit);
    assert!(lab.hub.requests().len() <= 1, "only which commit main is: {:?}", lab.hub.requests());
}

#[test]
fn patterns_choose() {
    let lab = Lab::new();
    for name in ["a.json", "b/c.json", "d.bin", "e.txt"] {
        lab.hub.put(&format!("models/o/n/{name}"), name.as_bytes());
    }
    let client = lab.client(&[]);
    let names = |more: &[(&str, &str)]| {
        let result = snapshot(&client, more).unwrap();
        result.files.into_iter().map(|f| f.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&[("include", "*.json")]), ["a.json", "b/c.json"]);
    assert_eq!(names(&[("exclude", "*.json"), ("exclude", "*.txt")]), ["d.bin"]);
    assert_eq!(names(&[("include", "*.json"), ("exclude", "b/*")]), ["a.json"]);
}

#[test]
fn a_cached_file_is_not_fetched_again() {
    let bytes = random(2, 11 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let first = get(&client, "model.bin").unwrap();
    lab.hub.forget();
    // By branch: one question. By commit, pinned, offline, local: none.
    let hit = get(&client, "model.bin").unwrap();
    assert_eq!((hit.state, hit.path.clone()), (FileState::Cached, first.path.clone()));
    assert_eq!(lab.hub.requests().len(), 1);
    lab.hub.forget();
    for (revision, option) in [
        (Some(first.commit.as_str()), None),
        (None, Some(("pin", "true"))),
        (None, Some(("offline", "true"))),
        (None, Some(("local_files_only", "true"))),
    ] {
        let hit = get_with(&client, "model.bin", revision, option.as_slice()).unwrap();
        assert_eq!((hit.state, hit.path), (FileState::Cached, first.path.clone()));
    }
    assert_eq!(lab.hub.requests().len(), 0);
    // Force fetches it all.
    let forced = get_with(&client, "model.bin", None, &[("force", "true")]).unwrap();
    assert_eq!(forced.state, FileState::Done);
    assert_eq!(lab.hub.sent(), bytes.len() as u64);
}

/// What a crash of the machine, or a copy that was cut off, leaves of a cache.
#[test]
fn a_cached_file_of_another_size_is_none() {
    let bytes = random(4, 11 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/config.json", b"{}");
    let client = lab.client(&[]);
    let commit = snapshot(&client, &[]).unwrap().commit;
    let at = |name: &str| lab.cache().join("models--o--n/snapshots").join(&commit).join(name);
    let cut = || {
        for name in ["model.bin", "config.json"] {
            fs::OpenOptions::new().write(true).open(at(name)).unwrap().set_len(1).unwrap();
        }
    };
    let whole =
        || fs::read(at("model.bin")).unwrap() == bytes && fs::read(at("config.json")).unwrap() == b"{}";
    cut();
    assert_eq!(snapshot(&client, &[("offline", "true")]).unwrap_err().kind(), Kind::Offline);
    get(&client, "model.bin").unwrap();
    get(&client, "config.json").unwrap();
    assert!(whole());
    for options in [&[][..], &[("pin", "true")]] {
        cut();
        assert!(snapshot(&client, options).unwrap().first_error().is_none());
        assert!(whole());
    }
}

#[test]
fn the_same_blob_under_another_revision_is_linked() {
    let bytes = random(3, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/other", b"so that the commit differs");
    let client = lab.client(&[]);
    let main = get(&client, "model.bin").unwrap();
    lab.hub.forget();
    let dev = get_with(&client, "model.bin", Some("dev"), &[]).unwrap();
    assert_ne!(main.commit, dev.commit);
    assert_ne!(main.path, dev.path);
    assert!(fs::read(&dev.path).unwrap() == bytes);
    assert_eq!(lab.hub.sent(), 0);
    assert_eq!(blobs(lab.cache()).len(), 1);
}

#[test]
fn a_local_folder_is_kept_up_to_date() {
    let bytes = random(4, 11 * M);
    let lab = Lab::with_file("sub/model.bin", &bytes);
    lab.hub.put("models/o/n/config.json", b"{}");
    let folder = tempfile::tempdir().unwrap();
    let local = ("local_dir", folder.path().to_str().unwrap());
    let client = lab.client(&[]);
    let result = snapshot(&client, &[local]).unwrap();
    assert!(result.first_error().is_none());
    assert!(fs::read(folder.path().join("sub/model.bin")).unwrap() == bytes);
    lab.hub.forget();
    assert_eq!(get_with(&client, "sub/model.bin", None, &[local]).unwrap().state, FileState::Cached);
    assert_eq!(lab.hub.sent(), 0, "up to date");
    // Without its metadata the file is adopted by its hash.
    fs::remove_dir_all(folder.path().join(".cache")).unwrap();
    let adopted = get_with(&client, "sub/model.bin", None, &[local]).unwrap();
    assert_eq!((adopted.state, adopted.verified), (FileState::Cached, Some(Verified::Hash)));
    assert_eq!(lab.hub.sent(), 0, "adopted");
    // A changed one is fetched again.
    lab.hub.put("models/o/n/config.json", b"{\"new\": 1}");
    get_with(&client, "config.json", None, &[local]).unwrap();
    assert_eq!(fs::read(folder.path().join("config.json")).unwrap(), b"{\"new\": 1}");
}

#[test]
fn a_local_folder_is_filled_from_the_cache() {
    let bytes = random(5, 11 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    get(&client, "model.bin").unwrap();
    lab.hub.forget();
    let folder = tempfile::tempdir().unwrap();
    let local = ("local_dir", folder.path().to_str().unwrap());
    let copy = get_with(&client, "model.bin", None, &[local]).unwrap();
    assert!(fs::read(folder.path().join("model.bin")).unwrap() == bytes);
    assert_eq!((copy.state, lab.hub.sent()), (FileState::Cached, 0));
}

#[test]
fn a_dry_run_fetches_and_writes_nothing() {
    let lab = Lab::with_file("model.bin", &random(6, 11 * M));
    lab.hub.put("models/o/n/config.json", b"{}");
    let client = lab.client(&[]);
    get(&client, "config.json").unwrap();
    lab.hub.forget();
    let plan = snapshot(&client, &[("dry_run", "true")]).unwrap();
    let states: Vec<_> =
        plan.files.iter().map(|f| (f.name.as_str(), f.result.as_ref().unwrap().state)).collect();
    assert_eq!(states, [("config.json", FileState::Cached), ("model.bin", FileState::Planned)]);
    assert_eq!(lab.hub.sent(), 0);
    assert_eq!(blobs(lab.cache()).len(), 1);
}

#[test]
fn what_is_known_without_the_network() {
    let lab = Lab::with_file("config.json", b"{}");
    let client = lab.client(&[]);
    let offline = get_with(&client, "config.json", None, &[("offline", "true")]).unwrap_err();
    assert_eq!(offline.kind(), Kind::Offline);
    let (own, hooks) = (job(&[("offline", "true")]), Hooks::default);
    lab.hub.forget();
    for question in [
        client.repo_info(&model(), None, &own, hooks()),
        client.refs(&model(), false, &own, hooks()),
        client.tree(&model(), None, "", &own, hooks()),
        client.file_meta(&model(), None, "config.json", &own, hooks()),
    ] {
        assert_eq!(question.unwrap().join().unwrap_err().kind(), Kind::Offline);
    }
    assert!(lab.hub.requests().is_empty(), "only the Hub could answer, and it was not to be asked");
    assert_eq!(lab.hub.requests().len(), 0);
    assert!(matches!(
        client.lookup(&model(), None, "config.json", &hfx::options::Options::new()).unwrap(),
        Lookup::Unknown
    ));
    get(&client, "config.json").unwrap();
    let missing = get(&client, "nothing").unwrap_err();
    assert_eq!((missing.kind(), missing.http_status()), (Kind::EntryNotFound, 404));
    assert!(matches!(
        client.lookup(&model(), None, "config.json", &hfx::options::Options::new()).unwrap(),
        Lookup::Found(_)
    ));
    assert!(matches!(
        client.lookup(&model(), None, "nothing", &hfx::options::Options::new()).unwrap(),
        Lookup::Missing
    ));
    let no_revision = get_with(&client, "config.json", Some("nowhere"), &[]).unwrap_err();
    assert_eq!(no_revision.kind(), Kind::RevisionNotFound);
}

#[test]
fn the_cache_answers_when_the_hub_does_not() {
    let lab = Lab::with_file("config.json", b"{}");
    let client = lab.client(&[]);
    let first = get(&client, "config.json").unwrap();
    lab.hub.fault(json!({"times": 0}), json!({"refuse": true}));
    let hit = get_with(&client, "config.json", None, &[("retry_timeout_ms", "300")]).unwrap();
    assert_eq!((hit.state, hit.path), (FileState::Cached, first.path));
}

#[test]
fn a_read_only_cache_serves_what_it_has() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::with_file("config.json", b"{}");
    let client = lab.client(&[]);
    let first = get(&client, "config.json").unwrap();
    let folders = |mode: u32| {
        let mut all = vec![lab.cache().to_owned()];
        while let Some(folder) = all.pop() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode | 0o500)).unwrap();
            let entries = fs::read_dir(&folder).unwrap().flatten();
            all.extend(entries.filter(|e| e.file_type().unwrap().is_dir()).map(|e| e.path()));
        }
    };
    folders(0o500);
    let hit = get(&client, "config.json");
    folders(0o700);
    assert_eq!(hit.unwrap().path, first.path);
}

#[test]
fn without_symlinks_the_files_themselves_are_in_the_snapshot() {
    let bytes = random(7, 11 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/other", b"x");
    let client = lab.client(&[("symlinks", "false")]);
    let result = get(&client, "model.bin").unwrap();
    assert!(fs::symlink_metadata(&result.path).unwrap().is_file());
    assert!(fs::read(&result.path).unwrap() == bytes);
    lab.hub.forget();
    let dev = get_with(&client, "model.bin", Some("dev"), &[]).unwrap();
    assert!(fs::read(&dev.path).unwrap() == bytes);
    assert_eq!(lab.hub.sent(), 0, "the other revision's file is copied");
}

#[test]
fn one_bad_file_ends_a_snapshot_or_does_not() {
    let lab = Lab::new();
    for name in ["a", "b", "c"] {
        lab.hub.put(&format!("models/o/n/{name}"), name.as_bytes());
    }
    lab.hub.fault(json!({"path": "*/b", "times": 0}), json!({"status": 403}));
    let client = lab.client(&[("fail_fast", "false")]);
    let result = snapshot(&client, &[]).unwrap();
    let outcomes: Vec<_> = result
        .files
        .iter()
        .map(|f| f.result.as_ref().map_err(hfx::error::Error::kind).map(|r| r.state))
        .collect();
    assert_eq!(outcomes, [Ok(FileState::Done), Err(Kind::Forbidden), Ok(FileState::Done)]);
    let fast = snapshot(&client, &[("fail_fast", "true"), ("force", "true"), ("max_workers", "1")]).unwrap();
    let kinds: Vec<_> = fast
        .files
        .iter()
        .map(|f| f.result.as_ref().map_err(hfx::error::Error::kind).map(|r| r.state))
        .collect();
    assert!(kinds.contains(&Err(Kind::Forbidden)), "{kinds:?}");
    assert!(
        kinds.contains(&Err(Kind::Cancelled)) || kinds[2].is_ok(),
        "each file has its outcome: {kinds:?}"
    );
}

#[test]
fn a_url_goes_to_a_path_proven_by_its_hash() {
    let bytes = random(8, 20 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("new/out.bin");
    let client = lab.client(&[]);
    let from = format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint);
    let plain = url(&client, &from, &to, &[]).unwrap();
    assert_eq!(plain.verified, Some(Verified::Length));
    assert!(fs::read(&to).unwrap() == bytes);
    let proven = url(&client, &from, &folder.path().join("proven"), &[("sha256", &sha256(&bytes))]).unwrap();
    assert_eq!((proven.verified, proven.state), (Some(Verified::Hash), FileState::Done));
    assert!(fs::read(&proven.path).unwrap() == bytes);
    let wrong =
        url(&client, &from, &folder.path().join("wrong"), &[("sha256", &"0".repeat(64))]).unwrap_err();
    assert_eq!(wrong.kind(), Kind::HashMismatch);
    assert!(
        wrong.to_string().contains(&sha256(&bytes)) && wrong.to_string().contains(&"0".repeat(64)),
        "{wrong}"
    );
    assert!(!folder.path().join("wrong").exists());
    assert_eq!(url(&client, &from, &to, &[("require_hash", "true")]).unwrap_err().kind(), Kind::NoHash);
    assert!(partials(folder.path()).is_empty());
}

/// `part-aa` and `part-ab` of one split have one size, and from many servers one etag.
#[test]
fn a_url_goes_on_with_its_own_bytes_alone() {
    let (first, second) = (random(62, 12 * M), random(63, 12 * M));
    let lab = Lab::with_file("part-aa", &first);
    lab.hub.put("models/o/n/part-ab", &second);
    let same = json!({"match": {"port": "any", "times": 0}, "do": {"etag": "\"same\""}});
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out");
    let from = |name: &str| format!("{}/o/n/resolve/main/{name}", lab.hub.endpoint);
    let client = lab.client(&[("retry_timeout_ms", "300"), ("max_connections", "1")]);
    lab.hub.faults(&json!([
        same,
        {"match": {"port": "cdn", "range_from": 8_000_000, "times": 0}, "do": {"refuse": true}}
    ]));
    url(&client, &from("part-aa"), &to, &[]).unwrap_err();
    assert_eq!(partials(folder.path()).len(), 1);
    lab.hub.faults(&json!([same]));
    url(&client, &from("part-ab"), &to, &[]).unwrap();
    assert!(fs::read(&to).unwrap() == second);
}

#[test]
fn a_file_that_is_here_is_the_one_that_is_asked_for() {
    let bytes = random(64, 11 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let commit = get(&lab.client(&[]), "model.bin").unwrap().commit;
    let folder = tempfile::tempdir().unwrap();
    let etag = sha256(&bytes);
    let in_folder = ("local_dir", folder.path().to_str().unwrap());
    let client =
        lab.client(&[("symlinks", "false"), ("cache_dir", folder.path().join("cache").to_str().unwrap())]);
    for more in [&[in_folder][..], &[]] {
        for round in 0..2 {
            let options = |etag| [more, &[("if_match", etag)]].concat();
            let got = get_with(&client, "model.bin", Some(&commit), &options(&etag)).unwrap();
            assert!(fs::read(got.path).unwrap() == bytes, "round {round}");
            let error = get_with(&client, "model.bin", Some(&commit), &options("another")).unwrap_err();
            assert_eq!(error.kind(), Kind::ContentChanged, "round {round}");
        }
    }
}

#[test]
fn a_listing_that_cant_be_written_is_no_reason_for_old_files() {
    let lab = Lab::with_file("config.json", b"old");
    let client = lab.client(&[]);
    snapshot(&client, &[]).unwrap();
    lab.hub.put("models/o/n/config.json", b"newer");
    let trees = lab.cache().join("models--o--n/trees");
    fs::remove_dir_all(&trees).unwrap();
    fs::write(&trees, b"not a folder").unwrap();
    let error = snapshot(&client, &[]).unwrap_err();
    assert!(error.to_string().contains("trees"), "{error}");
}

#[test]
fn a_url_of_unknown_length_comes_in_one_stream() {
    let bytes = random(9, 3 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(
        json!({"method": "GET", "times": 0}),
        json!({"ignore_range": true, "remove_headers": ["content-length"]}),
    );
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out");
    let from = format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint);
    let result = url(&lab.client(&[]), &from, &to, &[("sha256", &sha256(&bytes))]).unwrap();
    assert_eq!(result.verified, Some(Verified::Hash));
    assert!(fs::read(&to).unwrap() == bytes);
    assert!(partials(folder.path()).is_empty());
}

#[test]
fn a_url_that_tells_no_length_is_begun_again_and_claims_no_proof() {
    let bytes = random(41, 3 * M);
    let lab = Lab::with_file("f.txt", &bytes);
    let folder = tempfile::tempdir().unwrap();
    let from = format!("{}/o/n/resolve/main/f.txt", lab.hub.endpoint);
    let bare =
        json!({"match": {"times": 0}, "do": {"ignore_range": true, "remove_headers": ["content-length"]}});
    for (more, verified) in [(None, None), (Some(("sha256", sha256(&bytes))), Some(Verified::Hash))] {
        let to = folder.path().join(if more.is_some() { "proven" } else { "bare" });
        lab.hub.faults(&json!([bare, {"match": {}, "do": {"drop_after": 1_000_000}}]));
        let options: Vec<_> = more.iter().map(|(name, hash)| (*name, hash.as_str())).collect();
        let result = url(&lab.client(&[]), &from, &to, &options).unwrap();
        assert_eq!((result.size, result.verified), (bytes.len() as u64, verified));
        assert!(fs::read(&to).unwrap() == bytes);
        assert_eq!(lab.hub.acted()[1], 1);
    }
    assert!(partials(folder.path()).is_empty());
}

/// A store that has to fetch a file itself at first tells no length and knows no ranges; the next answer is a part.
#[test]
fn a_url_that_tells_its_length_at_the_second_look_is_whole_all_the_same() {
    let bytes = random(42, 9 * M);
    let lab = Lab::with_file("f.bin", &bytes);
    let folder = tempfile::tempdir().unwrap();
    let from = format!("{}/o/n/resolve/main/f.bin", lab.hub.endpoint);
    let to = folder.path().join("out");
    lab.hub.fault(
        json!({"method": "GET"}),
        json!({"ignore_range": true, "remove_headers": ["content-length"], "drop_after": 5_000_000}),
    );
    let result = url(&lab.client(&[]), &from, &to, &[]).unwrap();
    assert_eq!(lab.hub.acted(), [1]);
    assert_eq!(result.size, bytes.len() as u64);
    assert!(fs::read(&to).unwrap() == bytes);
    assert!(partials(folder.path()).is_empty());
}

#[test]
fn an_empty_url() {
    let lab = Lab::with_file("empty.bin", b"");
    let folder = tempfile::tempdir().unwrap();
    let from = format!("{}/o/n/resolve/main/empty.bin", lab.hub.endpoint);
    let result = url(&lab.client(&[]), &from, &folder.path().join("out"), &[]).unwrap();
    assert_eq!((result.size, fs::read(&result.path).unwrap().len()), (0, 0));
}

#[test]
fn bytes_come_into_memory() {
    let bytes = random(10, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let which = Which::Repo { repo: model(), revision: None, path: "model.bin".into() };
    let read = |which: &Which, range, into| match client
        .read(which.clone(), range, into, &job(&[]), Hooks::default())
        .unwrap()
        .join()
        .unwrap()
    {
        Output::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    let part = read(&which, Some((5_000_001, 9_000_000)), ReadInto::Memory);
    assert!(part.bytes == bytes[5_000_001..14_000_001]);
    assert_eq!((part.size, part.verified), (bytes.len() as u64, Verified::Length));
    let whole = read(&which, None, ReadInto::Memory);
    assert!(whole.bytes == bytes);
    assert_eq!(whole.verified, Verified::Hash);
    let region = Arc::new(Region::boxed(bytes.len()));
    let into = read(&which, None, ReadInto::Region(region.clone()));
    assert_eq!((into.length, into.verified), (bytes.len() as u64, Verified::Hash));
    assert!(region.to_vec() == bytes);
    let tail = read(&which, Some((bytes.len() as u64 - 3, 100)), ReadInto::Memory);
    assert_eq!(tail.bytes, bytes[bytes.len() - 3..]);
    let from = Which::Url(format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint));
    assert_eq!(read(&from, Some((7, 5)), ReadInto::Memory).bytes, bytes[7..12]);
    let small = Arc::new(Region::boxed(10));
    let refused = client.read(which, None, ReadInto::Region(small), &job(&[]), Hooks::default()).unwrap();
    assert_eq!(refused.join().unwrap_err().kind(), Kind::TooSmall);
    assert!(blobs(lab.cache()).is_empty(), "nothing touches the disk");
}

#[test]
fn chunks_come_in_order() {
    let bytes = random(11, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[("memory_budget", "32M")]);
    let which = Which::Repo { repo: model(), revision: None, path: "model.bin".into() };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let chunks = ReadInto::Chunks(Box::new(move |offset, chunk| {
        let mut seen = into.lock().unwrap();
        assert_eq!(offset, seen.len() as u64);
        seen.extend_from_slice(chunk);
        Ok(())
    }));
    let job = client.read(which.clone(), None, chunks, &job(&[]), Hooks::default()).unwrap();
    let Output::Bytes(result) = job.join().unwrap() else { panic!() };
    assert_eq!(result.verified, Verified::Hash);
    assert!(*seen.lock().unwrap() == bytes);
    // The host says stop.
    let stop = ReadInto::Chunks(Box::new(|offset, _| {
        if offset > 0 { Err(hfx::error::Error::new(Kind::Callback, "enough")) } else { Ok(()) }
    }));
    let none = crate::support::client::job(&[]);
    let stopped = client.read(which, None, stop, &none, Hooks::default()).unwrap().join().unwrap_err();
    assert_eq!(stopped.kind(), Kind::Callback);
}

#[test]
fn a_mapped_sink_brings_the_same_bytes() {
    let bytes = random(12, 20 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let result = get(&lab.client(&[("sink", "map"), ("durability", "power")]), "model.bin").unwrap();
    assert_eq!(result.verified, Some(Verified::Hash));
    assert!(fs::read(&result.path).unwrap() == bytes);
}

#[test]
fn progress_grows_and_its_last_event_is_the_end() {
    let bytes = random(13, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/config.json", b"{}");
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 8_000_000}));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, ended) = (seen.clone(), Arc::new(Mutex::new(None)));
    let at_end = ended.clone();
    let hooks = Hooks {
        progress: Some(Box::new(move |job| told.lock().unwrap().push(job.totals()))),
        done: Some(Box::new(move |job| *at_end.lock().unwrap() = Some(job.totals()))),
        ..Hooks::default()
    };
    let client = lab.client(&[]);
    let job = client.download_snapshot(&model(), None, &job(&[]), hooks).unwrap();
    job.join().unwrap();
    crate::support::wait_for("the completion", || ended.lock().unwrap().is_some());
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 3, "{seen:?}");
    assert!(seen.windows(2).all(|w| w[0].done <= w[1].done && w[0].received <= w[1].received), "{seen:?}");
    let last = seen.last().unwrap();
    assert_eq!(Some(*last), *ended.lock().unwrap());
    assert_eq!((last.files, last.files_done, last.done), (2, 2, last.bytes));
    assert_eq!(last.received, bytes.len() as u64 + 2);
}

#[test]
fn parts_that_end_at_the_same_moment_never_leave_the_hash_waiting() {
    let bytes = random(14, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[("part_size", "256K"), ("threads", "8")]);
    let which = Which::Repo { repo: model(), revision: None, path: "model.bin".into() };
    let jobs: Vec<_> = (0..30)
        .map(|_| client.read(which.clone(), None, ReadInto::Memory, &job(&[]), Hooks::default()).unwrap())
        .collect();
    for (round, job) in jobs.iter().enumerate() {
        let ended = job.wait(Some(std::time::Duration::from_secs(30))).unwrap();
        assert!(ended, "round {round} is stuck: {:?}", job.totals());
        let Output::Bytes(read) = job.take().unwrap() else { panic!() };
        assert!(read.bytes == bytes && read.verified == Verified::Hash);
    }
}

#[test]
fn what_nobody_can_list_is_not_said_to_be_missing() {
    let lab = Lab::with_file("a.txt", b"a");
    lab.hub.put("models/o/n/b.txt", b"b");
    let client = lab.client(&[("retry_timeout_ms", "300")]);
    get(&client, "a.txt").unwrap();
    lab.hub.fault(json!({"times": 0}), json!({"refuse": true}));
    let error = snapshot(&client, &[("include", "b.txt")]).unwrap_err();
    assert_eq!(error.kind(), Kind::Network, "{error}");
}

#[test]
fn a_cached_snapshot_without_a_listing_names_the_files_that_are_there() {
    let lab = Lab::with_file("config.json", b"{}");
    lab.hub.put("models/o/n/deep/a.txt", b"a");
    snapshot(&lab.client(&[]), &[]).unwrap();
    fs::remove_dir_all(lab.cache().join("models--o--n/trees")).unwrap();
    let found = snapshot(&lab.client(&[("offline", "true")]), &[]).unwrap();
    let files: Vec<(&str, u64)> = found.files.iter().map(|file| (file.name.as_str(), file.size)).collect();
    assert_eq!(files, [("config.json", 2), ("deep/a.txt", 1)]);
    assert!(found.files.iter().all(|file| file.result.as_ref().unwrap().path.is_file()));
}
