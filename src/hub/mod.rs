//! The Hub's protocol, as its own Python client speaks it.
//!
//! [`api`] makes one authorised call with retries and redirects; [`resolve`] asks for one file, [`tree`] for
//! listings; [`lfs`] and [`commit`] are the way out. Everything that a server sends is checked here before it becomes a path or a URL.

pub mod api;
pub mod commit;
pub mod lfs;
pub mod resolve;
pub mod tree;

pub use api::Hub;
pub use resolve::FileMeta;
pub use tree::{GitRef, Refs, RepoInfo, TreeFile};
