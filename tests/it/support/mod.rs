//! What the tests stand on: a local Hub, files, a client with a cache of its own, processes to kill.

pub mod client;
pub mod files;
pub mod hub;
pub mod proc;
pub mod push;
pub mod rude;

pub use client::Lab;
pub use hub::Hub;

/// Mebibytes.
pub const M: usize = 1 << 20;

/// Waits until `seen` says so; a test that waits for longer than this has failed.
pub fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !seen() {
        assert!(std::time::Instant::now() < until, "waited for: {what}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Adds to what the suite has said, which `tests/run.sh` looks through for secrets.
pub fn told(text: &str) {
    use std::io::Write as _;
    if let Some(path) = std::env::var_os("HFX_TEST_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        log.write_all(format!("{text}\n").as_bytes()).unwrap();
    }
}

/// Says that a test can't be done here, where people see it.
pub fn skip(test: &str, why: &str) {
    use std::io::Write as _;
    // Past the harness, which keeps the words of tests that pass.
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED {test}: {why}");
}
