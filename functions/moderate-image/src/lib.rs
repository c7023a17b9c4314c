//! Judges the picture by the moderation policy.
//!
//! Input `{"Image": ImageRef}`, output [`Moderated`]. Errors: `Recognition.*`, `Storage.*`. It fails closed: no answer, no verdict.

pub mod settings;

use serde::Deserialize;
use sightline_domain::{
    alert::verdict_name,
    analysis::{Analysis, Question, answered_once},
    image::ImageRef,
    moderation::{DetectModerationLabelsAnswer, Moderated, Policy},
    ports::{ModerationDetector, ObjectRef, ResultStore},
};
use sightline_kit::{Fault, Step};

/// The step.
pub struct ModerateImage<D, R> {
    policy: Policy,
    detector: D,
    results: R,
}

/// Its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    image: ImageRef,
}

impl<D: ModerationDetector, R: ResultStore> ModerateImage<D, R> {
    /// By `policy`; whole answers are kept in the image's bucket through `results`.
    pub fn new(policy: Policy, detector: D, results: R) -> Self {
        Self { policy, detector, results }
    }
}

impl<D: ModerationDetector, R: ResultStore> Step for ModerateImage<D, R> {
    const NAME: &'static str = "moderate-image";
    type Input = Input;
    type Output = Moderated;

    async fn run(&self, Input { image }: Input) -> Result<Moderated, Fault> {
        let picture = ObjectRef { bucket: &image.bucket, key: &image.processed_key, version_id: None };
        let min_confidence = self.policy.request_min_confidence();
        let (question, ask) = (Question::moderation(min_confidence), self.detector.detect_moderation_labels(picture, min_confidence));
        let answer: DetectModerationLabelsAnswer =
            answered_once::<_, Fault>(&self.results, &image, Analysis::Moderation, question, ask).await?;
        let moderated = self.policy.judge(&image.image_id, &answer);
        tracing::info!(
            answered = answer.moderation_labels.len(),
            flags = moderated.moderation_flags.len(),
            verdict = verdict_name(moderated.verdict),
            "image judged"
        );
        Ok(moderated)
    }
}
