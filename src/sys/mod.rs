//! The only platform code: positioned I/O, preallocation, locks, folders, links, free space, mappings, events for loops,
//! processes, the heap, and the hashes. Small safe functions over the operating system, with `std::io::Error` as their
//! error; who calls them adds the path.

pub mod event;
pub mod file;
pub mod folder;
pub mod heap;
pub mod link;
pub mod lock;
pub mod map;
pub mod process;
pub mod sha;
pub mod space;
