//! Secrets and URLs as types that cannot print what must not be printed.

use std::fmt;

/// An access token, a proxy password, or an `Authorization` value. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret; surrounding white space (a token file's newline) is dropped.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// The secret itself: for the header that carries it, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The URL without user information, query and fragment: presigned URLs keep their signature there.
pub fn safe_url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    // Also what has no scheme and is refused for it may hold a password: `user:password@host`.
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(format!("{:?}", Secret::new("hf_abc")), "Secret(***)");
    }

    #[test]
    fn urls_lose_what_is_secret() {
        assert_eq!(safe_url("http://u:p@h:1/a/b?sig=1"), "http://h:1/a/b");
        assert_eq!(safe_url("https://h?q=@/x"), "https://h");
        assert_eq!(safe_url("no url"), "no url");
        assert_eq!(safe_url("u:p@h:1/a@b"), "h:1/a@b");
    }
}
