//! Tables that fit a terminal.

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

/// Width where there is no terminal to ask.
const WIDTH: u16 = 100;
/// Wider lines are hard to read.
const MAX_WIDTH: u16 = 160;

/// An empty table with a heading per column.
pub fn headed(headings: &[&str]) -> Table {
    let mut table = plain();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(headings.iter().map(Cell::new));
    table
}

/// An empty table of facts: a name and a value a row.
pub fn facts() -> Table {
    let mut table = plain();
    table.load_preset(presets::NOTHING);
    table
}

fn plain() -> Table {
    let mut table = Table::new();
    let width = table.width().unwrap_or(WIDTH).min(MAX_WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if !super::coloured() {
        table.force_no_tty();
    }
    table
}

/// The table as text, without blanks at the ends of lines.
pub fn render(table: Table) -> String {
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A status, coloured by whether it is good, waiting or bad. The word itself says it, too.
pub fn status(text: &str) -> Cell {
    let colour = match text.split_whitespace().next() {
        Some("COMPLETED" | "SUCCEEDED" | "APPROVED" | "DONE" | "ok") => Some(Color::Green),
        Some("FAILED" | "TIMED_OUT" | "ABORTED" | "REJECTED" | "failed") => Some(Color::Red),
        Some("PENDING" | "RUNNING" | "REVIEW") => Some(Color::Yellow),
        _ => None,
    };
    let cell = Cell::new(text);
    match colour {
        Some(colour) => cell.fg(colour),
        None => cell,
    }
}
