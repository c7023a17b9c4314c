//! A detector for all four analyses that gives the answers it was given, and counts what it was asked.

use sightline_domain::{
    error::RecognitionError,
    ports::{FaceDetector, LabelDetector, ModerationDetector, ObjectRef, StoredResult, TextDetector},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// What was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The Rekognition operation.
    pub operation: &'static str,
    /// Key of the picture.
    pub key: String,
    /// Percent, where the question has one.
    pub min_confidence: Option<f64>,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<StoredResult, RecognitionError>>,
    calls: Vec<Call>,
}

/// The detector.
#[derive(Clone, Default)]
pub struct ScriptedDetector(Arc<Mutex<Script>>);

impl ScriptedDetector {
    /// Answers the next question with `json`.
    #[must_use]
    pub fn answering(self, json: impl Into<Vec<u8>>) -> Self {
        self.push(Ok(json.into()));
        self
    }

    /// Fails the next question.
    #[must_use]
    pub fn failing(self, error: RecognitionError) -> Self {
        self.push(Err(error));
        self
    }

    fn push(&self, answer: Result<StoredResult, RecognitionError>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.push_back(answer);
    }

    /// All questions so far: each would have been paid for.
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    fn answer(
        &self,
        operation: &'static str,
        image: &ObjectRef<'_>,
        min_confidence: Option<f64>,
    ) -> Result<StoredResult, RecognitionError> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        script.calls.push(Call { operation, key: image.key.to_owned(), min_confidence });
        let unasked = || Err(RecognitionError::Misconfigured { operation, source: "the script has no answer left".into() });
        script.answers.pop_front().unwrap_or_else(unasked)
    }
}

impl LabelDetector for ScriptedDetector {
    async fn detect_labels(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("DetectLabels", &image, None)
    }
}

impl FaceDetector for ScriptedDetector {
    async fn detect_faces(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("DetectFaces", &image, None)
    }
}

impl TextDetector for ScriptedDetector {
    async fn detect_text(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("DetectText", &image, None)
    }
}

impl ModerationDetector for ScriptedDetector {
    async fn detect_moderation_labels(&self, image: ObjectRef<'_>, min_confidence: f64) -> Result<StoredResult, RecognitionError> {
        self.answer("DetectModerationLabels", &image, Some(min_confidence))
    }
}
