//! The world: what was uploaded, which events are on their way, which executions there are.

use crate::{
    machine::{Local, MACHINE, Outcome, StateError, region},
    pictures::{PICTURES, Picture},
    surroundings::Surroundings,
    tasks::Run,
};
use serde_json::{Map, Value, json};
use sightline_domain::{
    clock::Clock,
    content::hex_sha256,
    identity::{Upload, content_key},
    ports::FailureCause,
};
use sightline_tests::samples::{self, BUCKET, OWNER, key};
use std::{
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    Aborted,
}

pub struct Execution {
    pub run: Rc<Run>,
    pub status: Status,
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
    pub mail: Vec<Mail>,
    pub executions: Vec<Execution>,
    /// What runs beside executions: record-failure, reconcile, commands.
    pub jobs: Vec<Local<()>>,
}

impl World {
    pub fn new() -> Self {
        let around = Rc::new(Surroundings::new());
        Self { around, uploads: Vec::new(), mail: Vec::new(), executions: Vec::new(), jobs: Vec::new() }
    }

    /// S3 takes an upload: under a plain key, under one that a client chose, or under one that names its content.
    pub fn upload(&mut self, place: usize, picture: usize, encrypted: bool) {
        let picture = &PICTURES[picture % PICTURES.len()];
        let key = match place % 3 {
            0 => "raw-uploads/holiday/a b+ü%.jpg".to_owned(),
            1 => key(),
            _ => content_key(OWNER, &hex_sha256(&picture.bytes), "jpg").0,
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
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:{}", self.executions.len() + 1);
        let run = Rc::new(Run::new(arn, event, self.around.clone()));
        self.executions.push(Execution { going: Some(begun(&run)), run, status: Status::Running });
        self.tell_statuses();
    }

    fn tell_statuses(&self) {
        let known = self.executions.iter().map(|execution| (execution.run.arn.clone(), execution.status)).collect();
        self.around.statuses.replace(known);
    }

    /// Somebody stops an execution.
    pub fn stop(&mut self, place: usize) {
        let Some(execution) = self.executions.get_mut(place).filter(|execution| execution.status == Status::Running) else { return };
        execution.going = None;
        execution.status = Status::Aborted;
        let error = StateError { name: String::new(), cause: String::new() };
        self.ended_badly(place, "ABORTED", &error);
    }

    fn ended_badly(&mut self, place: usize, status: &str, error: &StateError) {
        let run = &self.executions[place].run;
        let cause = FailureCause { state: None, error: error.name.clone(), message: error.cause.clone() };
        self.around.histories.note(&run.arn, cause);
        let detail =
            json!({"executionArn": run.arn, "status": status, "input": run.input.to_string(), "error": error.name, "cause": error.cause});
        self.mail.push(Mail::Ended(json!({"time": "2026-03-01T12:00:00Z", "detail": detail})));
        self.tell_statuses();
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
        for event in self.around.starts.take() {
            self.start(event);
        }
        for arn in self.around.redrives.take() {
            self.redrive(&arn);
        }
    }

    fn go_on(&mut self, place: usize) {
        let execution = &mut self.executions[place];
        let Some(Poll::Ready(outcome)) = execution.going.as_mut().map(|going| poll(going)) else { return };
        execution.going = None;
        execution.status = if outcome.is_ok() { Status::Succeeded } else { Status::Failed };
        self.tell_statuses();
        if let Err(error) = outcome {
            self.ended_badly(place, "FAILED", &error);
        }
    }

    fn redrive(&mut self, arn: &str) {
        let failed = |execution: &&mut Execution| matches!(execution.status, Status::Failed | Status::Aborted);
        let found = self.executions.iter_mut().find(|execution| execution.run.arn == arn);
        let Some(execution) = found.filter(failed) else { return };
        execution.status = Status::Running;
        execution.going = Some(begun(&execution.run));
        self.tell_statuses();
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
