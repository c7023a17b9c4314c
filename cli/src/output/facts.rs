//! Facts about one thing: a name and a value a line.

use super::text::TIE;

/// Width to wrap at; longer words, such as ARNs, stay whole, so that they can be copied.
const WIDTH: usize = 100;

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

    /// As text.
    pub fn render(&self) -> String {
        let indent = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default() + 2;
        let mut lines = Vec::new();
        for (name, value) in &self.0 {
            let mut lead = *name;
            for line in value.lines().flat_map(|line| wrap(line, WIDTH.saturating_sub(indent))) {
                lines.push(format!("{lead:indent$}{line}").replace(TIE, " "));
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
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
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
        let shown = facts.render();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[1].starts_with("        person 99 %") && lines[0].chars().count() <= WIDTH, "{shown}");
        assert_eq!(lines[2], format!("id      {}", "x".repeat(150)));
    }
}
