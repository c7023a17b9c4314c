//! What is in the photo.

pub(crate) mod catalog;
pub(crate) mod objects;
pub(crate) mod scene;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::BoundingBox;
use catalog::Catalog;

/// A label as Rekognition names it, with what the catalogue (`data/labels.tsv`) knows of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// e.g. `Person`, `Cup`.
    pub name: String,
    /// 0–100.
    pub confidence: f32,
    /// Where it was seen, the likeliest first; empty when only the whole photo was judged, and for ancestors.
    pub instances: Vec<Instance>,
    /// Names of all labels above it, as Rekognition lists them; each is itself in the list of labels.
    pub parents: Vec<String>,
    /// Other names of the same thing.
    pub aliases: Vec<String>,
    /// Rekognition's categories, e.g. `Person Description`.
    pub categories: Vec<String>,
}

/// One place where a label was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Instance {
    /// Where.
    pub bounding_box: BoundingBox,
    /// 0–100.
    pub confidence: f32,
}

/// Puts together what several models say: the surest of them counts, and an ancestor is at least as sure as its descendants.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    found: BTreeMap<&'static str, (f32, Vec<Instance>)>,
}

impl Merge {
    /// Adds objects with boxes.
    pub fn add_objects(&mut self, catalog: &Catalog, seen: Vec<objects::Seen>) {
        for objects::Seen { class, instances } in seen {
            let surest = instances.first().map_or(0., |instance| instance.confidence);
            if let Some(entry) = catalog.iter().find(|entry| entry.coco == Some(class)) {
                self.add(catalog, entry.name, surest);
                self.found.entry(entry.name).or_default().1 = instances;
            }
        }
    }

    /// Adds one label and its ancestors.
    pub fn add(&mut self, catalog: &Catalog, name: &'static str, confidence: f32) {
        let ancestors = catalog.get(name).map(|entry| entry.ancestors.as_slice()).unwrap_or_default();
        for name in ancestors.iter().chain([&name]) {
            let (known, _) = self.found.entry(name).or_default();
            *known = known.max(confidence);
        }
    }

    /// All labels, the likeliest first.
    pub fn finish(self, catalog: &Catalog) -> Vec<Label> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut labels: Vec<Label> = self
            .found
            .into_iter()
            .filter_map(|(name, (confidence, instances))| {
                let entry = catalog.get(name)?;
                let (parents, aliases, categories) = (owned(&entry.ancestors), owned(&entry.aliases), owned(&[entry.category]));
                Some(Label { name: name.to_owned(), confidence, instances, parents, aliases, categories })
            })
            .collect();
        labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        labels
    }
}
