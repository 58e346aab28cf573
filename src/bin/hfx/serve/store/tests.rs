//! The store by itself: what it was told is there when it is opened again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::super::folder::Reader;
use super::super::hashes::Memo;
use super::super::names::{Kind, RepoName};
use super::super::reply::Reply;
use super::super::state::{Settings, View};
use super::{Change, Draft, First, Repo, Store};

fn name(id: &str) -> RepoName {
    RepoName { kind: Kind::Model, id: id.to_owned() }
}

fn open(dir: &Path) -> Store {
    Store::new(dir).expect("a store")
}

fn create(store: &Store, id: &str) -> Option<Arc<Repo>> {
    let first = First { settings: Settings::default(), author: "ann", attributes: "*.bin filter=lfs\n" };
    store.create(&name(id), first).ok().expect("made, or there")
}

/// Commits files of these contents to main; nothing as content deletes.
fn commit(repo: &Repo, title: &str, files: &[(&str, Option<&str>)]) -> Result<String, Reply> {
    repo.change(|head| {
        let mut contents = repo.spool().expect("a file");
        let mut changes = BTreeMap::new();
        for (path, content) in files {
            let change = content.map(|content| Change::regular(content.as_bytes(), contents.length()));
            contents.write(content.unwrap_or_default().as_bytes()).expect("written");
            changes.insert((*path).to_owned(), change);
        }
        let (title, message, author) = (title.to_owned(), "why".to_owned(), "ann".to_owned());
        let draft = Draft { title, message, author, changes, contents };
        Ok(repo.commit(head, "refs/heads/main", draft)?.commit.clone())
    })
}

fn contents(view: &View, revision: &str) -> Vec<(String, String)> {
    let state = view.find(revision).expect("a state");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let files = state.files.iter().map(|(path, entry)| (path.clone(), text(entry.read().expect("reads"))));
    files.filter(|(path, _)| path != ".gitattributes").collect()
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
}

#[test]
fn commits_outlive_the_store() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let repo = create(&store, "o/n").expect("new");
    assert!(create(&store, "o/n").is_none(), "there is one");
    let first = commit(&repo, "One", &[("a", Some("A")), ("d/b", Some("B"))]).ok().expect("made");
    let second = commit(&repo, "Two", &[("a", None), ("c", Some("C"))]).ok().expect("made");
    assert_eq!(commit(&repo, "Three", &[("c", Some("C")), ("a", None)]).ok(), Some(second.clone()));
    assert!(Store::new(dir.path()).is_err(), "another one may not write");
    drop((store, repo));

    // What a kill may leave behind.
    let root = dir.path().join(".hub/repos/models--o--n");
    fs::write(dir.path().join(".hub/tmp/t-1"), "half").expect("written");
    fs::copy(root.join("commits").join(&second), root.join("commits").join("f".repeat(40))).expect("copied");
    let store = open(dir.path());
    let view = store.get(&name("o/n")).expect("reads").expect("there").view();
    assert_eq!(view.find("main").expect("main").commit, second);
    assert_eq!(contents(&view, "main"), pairs(&[("c", "C"), ("d/b", "B")]));
    assert_eq!(contents(&view, &first), pairs(&[("a", "A"), ("d/b", "B")]));
    let history = view.history(&second);
    assert_eq!((history.len(), history[1].as_str()), (3, first.as_str()));
    assert_eq!(view.told(&first).expect("told").title, "One");
    assert_eq!(view.last_commit(&second, "d").expect("a commit").0, first);
    assert_eq!(fs::read_dir(dir.path().join(".hub/tmp")).expect("a folder").count(), 0);
}

#[test]
fn what_is_refused_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let repo = create(&open(dir.path()), "o/n").expect("new");
    let before = repo.head().ok().expect("a head");
    let refused = repo.change(|head| {
        head.refs.clear();
        Err::<(), _>(Reply::gone())
    });
    assert!(refused.is_err() && repo.head().ok() == Some(before));
}

#[test]
fn names_change_and_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let repo = create(&store, "o/n").expect("new");
    create(&store, "o/taken").expect("new");
    assert!(!store.rename(&repo, &name("o/taken")).ok().expect("refused"));
    assert!(store.rename(&repo, &name("o/moved")).ok().expect("moved"));
    assert!(commit(&repo, "Late", &[("a", Some("A"))]).is_err(), "it is not there any more");
    assert_eq!(store.ids(Kind::Model).len(), 2);
    let moved = store.get(&name("o/moved")).expect("reads").expect("there");
    assert!(commit(&moved, "One", &[("a", Some("A"))]).is_ok());
    assert!(store.delete(&name("o/moved")).ok().expect("deleted"));
    assert!(!store.delete(&name("o/moved")).ok().expect("not there"));
    assert!(store.get(&name("o/n")).expect("reads").is_none());
}

#[test]
fn a_folder_is_taken_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("models/o/n");
    fs::create_dir_all(root.join(".hfx/revisions/dev")).expect("a folder");
    fs::write(root.join("a.txt"), "A").expect("written");
    fs::write(root.join("b.bin"), "large").expect("written");
    fs::write(root.join(".gitattributes"), "*.bin filter=lfs\n").expect("written");
    fs::write(root.join(".hfx/revisions/dev/only.txt"), "dev").expect("written");
    let memo = Memo::default();
    let plain = Reader { memo: &memo, lfs_threshold: 1000 }.view(&name("o/n"), &root, None).expect("a view");
    let store = open(dir.path());
    let repo = store.import(&plain).ok().expect("taken over");
    let ours = repo.view();
    for revision in ["main", "dev"] {
        assert_eq!(contents(&ours, revision), contents(&plain, revision));
        let commit = |view: &View| view.find(revision).expect("a state").commit.clone();
        assert_eq!(commit(&ours), commit(&plain));
    }
    fs::write(root.join("b.bin"), "LARGE").expect("written");
    commit(&repo, "One", &[("c", Some("C"))]).ok().expect("made");
    assert_eq!(contents(&repo.view(), "main"), pairs(&[("a.txt", "A"), ("b.bin", "large"), ("c", "C")]));
    assert!(store.delete(&name("o/n")).ok().expect("deleted"));
    assert!(!root.exists(), "its folder is set aside");
}
