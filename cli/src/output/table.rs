//! Tables of things, and the facts of one thing, as wide as the terminal.

use super::terminal::{self, to_shown};
use comfy_table::{Cell, Color, Column, ColumnConstraint, ContentArrangement, Row, TableComponent, Width, presets};
use std::borrow::Cow;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr;

/// Spaces beside the content of a column.
const PADDING: u16 = 2;
/// A narrower column breaks words.
const READABLE: usize = 12;

/// A table with a heading per column.
#[derive(Debug, Clone)]
pub struct Table(comfy_table::Table);

impl Table {
    pub fn new<R: Into<Row>>(headings: &[&str], rows: impl IntoIterator<Item = R>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─').set_header(headings.iter().map(Cell::new));
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(terminal::width());
        if !terminal::is_coloured() {
            table.force_no_tty();
        }
        table.add_rows(rows);
        Self(table)
    }

    /// Never wraps this column, so that its content can be copied.
    pub fn keep_whole(mut self, column: usize) -> Self {
        if let Some(column) = self.0.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        self
    }

    /// Gives each of these columns (index, characters) at least that width.
    pub fn keep_wide(mut self, columns: &[(usize, u16)]) -> Self {
        for (column, width) in columns {
            if let Some(column) = self.0.column_mut(*column) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width + PADDING)));
            }
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The table as text without trailing spaces. If the terminal is too narrow for the columns, each row becomes a block of lines, one
    /// line a column.
    pub fn render(&self) -> String {
        let width = usize::from(self.0.width().unwrap_or_else(terminal::width));
        let text = if least_width(&self.0) <= width {
            self.0.to_string()
        } else {
            let mut narrow = self.0.clone();
            for column in narrow.column_iter_mut().filter(|column| matches!(column.constraint(), Some(ColumnConstraint::LowerBoundary(_))))
            {
                column.remove_constraint();
            }
            if least_width(&narrow) <= width { narrow.to_string() } else { blocks(&self.0, width) }
        };
        let lines: Vec<String> = text.lines().map(|line| to_shown(line.trim_end())).collect();
        lines.join("\n")
    }
}

/// The least width at which the columns are readable.
fn least_width(table: &comfy_table::Table) -> usize {
    let column = |(place, column): (usize, &Column)| {
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

fn blocks(table: &comfy_table::Table, width: usize) -> String {
    let headings: Vec<String> = table.header().map(|row| row.cell_iter().map(Cell::content).collect()).unwrap_or_default();
    let indent = headings.iter().map(|heading| heading.width()).max().unwrap_or_default().min(width / 3) + usize::from(PADDING);
    let block = |row: &Row| {
        let mut lines = Vec::new();
        for (heading, value) in headings.iter().zip(row.cell_iter().map(Cell::content)).filter(|(_, value)| !value.is_empty()) {
            let fits = heading.width() + 1 < indent && value.split(['\n', ' ']).all(|word| word.width() <= width - indent);
            let (mut lead, indent) = if fits { (heading.as_str(), indent) } else { ("", usize::from(PADDING)) };
            if !fits && !heading.is_empty() {
                lines.push(heading.clone());
            }
            for line in wrap(&value, width - indent, true) {
                lines.push(format!("{lead}{}{line}", " ".repeat(indent - lead.width())));
                lead = "";
            }
        }
        lines.join("\n")
    };
    table.row_iter().map(block).collect::<Vec<_>>().join("\n\n")
}

/// Breaks lines at spaces and, if `break_words`, inside words that are longer than a line.
fn wrap(text: &str, width: usize, break_words: bool) -> Vec<String> {
    let options = Options::new(width)
        .break_words(break_words)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    text.lines().flat_map(|line| textwrap::wrap(line, &options)).map(Cow::into_owned).collect()
}

/// Breaks words that are longer than `width` behind `.`, `_`, `-` or `/`, so that a narrow column does not break them elsewhere.
pub fn fold(text: &str, width: usize) -> String {
    let fold_word = |word: &str| {
        let (mut folded, mut filled) = (String::new(), 0);
        for part in word.split_inclusive(['.', '_', '-', '/']) {
            if filled > 0 && filled + part.width() > width {
                folded.push('\n');
                filled = 0;
            }
            folded.push_str(part);
            filled += part.width();
        }
        folded
    };
    text.split(' ').map(fold_word).collect::<Vec<_>>().join(" ")
}

/// A cell with a status, coloured by whether it is good, waiting or bad.
pub fn status_cell(text: &str) -> Cell {
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

/// The facts of one thing: a name and a value a line.
#[derive(Debug, Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a fact; `value` has no control characters other than line breaks.
    pub fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    pub fn add_some(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The facts as text as wide as the terminal; longer words, such as ARNs, stay whole, so that they can be copied.
    pub fn render(&self) -> String {
        self.render_within(usize::from(terminal::width()))
    }

    fn render_within(&self, width: usize) -> String {
        let indent = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
        let mut lines = Vec::new();
        for (name, value) in &self.0 {
            let mut lead = *name;
            for line in wrap(value, width.saturating_sub(indent), false) {
                lines.push(to_shown(&format!("{lead:indent$}{line}")));
                lead = "";
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";

    fn shown_at(width: u16) -> String {
        let rows = [
            ["休日の写真/海辺の夕焼け.jpg", "COMPLETED", "person 99\u{a0}%, clothing 95\u{a0}%", ID],
            ["👩‍👩‍👧 family 🏖.jpg", "FAILED TOO_SMALL", "–", ID],
        ];
        let mut table = Table::new(&["FILE", "STATUS", "LABELS", "IMAGE"], rows);
        table.0.set_width(width).force_no_tty();
        table.keep_wide(&[(0, 17), (1, 13)]).keep_whole(3).render()
    }

    #[test]
    fn long_names_are_folded_behind_punctuation() {
        assert_eq!(fold("FAILED Recognition.Unavailable", 13), "FAILED Recognition.\nUnavailable");
        assert_eq!(fold("FAILED TOO_SMALL", 13), "FAILED TOO_SMALL");
        assert_eq!(fold("2026/camera-operator.jpg", 18), "2026/camera-\noperator.jpg");
    }

    #[test]
    fn table_fits_every_width_and_keeps_ids_whole() {
        for width in [40, 50, 80, 100, 160] {
            let shown = shown_at(width);
            assert!(shown.lines().all(|line| line.width() <= usize::from(width)), "{width}:\n{shown}");
            assert_eq!(shown.matches(ID).count(), 2, "{width}:\n{shown}");
        }
    }

    #[test]
    fn columns_are_aligned_behind_wide_characters() {
        let shown = shown_at(100);
        let starts: Vec<usize> = shown.lines().filter_map(|line| line.find(ID).map(|at| line[..at].width())).collect();
        assert_eq!(starts.len(), 2, "{shown}");
        assert_eq!(starts[0], starts[1], "{shown}");
    }

    #[test]
    fn row_becomes_a_block_of_lines_on_a_narrow_terminal() {
        let shown = shown_at(40);
        assert!(shown.contains("STATUS  COMPLETED\n") && shown.contains(&format!("IMAGE\n  {ID}\n\nFILE")), "{shown}");
    }

    #[test]
    fn facts_wrap_at_spaces_within_their_column() {
        let mut facts = Facts::default();
        facts.add("labels", "person 99\u{a0}%, ".repeat(8).trim_end());
        facts.add("id", "x".repeat(150));
        let shown = facts.render_within(100);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[1].starts_with("        person 99 %") && lines[0].chars().count() <= 100, "{shown}");
        assert_eq!(lines[2], format!("id      {}", "x".repeat(150)));
    }
}
