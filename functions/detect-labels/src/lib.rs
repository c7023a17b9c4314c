//! Finds what is in the picture, and whether a closer look at faces or text is worth its price.
//!
//! Input `{"Image": ImageRef}`, output [`LabelsFound`]. Errors: `Recognition.*`, `Storage.*`.

pub mod settings;

use serde::Deserialize;
use sightline_domain::{
    analysis::{Analysis, Question, answered_once},
    image::ImageRef,
    labels::{DetectLabelsAnswer, LabelRules, LabelsFound},
    ports::{LabelDetector, ObjectRef, ResultStore},
};
use sightline_kit::{Fault, Step};

/// The step.
pub struct DetectLabels<D, R> {
    rules: LabelRules,
    detector: D,
    results: R,
}

/// Its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    image: ImageRef,
}

impl<D: LabelDetector, R: ResultStore> DetectLabels<D, R> {
    /// By `rules`, with `detector`; whole answers are kept in the image's bucket through `results`.
    pub fn new(rules: LabelRules, detector: D, results: R) -> Self {
        Self { rules, detector, results }
    }
}

impl<D: LabelDetector, R: ResultStore> Step for DetectLabels<D, R> {
    const NAME: &'static str = "detect-labels";
    type Input = Input;
    type Output = LabelsFound;

    async fn run(&self, Input { image }: Input) -> Result<LabelsFound, Fault> {
        let picture = ObjectRef { bucket: &image.bucket, key: &image.processed_key, version_id: None };
        let ask = self.detector.detect_labels(picture);
        let answer: DetectLabelsAnswer = answered_once::<_, Fault>(&self.results, &image, Analysis::Labels, Question::LABELS, ask).await?;
        let found = self.rules.read(&image.image_id, &answer);
        tracing::info!(
            answered = answer.labels.len(),
            stored = found.labels.len(),
            person = found.person.found,
            text = found.text.found,
            watched = found.watched.len(),
            "labels read"
        );
        Ok(found)
    }
}
