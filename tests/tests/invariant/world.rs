//! The world: what was uploaded, which events are on their way, which executions there are.

use crate::{
    machine::{Local, MACHINE, Outcome, StateError, region},
    outside::Command,
    pictures::{PICTURES, Picture},
    surroundings::Surroundings,
    tasks::Run,
};
use serde_json::{Map, Value, json};
use sightline_domain::{
    model::{
        clock::Clock,
        identity::{Upload, content_key, hex_sha256},
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
    going: Option<Local<Outcome>>,
}

/// What `EventBridge` has not delivered yet.
#[derive(Clone)]
pub enum Mail {
    /// S3's event of an upload.
    Created(Value),
    /// The status event of an execution that ended badly.
    Ended(Value),
}

pub struct World {
    pub around: Rc<Surroundings>,
    pub uploads: Vec<(Upload, &'static Picture)>,
    /// Images that somebody wants erased.
    pub unwanted: BTreeSet<String>,
    pub mail: Vec<Mail>,
    pub executions: Vec<Execution>,
    /// What runs beside executions: record-failure, reconcile, commands.
    pub jobs: Vec<Local<()>>,
}

impl World {
    pub fn new() -> Self {
        let around = Rc::new(Surroundings::new());
        Self { around, uploads: Vec::new(), unwanted: BTreeSet::new(), mail: Vec::new(), executions: Vec::new(), jobs: Vec::new() }
    }

    /// S3 takes an upload: under a plain key, under one that a client chose, or under one that names its content.
    pub fn upload(&mut self, place: usize, picture: usize, encrypted: bool) {
        let picture = &PICTURES[picture % PICTURES.len()];
        let key = match place % 4 {
            0 => "raw-uploads/holiday/a b+ü%.jpg".to_owned(),
            1 => key(),
            // As two clients name the same photo.
            2 => content_key(OWNER, &hex_sha256(&picture.bytes), "jpg").0,
            _ => content_key(OWNER, &hex_sha256(&picture.bytes), "jpeg").0,
        };
        let (objects, now) = (&self.around.objects, self.around.clock.now());
        let upload = if encrypted {
            objects.upload_encrypted(BUCKET, &key, &picture.bytes, now)
        } else {
            objects.upload(BUCKET, &key, &picture.bytes, now)
        };
        self.mail.push(Mail::Created(json!(samples::event(&upload))));
        self.uploads.push((upload, picture));
    }

    pub fn deliver(&mut self, mail: Mail) {
        match mail {
            Mail::Created(event) => self.start(event),
            Mail::Ended(event) => {
                let recording = self.around.call("${RecordFailureFunctionArn}", event);
                self.jobs.push(Box::pin(async move {
                    // Where it fails as often as Lambda tries it, the event is lost: reconcile closes the gap.
                    let _ = recording.await;
                }));
            }
        }
    }

    fn start(&mut self, event: Value) {
        let arn = self.around.engine.begin(&event);
        self.begin(arn, event);
    }

    fn begin(&mut self, arn: String, event: Value) {
        let run = Rc::new(Run::new(arn, event, self.around.clone()));
        self.executions.push(Execution { going: Some(begun(&run)), run });
    }

    /// Somebody stops an execution.
    pub fn stop(&mut self, place: usize) {
        let Some(execution) = self.executions.get_mut(place).filter(|execution| execution.going.is_some()) else { return };
        execution.going = None;
        self.ended_badly(place, "ABORTED", None);
    }

    fn ended_badly(&mut self, place: usize, status: &str, error: Option<StateError>) {
        let run = &self.executions[place].run;
        let (error, cause) = error.map(|error| (error.name, error.cause)).unzip();
        let detail = json!({"executionArn": run.arn, "status": status, "input": run.input.to_string(), "error": error, "cause": cause});
        self.mail.push(Mail::Ended(json!({"time": "2026-03-01T12:00:00Z", "detail": detail})));
        let stopped_at = Some(self.around.clock.now());
        self.around.engine.note(&run.arn, &run.input, ExecutionState::Failed { status: status.to_owned(), error, cause, stopped_at });
    }

    /// All that can go on: executions, jobs, and functions that nobody waits for.
    pub fn actors(&self) -> usize {
        self.executions.iter().filter(|execution| execution.going.is_some()).count() + self.jobs.len() + self.around.strays.borrow().len()
    }

    /// The place of the nth execution that runs.
    pub fn running(&self, nth: usize) -> Option<usize> {
        (0..self.executions.len()).filter(|place| self.executions[*place].going.is_some()).nth(nth)
    }

    /// One of the actors goes on until it lets others go first.
    pub fn go(&mut self, actor: usize) {
        self.around.clock.forward(1);
        let running = self.executions.iter().filter(|execution| execution.going.is_some()).count();
        match self.running(actor) {
            Some(place) => self.go_on(place),
            None if actor < running + self.jobs.len() => poll_one(&mut self.jobs, actor - running),
            None => {
                // Taken out, since a stray may leave strays.
                let mut strays = self.around.strays.take();
                poll_one(&mut strays, actor - running - self.jobs.len());
                self.around.strays.borrow_mut().append(&mut strays);
            }
        }
        for wish in self.around.engine.commands() {
            let place = |arn: &str| self.executions.iter().position(|execution| execution.run.arn == arn);
            match wish {
                Command::Start { arn, input } => self.begin(arn, input),
                Command::Stop(arn) => place(&arn).into_iter().for_each(|place| self.stop(place)),
                Command::Redrive(arn) => place(&arn).into_iter().for_each(|place| self.redrive(place)),
            }
        }
    }

    fn go_on(&mut self, place: usize) {
        let execution = &mut self.executions[place];
        let Some(Poll::Ready(outcome)) = execution.going.as_mut().map(poll) else { return };
        execution.going = None;
        if let Err(error) = outcome {
            self.ended_badly(place, "FAILED", Some(error));
        } else {
            let stopped_at = Some(self.around.clock.now());
            self.around.engine.note(&execution.run.arn, &execution.run.input, ExecutionState::Succeeded { stopped_at });
        }
    }

    /// The places of the executions that ended badly.
    pub fn failed(&self) -> Vec<usize> {
        let failed = |place: &usize| self.executions[*place].going.is_none() && self.executions[*place].failed(&self.around);
        (0..self.executions.len()).filter(failed).collect()
    }

    fn redrive(&mut self, place: usize) {
        if !self.failed().contains(&place) {
            return;
        }
        let execution = &mut self.executions[place];
        execution.going = Some(begun(&execution.run));
        self.around.engine.note(&execution.run.arn, &execution.run.input, ExecutionState::Running);
    }
}

impl Execution {
    pub fn is_running(&self) -> bool {
        self.going.is_some()
    }

    fn failed(&self, around: &Surroundings) -> bool {
        let facts = crate::at_once(around.engine.find(&self.run.arn)).ok().flatten();
        facts.is_some_and(|facts| matches!(facts.state, ExecutionState::Failed { .. }))
    }
}

fn begun(run: &Rc<Run>) -> Local<Outcome> {
    region(run.clone(), &MACHINE, run.input.clone(), Map::new())
}

fn poll<T>(future: &mut Local<T>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn poll_one(futures: &mut Vec<Local<()>>, place: usize) {
    if futures.get_mut(place).is_some_and(|future| poll(future).is_ready()) {
        drop(futures.remove(place));
    }
}
