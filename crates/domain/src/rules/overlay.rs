//! The overlay: what the owner says about an image, beside what Rekognition found. It is never mixed into [`Record::labels`], so a later
//! analysis cannot lose it, and removing it shows Rekognition's labels again.

use crate::model::{
    findings::{Scored, StoredLabel},
    record::{Record, SUMMARY_LABELS},
};
use serde::{Deserialize, Serialize};

/// The confidence of an own label, percent.
pub const OWN_CONFIDENCE: f64 = 100.0;

/// Who says that a label describes the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LabelSource {
    /// Rekognition.
    Rekognition,
    /// The owner.
    Own,
}

/// A label that is shown and searched.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownLabel {
    /// The label. If the owner added a label that Rekognition also found, it has Rekognition's parents, aliases and boxes.
    pub label: StoredLabel,
    /// Who says so.
    pub source: LabelSource,
}

/// The labels that are shown and searched: the owner's, then Rekognition's without the removed ones, most confident first.
pub fn shown_labels(record: &Record) -> Vec<ShownLabel> {
    let detected = || record.labels.iter().flatten();
    let own = record.own_labels.iter().map(|name| {
        let label = detected().find(|label| label.name == *name).cloned().unwrap_or_else(|| named(name));
        ShownLabel { label: StoredLabel { confidence: OWN_CONFIDENCE, ..label }, source: LabelSource::Own }
    });
    let hidden = |label: &&StoredLabel| record.own_labels.contains(&label.name) || record.removed_labels.contains(&label.name);
    let rest = detected().filter(|label| !hidden(label)).cloned();
    own.chain(rest.map(|label| ShownLabel { label, source: LabelSource::Rekognition })).collect()
}

/// The first labels of [`shown_labels`], for lists.
pub fn summary(record: &Record) -> Vec<Scored> {
    let first = shown_labels(record).into_iter().take(SUMMARY_LABELS);
    first.map(|ShownLabel { label, .. }| Scored { name: label.name, confidence: label.confidence }).collect()
}

fn named(name: &str) -> StoredLabel {
    let none = Vec::new;
    StoredLabel {
        name: name.to_owned(),
        confidence: OWN_CONFIDENCE,
        parents: none(),
        aliases: none(),
        categories: none(),
        boxes: Vec::new(),
    }
}
