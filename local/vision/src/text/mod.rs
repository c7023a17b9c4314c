//! Printed and written text.

mod detect;
mod find;
mod read;
mod region;
mod words;

use serde::Serialize;

use crate::{BoundingBox, Point};

pub(crate) use find::TextModels;

/// One line of text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// As read.
    pub text: String,
    /// 0–100.
    pub confidence: f32,
    /// The upright rectangle around the polygon.
    pub bounding_box: BoundingBox,
    /// Clockwise from the text's own top left.
    pub polygon: [Point; 4],
    /// The line's words, in order.
    pub words: Vec<Word>,
}

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Word {
    /// As read, without spaces.
    pub text: String,
    /// 0–100.
    pub confidence: f32,
    /// The upright rectangle around the polygon.
    pub bounding_box: BoundingBox,
    /// Clockwise from the word's own top left.
    pub polygon: [Point; 4],
}
