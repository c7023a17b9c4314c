//! Text for terminals: harmless and short.

use std::{fmt::Write as _, time::Duration};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Shown where there is nothing to show.
pub const NOTHING: &str = "–";

/// Whether a terminal obeys `c` instead of showing it: C0 and C1 control characters, DEL, and marks that turn the direction of writing or
/// break lines (Unicode Standard Annex 9; U+2028 and U+2029).
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// Replaces what a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Writes what a terminal would obey, other than line breaks, as JSON writes it: `\u009b`. Nothing is lost.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if is_obeyed(c) && c != '\n' {
            // Writing to a String cannot fail. All of them lie in the Basic Multilingual Plane.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
        escaped
    })
}

/// At most `max` columns wide, cleaned; what is cut off is shown by `…`.
pub fn shorten(text: &str, max: usize) -> String {
    let text = clean(text);
    if text.width() <= max {
        return text;
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + c.width().unwrap_or_default() >= max {
            break;
        }
        short.push(c);
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Keeps words on one line of a table; [`super::table::render`] makes it a plain space.
pub const TIE: char = '\u{a0}';

/// A confidence, such as `99 %`.
pub fn percent(confidence: f64) -> String {
    format!("{confidence:.0}{TIE}%")
}

/// Seconds between two moments in milliseconds, such as `0.4`.
#[expect(clippy::cast_precision_loss, reason = "for people, with one decimal")]
pub fn seconds(from: i64, to: i64) -> String {
    format!("{:.1}", to.saturating_sub(from).max(0) as f64 / 1000.0)
}

/// A span of time, roughly: `45 s`, `2 min`, `3 h 20 min`.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A size, roughly: `0.3 MB`, `12.0 MB`.
#[expect(clippy::cast_precision_loss, reason = "for people, with one decimal")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1_000_000.0)
}

/// Millionths of a dollar as dollars: `0.69`.
#[expect(clippy::cast_precision_loss, reason = "for people, with two decimals")]
pub fn dollars(millionths: u64) -> String {
    format!("{:.2}", millionths as f64 / 1_000_000.0)
}

/// `1 file`, `2 files`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(clean("a\u{1b}[2J\r\n\tb\u{9b}1m\u{202e}c"), "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}b\u{fffd}1m\u{fffd}c");
        assert_eq!(clean("Größe 写真"), "Größe 写真");
        assert_eq!(escape("a\u{9b}\u{2028}b"), r"a\u009b\u2028b");
        for mark in ['\u{61c}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{2069}', '\u{85}', '\u{7f}', '\0'] {
            assert!(is_obeyed(mark), "{mark:?}");
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shorten("äöüäöü", 4), "äöü…");
        assert_eq!(shorten("abc def", 5), "abc…");
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("写真の文字", 6), "写真…", "each of them is two columns wide");
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(98.6), "99\u{a0}%");
        assert_eq!(seconds(1000, 1449), "0.4");
        assert_eq!(seconds(5, 0), "0.0");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(
            [5, 89, 90, 125, 5_399, 12_000].map(|s| span(Duration::from_secs(s))),
            ["5 s", "89 s", "2 min", "2 min", "90 min", "3 h 20 min"]
        );
        assert_eq!((megabytes(12_345_678), dollars(690_000)), ("12.3 MB".to_owned(), "0.69".to_owned()));
    }
}
