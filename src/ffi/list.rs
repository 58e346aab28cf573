//! What the Hub lists: a repository, its files, its refs.

use std::ffi::c_char;

use super::convert::{Text, maybe_handle, take};
use super::file::lend;
use super::guard::value;
use crate::hub::{GitRef, Refs, RepoInfo, TreeFile};

/// A branch.
pub const HFX_REF_BRANCH: i32 = 1;
/// A tag.
pub const HFX_REF_TAG: i32 = 2;
/// A conversion (`refs/convert/...`).
pub const HFX_REF_CONVERT: i32 = 3;
/// A pull request (`refs/pr/N`).
pub const HFX_REF_PULL_REQUEST: i32 = 4;

/// What the Hub says of a repository. Immutable; may be read from many threads.
pub struct hfx_info {
    id: Text,
    commit: Text,
    json: Text,
    private: bool,
    gated: bool,
    disabled: bool,
}

/// The files of a repository at a commit. Immutable; may be read from many threads.
pub struct hfx_tree(Vec<Entry>);

struct Entry {
    path: Text,
    etag: Text,
    size: u64,
    lfs: bool,
}

/// Branches, tags, conversions and pull requests. Immutable; may be read from many threads.
pub struct hfx_refs(Vec<Ref>);

struct Ref {
    name: Text,
    full: Text,
    commit: Text,
    kind: i32,
}

impl hfx_info {
    pub(super) fn new(info: &RepoInfo) -> Self {
        Self {
            id: Text::new(&info.id),
            commit: Text::new(&info.sha),
            json: Text::new(&info.json),
            private: info.private,
            gated: info.gated,
            disabled: info.disabled,
        }
    }
}

impl hfx_tree {
    pub(super) fn new(files: &[TreeFile]) -> Self {
        let entry = |file: &TreeFile| Entry {
            path: Text::new(&file.path),
            etag: Text::new(file.etag()),
            size: file.size,
            lfs: file.sha256.is_some(),
        };
        Self(files.iter().map(entry).collect())
    }
}

impl hfx_refs {
    pub(super) fn new(refs: &Refs) -> Self {
        let pull_requests = refs.pull_requests.as_deref().unwrap_or(&[]);
        let all = [
            (HFX_REF_BRANCH, &refs.branches[..]),
            (HFX_REF_TAG, &refs.tags),
            (HFX_REF_CONVERT, &refs.converts),
            (HFX_REF_PULL_REQUEST, pull_requests),
        ];
        let entry = |kind, one: &GitRef| Ref {
            name: Text::new(&one.name),
            full: Text::new(&one.full),
            commit: Text::new(&one.target_commit),
            kind,
        };
        Self(all.into_iter().flat_map(|(kind, list)| list.iter().map(move |one| entry(kind, one))).collect())
    }
}

/// The repository's name as the Hub writes it. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_id(info: *const hfx_info) -> *const c_char {
    lend(info, |i| Some(&i.id))
}

/// The commit that the revision means. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_commit(info: *const hfx_info) -> *const c_char {
    lend(info, |i| Some(&i.commit))
}

/// The Hub's whole answer as JSON, for what has no function here. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_json(info: *const hfx_info) -> *const c_char {
    lend(info, |i| Some(&i.json))
}

/// 1 when only some may see the repository, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_private(info: *const hfx_info) -> i32 {
    value(0, || maybe_handle(info).map_or(0, |i| i32::from(i.private)))
}

/// 1 when access has to be asked for, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_gated(info: *const hfx_info) -> i32 {
    value(0, || maybe_handle(info).map_or(0, |i| i32::from(i.gated)))
}

/// 1 when access is disabled, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_disabled(info: *const hfx_info) -> i32 {
    value(0, || maybe_handle(info).map_or(0, |i| i32::from(i.disabled)))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_info_free(info: *mut hfx_info) {
    value((), || drop(take(info)));
}

/// How many files there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_count(tree: *const hfx_tree) -> usize {
    value(0, || maybe_handle(tree).map_or(0, |t| t.0.len()))
}

/// A file's path in the repository, in the order of the paths; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_path(tree: *const hfx_tree, index: usize) -> *const c_char {
    lend(tree, |t| Some(&t.0.get(index)?.path))
}

/// A file's etag: SHA-256 (LFS) or git SHA-1 (regular); NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_etag(tree: *const hfx_tree, index: usize) -> *const c_char {
    lend(tree, |t| Some(&t.0.get(index)?.etag))
}

/// A file's size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_size(tree: *const hfx_tree, index: usize) -> u64 {
    value(0, || maybe_handle(tree).and_then(|t| t.0.get(index)).map_or(0, |e| e.size))
}

/// 1 when a file is kept as LFS, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_is_lfs(tree: *const hfx_tree, index: usize) -> i32 {
    value(0, || maybe_handle(tree).and_then(|t| t.0.get(index)).map_or(0, |e| i32::from(e.lfs)))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_tree_free(tree: *mut hfx_tree) {
    value((), || drop(take(tree)));
}

/// How many refs there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_count(refs: *const hfx_refs) -> usize {
    value(0, || maybe_handle(refs).map_or(0, |r| r.0.len()))
}

/// A ref's name, as "main"; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_name(refs: *const hfx_refs, index: usize) -> *const c_char {
    lend(refs, |r| Some(&r.0.get(index)?.name))
}

/// A ref's full name, as "refs/heads/main"; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_full_name(refs: *const hfx_refs, index: usize) -> *const c_char {
    lend(refs, |r| Some(&r.0.get(index)?.full))
}

/// The commit a ref points to; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_commit(refs: *const hfx_refs, index: usize) -> *const c_char {
    lend(refs, |r| Some(&r.0.get(index)?.commit))
}

/// What a ref is, one of `HFX_REF_*`; 0 behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_kind(refs: *const hfx_refs, index: usize) -> i32 {
    value(0, || maybe_handle(refs).and_then(|r| r.0.get(index)).map_or(0, |r| r.kind))
}

/// Frees it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_refs_free(refs: *mut hfx_refs) {
    value((), || drop(take(refs)));
}
