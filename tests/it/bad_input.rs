//! What servers, users and disks should not give: a clear error, nothing outside, nothing lost.

use std::fs;
use std::time::{Duration, Instant};

use hfx::client::{Hooks, ReadInto, Which};
use hfx::error::Kind;
use serde_json::json;

use crate::support::Lab;
use crate::support::client::{get, get_with, job, model, snapshot, url};
use crate::support::files::{blobs, files_below, random};

const COMMIT: &str = "0123456789012345678901234567890123456789";

/// What a snapshot ends with when the listing is this text.
fn with_tree(tree: &str, content_type: &str) -> hfx::error::Error {
    let lab = Lab::with_file("config.json", b"{}");
    let headers = json!({"content-type": content_type});
    lab.hub.fault(
        json!({"path": "/tree/", "times": 0}),
        json!({"status": 200, "headers": headers, "body": tree}),
    );
    let error = snapshot(&lab.client(&[("retry_timeout_ms", "500")]), &[]).unwrap_err();
    assert!(blobs(lab.cache()).is_empty());
    error
}

fn entry(path: &str, oid: &str, size: &str) -> String {
    format!("[{{\"type\":\"file\",\"path\":{},\"oid\":\"{oid}\",\"size\":{size}}}]", json!(path))
}

#[test]
fn hostile_names_in_a_listing_are_refused() {
    for path in [
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "..",
        "",
        "a/",
        "a\\..\\b",
        "C:\\x",
        "a\0b",
        ".git/config",
        "a/.Git/hooks/post-checkout",
    ] {
        let error = with_tree(&entry(path, COMMIT, "1"), "application/json");
        assert_eq!(error.kind(), Kind::Protocol, "{path:?}: {error}");
    }
    for oid in ["../../evil", "", "a/b", ".", ".."] {
        let error = with_tree(&entry("f", oid, "1"), "application/json");
        assert_eq!(error.kind(), Kind::Protocol, "{oid:?}: {error}");
    }
}

#[test]
fn nonsense_instead_of_json() {
    for nonsense in ["", "{", "null", "42", "[1]", "{\"error\": []}", "[{\"type\": \"file\"}]"] {
        let error = with_tree(nonsense, "application/json");
        assert_eq!(error.kind(), Kind::Protocol, "{nonsense:?}: {error}");
    }
    let deep = "[".repeat(200_000);
    assert_eq!(with_tree(&deep, "application/json").kind(), Kind::Protocol);
    for size in ["-1", "1e300", "18446744073709551616", "\"big\""] {
        let error = with_tree(&entry("f", COMMIT, size), "application/json");
        assert_eq!(error.kind(), Kind::Protocol, "{size}: {error}");
    }
    let page = with_tree("<html>Please log in</html>", "text/html");
    assert_eq!(page.kind(), Kind::Protocol);
    assert!(page.to_string().contains("web page"), "{page}");
}

#[test]
fn sizes_that_overflow_are_no_room_on_the_disk() {
    let lab = Lab::new();
    for name in ["a", "b", "c"] {
        lab.hub.put(&format!("models/o/n/{name}.bin"), name.as_bytes());
    }
    lab.hub.fault(json!({"times": 0}), json!({"size": 1u64 << 63}));
    let client = lab.client(&[]);
    assert_eq!(snapshot(&client, &[]).unwrap_err().kind(), Kind::DiskFull);
    assert_eq!(get(&client, "a.bin").unwrap_err().kind(), Kind::DiskFull);
    let which = Which::Repo { repo: model(), revision: None, path: "a.bin".into() };
    for size in [1u64 << 63, 1 << 50] {
        lab.hub.fault(json!({"times": 0}), json!({"size": size}));
        let read = client.read(which.clone(), None, ReadInto::Memory, &job(&[]), Hooks::default()).unwrap();
        assert_eq!(read.join().unwrap_err().kind(), Kind::TooSmall);
    }
}

#[test]
fn redirects_that_go_in_a_circle_end() {
    let lab = Lab::with_file("config.json", b"{}");
    let there = "/o/n/resolve/main/config.json";
    lab.hub.fault(
        json!({"path": "config.json", "times": 0}),
        json!({"status": 302, "headers": {"Location": there}}),
    );
    let client = lab.client(&[]);
    let start = Instant::now();
    let error = get(&client, "config.json").unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error =
        url(&client, &format!("{}{there}", lab.hub.endpoint), &folder.path().join("x"), &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    for nowhere in ["ftp://x/y", "http://", "://", "javascript:x"] {
        lab.hub.fault(
            json!({"path": "config.json", "times": 0}),
            json!({"status": 302, "headers": {"Location": nowhere}}),
        );
        let error = get(&client, "config.json").unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{nowhere}: {error}");
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn a_header_bomb_is_refused() {
    let lab = Lab::with_file("config.json", b"{}");
    lab.hub.fault(json!({"times": 0}), json!({"header_bomb": 3_000_000}));
    let error = get(&lab.client(&[]), "config.json").unwrap_err();
    assert!(matches!(error.kind(), Kind::Protocol | Kind::Network), "{error}");
}

#[test]
fn names_that_escape_are_refused_before_anything_is_asked() {
    let lab = Lab::new();
    let client = lab.client(&[]);
    for path in ["../x", "a/../../x", "//x", "", "a\\..\\x", ".."] {
        let refused = client.download_file(&model(), None, path, &job(&[]), Hooks::default());
        assert_eq!(refused.err().unwrap().kind(), Kind::InvalidArgument, "{path:?}");
    }
    for revision in ["../x", "a/../b", "a\0b"] {
        let refused = client.download_file(&model(), Some(revision), "f", &job(&[]), Hooks::default());
        assert_eq!(refused.err().unwrap().kind(), Kind::InvalidArgument, "{revision:?}");
    }
    for id in ["", "a/b/c", "../x", "a/..", "a b", "-x", "o/n.git", "a--b/c"] {
        let repo = hfx::repo::RepoId::new(hfx::repo::RepoKind::Model, id);
        assert_eq!(repo.err().map(|e| e.kind()), Some(Kind::InvalidArgument), "{id:?}");
    }
    assert!(lab.hub.requests().is_empty());
}

#[test]
fn a_file_where_a_folder_must_be() {
    let bytes = random(70, 2 * crate::support::M);
    let lab = Lab::with_file("sub/f.bin", &bytes);
    let blocked = tempfile::tempdir().unwrap();
    fs::write(blocked.path().join("cache"), b"mine").unwrap();
    let cache = blocked.path().join("cache");
    let error = get(&lab.client(&[("cache_dir", cache.to_str().unwrap())]), "sub/f.bin").unwrap_err();
    assert!(matches!(error.kind(), Kind::Io | Kind::CorruptCache | Kind::Permission), "{error:?}");
    assert_eq!(fs::read(&cache).unwrap(), b"mine");
    let local = tempfile::tempdir().unwrap();
    fs::write(local.path().join("sub"), b"mine").unwrap();
    let option = [("local_dir", local.path().to_str().unwrap())];
    get_with(&lab.client(&[]), "sub/f.bin", None, &option).unwrap_err();
    assert_eq!(fs::read(local.path().join("sub")).unwrap(), b"mine");
    // And a folder where the file must be.
    let from = format!("{}/o/n/resolve/main/sub/f.bin", lab.hub.endpoint);
    let error = url(&lab.client(&[]), &from, local.path(), &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
}

#[test]
fn a_link_out_of_the_local_folder_is_not_followed() {
    let lab = Lab::with_file("sub/f.txt", b"theirs");
    let (local, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), local.path().join("sub")).unwrap();
    let option = [("local_dir", local.path().to_str().unwrap())];
    let ended = get_with(&lab.client(&[]), "sub/f.txt", None, &option);
    assert!(files_below(outside.path()).is_empty() || ended.is_ok(), "{ended:?}");
}

#[test]
fn an_unwritable_cache_is_a_clear_error() {
    let lab = Lab::with_file("config.json", b"{}");
    // Places that refuse root as well.
    for cache in ["/proc/hfx-cache", "/dev/null/cache"] {
        let error = get(&lab.client(&[("cache_dir", cache)]), "config.json").unwrap_err();
        assert!(matches!(error.kind(), Kind::Io | Kind::Permission), "{cache}: {error:?}");
        assert!(error.to_string().contains(cache), "{error}");
    }
}
