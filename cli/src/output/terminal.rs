//! What the terminal can show: its width, colours, and characters.

use super::text::NO_BREAK_SPACE;

use std::{env, io::IsTerminal};

/// Width if neither `COLUMNS` nor a terminal gives one.
const DEFAULT_WIDTH: u16 = 100;
/// Wider lines are hard to read.
const MAX_WIDTH: u16 = 160;
/// No terminal is narrower; a smaller `COLUMNS` is a mistake.
const MIN_WIDTH: u16 = 20;

/// Columns of a line: `COLUMNS`, else the width of the terminal on stdout, else 100; at most 160.
pub fn width() -> u16 {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let terminal = || comfy_table::Table::new().width();
    // A terminal of unknown size reports 0.
    columns
        .filter(|columns| *columns > 0)
        .or_else(|| terminal().filter(|columns| *columns > 0))
        .unwrap_or(DEFAULT_WIDTH)
        .clamp(MIN_WIDTH, MAX_WIDTH)
}

/// Whether the terminal shows plain text only: `TERM=dumb`.
pub fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether stdout shows colours: it is a terminal, not a dumb one, and `NO_COLOR` is not set.
pub fn is_coloured() -> bool {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !no_color && !is_dumb()
}

/// Whether stderr shows a line that changes in place.
pub fn is_live() -> bool {
    std::io::stderr().is_terminal() && !is_dumb()
}

/// The text with plain spaces for no-break spaces and, on a dumb terminal, ASCII of the same width for the lines, bars and dashes.
pub fn to_shown(text: &str) -> String {
    let text = text.replace(NO_BREAK_SPACE, " ");
    if is_dumb() { text.chars().map(ascii).collect() } else { text }
}

const fn ascii(sign: char) -> char {
    match sign {
        '─' | '–' | '▏' | '▎' | '▍' => '-',
        '▌' | '▋' | '▊' | '▉' | '█' => '#',
        '▁' => '1',
        '▂' => '2',
        '▃' => '3',
        '▄' => '4',
        '▅' => '5',
        '▆' => '6',
        '▇' => '7',
        '·' => '.',
        '…' => '~',
        '×' => 'x',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn only_lines_bars_and_dashes_become_ascii() {
        let shown: String = "── 25–35 █▌▏ ·▁▇█ a… 4×5 写真 é".chars().map(ascii).collect();
        assert_eq!(shown, "-- 25-35 ##- .17# a~ 4x5 写真 é");
    }
}
