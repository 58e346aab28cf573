//! The `Range` header, single ranges of bytes.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole file: no range, several ranges, or one that can't be read.
    Whole,
    /// `start..end`, within the file.
    Part { start: u64, end: u64 },
    /// Nothing of the file lies in the range.
    Nothing,
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n` for a file of `size` bytes.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header.and_then(parts) else { return Wanted::Whole };
    let (start, end) = match (first, last) {
        (Some(first), Some(last)) if first > last => return Wanted::Whole,
        (Some(first), last) => (first, last.map_or(size, |last| last.saturating_add(1)).min(size)),
        (None, Some(suffix)) => (size.saturating_sub(suffix), size),
        (None, None) => return Wanted::Whole,
    };
    if start < end { Wanted::Part { start, end } } else { Wanted::Nothing }
}

/// Where the range begins, for matching faults (a suffix range has no beginning yet).
pub(super) fn first_byte(header: Option<&str>) -> Option<u64> {
    header.and_then(parts).and_then(|(first, _)| first)
}

fn parts(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(first) && digits(last)).then(|| (number(first), number(last)))
}

/// The number that digits say; what overflows is as good as for ever.
fn number(digits: &str) -> Option<u64> {
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges() {
        let part = |start, end| Wanted::Part { start, end };
        assert_eq!(wanted(None, 10), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-3"), 10), part(0, 4));
        assert_eq!(wanted(Some("bytes=4-"), 10), part(4, 10));
        assert_eq!(wanted(Some("bytes=-3"), 10), part(7, 10));
        assert_eq!(wanted(Some("bytes=-30"), 10), part(0, 10));
        assert_eq!(wanted(Some("bytes=9-99999999999999999999999"), 10), part(9, 10));
        assert_eq!(wanted(Some("bytes=0-18446744073709551615"), 10), part(0, 10));
    }

    #[test]
    fn what_cannot_be_satisfied() {
        assert_eq!(wanted(Some("bytes=10-"), 10), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=-0"), 10), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=99999999999999999999999-"), 10), Wanted::Nothing);
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for text in
            ["bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=a-b", "bytes=-1-2", "0-1"]
        {
            assert_eq!(wanted(Some(text), 10), Wanted::Whole, "{text}");
        }
    }
}
