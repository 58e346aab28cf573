//! The disk: the shared cache that the Python client reads and writes too, and folders given with `--local-dir`.
//!
//! Nothing here knows of the network. Who owns what:
//! - [`layout`] (pure) is the only place that joins a path of the cache; [`tree`] is the listing file's format.
//! - [`store`] looks things up and never writes; [`publish`] makes things visible, by rename only.
//! - a *partial* belongs to the process that made it until it is published or dropped; whoever takes over an
//!   orphan renames it under the lock of its etag. Locks are a courtesy: with all of them granted, two writers of
//!   one blob still end with the right file, because each writes its own partial and the name is the content's hash.
//! - [`scan`], [`evict`] and [`verify`] look after a whole cache; [`shared`] reads the Xet store that repos share.
//!
//! What a crash loses: nothing that was published. Every temporary (a partial, a symlink or ref on its way) lies in
//! a repo's `blobs/` under a name that ends in `.incomplete`, so that no scan takes it for content and every
//! prune, ours and Python's, takes it away.

pub mod assets;
pub mod evict;
mod guard;
pub mod layout;
pub mod local_dir;
pub mod publish;
pub mod scan;
pub mod shared;
pub mod store;
pub mod tree;
pub mod verify;

#[cfg(all(test, unix))]
mod tests;

pub use layout::RepoPaths;
pub use local_dir::LocalDir;
pub use store::{Cache, Completeness, Lookup};
pub use tree::{Tree, TreeEntry};
