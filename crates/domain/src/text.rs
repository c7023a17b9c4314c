//! Text: what Rekognition's `DetectText` answers, and what we keep of it.

use crate::{
    analysis::{Analysis, Outcome},
    geometry::{BoundingBox, percent},
    layout,
};
use serde::{Deserialize, Serialize};

/// The answer of `DetectText`, as far as we read it.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectTextAnswer {
    /// Lines and words.
    pub text_detections: Vec<TextDetection>,
}

/// A line or word as Rekognition reports it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextDetection {
    detected_text: String,
    r#type: String,
    #[serde(default)]
    confidence: f64,
    geometry: Geometry,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Geometry {
    bounding_box: BoundingBox,
}

/// A line of text of a record. It has no `Debug`, since found text stays out of logs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Percent.
    pub confidence: f64,
    /// Where.
    pub r#box: BoundingBox,
}

/// What the state machine carries of the text, found or skipped.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextFound {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The lines, in reading order.
    #[serde(default)]
    pub text_lines: Vec<TextLine>,
}

impl TextFound {
    /// Reads an answer, keeping lines at or above `min_confidence` percent.
    pub fn read(image_id: &str, answer: &DetectTextAnswer, min_confidence: f64) -> Self {
        let text_lines = answer
            .text_detections
            .iter()
            .filter(|detection| detection.r#type == "LINE" && detection.confidence >= min_confidence)
            .map(|detection| TextLine {
                text: detection.detected_text.clone(),
                confidence: percent(detection.confidence),
                r#box: detection.geometry.bounding_box.rounded(),
            })
            .collect();
        Self { outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Text) }, text_lines }
    }
}
