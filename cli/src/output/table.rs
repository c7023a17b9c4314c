//! Tables that fit a terminal.

use super::text::TIE;
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, TableComponent, Width, presets};

/// Width where there is no terminal to ask.
const WIDTH: u16 = 100;
/// Blanks beside the content of a column.
const PADDING: u16 = 2;
/// Wider lines are hard to read.
const MAX_WIDTH: u16 = 160;

/// An empty table with a heading per column.
pub fn headed(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─').set_header(headings.iter().map(Cell::new));
    let width = table.width().unwrap_or(WIDTH).min(MAX_WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if !super::coloured() {
        table.force_no_tty();
    }
    table
}

/// A column that is never wrapped, so that what is in it can be copied.
pub fn keep_whole(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Columns by number whose content gets at least so many characters.
pub fn keep_wide(table: &mut Table, least: &[(usize, u16)]) {
    for (column, width) in least {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width + PADDING)));
        }
    }
}

/// The table as text, without blanks at the ends of lines.
pub fn render(table: &Table) -> String {
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().replace(TIE, " ")).collect();
    lines.join("\n")
}

/// Breaks words that are longer than `width` behind `.`, `_`, `-` or `/`, so that a narrow column does not break them anywhere.
pub fn fold(text: &str, width: usize) -> String {
    text.split(' ').map(|word| fold_word(word, width)).collect::<Vec<_>>().join(" ")
}

fn fold_word(word: &str, width: usize) -> String {
    let (mut folded, mut filled) = (String::new(), 0);
    for part in word.split_inclusive(['.', '_', '-', '/']) {
        let length = part.chars().count();
        if filled > 0 && filled + length > width {
            folded.push('\n');
            filled = 0;
        }
        folded.push_str(part);
        filled += length;
    }
    folded
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

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn long_names_break_where_they_may() {
        assert_eq!(fold("FAILED Recognition.Unavailable", 13), "FAILED Recognition.\nUnavailable");
        assert_eq!(fold("FAILED TOO_SMALL", 13), "FAILED TOO_SMALL");
        assert_eq!(fold("2026/camera-operator.jpg", 18), "2026/camera-\noperator.jpg");
    }
}
