//! Rekognition's answers, in its field names.

mod faces;
mod labels;
mod moderation;
mod text;

use serde::Serialize;

pub use self::{faces::faces, labels::labels, moderation::moderation, text::text};

/// What stands in `LabelModelVersion` and its like, so that nobody takes an answer for the service's own.
const MODEL_VERSION: &str = "local-1.0";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BoundingBox {
    width: f32,
    height: f32,
    left: f32,
    top: f32,
}

impl From<sightline_vision::BoundingBox> for BoundingBox {
    fn from(b: sightline_vision::BoundingBox) -> Self {
        Self { width: b.width, height: b.height, left: b.left, top: b.top }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Point {
    x: f32,
    y: f32,
}

impl From<sightline_vision::Point> for Point {
    fn from(p: sightline_vision::Point) -> Self {
        Self { x: p.x, y: p.y }
    }
}

/// A value with its confidence: `Smile`, `Gender` and their like.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Judged<T> {
    value: T,
    confidence: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

fn named(names: Vec<String>) -> Vec<Named> {
    names.into_iter().map(|name| Named { name }).collect()
}
