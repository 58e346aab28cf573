//! hfx moves files between a program and the Hugging Face Hub.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cancel;
pub mod error;
pub mod event;
pub mod net;
pub mod options;
pub mod secret;
pub mod sys;
pub mod transfer;
