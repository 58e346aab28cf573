//! One HTTP exchange, done well.
//!
//! [`Net`] owns the idle connections, the address memory, the rate-limit gates and the TLS set-up of one client;
//! dropping it closes every socket. It starts no task: a connection is driven by whoever awaits its answer or
//! its body, so an abandoned exchange is gone at once. Redirects are not followed here: where a token may go is
//! the Hub's business ([`redirect`] holds the rules).

pub mod classify;
pub mod connect;
pub mod outage;
pub mod payload;
pub mod pool;
pub mod proxy;
pub mod ratelimit;
pub mod redirect;
pub mod request;
pub mod retry;
pub mod tls;
pub mod url;

pub use payload::{Content, Payload};
pub use request::{Answer, Body, Call, Net, TOO_SLOW, Timeouts};
pub use url::{Origin, Url};
