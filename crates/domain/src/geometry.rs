//! Places in an image, as fractions of its upright width and height.

use serde::{Deserialize, Serialize};

/// A box. All values 0–1; parts outside the image may go beyond, as in Rekognition's answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BoundingBox {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl BoundingBox {
    /// Area as a fraction of the image's.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// The same box with four decimals, which is a tenth of a pixel in our copies: shorter in state and records.
    #[must_use]
    pub fn rounded(&self) -> Self {
        let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
        Self { left: round(self.left), top: round(self.top), width: round(self.width), height: round(self.height) }
    }
}

/// A confidence in percent with two decimals.
pub fn percent(confidence: f64) -> f64 {
    (confidence * 100.0).round() / 100.0
}
