//! An analyzer that returns prepared answers and records its calls.

use sightline_domain::{
    model::{Analysis, ObjectRef, Question, RecognitionError},
    ports::ImageAnalyzer,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// A call of Rekognition.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The Rekognition operation.
    pub operation: &'static str,
    /// Key of the image.
    pub key: String,
    /// Percent, if the question has one.
    pub min_confidence: Option<f64>,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<Vec<u8>, RecognitionError>>,
    calls: Vec<Call>,
}

/// The analyzer.
#[derive(Clone, Default)]
pub struct ScriptedAnalyzer(Arc<Mutex<Script>>);

impl ScriptedAnalyzer {
    /// Answers the next call with `json`.
    #[must_use]
    pub fn answering(self, json: impl Into<Vec<u8>>) -> Self {
        self.push(Ok(json.into()));
        self
    }

    /// Fails the next call.
    #[must_use]
    pub fn failing(self, error: RecognitionError) -> Self {
        self.push(Err(error));
        self
    }

    fn push(&self, answer: Result<Vec<u8>, RecognitionError>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.push_back(answer);
    }

    /// All calls so far; Rekognition bills each.
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }
}

impl ImageAnalyzer for ScriptedAnalyzer {
    async fn analyze(&self, analysis: Analysis, question: &Question, image: ObjectRef<'_>) -> Result<Vec<u8>, RecognitionError> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = analysis.operation();
        script.calls.push(Call { operation, key: image.key.to_owned(), min_confidence: question.min_confidence });
        let unasked = || Err(RecognitionError::Misconfigured { operation, source: "the script has no answer left".into() });
        script.answers.pop_front().unwrap_or_else(unasked)
    }
}
