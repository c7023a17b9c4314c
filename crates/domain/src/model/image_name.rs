//! The name of an image: the file name under which somebody uploaded it, for lists, alerts and the search.

use crate::model::percent;
use unicode_normalization::UnicodeNormalization;

/// Name of the metadata that holds the file name of an upload: the header `x-amz-meta-filename`.
pub const METADATA: &str = "filename";

/// Maximum length of a name in characters; file systems allow as many bytes.
const MAX_CHARS: usize = 255;

/// Maximum length of the metadata value in bytes: S3 allows 2 KB of metadata in total (S3 user guide, "User-defined object metadata").
pub const MAX_METADATA: usize = 900;

/// The name of an upload: the value of its metadata, or else the last part of its key. `None` if neither is a usable name.
///
/// Only the last part of a path is used. Control characters and direction marks become U+FFFD, so that a name can be printed safely. From a
/// name longer than 255 characters, the middle is removed, so that the extension stays.
pub fn image_name(metadata: Option<&str>, key: &str) -> Option<String> {
    metadata.and_then(|value| clean_name(&percent::decode_lossy(value))).or_else(|| clean_name(key))
}

/// Encodes a name for the metadata: an HTTP header holds printable ASCII, so all other bytes and `%` are percent-encoded. A longer value is
/// truncated at [`MAX_METADATA`].
pub fn metadata(name: &[u8]) -> String {
    let mut value = String::with_capacity(name.len());
    for byte in name {
        let encoded = if (b' '..=b'~').contains(byte) && *byte != b'%' { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
        if value.len() + encoded.len() > MAX_METADATA {
            break;
        }
        value.push_str(&encoded);
    }
    value
}

/// A name without its extension.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn clean_name(path: &str) -> Option<String> {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    // macOS decomposes accents in names; after normalisation, equal names are equal.
    let name: String = name.nfc().map(|c| if is_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let name = name.trim();
    let is_name = name.chars().any(|c| c != '.' && c != char::REPLACEMENT_CHARACTER && !c.is_whitespace());
    is_name.then(|| shorten(name))
}

/// Whether a terminal, mail client or browser interprets the character instead of showing it.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shorten(name: &str) -> String {
    const EXTENSION: usize = 20;
    let length = name.chars().count();
    if length <= MAX_CHARS {
        return name.to_owned();
    }
    let (front, back) = (name.chars().take(MAX_CHARS - EXTENSION - 1), name.chars().skip(length - EXTENSION));
    front.chain(['…']).chain(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_name_comes_from_the_metadata_or_else_from_the_key() {
        let cases = [
            (Some("Gr%C3%BC%C3%9Fe%20100%25.jpg"), "Grüße 100%.jpg"),
            (Some("beach-party_2024.png"), "beach-party_2024.png"),
            (Some("C:\\fakepath\\a b.jpg"), "a b.jpg"),
            (Some("../../etc/pass%2Fwd"), "wd"),
            (Some("100%"), "100%"),
            (Some("50%zz%41.jpg"), "50%zzA.jpg"),
            (Some("a%FFb.jpg"), "a\u{fffd}b.jpg"),
            (Some("a%0D%0Ab%1B[2J%E2%80%AEgpj.exe"), "a\u{fffd}\u{fffd}b\u{fffd}[2J\u{fffd}gpj.exe"),
            (Some("Zu%CC%88rich.jpg"), "Z\u{fc}rich.jpg"),
            (Some("写真+1.jpg"), "写真+1.jpg"),
            (Some(""), "IMG_1.jpg"),
            (Some("%20%20"), "IMG_1.jpg"),
            (Some("/"), "IMG_1.jpg"),
            (Some(".."), "IMG_1.jpg"),
            (Some("%00"), "IMG_1.jpg"),
            (None, "IMG_1.jpg"),
        ];
        for (value, name) in cases {
            assert_eq!(image_name(value, "raw-uploads/holiday/IMG_1.jpg").as_deref(), Some(name), "{value:?}");
        }
        assert_eq!(image_name(None, "raw-uploads/holiday/").as_deref(), Some("holiday"));
        assert_eq!(image_name(None, "raw-uploads/\u{1}"), None);
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = image_name(Some(&format!("{}.jpg", "x".repeat(1_000))), "k").unwrap();
        assert_eq!((name.chars().count(), name.ends_with("x.jpg"), name.contains('…')), (255, true, true));
    }

    proptest! {
        #[test]
        fn a_name_survives_encoding_as_metadata(name in "[^\\p{C}/\\\\.\\s][^\\p{C}/\\\\\\p{Z}]{0,40}") {
            let value = metadata(name.as_bytes());
            // The replacement character alone is not a name.
            prop_assume!(name.chars().any(|c| c != char::REPLACEMENT_CHARACTER));
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(image_name(Some(&value), "k"), Some(name.nfc().collect::<String>()));
        }

        #[test]
        fn a_name_is_one_line_without_control_characters(value in "\\PC{0,300}", key in ".{1,60}") {
            if let Some(name) = image_name(Some(&value), &key) {
                prop_assert!(name.chars().count() <= MAX_CHARS && !name.chars().any(is_control) && !name.contains('/'));
            }
        }
    }
}
