//! Bounding boxes and points, as fractions of the image.

use image::RgbImage;
use serde::Serialize;

/// A rectangle; all four are fractions of the image's width or height, within 0–1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BoundingBox {
    /// The left edge.
    pub left: f32,
    /// The top edge.
    pub top: f32,
    /// The width.
    pub width: f32,
    /// The height.
    pub height: f32,
}

/// A point; both are fractions of the image's width or height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Point {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

impl BoundingBox {
    /// A box from its edges, clipped to the image.
    pub(crate) fn within_image(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let (left, top) = (left.clamp(0., 1.), top.clamp(0., 1.));
        Self { left, top, width: right.clamp(left, 1.) - left, height: bottom.clamp(top, 1.) - top }
    }

    /// The axis-aligned box around points.
    pub(crate) fn around(points: &[Point]) -> Self {
        let edge = |value: fn(&Point) -> f32, select: fn(f32, f32) -> f32| points.iter().map(value).reduce(select).unwrap_or(0.);
        Self::within_image(edge(|p| p.x, f32::min), edge(|p| p.y, f32::min), edge(|p| p.x, f32::max), edge(|p| p.y, f32::max))
    }

    /// The fraction of the image that it covers.
    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }

    fn intersection(&self, other: &Self) -> f32 {
        let width = (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let height = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        width.max(0.) * height.max(0.)
    }

    /// Intersection over union, 0–1.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let both = self.intersection(other);
        ratio(both, self.area() + other.area() - both)
    }

    /// Intersection over the smaller box, 0–1.
    pub(crate) fn nesting(&self, other: &Self) -> f32 {
        ratio(self.intersection(other), self.area().min(other.area()))
    }
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0. { part / whole } else { 0. }
}

/// Non-maximum suppression: of detections that overlap by more than `max_overlap`, keeps the one with the highest score. Returns at most
/// `limit` detections, highest score first. `view` returns score and box.
pub(crate) fn suppress<T>(mut detections: Vec<T>, max_overlap: f32, limit: usize, view: impl Fn(&T) -> (f32, BoundingBox)) -> Vec<T> {
    detections.sort_by(|a, b| view(b).0.total_cmp(&view(a).0));
    let mut kept: Vec<T> = Vec::new();
    for detection in detections {
        let area = view(&detection).1;
        if kept.len() < limit && kept.iter().all(|other| view(other).1.overlap(&area) <= max_overlap) {
            kept.push(detection);
        }
    }
    kept
}

/// Width and height of an image in pixels.
pub(crate) fn dimensions(image: &RgbImage) -> (f32, f32) {
    (as_f32(image.width() as usize), as_f32(image.height() as usize))
}

/// Converts a count; exact up to 2²⁴.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn as_f32(count: usize) -> f32 {
    count as f32
}
