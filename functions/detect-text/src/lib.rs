//! Finds lines of text.
//!
//! Input `{"Image": ImageRef}`, output [`TextFound`]. Errors: `Recognition.*`, `Storage.*`.

pub mod settings;

use serde::Deserialize;
use sightline_domain::{
    analysis::{Analysis, Question, answered_once},
    image::ImageRef,
    ports::{ObjectRef, ResultStore, TextDetector},
    text::{DetectTextAnswer, TextFound},
};
use sightline_kit::{Fault, Step};

/// The step.
pub struct DetectText<D, R> {
    min_confidence: f64,
    detector: D,
    results: R,
}

/// Its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    image: ImageRef,
}

impl<D: TextDetector, R: ResultStore> DetectText<D, R> {
    /// Keeps lines at or above `min_confidence` percent; whole answers are kept in the image's bucket through `results`.
    pub fn new(min_confidence: f64, detector: D, results: R) -> Self {
        Self { min_confidence, detector, results }
    }
}

impl<D: TextDetector, R: ResultStore> Step for DetectText<D, R> {
    const NAME: &'static str = "detect-text";
    type Input = Input;
    type Output = TextFound;

    async fn run(&self, Input { image }: Input) -> Result<TextFound, Fault> {
        let picture = ObjectRef { bucket: &image.bucket, key: &image.processed_key, version_id: None };
        let ask = self.detector.detect_text(picture);
        let answer: DetectTextAnswer = answered_once::<_, Fault>(&self.results, &image, Analysis::Text, Question::TEXT, ask).await?;
        let found = TextFound::read(&image.image_id, &answer, self.min_confidence);
        tracing::info!(answered = answer.text_detections.len(), stored = found.text_lines.len(), "text read");
        Ok(found)
    }
}
