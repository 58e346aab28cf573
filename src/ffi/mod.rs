//! The C surface: one file per C noun, all of them leaves.
//!
//! `include/hfx.h` is made from these files by cbindgen and opens with the contract that every function keeps. Each
//! body runs under [`guard`], so that no panic crosses the border; all pointers are read and written in [`convert`],
//! the one file of the border with `unsafe` blocks. The others allow `unsafe_code` for the `no_mangle` attribute
//! alone, which `tests/it/direction.rs` checks.
#![allow(non_camel_case_types, unsafe_code)]
#![allow(clippy::missing_safety_doc, clippy::not_unsafe_ptr_arg_deref, clippy::doc_markdown)]

mod convert;
mod guard;

// In the order in which a reader of the header wants them; rustfmt keeps it, since a line stands between.
pub mod version;

pub mod error;

pub mod options;

pub mod log;

pub mod repo;

pub mod client;

pub mod job;

pub mod progress;

pub mod file;

pub mod bytes;

pub mod list;

pub mod map;

pub mod cache;
