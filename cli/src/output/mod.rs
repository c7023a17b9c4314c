//! What is printed: data to stdout, everything else to stderr.

#[macro_use]
pub mod streams;

pub mod bars;
pub mod facts;
pub mod record;
pub mod table;
pub mod terminal;
pub mod text;

use crate::error::CliError;
use clap::ValueEnum;
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON value: an object, or an array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// Prints data.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// How.
    pub format: Format,
}

impl Output {
    /// Many things: a table, an array, or a line each.
    pub fn list<T: Serialize>(self, items: &[T], table: impl FnOnce() -> String) -> Result<(), CliError> {
        match self.format {
            Format::Table => streams::write(&format!("{}\n", table())),
            Format::Json => streams::write(&format!("{}\n", json(serde_json::to_string_pretty(items)?))),
            Format::Ndjson => items.iter().try_for_each(line)?,
        }
        Ok(())
    }

    /// One thing.
    pub fn one<T: Serialize>(self, item: &T, table: impl FnOnce() -> String) -> Result<(), CliError> {
        match self.format {
            Format::Table => streams::write(&format!("{}\n", table())),
            Format::Json => streams::write(&format!("{}\n", json(serde_json::to_string_pretty(item)?))),
            Format::Ndjson => line(item)?,
        }
        Ok(())
    }
}

/// One thing as one line of JSON.
pub fn line<T: Serialize>(item: &T) -> Result<(), CliError> {
    streams::write(&format!("{}\n", json(serde_json::to_string(item)?)));
    Ok(())
}

/// JSON whose strings a terminal can print: DEL, C1 controls and bidirectional marks are escaped, too. They occur in strings only.
fn json(text: String) -> String {
    if text.chars().all(|c| c == '\n' || !text::is_obeyed(c)) { text } else { text::escape(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_a_terminal_obeys_and_stays_the_same_value() {
        let value = serde_json::json!({"Text": "a\u{7f}\u{9b}31m\u{202e}gnp.\u{2066}\n写真", "b\u{85}": 1});
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let safe = json(text);
            assert!(safe.contains(r"a\u007f\u009b31m\u202egnp.\u2066\n写真") && safe.contains(r"b\u0085"), "{safe}");
            assert!(safe.chars().all(|c| c == '\n' || !text::is_obeyed(c)), "{safe}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
