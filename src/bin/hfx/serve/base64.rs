//! Base64, read strictly.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode::{self, RequireCanonical, RequireNone};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const PADDED: GeneralPurpose = reader(RequireCanonical);
const BARE: GeneralPurpose = reader(RequireNone);

/// Bits behind the last byte say nothing.
const fn reader(padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(&STANDARD, config.with_decode_allow_trailing_bits(true))
}

/// The bytes behind a text; `None` where it is not base64. Padding may be left out.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches(['\r', '\n']);
    PADDED.decode(text).or_else(|_| BARE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zg", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYmFy", b"foobar"),
            ("AP/+", &[0, 255, 254]),
        ] {
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
        for text in ["Z", "Zm9vY", "Zm9=v", "Zg=", "Zg===", "Z m9", "Zm-_", "=", "====", "Zm9v=", "ü"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
