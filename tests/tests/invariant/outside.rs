//! What lies outside of our tables and buckets: Rekognition, the alerts topic, and Step Functions' tokens and histories.

use crate::{ledger::Ledger, pictures};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sightline_domain::{
    alert::{AlertMessage, Attribute},
    analysis::Analysis,
    error::{AlertError, RecognitionError, StorageError},
    layout,
    ports::{
        AlertPublisher, ExecutionHistory, FaceDetector, FailureCause, LabelDetector, ModerationDetector, ObjectRef, ReviewCallback,
        StoredResult, TextDetector, Told,
    },
    review::ReviewOutcome,
};
use sightline_tests::{
    failing::{Plan, Trouble},
    objects::MemoryObjects,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Rekognition: every answer is entered in the books.
#[derive(Clone)]
pub struct Rekognition {
    pub objects: MemoryObjects,
    pub ledger: Ledger,
    pub plan: Plan,
}

impl Rekognition {
    async fn answer(
        &self,
        method: &'static str,
        analysis: Analysis,
        trouble: fn(Trouble) -> RecognitionError,
        image: ObjectRef<'_>,
    ) -> Result<StoredResult, RecognitionError> {
        let answered = async {
            // What is gone from the bucket is Rekognition's InvalidS3ObjectException: nothing is paid.
            let Some(copy) = self.objects.current(image.key) else { return Err(trouble(Trouble::Lasting)) };
            let answer = pictures::answer(&copy.bytes, analysis);
            let answer = answer.ok_or_else(|| RecognitionError::Refused { operation: analysis.operation(), source: "it does".into() })?;
            let image_id = image.key.split('/').nth(1).unwrap();
            self.ledger.done(layout::result(image_id, analysis));
            Ok(answer.to_string().into_bytes())
        };
        self.plan.call(method, trouble, answered).await
    }
}

fn trouble(operation: &'static str, trouble: Trouble) -> RecognitionError {
    match trouble {
        Trouble::Passing => RecognitionError::Throttled { operation, source: "injected".into() },
        Trouble::Lasting => RecognitionError::Misconfigured { operation, source: "injected".into() },
    }
}

impl LabelDetector for Rekognition {
    async fn detect_labels(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("detect_labels", Analysis::Labels, |kind| trouble("DetectLabels", kind), image).await
    }
}

impl FaceDetector for Rekognition {
    async fn detect_faces(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("detect_faces", Analysis::Faces, |kind| trouble("DetectFaces", kind), image).await
    }
}

impl TextDetector for Rekognition {
    async fn detect_text(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        self.answer("detect_text", Analysis::Text, |kind| trouble("DetectText", kind), image).await
    }
}

impl ModerationDetector for Rekognition {
    async fn detect_moderation_labels(&self, image: ObjectRef<'_>, _: f64) -> Result<StoredResult, RecognitionError> {
        self.answer("detect_moderation_labels", Analysis::Moderation, |kind| trouble("DetectModerationLabels", kind), image).await
    }
}

/// The alerts topic: every message is entered in the books.
#[derive(Clone)]
pub struct Topic(pub Ledger);

impl AlertPublisher for Topic {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        let attribute = |name| match message.attributes.iter().find(|(known, _)| *known == name) {
            Some((_, Attribute::Text(text))) => text.as_str(),
            _ => panic!("the message has no {name}"),
        };
        self.0.done(layout::alert_receipt(attribute("ImageID"), attribute("Kind")));
        Ok("message".to_owned())
    }
}

/// Task tokens: valid until their task is over; the first answer counts.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<String, Option<Value>>>>, Arc<Mutex<usize>>);

impl Tokens {
    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Option<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn issue(&self) -> String {
        let mut count = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        let token = format!("token-{count}");
        self.open().insert(token.clone(), None);
        token
    }

    pub fn told(&self, token: &str) -> Option<Value> {
        self.open().get(token).cloned().flatten()
    }

    pub fn close(&self, token: &str) {
        self.open().remove(token);
    }
}

impl ReviewCallback for Tokens {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        let mut open = self.open();
        match open.get_mut(task_token.expose_secret()) {
            Some(answer @ None) => {
                *answer = Some(json!(outcome));
                Ok(Told::Yes)
            }
            Some(Some(_)) | None => Ok(Told::NotWaiting),
        }
    }
}

/// Why executions failed.
#[derive(Clone, Default)]
pub struct Histories(Arc<Mutex<BTreeMap<String, FailureCause>>>);

impl Histories {
    pub fn note(&self, execution_arn: &str, cause: FailureCause) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(execution_arn.to_owned(), cause);
    }
}

impl ExecutionHistory for Histories {
    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(execution_arn).cloned())
    }
}
