//! Reads the lines of text from an answer of `DetectText`.

use crate::model::{
    analysis::{Analysis, Outcome, Question},
    findings::{TextFound, TextLine},
    image::{BoundingBox, round_percent},
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;

/// The answer of `DetectText`: the parts that are used.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectTextAnswer {
    /// Lines and words.
    pub text_detections: Vec<TextDetection>,
}

/// A line or word in Rekognition's format.
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

/// The settings for reading text.
#[derive(Debug, Clone, Copy)]
pub struct TextRules {
    /// Minimum confidence of a stored line, percent.
    pub min_confidence: f64,
}

impl AnalysisRules for TextRules {
    const ANALYSIS: Analysis = Analysis::Text;
    type Answer = DetectTextAnswer;
    type Found = TextFound;

    fn question(&self) -> Question {
        Question::TEXT
    }

    fn read(&self, image_id: &str, answer: &DetectTextAnswer) -> TextFound {
        let lines = answer.text_detections.iter().filter(|detection| detection.r#type == "LINE");
        let text_lines = lines
            .filter(|line| line.confidence >= self.min_confidence)
            .map(|line| TextLine {
                text: line.detected_text.clone(),
                confidence: round_percent(line.confidence),
                r#box: line.geometry.bounding_box.rounded(),
            })
            .collect();
        TextFound { outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Text) }, text_lines }
    }

    fn count(answer: &DetectTextAnswer, found: &TextFound) -> (usize, usize) {
        (answer.text_detections.len(), found.text_lines.len())
    }
}
