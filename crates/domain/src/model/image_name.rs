//! The file's own name: what people call the picture, for lists, alerts and the search.

use crate::model::percent;
use unicode_normalization::UnicodeNormalization;

/// Name of the metadata in which an upload carries the file's name: S3's header `x-amz-meta-filename`.
pub const METADATA: &str = "filename";

/// Longest name that is kept, in characters: what file systems allow in bytes.
const MAX_CHARS: usize = 255;

/// Longest value of the metadata in bytes: S3 takes 2 KB of metadata in all (S3 user guide, "User-defined object metadata").
pub const MAX_METADATA: usize = 900;

/// The name of an upload: by the value of its metadata, where there is one, else by the end of its key. `None` where neither is a name.
///
/// Of a path only the last part counts. Control characters and marks that turn the direction of writing become U+FFFD, so that a name can be
/// printed; a longer name than 255 characters is cut in the middle, so that its ending stays.
pub fn image_name(metadata: Option<&str>, key: &str) -> Option<String> {
    metadata.and_then(|value| plain(&percent::decode_lossy(value))).or_else(|| plain(key))
}

/// A name as the value of the metadata: an HTTP header takes printable ASCII, so everything else is percent-encoded, and `%` itself. What
/// does not fit is cut off.
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

/// A name without its ending, such as `.jpg`.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn plain(path: &str) -> Option<String> {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    // macOS takes accents apart in names; one form makes equal names equal.
    let name: String = name.nfc().map(|c| if is_obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let name = name.trim();
    let is_name = name.chars().any(|c| c != '.' && c != char::REPLACEMENT_CHARACTER && !c.is_whitespace());
    is_name.then(|| shortened(name))
}

/// What a terminal, a mail or a page would obey instead of show.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shortened(name: &str) -> String {
    const ENDING: usize = 20;
    let length = name.chars().count();
    if length <= MAX_CHARS {
        return name.to_owned();
    }
    let (front, back) = (name.chars().take(MAX_CHARS - ENDING - 1), name.chars().skip(length - ENDING));
    front.chain(['…']).chain(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_metadata_names_the_image_and_else_the_end_of_the_key() {
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
    fn a_long_name_keeps_its_ending() {
        let name = image_name(Some(&format!("{}.jpg", "x".repeat(1_000))), "k").unwrap();
        assert_eq!((name.chars().count(), name.ends_with("x.jpg"), name.contains('…')), (255, true, true));
    }

    proptest! {
        #[test]
        fn a_name_comes_back_from_the_metadata(name in "[^\\p{C}/\\\\.\\s][^\\p{C}/\\\\\\p{Z}]{0,40}") {
            let value = metadata(name.as_bytes());
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(image_name(Some(&value), "k"), Some(name.nfc().collect::<String>()));
        }

        #[test]
        fn whatever_an_uploader_sends_a_name_is_one_harmless_line(value in "\\PC{0,300}", key in ".{1,60}") {
            if let Some(name) = image_name(Some(&value), &key) {
                prop_assert!(name.chars().count() <= MAX_CHARS && !name.chars().any(is_obeyed) && !name.contains('/'));
            }
        }
    }
}
