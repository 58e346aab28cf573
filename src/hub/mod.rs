//! The Hub's protocol, as its own Python client speaks it.
//!
//! [`api`] makes one authorised call with retries and redirects, [`call`] any call of the API by the rule of when it may
//! be made again ([`tries`] says how often); [`resolve`] asks for one file, [`tree`] for listings, [`history`] for commits;
//! [`lfs`] and [`commit`] are the way out; [`repos`], [`refs`] and [`discussions`] change what is there, [`account`] tells whose token it is.
//! Everything that a server sends is checked here before it becomes a path or a URL.

pub mod account;
pub mod api;
pub mod call;
pub mod commit;
pub mod discussions;
pub mod history;
pub mod lfs;
pub mod refs;
pub mod repos;
pub mod resolve;
pub mod tree;
pub mod tries;

pub use api::Hub;
pub use call::ApiReply;
pub use history::CommitInfo;
pub use repos::{Making, Settings};
pub use resolve::FileMeta;
pub use tree::{GitRef, Refs, RepoInfo, TreeFile};
