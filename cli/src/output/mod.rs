//! What commands print: data to stdout, everything else to stderr.

#[macro_use]
pub mod streams;

pub mod record;
pub mod terminal;

mod table;
mod text;

pub use table::{Facts, Table, fold, status_cell};
pub use text::{NO_VALUE, clean, count, dollars, escape, name_of, percent, seconds, shorten, size, span};

use clap::ValueEnum;
use serde::Serialize;

/// How to print data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON value: an object, or an array of objects.
    Json,
    /// One JSON object per line.
    Ndjson,
}

/// Prints data to stdout.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    pub format: Format,
}

impl Output {
    /// Prints one thing: `text`, or a JSON object.
    pub fn one<T: Serialize>(self, item: &T, text: impl FnOnce(&T) -> String) -> serde_json::Result<()> {
        match self.format {
            Format::Table => print(&text(item)),
            Format::Json => print(&escape_json(serde_json::to_string_pretty(item)?)),
            Format::Ndjson => return line(item),
        }
        Ok(())
    }

    /// Prints one item of a list that grows while the command runs: `text`, or a line of JSON.
    pub fn next<T: Serialize>(self, item: &T, text: impl FnOnce() -> String) -> serde_json::Result<()> {
        match self.format {
            Format::Table => print(&text()),
            Format::Json | Format::Ndjson => return line(item),
        }
        Ok(())
    }
}

/// A list, and the sentences that are printed with it to stderr.
#[derive(Debug)]
pub struct List<'a, T> {
    items: &'a [T],
    if_empty: &'a str,
    if_cut: Option<String>,
}

impl<'a, T: Serialize> List<'a, T> {
    pub const fn new(items: &'a [T]) -> Self {
        Self { items, if_empty: "", if_cut: None }
    }

    /// Says `sentence` if the list is empty.
    pub fn if_empty(self, sentence: &'a str) -> Self {
        Self { if_empty: sentence, ..self }
    }

    /// Says that there may be more if the list has `limit` items; `which` names those shown, such as `newest`.
    pub fn limited(self, limit: usize, which: &str) -> Self {
        let if_cut = (self.items.len() == limit).then(|| format!("showing the {which} {limit}; there may be more, see --limit"));
        Self { if_cut, ..self }
    }

    /// Says that the list has only some of `total` `things`.
    pub fn out_of(self, total: usize, things: &str) -> Self {
        let shown = self.items.len();
        let if_cut = (shown < total).then(|| format!("showing {shown} of about {}; see --limit", count(total, things)));
        Self { if_cut: if_cut.or(self.if_cut), ..self }
    }

    /// Prints the list: a table (nothing if it is empty), a JSON array, or a line of JSON for each item.
    pub fn print(self, output: Output, table: impl FnOnce(&[T]) -> String) -> serde_json::Result<()> {
        let empty = Some(self.if_empty).filter(|sentence| self.items.is_empty() && !sentence.is_empty());
        for sentence in empty.into_iter().chain(self.if_cut.as_deref()) {
            say!("{sentence}");
        }
        match output.format {
            Format::Table if self.items.is_empty() => {}
            Format::Table => print(&table(self.items)),
            Format::Json => print(&escape_json(serde_json::to_string_pretty(self.items)?)),
            Format::Ndjson => return self.items.iter().try_for_each(line),
        }
        Ok(())
    }
}

fn print(text: &str) {
    if !text.is_empty() {
        streams::write(&format!("{text}\n"));
    }
}

/// Prints one line of JSON.
fn line<T: Serialize>(item: &T) -> serde_json::Result<()> {
    print(&escape_json(serde_json::to_string(item)?));
    Ok(())
}

/// Escapes DEL, C1 controls and bidirectional marks, which JSON allows in strings and a terminal would act on.
fn escape_json(json: String) -> String {
    if json.chars().all(|c| c == '\n' || !text::is_control(c)) { json } else { escape(&json) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_has_no_control_characters_and_the_same_value() {
        let value = serde_json::json!({"Text": "a\u{7f}\u{9b}31m\u{202e}gnp.\u{2066}\n写真", "b\u{85}": 1});
        for json in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let safe = escape_json(json);
            assert!(safe.contains(r"a\u007f\u009b31m\u202egnp.\u2066\n写真") && safe.contains(r"b\u0085"), "{safe}");
            assert!(safe.chars().all(|c| c == '\n' || !text::is_control(c)), "{safe}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }

    #[test]
    fn list_says_whether_it_is_complete() {
        let items = [1, 2, 3];
        let message = |list: List<'_, i32>| list.if_cut.unwrap_or_default();
        assert_eq!(message(List::new(&items).limited(3, "newest")), "showing the newest 3; there may be more, see --limit");
        assert_eq!(message(List::new(&items).limited(3, "oldest").out_of(5, "event")), "showing 3 of about 5 events; see --limit");
        assert_eq!(message(List::new(&items).limited(4, "newest").out_of(3, "event")), "");
    }
}
