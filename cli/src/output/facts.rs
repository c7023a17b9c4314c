//! Facts about one thing: a name and a value a line.

use super::{
    terminal::{self, drawn},
    text::TIE,
};
use unicode_width::UnicodeWidthStr;

/// A list of facts.
#[derive(Debug, Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a fact. The value is cleaned already; line breaks in it are kept.
    pub fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// Adds a fact if there is one.
    pub fn add_some(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// As text, wrapped at the terminal's width; longer words, such as ARNs, stay whole, so that they can be copied.
    pub fn render(&self) -> String {
        self.render_within(usize::from(terminal::width()))
    }

    fn render_within(&self, width: usize) -> String {
        let indent = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
        let mut lines = Vec::new();
        for (name, value) in &self.0 {
            let mut lead = *name;
            for line in value.lines().flat_map(|line| wrap(line, width.saturating_sub(indent))) {
                lines.push(drawn(&format!("{lead:indent$}{line}")).replace(TIE, " "));
                lead = "";
            }
        }
        lines.join("\n")
    }
}

/// Breaks a line at blanks.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.width() + 1 + word.width() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_wrap_at_blanks_and_stay_in_their_column() {
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
