//! Many exchanges make one file.
//!
//! A transfer owns the promise for one file: every byte once, checked, or an error and a state that can be
//! resumed. It knows URLs and sinks, neither the Hub nor the cache. [`download`] is the state machine; the [`plan`]
//! says which bytes come next, and the parts it spawns each drive one HTTP exchange from [`source`] into a [`sink`],
//! note finished ranges in the [`journal`], and try again as [`attempts`] says; [`verify`] follows the contiguous edge
//! with the hash. [`upload`] is the way out: parts of a [`reader`], each to its own address. The [`limit`]s belong to the
//! client and are shared by all its transfers: [`slots`] for connections, as many as their [`window`]s find to pay,
//! by what the [`meters`] see, and a [`rate`].

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
