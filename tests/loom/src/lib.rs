//! See tests/queue.rs.
