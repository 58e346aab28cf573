//! The C surface: one file per C noun, all of them leaves.
//!
//! `include/hfx.h` is made from these files by cbindgen and opens with the contract that every function keeps. Each
//! body runs under [`guard`], so that no panic crosses the border; all pointers are read and written in [`convert`],
//! the one file of the border with `unsafe` blocks. The others allow `unsafe_code` for the `no_mangle` attribute
//! alone; `tests/it/direction.rs` looks for blocks outside of the two places.
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

pub mod download;

pub mod read;

pub mod query;

pub mod job;

pub mod progress;

pub mod file;

pub mod bytes;

pub mod list;

pub mod reply;

pub mod history;

pub mod commit;

pub mod upload;

pub mod schedule;

pub mod committed;

pub mod parts;

pub mod hub_call;

pub mod repos;

pub mod refs;

pub mod map;

pub mod cache;

/// The constants of a file of this room, as the header's macros will say: name, number, documentation.
#[cfg(test)]
fn constants(source: &'static str, prefix: &str) -> Vec<(&'static str, i32, String)> {
    let mut doc = Vec::new();
    let mut found = Vec::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            doc.push(text);
            continue;
        }
        let declared = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": i32 = "));
        if let Some((name, number)) = declared.filter(|(name, _)| name.starts_with(prefix)) {
            let number = number.trim_end_matches(';').parse().expect("a plain number");
            found.push((&name[prefix.len()..], number, doc.join(" ")));
        }
        doc.clear();
    }
    found
}
