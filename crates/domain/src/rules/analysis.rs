//! What the four analyses have in common.

use crate::model::analysis::{Analysis, Question};
use serde::{Serialize, de::DeserializeOwned};

/// The rules of one analysis: what it asks Rekognition, and how it reads the answer.
pub trait AnalysisRules: Sync {
    /// The analysis.
    const ANALYSIS: Analysis;
    /// The part of Rekognition's answer that is read.
    type Answer: DeserializeOwned + Send;
    /// What the state machine carries on.
    type Found: Serialize;

    /// The question to ask.
    fn question(&self) -> Question;

    /// Reads an answer about the image `image_id`.
    fn read(&self, image_id: &str, answer: &Self::Answer) -> Self::Found;

    /// Findings in the answer, and findings that are kept: for the log.
    fn count(answer: &Self::Answer, found: &Self::Found) -> (usize, usize);
}
