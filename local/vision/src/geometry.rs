//! Places in an image, as fractions of its width and height.

use serde::Serialize;

/// A rectangle; all four are fractions of the image's width or height, within 0–1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
pub struct Point {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

impl BoundingBox {
    /// A box from its edges; what lies outside the image is cut off.
    pub(crate) fn within_image(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let (left, top) = (left.clamp(0., 1.), top.clamp(0., 1.));
        Self { left, top, width: right.clamp(left, 1.) - left, height: bottom.clamp(top, 1.) - top }
    }

    /// The upright box around points.
    pub(crate) fn around(points: &[Point]) -> Self {
        let edge = |value: fn(&Point) -> f32, better: fn(f32, f32) -> f32| points.iter().map(value).reduce(better).unwrap_or(0.);
        Self::within_image(edge(|p| p.x, f32::min), edge(|p| p.y, f32::min), edge(|p| p.x, f32::max), edge(|p| p.y, f32::max))
    }

    /// The share of the image that it covers, 0–1.
    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The area that belongs to both.
    fn shared(&self, other: &Self) -> f32 {
        let width = (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let height = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        width.max(0.) * height.max(0.)
    }

    /// The share of both boxes together that belongs to both, 0–1.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let both = self.shared(other);
        share(both, self.area() + other.area() - both)
    }

    /// The share of the smaller box that belongs to both, 0–1.
    pub(crate) fn nesting(&self, other: &Self) -> f32 {
        share(self.shared(other), self.area().min(other.area()))
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0. { part / whole } else { 0. }
}

/// Keeps the surest of things that overlap by more than `same`, the surest first, at most `most`.
pub(crate) fn suppress<T>(mut things: Vec<T>, same: f32, most: usize, view: impl Fn(&T) -> (f32, BoundingBox)) -> Vec<T> {
    things.sort_by(|a, b| view(b).0.total_cmp(&view(a).0));
    let mut kept: Vec<T> = Vec::new();
    for thing in things {
        let place = view(&thing).1;
        if kept.len() < most && kept.iter().all(|other| view(other).1.overlap(&place) <= same) {
            kept.push(thing);
        }
    }
    kept
}

/// A count as a number to reckon with; exact up to 2²⁴.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn as_f32(count: usize) -> f32 {
    count as f32
}
