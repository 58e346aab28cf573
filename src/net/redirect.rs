//! Where a redirect may lead, and where the token may go (pure).
//!
//! Source: `huggingface_hub` 2.4.0, `utils/_http.py` and `file_download.py`; stricter in one point: the token
//! crosses from one Hub origin to another only when the endpoint itself is a Hub origin, and over plain http it
//! goes to this machine only, unless asked.

use super::url::Origin;

/// Most redirects followed in one exchange.
pub const MOST: u32 = 10;

const HUB_HOSTS: &[&str] = &["huggingface.co", "hf.co", "hub-ci.huggingface.co"];

/// Whether the origin is one of the Hub's own.
pub fn is_hub(origin: &Origin) -> bool {
    origin.https && origin.port == 443 && HUB_HOSTS.contains(&origin.host.as_str())
}

/// Whether a redirect to `to` still speaks the Hub's API (its headers describe the file), as seen from `endpoint`.
pub fn stays_at_hub(endpoint: &Origin, to: &Origin) -> bool {
    to == endpoint || is_hub(to)
}

/// Whether the endpoint's token may be sent to `to`.
pub fn token_may_go(endpoint: &Origin, to: &Origin, allow_http: bool) -> bool {
    let same = to == endpoint || (is_hub(endpoint) && is_hub(to));
    same && (to.https || to.is_loopback() || allow_http)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Url;

    fn origin(text: &str) -> Origin {
        Url::parse(text).unwrap().origin().clone()
    }

    #[test]
    fn a_token_stays_at_home() {
        let hub = origin("https://huggingface.co");
        let mirror = origin("https://mirror.example");
        assert!(token_may_go(&hub, &hub, false));
        assert!(token_may_go(&hub, &origin("https://hf.co"), false));
        assert!(!token_may_go(&hub, &origin("https://cdn.example"), false));
        assert!(!token_may_go(&hub, &origin("http://huggingface.co"), false));
        assert!(!token_may_go(&mirror, &hub, false), "a mirror's token never reaches the Hub");
        assert!(!token_may_go(&mirror, &origin("https://mirror.example:444"), false));
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        let lan = origin("http://10.0.0.1:8080");
        assert!(!token_may_go(&lan, &lan, false));
        assert!(token_may_go(&lan, &lan, true));
        for here in ["http://localhost:1", "http://127.0.0.2:1", "http://[::1]:1"] {
            assert!(token_may_go(&origin(here), &origin(here), false), "{here}");
        }
    }
}
