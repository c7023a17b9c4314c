//! Text for terminals: short, and without control characters.

use serde::Serialize;
use std::{fmt::Write as _, time::Duration};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Shown for a value that is missing.
pub const NO_VALUE: &str = "–";

/// The name of an enum value, as JSON has it, such as `TIMED_OUT`.
pub fn name_of(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => NO_VALUE.to_owned(),
    }
}

/// Whether a terminal acts on `c` instead of showing it: C0 and C1 control characters, DEL, and marks that change the direction of
/// writing or break lines (Unicode Standard Annex 9; U+2028 and U+2029).
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// Replaces control characters by `\u{fffd}`.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Writes control characters other than line breaks as JSON escapes: `\u009b`.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if is_control(c) && c != '\n' {
            // Writing to a String cannot fail. All of them are in the Basic Multilingual Plane.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
        escaped
    })
}

/// The text without control characters, at most `max` columns wide; `…` marks a cut.
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

/// Keeps words on one line of a table; `terminal::to_shown` makes it a plain space.
pub const NO_BREAK_SPACE: char = '\u{a0}';

/// A confidence, such as `99 %`.
pub fn percent(confidence: f64) -> String {
    format!("{confidence:.0}{NO_BREAK_SPACE}%")
}

/// Seconds between two times in milliseconds, such as `0.4`.
#[expect(clippy::cast_precision_loss, reason = "for people, with one decimal")]
pub fn seconds(from: i64, to: i64) -> String {
    format!("{:.1}", to.saturating_sub(from).max(0) as f64 / 1000.0)
}

/// A duration, rounded: `45 s`, `2 min`, `3 h 20 min`.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A size in steps of 1,024, as the limits are meant: `239 kB`, `12.0 MB`.
#[expect(clippy::cast_precision_loss, reason = "for people, with one decimal")]
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1_024;
    const MB: u64 = 1_024 * KB;
    if bytes < MB { format!("{} kB", bytes.div_ceil(KB)) } else { format!("{:.1} MB", bytes as f64 / MB as f64) }
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
    fn control_characters_are_replaced_or_escaped() {
        assert_eq!(clean("a\u{1b}[2J\r\n\tb\u{9b}1m\u{202e}c"), "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}b\u{fffd}1m\u{fffd}c");
        assert_eq!(clean("Größe 写真"), "Größe 写真");
        assert_eq!(escape("a\u{9b}\u{2028}b"), r"a\u009b\u2028b");
        for mark in ['\u{61c}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{2069}', '\u{85}', '\u{7f}', '\0'] {
            assert!(is_control(mark), "{mark:?}");
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
    fn numbers_are_rounded_for_people() {
        assert_eq!(percent(98.6), "99\u{a0}%");
        assert_eq!(seconds(1000, 1449), "0.4");
        assert_eq!(seconds(5, 0), "0.0");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(
            [5, 89, 90, 125, 5_399, 12_000].map(|s| span(Duration::from_secs(s))),
            ["5 s", "89 s", "2 min", "2 min", "90 min", "3 h 20 min"]
        );
        assert_eq!((size(1_000), size(12_582_912), dollars(690_000)), ("1 kB".to_owned(), "12.0 MB".to_owned(), "0.69".to_owned()));
    }
}
