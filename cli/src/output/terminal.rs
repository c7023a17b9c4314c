//! What the terminal can show.

use std::{env, io::IsTerminal};

/// Width where neither `COLUMNS` nor a terminal says one.
const WIDTH: u16 = 100;
/// Wider lines are hard to read.
const MAX_WIDTH: u16 = 160;
/// Narrower than any terminal; less is a mistake.
const MIN_WIDTH: u16 = 20;

/// Columns that a line may take: `COLUMNS`, else those of the terminal on stdout, else 100; at most 160.
pub fn width() -> u16 {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let terminal = || comfy_table::Table::new().width();
    // A terminal that nobody has told its size says 0.
    columns
        .filter(|columns| *columns > 0)
        .or_else(|| terminal().filter(|columns| *columns > 0))
        .unwrap_or(WIDTH)
        .clamp(MIN_WIDTH, MAX_WIDTH)
}

/// Whether the terminal takes plain text only: `TERM=dumb`.
pub fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether stdout may be coloured: it is a terminal, not a dumb one, and `NO_COLOR` is not set.
pub fn is_coloured() -> bool {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !no_color && !is_dumb()
}

/// Whether stderr may show a live line.
pub fn is_live() -> bool {
    std::io::stderr().is_terminal() && !is_dumb()
}

/// Our own signs in ASCII, each as wide as before, on a dumb terminal.
pub fn drawn(text: &str) -> String {
    if is_dumb() { text.chars().map(ascii).collect() } else { text.to_owned() }
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
    fn our_own_signs_have_a_likeness_in_ascii_and_other_text_stays() {
        let shown: String = "── 25–35 █▌▏ ·▁▇█ a… 4×5 写真 é".chars().map(ascii).collect();
        assert_eq!(shown, "-- 25-35 ##- .17# a~ 4x5 写真 é");
    }
}
