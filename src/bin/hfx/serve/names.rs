//! Names as they come in URLs: repo types, repo ids, percent-encoded paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a path segment may hold as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+')
    .remove(b'=');

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Model,
    Dataset,
    Space,
    Kernel,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Model, Kind::Dataset, Kind::Space, Kind::Kernel];

    /// The plural: the segment after `/api/` and the name of the folder on disk.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Kind::Model => "models",
            Kind::Dataset => "datasets",
            Kind::Space => "spaces",
            Kind::Kernel => "kernels",
        }
    }

    /// As JSON bodies name it.
    pub(super) fn singular(self) -> &'static str {
        self.plural().trim_end_matches('s')
    }

    pub(super) fn of_plural(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.plural() == text)
    }
}

/// Which repository: its type and `name` or `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RepoName {
    pub(super) kind: Kind,
    pub(super) id: String,
}

impl RepoName {
    /// Checked: what passes may be joined to a folder.
    pub(super) fn new(kind: Kind, segments: &[String]) -> Option<RepoName> {
        let fits = matches!(segments.len(), 1 | 2) && segments.iter().all(|segment| is_name(segment));
        fits.then(|| RepoName { kind, id: segments.join("/") })
    }

    /// The owner, where the name has one.
    pub(super) fn author(&self) -> Option<&str> {
        self.id.split_once('/').map(|(owner, _)| owner)
    }

    /// The path of its page: a model's has no type.
    pub(super) fn web(&self) -> String {
        if self.kind == Kind::Model { self.id.clone() } else { self.key() }
    }

    /// `models/owner/name`: unique over all types.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.kind.plural(), self.id)
    }
}

/// One segment of a repo id, by the Hub's rule.
pub(super) fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    (1..=96).contains(&bytes.len())
        && bytes.iter().all(|&byte| word(byte) || byte == b'.' || byte == b'-')
        && word(bytes[0])
        && word(bytes[bytes.len() - 1])
        && !text.contains("--")
        && !text.contains("..")
}

/// The segments of a URL path, each percent-decoded on its own, so that an encoded slash stays in its segment.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    path.trim_matches('/').split('/').map(decode).collect()
}

/// Percent-decoded text; `None` where it is not UTF-8 or holds a NUL.
pub(super) fn decode(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains('\0')).then(|| text.into_owned())
}

/// A path within a repo out of URL segments, without empty ends; `None` where it tries to climb.
pub(super) fn inner_path(segments: &[String]) -> Option<String> {
    let joined = segments.join("/");
    let path = joined.trim_matches('/');
    let climbs = path.split('/').any(|segment| segment == ".." || segment == ".");
    (!climbs).then(|| path.to_owned())
}

/// The path percent-encoded but for its slashes.
pub(super) fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// One segment, or one query value, percent-encoded whole.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The values of a query or of a form, decoded, in their order.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let value = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, text)| (value(name), value(text)))
        .collect()
}

/// The first value of that name.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Whether a flag is set, in any of the spellings that clients use.
pub(super) fn flag(pairs: &[(String, String)], name: &str) -> bool {
    value(pairs, name)
        .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[digit as usize]))
        .collect()
}

/// Whether the text is `length` lower-case hex digits.
pub(super) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The bytes behind hex digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repo_names_follow_the_rule() {
        for good in ["gpt2", "Llama-3.2_1B", "a", "_x", "x_"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".", "..", "-a", "a-", "a--b", "a..b", "a/b", ".hidden", "a b", "ü", &"x".repeat(97)]
        {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn segments_are_decoded_one_by_one() {
        let got = segments("/api/models/o/n/tree/refs%2Fpr%2F1/a%20b%5B1%5D.txt").expect("decodes");
        assert_eq!(got[5..], ["refs/pr/1", "a b[1].txt"]);
        assert_eq!(segments("/a/%ff"), None, "not UTF-8");
        assert_eq!(segments("/a/%00"), None, "a NUL");
    }

    #[test]
    fn no_path_climbs() {
        let path =
            |parts: &[&str]| inner_path(&parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>());
        assert_eq!(path(&["a", "b c"]).as_deref(), Some("a/b c"));
        assert_eq!(path(&["a/b", ""]).as_deref(), Some("a/b"));
        assert_eq!(path(&[]).as_deref(), Some(""));
        assert_eq!(path(&["..", "etc"]), None);
        assert_eq!(path(&["a/../../etc/passwd"]), None);
        assert_eq!(path(&["a", ".", "b"]), None);
    }

    #[test]
    fn forms_keep_repeated_fields() {
        let got = pairs("paths=a%2Fb&paths=c+d&expand=False");
        assert_eq!(got.iter().filter(|(name, _)| name == "paths").count(), 2);
        assert_eq!(got[1].1, "c d");
        assert!(!flag(&got, "expand"));
    }

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(unhex(&hex(b"a/\xff")).as_deref(), Some(&b"a/\xff"[..]));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("zz"), None);
    }
}
