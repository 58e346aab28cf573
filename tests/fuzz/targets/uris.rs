//! Names and addresses: what is taken stays below its folder and keeps its meaning, and no secret is shown.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use hfx::hub::Hub;
use hfx::net::{Net, Url};
use hfx::options::Options;
use hfx::repo::{RepoId, RepoKind, RepoSpec, check_ref_name, check_repo_path, check_revision};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(path) = check_repo_path(text) {
        below(&path);
        assert_eq!(check_repo_path(&path).unwrap(), path);
    }
    if check_revision(text).is_ok() {
        below(text);
    }
    if check_ref_name("tag", text).is_ok() {
        below(text);
        assert!(check_revision(text).is_ok(), "{text:?}");
    }
    if let Ok(spec) = RepoSpec::parse(text, None, &["https://mirror.example/hf", "http://127.0.0.1:8080"]) {
        let id = spec.repo.id();
        assert_eq!(RepoId::new(spec.repo.kind(), id).unwrap(), spec.repo);
        spec.path.iter().for_each(|path| below(path));
        spec.revision.iter().for_each(|revision| below(revision));
    }
    if let Ok(repo) = RepoId::new(RepoKind::Model, text) {
        below(&hfx::cache::layout::repo_folder(&repo));
    }
    let parsed = Url::parse(text);
    if let Err(error) = &parsed {
        hides(&error.to_string());
    }
    if let Ok(url) = parsed {
        let again = Url::parse(url.as_str()).expect("a URL stays one");
        assert_eq!(again.origin(), url.origin());
        // Another reader finds the same host: what is checked is what is asked.
        let other: http::Uri = url.as_str().parse().unwrap();
        let host = other.host().unwrap().trim_matches(['[', ']']).to_ascii_lowercase();
        assert_eq!(host, url.origin().host);
        assert_eq!(url.path_and_query(), other.path_and_query().unwrap().as_str(), "what is asked for");
        hides(&url.to_string());
        hides(&format!("{url:?}"));
    }
    for option in ["endpoint", "http_proxy", "https_proxy", "no_proxy", "headers", "user_agent", "token"] {
        let mut options = Options::new();
        if options.set_by_name(option, text).is_ok()
            && let Ok(net) = Net::new(&options)
        {
            let _ = Hub::new(Arc::new(net), &options);
        }
    }
});

/// No query, and nobody's name before a host.
fn hides(shown: &str) {
    let (_, authority) =
        shown.split_once("://").unwrap_or_else(|| shown.split_once(": ").unwrap_or(("", shown)));
    let authority = authority.split('/').next().unwrap();
    assert!(!shown.contains('?') && !authority.contains('@'), "{shown}");
}

fn below(path: &str) {
    assert!(!path.is_empty() && !path.contains('\0'), "{path:?}");
    assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path:?}");
    assert!(Path::new("/root").join(path).starts_with("/root"), "{path:?}");
}
