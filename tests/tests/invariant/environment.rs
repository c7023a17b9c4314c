//! What executions share: tables, bucket, Rekognition, alerts; and the real functions over them.

use crate::{
    effects::Effects,
    machine::{Local, Outcome, StateError},
    outside::{Engine, Rekognition, Topic},
};
use inspect_image::step::InspectImage;
use record_failure::RecordFailure;
use record_rejection::RecordRejection;
use request_review::RequestReview;
use send_alert::SendAlert;
use serde_json::{Value, json};
use sightline_domain::{
    model::{Clock, EpochMillis},
    rules::moderation::Policy,
};
use sightline_kit::{AnalysisStep, Step, settings::from};
use sightline_tests::{
    failing::{Failing, Plan},
    objects::MemoryObjects,
    samples::UPLOADED,
    tables::MemoryTables,
};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
};
use store_record::StoreRecord;

/// The time until a review expires.
pub const REVIEW_SECONDS: u32 = 4 * 3_600;

/// The timeout of a function.
const FUNCTION_MILLIS: EpochMillis = 60_000;

/// A clock that only [`ManualClock::forward`] moves.
#[derive(Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub fn forward(&self, millis: EpochMillis) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> EpochMillis {
        self.0.load(Ordering::Relaxed)
    }
}

pub struct Environment {
    pub clock: ManualClock,
    pub tables: MemoryTables,
    pub objects: MemoryObjects,
    pub engine: Engine,
    pub effects: Effects,
    pub plan: Plan,
    /// Functions that still run although no execution waits for them.
    pub abandoned: RefCell<Vec<Local<()>>>,
    /// Whether one of those can write copies after the copies of another attempt were moved. Such copies stay, unused.
    pub late_copies: Cell<bool>,
}

impl Environment {
    pub fn new() -> Self {
        let objects = MemoryObjects::default();
        Self {
            clock: ManualClock(Arc::new(AtomicI64::new(UPLOADED))),
            tables: MemoryTables::default(),
            effects: Effects::of(&objects),
            objects,
            engine: Engine::default(),
            plan: Plan::pausing(),
            abandoned: RefCell::default(),
            late_copies: Cell::new(false),
        }
    }

    pub fn failing_tables(&self) -> Failing<MemoryTables> {
        Failing::by(self.tables.clone(), &self.plan)
    }

    pub fn failing_objects(&self) -> Failing<MemoryObjects> {
        Failing::by(self.objects.clone(), &self.plan)
    }

    pub fn failing_engine(&self) -> Failing<Engine> {
        Failing::by(self.engine.clone(), &self.plan)
    }

    /// Invokes a function by the placeholder of its ARN.
    pub fn call(&self, function: &str, payload: Value) -> Local<Outcome> {
        let (records, objects, clock) = (self.failing_tables(), self.failing_objects(), self.clock.clone());
        let rekognition = Rekognition { objects: self.objects.clone(), effects: self.effects.clone(), plan: self.plan.clone() };
        match function {
            "${InspectImageFunctionArn}" => {
                self.invoke(InspectImage::new(setting(inspect_image::step::Settings::read), records, objects, clock), payload)
            }
            "${RecordRejectionFunctionArn}" => self.invoke(RecordRejection::new(0, records, objects, clock), payload),
            "${RecordFailureFunctionArn}" => self.invoke(RecordFailure::new(0, records, objects, self.failing_engine(), clock), payload),
            "${DetectLabelsFunctionArn}" => self.invoke(AnalysisStep::new(setting(detect_labels::rules), rekognition, objects), payload),
            "${AnalyzeFacesFunctionArn}" => self.invoke(AnalysisStep::new(setting(analyze_faces::rules), rekognition, objects), payload),
            "${DetectTextFunctionArn}" => self.invoke(AnalysisStep::new(setting(detect_text::rules), rekognition, objects), payload),
            "${ModerateImageFunctionArn}" => {
                let policy = json!([
                    {"category": "Suggestive", "minConfidence": 60, "action": "REVIEW"},
                    {"category": "Violence", "minConfidence": 60, "action": "BLOCK"},
                ]);
                let policy: Policy = serde_json::from_value(policy).unwrap();
                self.invoke(AnalysisStep::new(policy, rekognition, objects), payload)
            }
            "${SendAlertFunctionArn}" => {
                self.invoke(SendAlert::new(Failing::by(Topic(self.effects.clone()), &self.plan), objects, clock), payload)
            }
            "${RequestReviewFunctionArn}" => {
                self.invoke(RequestReview::new(REVIEW_SECONDS, records, self.failing_engine(), clock), payload)
            }
            "${StoreRecordFunctionArn}" => self.invoke(StoreRecord::new(0, records, objects, clock), payload),
            other => panic!("the function {other} is not supported here"),
        }
    }

    /// Runs a function until its timeout.
    fn invoke<S: Step + 'static>(&self, step: S, payload: Value) -> Local<Outcome> {
        let (effects, clock, since, mut id) = (self.effects.clone(), self.clock.clone(), self.clock.now(), None);
        let mut work = Box::pin(async move {
            let input = serde_json::from_value(payload).map_err(|error| StateError::new("Input.Invalid", &error.to_string()))?;
            let output = step.run(input).await.map_err(|fault| StateError::new(fault.name(), fault.message()))?;
            Ok(serde_json::to_value(output).unwrap())
        });
        Box::pin(poll_fn(move |context| {
            let id = *id.get_or_insert_with(|| effects.begin());
            if clock.now() - since > FUNCTION_MILLIS {
                return Poll::Ready(Err(StateError::new("Function.DeadlineExceeded", "the function ran out of time")));
            }
            effects.resume(id);
            let polled = work.as_mut().poll(context);
            if matches!(polled, Poll::Ready(Ok(_))) {
                effects.succeeded(id);
            }
            polled
        }))
    }
}

/// The default settings of a function.
fn setting<T>(read: fn(&mut sightline_kit::settings::Reader<'_>) -> T) -> T {
    from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), read).unwrap()
}
