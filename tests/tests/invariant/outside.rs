//! What lies outside of our tables and buckets: Rekognition, the alerts topic, and Step Functions' tokens and histories.

use crate::{ledger::Ledger, pictures};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sightline_domain::{
    alert::{AlertMessage, Attribute},
    analysis::Analysis,
    erase::ports::{ExecutionStop, Stopped},
    error::{AlertError, RecognitionError, StorageError},
    layout,
    ports::{
        AlertPublisher, ExecutionHistory, FaceDetector, FailureCause, LabelDetector, ModerationDetector, ObjectRef, ReviewCallback,
        StoredResult, TextDetector, Told,
    },
    reconcile::{ExecutionFacts, ExecutionState, Executions},
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

/// Step Functions, seen from outside: how executions stand, who starts, stops and redrives them, and who waits for what.
#[derive(Clone, Default)]
pub struct Engine {
    pub tokens: Tokens,
    known: Arc<Mutex<BTreeMap<String, Known>>>,
    wishes: Arc<Mutex<Vec<Wish>>>,
}

struct Known {
    facts: ExecutionFacts,
    redriven: bool,
}

/// What somebody asks the engine for.
#[derive(Debug, Clone)]
pub enum Wish {
    Start { arn: String, input: Value },
    Stop(String),
    Redrive(String),
}

impl Engine {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An execution stands so from now on.
    pub fn note(&self, arn: &str, input: &Value, state: ExecutionState) {
        let mut known = self.known();
        let redriven = state == ExecutionState::Running && known.contains_key(arn);
        let facts = ExecutionFacts { state, input: Some(input.to_string()) };
        known.insert(arn.to_owned(), Known { facts, redriven });
    }

    /// Takes what was asked for since.
    pub fn wishes(&self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn wish(&self, wish: Wish) {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).push(wish);
    }

    /// The ARN of the execution that is started next.
    pub fn begin(&self, input: &Value) -> String {
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:{}", self.known().len() + 1);
        self.note(&arn, input, ExecutionState::Running);
        arn
    }

    pub fn is_running(&self, arn: &str) -> bool {
        self.known().get(arn).is_some_and(|known| known.facts.state == ExecutionState::Running)
    }
}

impl Executions for Engine {
    async fn look(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.known().get(execution_arn).map(|known| known.facts.clone()))
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        let input = serde_json::from_str(input).unwrap();
        let arn = self.begin(&input);
        self.wish(Wish::Start { arn: arn.clone(), input });
        Ok(arn)
    }
}

impl ExecutionStop for Engine {
    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        if !self.is_running(execution_arn) {
            return Ok(Stopped::NotRunning);
        }
        self.wish(Wish::Stop(execution_arn.to_owned()));
        Ok(Stopped::Stopped)
    }
}

impl ExecutionHistory for Engine {
    async fn failure_cause(&self, _: &str) -> Result<Option<FailureCause>, StorageError> {
        // As on the local engine, where the status event tells.
        Ok(None)
    }

    async fn goes_on(&self, execution_arn: &str) -> Result<bool, StorageError> {
        let gone_on = |known: &Known| known.redriven || matches!(known.facts.state, ExecutionState::Succeeded { .. });
        Ok(self.known().get(execution_arn).is_some_and(gone_on))
    }
}

impl ReviewCallback for Engine {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        self.tokens.tell(task_token, outcome).await
    }
}
