//! hfx moves files between a program and the Hugging Face Hub.
//!
//! The crate is the library behind the C ABI (`include/hfx.h`) and the command line tool. A [`client::Client`] does
//! the work; [`options::Options`] say how; every failure is an [`error::Error`].
#![cfg_attr(test, allow(clippy::unwrap_used))]
// Module docs lead whoever works on a room through all of it.
#![allow(rustdoc::private_intra_doc_links)]

pub mod cache;
pub mod cancel;
pub mod client;
pub mod digest;
pub mod error;
pub mod event;
pub mod ffi;
pub mod hub;
pub mod log;
pub mod net;
pub mod options;
pub mod pattern;
pub mod repo;
pub mod runtime;
pub mod secret;
pub mod sys;
pub mod transfer;

/// Its Rust example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
