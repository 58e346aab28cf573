//! The line that ends a download.

use std::time::Duration;

use hfx::client::FileResult;
use hfx::digest::Verified;
use hfx::event::{FileState, Totals};

use crate::text::{count, rate, size, time};

/// What was done, in one line.
pub(crate) fn line<'a>(
    files: impl IntoIterator<Item = &'a FileResult>,
    totals: &Totals,
    elapsed: Duration,
) -> String {
    let (mut all, mut bytes, mut cached, mut cached_bytes, mut hashed, mut unproven) = (0, 0, 0, 0, 0, 0);
    for file in files {
        all += 1;
        bytes += file.size;
        match file.verified {
            Some(Verified::Hash) => hashed += 1,
            Some(Verified::Length) => unproven += 1,
            None => {}
        }
        if file.state == FileState::Cached {
            cached += 1;
            cached_bytes += file.size;
        }
    }
    if all == cached {
        return match all {
            0 => format!("nothing to fetch; {}", time(elapsed)),
            1 => format!("in place already, {}; {}", size(bytes), time(elapsed)),
            _ => format!("all in place already: {}, {}; {}", count(all, "file"), size(bytes), time(elapsed)),
        };
    }
    let mut parts = vec![format!("fetched {}", size(totals.received))];
    if totals.restored > 0 {
        parts.push(format!("resumed {}", size(totals.restored)));
    }
    if cached > 0 {
        parts.push(format!("{} in place already ({})", count(cached, "file"), size(cached_bytes)));
    }
    let proof = match (hashed, unproven) {
        (0, 0) => String::new(),
        (_, 0) => "; verified by hash".to_owned(),
        (0, _) => "; verified by length only (no hash is known)".to_owned(),
        _ => format!("; verified: {hashed} by hash, {unproven} by length only"),
    };
    let (what, how) = (count(all, "file"), parts.join(", "));
    format!("{what}, {}: {how}; {}, {}{proof}", size(bytes), time(elapsed), rate(totals.received, elapsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(state: FileState, verified: Option<Verified>) -> FileResult {
        FileResult {
            name: "a".into(),
            path: "a".into(),
            size: 1 << 20,
            etag: String::new(),
            commit: String::new(),
            verified,
            state,
        }
    }

    #[test]
    fn lines() {
        let done = file(FileState::Done, Some(Verified::Hash));
        let cached = file(FileState::Cached, None);
        let totals = Totals { received: 1 << 20, ..Totals::default() };
        let second = Duration::from_secs(1);
        assert_eq!(
            line([&done, &cached], &totals, second),
            "2 files, 2.0 MiB: fetched 1.0 MiB, 1 file in place already (1.0 MiB); 1.0 s, 1.0 MiB/s; verified by hash"
        );
        assert_eq!(line([&cached], &Totals::default(), second), "in place already, 1.0 MiB; 1.0 s");
    }
}
