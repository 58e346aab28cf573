//! A listing of the Hub, and the one that a cache keeps: no path leads out, no name is a bad one, what is kept is read.
#![no_main]

use std::path::Path;

use hfx::cache::tree::{Tree, TreeEntry, from_json, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(files) = hfx::hub::tree::read(data) {
        let mut tree = Tree::new();
        for file in files {
            stays_below(&file.path);
            assert!(hfx::repo::check_etag(file.etag()).is_ok());
            let entry = TreeEntry {
                size: file.size,
                blob_id: file.blob_id,
                lfs_sha256: file.sha256,
                lfs_size: Some(file.size),
                xet_hash: file.xet_hash,
            };
            tree.insert(file.path, entry);
        }
        if let Some(kept) = to_json(&tree) {
            let mut read = from_json(&kept).expect("what was written is read");
            for (path, entry) in &mut read {
                // Only beside a SHA-256 is the size of LFS kept.
                entry.lfs_size = tree[path].lfs_size;
            }
            assert_eq!(read, tree);
        }
    }
    for path in from_json(data).into_iter().flatten().map(|(path, _)| path) {
        stays_below(&path);
    }
});

fn stays_below(path: &str) {
    assert!(!path.is_empty() && !path.contains('\0'), "{path:?}");
    assert!(path.split(['/', '\\']).all(|part| part != ".."), "{path:?}");
    let joined = Path::new("/root/below").join(path);
    assert!(joined.starts_with("/root/below") && joined != Path::new("/root/below"), "{path:?}");
}
