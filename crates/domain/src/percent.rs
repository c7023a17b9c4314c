//! Percent-encoding of keys, where they travel in places that do not take every character.

use std::fmt::Write as _;

/// Encodes all but letters, digits and `-_.~/`.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => encoded.push(char::from(byte)),
            other => {
                // Writing to a String does not fail.
                let _ = write!(encoded, "%{other:02X}");
            }
        }
        encoded
    })
}

/// Decodes; `None` where a `%` is not followed by two hex digits, or what comes out is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { (hex(rest.next()?)? << 4) | hex(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

/// Decodes what is encoded well, and leaves the rest as it is; bytes that are not UTF-8 become U+FFFD.
pub fn decode_lossy(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut behind = rest.clone();
        match (byte, behind.next().and_then(hex), behind.next().and_then(hex)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4) | low);
                rest = behind;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        assert_eq!(encode("raw-uploads/a b+ü%.jpg"), "raw-uploads/a%20b%2B%C3%BC%25.jpg");
        for key in ["raw-uploads/a b+ü%.jpg", "", "a,b\"c\\d\ne", "日本語/😀"] {
            assert_eq!(decode(&encode(key)).as_deref(), Some(key));
        }
    }

    #[test]
    fn what_is_not_encoded_well_is_refused() {
        for wrong in ["%", "%2", "%zz", "a%ff", "%+1"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
