//! What goes to stdout: data, and nothing else.

pub mod bars;
pub mod facts;
pub mod record;
pub mod table;
pub mod text;

use crate::error::CliError;
use clap::ValueEnum;
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};

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
            Format::Table => write(&format!("{}\n", table())),
            Format::Json => write(&format!("{}\n", serde_json::to_string_pretty(items)?)),
            Format::Ndjson => items.iter().try_for_each(line),
        }
    }

    /// One thing.
    pub fn one<T: Serialize>(self, item: &T, table: impl FnOnce() -> String) -> Result<(), CliError> {
        match self.format {
            Format::Table => write(&format!("{}\n", table())),
            Format::Json => write(&format!("{}\n", serde_json::to_string_pretty(item)?)),
            Format::Ndjson => line(item),
        }
    }
}

/// One thing as one line of JSON.
pub fn line<T: Serialize>(item: &T) -> Result<(), CliError> {
    write(&format!("{}\n", serde_json::to_string(item)?))
}

/// Writes to stdout. A reader that has gone away, such as `head`, is no error.
pub fn write(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Whether stdout may be coloured.
pub fn coloured() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !plain
}
