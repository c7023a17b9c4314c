//! Finds every face: age range, gender, emotions, pose, quality.
//!
//! Input `{"Image": ImageRef}`, output [`FacesFound`]. Errors: `Recognition.*`, `Storage.*`.

pub mod settings;

use serde::Deserialize;
use sightline_domain::{
    analysis::{Analysis, Question, answered_once},
    faces::{DetectFacesAnswer, FacesFound},
    image::ImageRef,
    ports::{FaceDetector, ObjectRef, ResultStore},
};
use sightline_kit::{Fault, Step};

/// The step.
pub struct AnalyzeFaces<D, R> {
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

impl<D: FaceDetector, R: ResultStore> AnalyzeFaces<D, R> {
    /// Keeps faces at or above `min_confidence` percent; whole answers are kept in the image's bucket through `results`.
    pub fn new(min_confidence: f64, detector: D, results: R) -> Self {
        Self { min_confidence, detector, results }
    }
}

impl<D: FaceDetector, R: ResultStore> Step for AnalyzeFaces<D, R> {
    const NAME: &'static str = "analyze-faces";
    type Input = Input;
    type Output = FacesFound;

    async fn run(&self, Input { image }: Input) -> Result<FacesFound, Fault> {
        let picture = ObjectRef { bucket: &image.bucket, key: &image.processed_key, version_id: None };
        let ask = self.detector.detect_faces(picture);
        let answer: DetectFacesAnswer = answered_once::<_, Fault>(&self.results, &image, Analysis::Faces, Question::FACES, ask).await?;
        let found = FacesFound::read(&image.image_id, &answer, self.min_confidence);
        tracing::info!(answered = answer.face_details.len(), stored = found.face_data.len(), "faces read");
        Ok(found)
    }
}
