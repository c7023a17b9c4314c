//! What is in the photo.

use serde::Serialize;

use crate::BoundingBox;

/// A label as Rekognition names it, with what the catalogue (`data/labels.json`) knows of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// e.g. `Person`, `Cup`.
    pub name: String,
    /// 0–100.
    pub confidence: f32,
    /// Where it was seen; empty when only the whole photo was judged, and for parents.
    pub instances: Vec<Instance>,
    /// Names of the labels above it; each is itself in the list.
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
