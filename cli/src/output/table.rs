//! Tables that fit a terminal.

use super::{
    terminal::{self, drawn},
    text::TIE,
};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, TableComponent, Width, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Blanks beside the content of a column.
const PADDING: u16 = 2;
/// A column narrower than this breaks words.
const READABLE: usize = 12;

/// An empty table with a heading per column.
pub fn headed(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─').set_header(headings.iter().map(Cell::new));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(terminal::width());
    if !terminal::is_coloured() {
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

/// The table as text, without blanks at the ends of lines. Where the terminal is too narrow for its columns, each row becomes a block
/// of lines, one a column.
pub fn render(table: &Table) -> String {
    let width = usize::from(table.width().unwrap_or_else(terminal::width));
    let text = if least_width(table) <= width {
        table.to_string()
    } else {
        let mut narrow = table.clone();
        for column in narrow.column_iter_mut().filter(|column| matches!(column.constraint(), Some(ColumnConstraint::LowerBoundary(_)))) {
            column.remove_constraint();
        }
        if least_width(&narrow) <= width { narrow.to_string() } else { blocks(table, width) }
    };
    let lines: Vec<String> = text.lines().map(|line| drawn(line.trim_end()).replace(TIE, " ")).collect();
    lines.join("\n")
}

/// The width that the columns need to be readable.
fn least_width(table: &Table) -> usize {
    let column = |(place, column): (usize, &comfy_table::Column)| {
        let cells = table.header().into_iter().chain(table.row_iter()).filter_map(|row| row.cell_iter().nth(place));
        let widest = |split: fn(char) -> bool, most: usize| {
            let of_cell = |cell: &Cell| cell.content().split(split).map(|part| part.width().min(most)).max().unwrap_or_default();
            cells.clone().map(of_cell).max().unwrap_or_default() + usize::from(PADDING)
        };
        match column.constraint() {
            Some(ColumnConstraint::ContentWidth) => widest(|c| c == '\n', usize::MAX),
            Some(ColumnConstraint::LowerBoundary(Width::Fixed(least))) => usize::from(*least),
            _ => widest(|c| matches!(c, '\n' | ' '), READABLE),
        }
    };
    table.column_iter().enumerate().map(column).sum()
}

fn blocks(table: &Table, width: usize) -> String {
    let headings: Vec<String> = table.header().map(|row| row.cell_iter().map(Cell::content).collect()).unwrap_or_default();
    let indent = headings.iter().map(|heading| heading.width()).max().unwrap_or_default().min(width / 3) + usize::from(PADDING);
    let block = |row: &comfy_table::Row| {
        let mut lines = Vec::new();
        for (heading, value) in headings.iter().zip(row.cell_iter().map(Cell::content)).filter(|(_, value)| !value.is_empty()) {
            let fits = heading.width() + 1 < indent && value.split(['\n', ' ']).all(|word| word.width() <= width - indent);
            let (mut lead, indent) = if fits { (heading.as_str(), indent) } else { ("", usize::from(PADDING)) };
            if !fits && !heading.is_empty() {
                lines.push(heading.clone());
            }
            for line in value.lines().flat_map(|line| broken(line, width - indent)) {
                lines.push(format!("{lead}{}{line}", " ".repeat(indent - lead.width())));
                lead = "";
            }
        }
        lines.join("\n")
    };
    table.row_iter().map(block).collect::<Vec<_>>().join("\n\n")
}

/// Breaks a line at blanks, and a word that is longer than `width` anywhere.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let mut blank = " ";
        for part in pieces(word, width) {
            match lines.last_mut() {
                Some(last) if last.is_empty() => last.push_str(&part),
                Some(last) if !blank.is_empty() && last.width() + 1 + part.width() <= width => {
                    last.push_str(blank);
                    last.push_str(&part);
                }
                _ => lines.push(part),
            }
            blank = "";
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        match pieces.last_mut() {
            Some(last) if last.width() + c.width().unwrap_or_default() <= width => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// Breaks words that are longer than `width` behind `.`, `_`, `-` or `/`, so that a narrow column does not break them anywhere.
pub fn fold(text: &str, width: usize) -> String {
    text.split(' ').map(|word| fold_word(word, width)).collect::<Vec<_>>().join(" ")
}

fn fold_word(word: &str, width: usize) -> String {
    let (mut folded, mut filled) = (String::new(), 0);
    for part in word.split_inclusive(['.', '_', '-', '/']) {
        let length = part.width();
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
    use super::*;

    const ID: &str = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";

    fn table(width: u16) -> Table {
        let mut table = headed(&["FILE", "STATUS", "LABELS", "IMAGE"]);
        table.set_width(width).force_no_tty();
        table.add_row(["休日の写真/海辺の夕焼け.jpg", "COMPLETED", "person 99\u{a0}%, clothing 95\u{a0}%", ID]);
        table.add_row(["👩‍👩‍👧 family 🏖.jpg", "FAILED TOO_SMALL", "–", ID]);
        keep_wide(&mut table, &[(0, 17), (1, 13)]);
        keep_whole(&mut table, 3);
        table
    }

    #[test]
    fn long_names_break_where_they_may() {
        assert_eq!(fold("FAILED Recognition.Unavailable", 13), "FAILED Recognition.\nUnavailable");
        assert_eq!(fold("FAILED TOO_SMALL", 13), "FAILED TOO_SMALL");
        assert_eq!(fold("2026/camera-operator.jpg", 18), "2026/camera-\noperator.jpg");
    }

    #[test]
    fn a_table_fits_every_width_and_keeps_ids_whole() {
        for width in [40, 50, 80, 100, 160] {
            let shown = render(&table(width));
            assert!(shown.lines().all(|line| line.width() <= usize::from(width)), "{width}:\n{shown}");
            assert_eq!(shown.matches(ID).count(), 2, "{width}:\n{shown}");
        }
    }

    #[test]
    fn columns_stay_aligned_behind_wide_characters() {
        let shown = render(&table(100));
        let starts: Vec<usize> = shown.lines().filter_map(|line| line.find(ID).map(|at| line[..at].width())).collect();
        assert_eq!(starts.len(), 2, "{shown}");
        assert_eq!(starts[0], starts[1], "{shown}");
    }

    #[test]
    fn a_terminal_too_narrow_for_the_columns_gets_a_block_of_lines_a_row() {
        let shown = render(&table(40));
        assert!(shown.contains("STATUS  COMPLETED\n") && shown.contains(&format!("IMAGE\n  {ID}\n\nFILE")), "{shown}");
    }
}
