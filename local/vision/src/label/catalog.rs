//! The catalogue of labels (`data/labels.tsv`): names, ancestors, and the classes of the models that they stand for.

use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../../data/labels.tsv");

/// One label of the catalogue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: &'static str,
    pub aliases: Vec<&'static str>,
    pub category: &'static str,
    /// All ancestors, in alphabetical order.
    pub ancestors: Vec<&'static str>,
    /// The number of its COCO class.
    pub coco: Option<usize>,
    /// The numbers of its own `ImageNet` classes.
    pub imagenet: Vec<usize>,
    /// The numbers of its own and its descendants' `ImageNet` classes.
    pub covered: BTreeSet<usize>,
    /// Whether no other label has it as a parent.
    pub is_specific: bool,
}

/// The category of the things on a laid table, and the label of the table itself.
const TABLEWARE: &str = "Food and Beverage";
const DINING_TABLE: &str = "Dining Table";
/// Minimum confidence, 0–100, at which something of this kind means a laid table.
const MIN_TABLEWARE: f32 = 30.;

impl Entry {
    /// Whether the label, with this confidence, means that the photo shows a laid table, where a knife is not a weapon.
    pub fn means_table(&self, confidence: f32) -> bool {
        confidence >= MIN_TABLEWARE && (self.category == TABLEWARE || self.name == DINING_TABLE)
    }

    /// Its name and its ancestors.
    pub fn lineage(&self) -> impl Iterator<Item = &'static str> {
        self.ancestors.iter().copied().chain([self.name])
    }
}

/// All labels, by name.
#[derive(Debug)]
pub(crate) struct Catalog {
    entries: BTreeMap<&'static str, Entry>,
}

impl Catalog {
    /// Parses the table.
    pub fn load() -> Self {
        let rows = || TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(columns);
        let parents = rows().map(|[name, parents, ..]| (name, list(parents))).collect();
        let entries = rows().map(|row| (row[0], entry(row, &parents))).collect();
        Self { entries: with_descendants(entries) }
    }

    /// Finds a label by name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Finds a label by its COCO class.
    pub fn of_coco(&self, class: usize) -> Option<&Entry> {
        self.iter().find(|entry| entry.coco == Some(class))
    }

    /// Iterates over all labels in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

type Parents = BTreeMap<&'static str, Vec<&'static str>>;

fn columns(line: &'static str) -> [&'static str; 6] {
    let mut columns = line.split('\t');
    std::array::from_fn(|_| columns.next().unwrap_or_default())
}

fn list(text: &'static str) -> Vec<&'static str> {
    text.split(';').filter(|item| !item.is_empty()).collect()
}

fn entry([name, _, aliases, category, coco, imagenet]: [&'static str; 6], parents: &Parents) -> Entry {
    let mut ancestors = Vec::new();
    collect_ancestors(name, parents, &mut ancestors);
    ancestors.sort_unstable();
    let imagenet: Vec<usize> = imagenet.split(',').flat_map(range).collect();
    let covered = imagenet.iter().copied().collect();
    Entry { name, aliases: list(aliases), category, ancestors, coco: coco.parse().ok(), imagenet, covered, is_specific: true }
}

/// Fills in what an entry gets from its descendants.
fn with_descendants(mut entries: BTreeMap<&'static str, Entry>) -> BTreeMap<&'static str, Entry> {
    let passed_on: Vec<_> = entries.values().map(|entry| (entry.ancestors.clone(), entry.imagenet.clone())).collect();
    for (ancestors, imagenet) in passed_on {
        for name in ancestors {
            if let Some(ancestor) = entries.get_mut(name) {
                ancestor.covered.extend(&imagenet);
                ancestor.is_specific = false;
            }
        }
    }
    entries
}

fn collect_ancestors(name: &str, parents: &Parents, ancestors: &mut Vec<&'static str>) {
    for parent in parents.get(name).into_iter().flatten() {
        if !ancestors.contains(parent) {
            ancestors.push(parent);
            collect_ancestors(parent, parents, ancestors);
        }
    }
}

/// `7` or `3-9`, both ends included.
fn range(text: &str) -> std::ops::RangeInclusive<usize> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => first..=last,
        #[allow(clippy::reversed_empty_ranges)]
        _ => 1..=0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parent_is_a_label() {
        let catalog = Catalog::load();
        for entry in catalog.iter() {
            for ancestor in &entry.ancestors {
                assert!(catalog.get(ancestor).is_some(), "{}: {ancestor}", entry.name);
                assert_ne!(entry.name, *ancestor);
            }
        }
    }

    #[test]
    fn all_eighty_coco_classes_have_a_name() {
        let catalog = Catalog::load();
        let classes: std::collections::BTreeSet<_> = catalog.iter().filter_map(|entry| entry.coco).collect();
        assert_eq!(classes.len(), 80);
    }

    #[test]
    fn a_knife_is_a_weapon_and_a_beagle_a_dog() {
        let catalog = Catalog::load();
        assert_eq!(catalog.get("Knife").unwrap().ancestors, ["Blade", "Weapon"]);
        assert_eq!(catalog.get("Beagle").unwrap().ancestors, ["Animal", "Canine", "Dog", "Hound", "Mammal", "Pet"]);
    }

    #[test]
    fn a_label_covers_the_classes_of_its_descendants() {
        let catalog = Catalog::load();
        let (dog, beagle) = (catalog.get("Dog").unwrap(), catalog.get("Beagle").unwrap());
        assert!(dog.covered.contains(&162) && !dog.imagenet.contains(&162) && !dog.is_specific);
        assert!(beagle.covered.iter().eq([&162]) && beagle.is_specific);
    }

    #[test]
    fn every_line_has_six_columns_and_a_category() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split('\t').count(), 6, "{line}");
            assert!(!columns(line)[3].is_empty(), "{line}");
        }
    }
}
