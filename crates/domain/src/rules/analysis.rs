//! The interface that the rules of the four analyses share.

use crate::model::analysis::{Analysis, Question};
use serde::{Serialize, de::DeserializeOwned};

/// The rules of one analysis: its question to Rekognition, and how its findings are read from the answer.
pub trait AnalysisRules: Sync {
    /// The analysis.
    const ANALYSIS: Analysis;
    /// The part of Rekognition's answer that is used.
    type Answer: DeserializeOwned + Send;
    /// The findings: the output of the function.
    type Found: Serialize;

    /// The parameters of the Rekognition call.
    fn question(&self) -> Question;

    /// The findings in `answer` for the image `image_id`.
    fn read(&self, image_id: &str, answer: &Self::Answer) -> Self::Found;

    /// The number of findings in the answer and the number that is kept, for the log.
    fn count(answer: &Self::Answer, found: &Self::Found) -> (usize, usize);
}
