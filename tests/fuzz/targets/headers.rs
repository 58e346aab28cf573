//! Heads of answers: ranges, etags, links, redirects, rate limits, and what an error makes of them.
//! A line is a header, "name: value"; the first is the status.
#![no_main]

use hfx::net::{Url, classify, ratelimit};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.parse().ok()).unwrap_or(206);
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]))
        {
            headers.append(name, value);
        }
    }
    if let Some(range) = classify::header(&headers, "content-range").and_then(classify::content_range) {
        assert!(range.first <= range.last && range.total.is_none_or(|total| range.last < total));
    }
    for name in ["content-length", "x-linked-size"] {
        if let Some(text) = classify::header(&headers, name) {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(classify::number(text).is_none() || digits);
        }
    }
    if let Some(etag) = classify::header(&headers, "etag") {
        assert!(etag.contains(classify::bare_etag(etag)));
    }
    let asked = ratelimit::wait_asked(status, &headers);
    let base = Url::parse("https://hub.example/a/b?signature=geheim").unwrap();
    ratelimit::Gates::default().learn(&base, &headers, status, &headers);
    assert!(asked.is_none_or(|wait| wait.as_secs() < 1 << 32), "{asked:?}");
    if let Some(location) = classify::header(&headers, "location")
        && let Ok(next) = base.join(location)
    {
        assert!(next.as_str().starts_with("http") && !next.origin().host.is_empty());
        assert!(next.path_and_query().starts_with('/'));
        assert!(!next.as_str().bytes().any(|byte| byte <= b' ' || byte == 0x7f), "a request line breaks");
    }
    let _ = hfx::hub::api::next_page(&headers);
    let body = headers.get("body").map_or(&b""[..], HeaderValue::as_bytes);
    let error = classify::status_error(status, &headers, body, base.as_str(), true);
    let text = error.to_string();
    assert!(!text.contains("geheim") && !text.contains('\n'), "{text:?}");
});
