//! The services besides tables and buckets: Rekognition, the alerts topic, and Step Functions.

use crate::{effects::Effects, pictures};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sightline_domain::{
    model::{AlertError, Analysis, ObjectRef, Question, RecognitionError, ReviewOutcome, StorageError, layout},
    ports::{Alerts, ExecutionFacts, ExecutionState, Executions, FailureCause, ImageAnalyzer, Notified, Stopped},
    rules::alert::{AlertMessage, Attribute},
};
use sightline_tests::{
    failing::{FailureKind, Plan},
    objects::MemoryObjects,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Rekognition; every answer is a recorded effect.
#[derive(Clone)]
pub struct Rekognition {
    pub objects: MemoryObjects,
    pub effects: Effects,
    pub plan: Plan,
}

impl Rekognition {
    async fn answer(
        &self,
        method: &'static str,
        analysis: Analysis,
        failure: fn(FailureKind) -> RecognitionError,
        image: ObjectRef<'_>,
    ) -> Result<Vec<u8>, RecognitionError> {
        let answered = async {
            // Rekognition answers InvalidS3ObjectException for a missing object, which is not paid.
            let Some(copy) = self.objects.current(image.key) else { return Err(failure(FailureKind::Permanent)) };
            let answer = pictures::answer(&copy.bytes, analysis);
            let answer = answer.ok_or_else(|| RecognitionError::Refused { operation: analysis.operation(), source: "it does".into() })?;
            let image_id = image.key.split('/').nth(1).unwrap();
            self.effects.record(layout::result(image_id, analysis));
            Ok(answer.to_string().into_bytes())
        };
        self.plan.call(method, failure, answered).await
    }
}

fn failure(operation: &'static str, kind: FailureKind) -> RecognitionError {
    match kind {
        FailureKind::Transient => RecognitionError::Throttled { operation, source: "injected".into() },
        FailureKind::Permanent => RecognitionError::Misconfigured { operation, source: "injected".into() },
    }
}

impl ImageAnalyzer for Rekognition {
    async fn analyze(&self, analysis: Analysis, _: &Question, image: ObjectRef<'_>) -> Result<Vec<u8>, RecognitionError> {
        match analysis {
            Analysis::Labels => self.answer("detect_labels", analysis, |kind| failure("DetectLabels", kind), image).await,
            Analysis::Faces => self.answer("detect_faces", analysis, |kind| failure("DetectFaces", kind), image).await,
            Analysis::Text => self.answer("detect_text", analysis, |kind| failure("DetectText", kind), image).await,
            Analysis::Moderation => {
                self.answer("detect_moderation_labels", analysis, |kind| failure("DetectModerationLabels", kind), image).await
            }
        }
    }
}

/// The alerts topic; every message is a recorded effect.
#[derive(Clone)]
pub struct Topic(pub Effects);

impl Alerts for Topic {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        let attribute = |name| match message.attributes.iter().find(|(known, _)| *known == name) {
            Some((_, Attribute::Text(text))) => text.as_str(),
            _ => panic!("the message has no {name}"),
        };
        self.0.record(layout::alert_receipt(attribute("ImageID"), attribute("Kind")));
        Ok("message".to_owned())
    }
}

/// Task tokens: valid until the end of their task; the first answer counts.
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

    pub fn answer(&self, token: &str) -> Option<Value> {
        self.open().get(token).cloned().flatten()
    }

    pub fn close(&self, token: &str) {
        self.open().remove(token);
    }

    /// Answers a token; only the first answer of an open token is accepted.
    fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Notified {
        let mut open = self.open();
        match open.get_mut(task_token.expose_secret()) {
            Some(answer @ None) => {
                *answer = Some(json!(outcome));
                Notified::Yes
            }
            Some(Some(_)) | None => Notified::NotWaiting,
        }
    }
}

/// Step Functions as its clients see it: the states of executions, the commands to them, and the task tokens.
#[derive(Clone, Default)]
pub struct Engine {
    pub tokens: Tokens,
    known: Arc<Mutex<BTreeMap<String, Known>>>,
    commands: Arc<Mutex<Vec<Command>>>,
}

struct Known {
    facts: ExecutionFacts,
    redriven: bool,
}

/// A command of a client to Step Functions.
#[derive(Debug, Clone)]
pub enum Command {
    Start { arn: String, input: Value },
    Stop(String),
    Redrive(String),
}

impl Engine {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the state of an execution.
    pub fn set_state(&self, arn: &str, input: &Value, state: ExecutionState) {
        let mut known = self.known();
        let redriven = state == ExecutionState::Running && known.contains_key(arn);
        let facts = ExecutionFacts { state, input: Some(input.to_string()) };
        known.insert(arn.to_owned(), Known { facts, redriven });
    }

    /// Takes the commands since the last call.
    pub fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn command(&self, command: Command) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command);
    }

    /// The ARN of the execution that is started next.
    pub fn begin(&self, input: &Value) -> String {
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:{}", self.known().len() + 1);
        self.set_state(&arn, input, ExecutionState::Running);
        arn
    }

    pub fn is_running(&self, arn: &str) -> bool {
        self.known().get(arn).is_some_and(|known| known.facts.state == ExecutionState::Running)
    }
}

impl Executions for Engine {
    async fn find(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.known().get(execution_arn).map(|known| known.facts.clone()))
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        let input = serde_json::from_str(input).unwrap();
        let arn = self.begin(&input);
        self.command(Command::Start { arn: arn.clone(), input });
        Ok(arn)
    }

    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        if !self.is_running(execution_arn) {
            return Ok(Stopped::NotRunning);
        }
        self.command(Command::Stop(execution_arn.to_owned()));
        Ok(Stopped::Stopped)
    }

    async fn failure_cause(&self, _: &str) -> Result<Option<FailureCause>, StorageError> {
        // As on the local engine; the status event has the cause.
        Ok(None)
    }

    async fn was_redriven(&self, execution_arn: &str) -> Result<bool, StorageError> {
        let redriven = |known: &Known| known.redriven || matches!(known.facts.state, ExecutionState::Succeeded { .. });
        Ok(self.known().get(execution_arn).is_some_and(redriven))
    }

    async fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Notified, StorageError> {
        Ok(self.tokens.notify(task_token, outcome))
    }
}
