//! Percent-encoding of keys and names (RFC 3986), as S3 expects it in headers and lists.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but letters, digits, `-`, `_`, `.`, `~` and `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Encodes `text`, except `/`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Decodes `text`; `None` if it is not valid percent-encoding of UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut codes = text.split('%').skip(1);
    let is_code = |code: &str| code.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    codes.all(is_code).then(|| percent_decode_str(text).decode_utf8().ok().map(String::from))?
}

/// Decodes `text`. Invalid percent-encoding stays as it is; bytes that are not UTF-8 become U+FFFD.
pub fn decode_lossy(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_an_encoded_key_returns_the_key() {
        assert_eq!(encode("raw-uploads/a b+ü%.jpg"), "raw-uploads/a%20b%2B%C3%BC%25.jpg");
        for key in ["raw-uploads/a b+ü%.jpg", "", "a,b\"c\\d\ne", "日本語/😀"] {
            assert_eq!(decode(&encode(key)).as_deref(), Some(key));
        }
    }

    #[test]
    fn invalid_encoding_is_rejected() {
        for wrong in ["%", "%2", "%zz", "a%ff", "%+1"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
