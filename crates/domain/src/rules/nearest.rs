//! Terms that are similar to what somebody typed.

use std::collections::BTreeSet;

/// Maximum number of similar terms.
const MOST: usize = 12;

/// The labels, at most twelve, that begin with `term` or differ from it, or in one word from it, by few edits; nearest first.
pub fn nearest<'a>(term: &str, labels: &'a BTreeSet<String>) -> Vec<&'a str> {
    const SHORTEST_PREFIX: usize = 3;
    let term = term.trim().to_lowercase();
    let length = term.chars().count();
    let most_edits = (length / 3).clamp(1, 3);
    let distance = |name: &str| {
        let edits = std::iter::once(name).chain(name.split(' ')).map(|part| strsim::osa_distance(&term, part)).min().unwrap_or(usize::MAX);
        if length >= SHORTEST_PREFIX && name.starts_with(&term) { edits.min(1) } else { edits }
    };
    let near = labels.iter().map(|name| (distance(name), name.as_str()));
    let mut near: Vec<_> = near.filter(|(distance, _)| *distance <= most_edits).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_labels_differ_by_few_edits_or_begin_alike() {
        let labels: BTreeSet<String> = ["car", "card", "cat", "egyptian cat", "automobile", "person", "vehicle"].map(str::to_owned).into();
        assert_eq!(nearest("caar", &labels), ["car"]);
        assert_eq!(nearest("Presons", &labels), ["person"]);
        assert_eq!(nearest("egiptian", &labels), ["egyptian cat"]);
        assert_eq!(nearest("auto", &labels), ["automobile"]);
        assert!(nearest("zzz", &labels).is_empty());
    }
}
