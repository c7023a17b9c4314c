//! The state of the model: uploads, undelivered events, and executions.

use crate::{
    environment::Environment,
    machine::{Local, MACHINE, Outcome, StateError, run_states},
    outside::Command,
    pictures::{PICTURES, Picture},
    tasks::Run,
};
use serde_json::{Map, Value, json};
use sightline_domain::{
    model::{
        Clock, Upload,
        identity::{content_key, hex_sha256},
    },
    ports::{ExecutionState, Executions},
};
use sightline_tests::samples::{self, BUCKET, OWNER, key};
use std::{
    collections::BTreeSet,
    rc::Rc,
    task::{Context, Poll, Waker},
};

pub struct Execution {
    pub run: Rc<Run>,
    future: Option<Local<Outcome>>,
}

/// An event that `EventBridge` has not delivered yet.
#[derive(Clone)]
pub enum PendingEvent {
    /// S3's event of an upload.
    Created(Value),
    /// The status event of a failed execution.
    Ended(Value),
}

pub struct World {
    pub environment: Rc<Environment>,
    pub uploads: Vec<(Upload, &'static Picture)>,
    /// Ids of images for which an erasure was requested.
    pub erased_ids: BTreeSet<String>,
    pub pending: Vec<PendingEvent>,
    pub executions: Vec<Execution>,
    /// Running work that is not an execution: record-failure, reconcile, commands.
    pub jobs: Vec<Local<()>>,
}

impl World {
    pub fn new() -> Self {
        let environment = Rc::new(Environment::new());
        Self {
            environment,
            uploads: Vec::new(),
            erased_ids: BTreeSet::new(),
            pending: Vec::new(),
            executions: Vec::new(),
            jobs: Vec::new(),
        }
    }

    /// Uploads a picture: to a plain key, to a key chosen by a client, or to a key derived from its content.
    pub fn upload(&mut self, place: usize, picture: usize, encrypted: bool) {
        let picture = &PICTURES[picture % PICTURES.len()];
        let key = match place % 4 {
            0 => "raw-uploads/holiday/a b+ü%.jpg".to_owned(),
            1 => key(),
            // Two clients derive the same id for the same photo, with different extensions.
            2 => content_key(OWNER, &hex_sha256(&picture.bytes), "jpg").0,
            _ => content_key(OWNER, &hex_sha256(&picture.bytes), "jpeg").0,
        };
        let (objects, now) = (&self.environment.objects, self.environment.clock.now());
        let upload = if encrypted {
            objects.upload_encrypted(BUCKET, &key, &picture.bytes, now)
        } else {
            objects.upload(BUCKET, &key, &picture.bytes, now)
        };
        self.pending.push(PendingEvent::Created(json!(samples::event(&upload))));
        self.uploads.push((upload, picture));
    }

    pub fn deliver(&mut self, pending: PendingEvent) {
        match pending {
            PendingEvent::Created(event) => self.start(event),
            PendingEvent::Ended(event) => {
                let recording = self.environment.call("${RecordFailureFunctionArn}", event);
                self.jobs.push(Box::pin(async move {
                    // If every attempt of Lambda fails, the event is lost, and reconcile records the failure.
                    let _ = recording.await;
                }));
            }
        }
    }

    fn start(&mut self, event: Value) {
        let arn = self.environment.engine.begin(&event);
        self.begin(arn, event);
    }

    fn begin(&mut self, arn: String, event: Value) {
        let run = Rc::new(Run::new(arn, event, self.environment.clone()));
        self.executions.push(Execution { future: Some(future_of(&run)), run });
    }

    /// Stops an execution.
    pub fn stop(&mut self, place: usize) {
        let Some(execution) = self.executions.get_mut(place).filter(|execution| execution.future.is_some()) else { return };
        execution.future = None;
        self.ended(place, "ABORTED", None);
    }

    fn ended(&mut self, place: usize, status: &str, error: Option<StateError>) {
        let run = &self.executions[place].run;
        let (error, cause) = error.map(|error| (error.name, error.cause)).unzip();
        let detail = json!({"executionArn": run.arn, "status": status, "input": run.input.to_string(), "error": error, "cause": cause});
        self.pending.push(PendingEvent::Ended(json!({"time": "2026-03-01T12:00:00Z", "detail": detail})));
        let stopped_at = Some(self.environment.clock.now());
        self.environment.engine.set_state(
            &run.arn,
            &run.input,
            ExecutionState::Failed { status: status.to_owned(), error, cause, stopped_at },
        );
    }

    /// The number of futures that can be polled: executions, jobs, and abandoned functions.
    pub fn actors(&self) -> usize {
        self.executions.iter().filter(|execution| execution.future.is_some()).count()
            + self.jobs.len()
            + self.environment.abandoned.borrow().len()
    }

    /// The index of the nth running execution.
    pub fn running(&self, nth: usize) -> Option<usize> {
        (0..self.executions.len()).filter(|place| self.executions[*place].future.is_some()).nth(nth)
    }

    /// Polls one of the actors once: until its next call.
    pub fn poll_actor(&mut self, actor: usize) {
        self.environment.clock.forward(1);
        let running = self.executions.iter().filter(|execution| execution.future.is_some()).count();
        match self.running(actor) {
            Some(place) => self.poll_execution(place),
            None if actor < running + self.jobs.len() => poll_one(&mut self.jobs, actor - running),
            None => {
                // Taken out, since an abandoned function can leave another one.
                let mut abandoned = self.environment.abandoned.take();
                poll_one(&mut abandoned, actor - running - self.jobs.len());
                self.environment.abandoned.borrow_mut().append(&mut abandoned);
            }
        }
        for command in self.environment.engine.commands() {
            let place = |arn: &str| self.executions.iter().position(|execution| execution.run.arn == arn);
            match command {
                Command::Start { arn, input } => self.begin(arn, input),
                Command::Stop(arn) => place(&arn).into_iter().for_each(|place| self.stop(place)),
                Command::Redrive(arn) => place(&arn).into_iter().for_each(|place| self.redrive(place)),
            }
        }
    }

    fn poll_execution(&mut self, place: usize) {
        let execution = &mut self.executions[place];
        let Some(Poll::Ready(outcome)) = execution.future.as_mut().map(poll) else { return };
        execution.future = None;
        if let Err(error) = outcome {
            self.ended(place, "FAILED", Some(error));
        } else {
            let stopped_at = Some(self.environment.clock.now());
            self.environment.engine.set_state(&execution.run.arn, &execution.run.input, ExecutionState::Succeeded { stopped_at });
        }
    }

    /// The indexes of the failed executions.
    pub fn failed(&self) -> Vec<usize> {
        let failed = |place: &usize| self.executions[*place].future.is_none() && self.executions[*place].failed(&self.environment);
        (0..self.executions.len()).filter(failed).collect()
    }

    fn redrive(&mut self, place: usize) {
        if !self.failed().contains(&place) {
            return;
        }
        let execution = &mut self.executions[place];
        execution.run.count_redrive();
        execution.future = Some(future_of(&execution.run));
        self.environment.engine.set_state(&execution.run.arn, &execution.run.input, ExecutionState::Running);
    }
}

impl Execution {
    pub fn is_running(&self) -> bool {
        self.future.is_some()
    }

    fn failed(&self, environment: &Environment) -> bool {
        let facts = crate::at_once(environment.engine.find(&self.run.arn)).ok().flatten();
        facts.is_some_and(|facts| matches!(facts.state, ExecutionState::Failed { .. }))
    }
}

fn future_of(run: &Rc<Run>) -> Local<Outcome> {
    run_states(run.clone(), &MACHINE, run.input.clone(), Map::new())
}

fn poll<T>(future: &mut Local<T>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn poll_one(futures: &mut Vec<Local<()>>, place: usize) {
    if futures.get_mut(place).is_some_and(|future| poll(future).is_ready()) {
        drop(futures.remove(place));
    }
}
