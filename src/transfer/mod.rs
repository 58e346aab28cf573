//! Many exchanges make one file.
//!
//! A transfer owns the promise for one file: every byte once, checked, or an error and a state that can be
//! resumed. It knows URLs and sinks, neither the Hub nor the cache. [`download`] is the state machine; the parts
//! it spawns each drive one HTTP exchange from [`source`] into a [`sink`], note finished ranges in the
//! [`journal`], and the hash follows the contiguous edge. The [`limit`]s (connections, bytes per second) belong
//! to the client and are shared by all its transfers.

pub mod attempts;
pub mod download;
pub mod journal;
pub mod limit;
pub mod meters;
pub mod plan;
pub mod rate;
pub mod reader;
pub mod sink;
pub mod slots;
pub mod source;
pub mod upload;
pub mod verify;
pub mod window;
