//! Task states: attempts, retries, interruptions, and waiting for a task token.

use crate::{
    environment::Environment,
    expression::{Names, evaluate},
    machine::{Local, Outcome, StateError, names},
};
use serde_json::{Value, json};
use sightline_domain::model::{Clock, EpochMillis};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::{Context, Poll},
};

/// What interrupts the running attempt at its next poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Its process dies between two of its calls.
    Killed,
    /// Step Functions abandons it, and it continues: the connection to Lambda broke.
    Lost,
    /// The state times out; only if it waits for a token, since functions end before.
    TimedOut,
}

/// An execution, with what it keeps over redrives.
pub struct Run {
    pub arn: String,
    pub input: Value,
    pub environment: Rc<Environment>,
    passed: RefCell<BTreeMap<String, Outcome>>,
    entered: RefCell<Vec<&'static str>>,
    interruption: Cell<Option<Interruption>>,
    choices: Cell<usize>,
    /// Since when it waits for a decision only.
    waits_since: Cell<Option<EpochMillis>>,
    waits_for: RefCell<Option<String>>,
    redrives: Cell<u64>,
}

impl Run {
    pub fn new(arn: String, input: Value, environment: Rc<Environment>) -> Self {
        Self {
            arn,
            input,
            environment,
            passed: RefCell::default(),
            entered: RefCell::default(),
            interruption: Cell::new(None),
            choices: Cell::new(0),
            waits_since: Cell::new(None),
            waits_for: RefCell::default(),
            redrives: Cell::new(0),
        }
    }

    pub fn redrives(&self) -> u64 {
        self.redrives.get()
    }

    pub fn count_redrive(&self) {
        self.redrives.set(self.redrives.get() + 1);
    }

    pub fn passed(&self, state: &str) -> Option<Outcome> {
        self.passed.borrow().get(state).cloned()
    }

    pub fn pass(&self, state: &str, outcome: &Outcome) {
        self.passed.borrow_mut().insert(state.to_owned(), outcome.clone());
    }

    pub fn enter(&self, state: &'static str) {
        self.entered.borrow_mut().push(state);
    }

    /// All states that were entered, over all redrives.
    pub fn entered(&self) -> Vec<&'static str> {
        self.entered.borrow().clone()
    }

    /// Since when it waits for a decision.
    pub fn waits_since(&self) -> Option<EpochMillis> {
        self.waits_since.get()
    }

    /// Whether nothing happens in it unless a decision comes, or its time is over.
    pub fn is_in_review(&self) -> bool {
        let answer = self.waits_for.borrow().as_ref().is_some_and(|token| self.environment.engine.tokens.answer(token).is_some());
        self.waits_since.get().is_some() && !answer && self.interruption.get().is_none()
    }

    pub fn interrupt(&self, interruption: Interruption) {
        self.interruption.set(Some(interruption));
    }

    /// For the next branch.
    pub fn set_choices(&self, choices: usize) {
        self.choices.set(choices);
    }

    pub fn next_choice(&self) -> usize {
        let choices = self.choices.get();
        self.choices.set(choices / 2);
        choices
    }
}

/// Attempts a Task until it succeeds or no retrier is left.
pub async fn attempts(run: &Rc<Run>, state: &'static Value, known: Names) -> Outcome {
    let (none, mut retries) = (Vec::new(), BTreeMap::<usize, u64>::new());
    let retriers = state["Retry"].as_array().unwrap_or(&none);
    loop {
        let retry_count: u64 = retries.values().sum();
        let error = match attempt(run, state, &known, retry_count).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let Some(place) = retriers.iter().position(|retrier| names(retrier, &error)) else { return Err(error) };
        let used = retries.entry(place).or_default();
        if *used >= retriers[place]["MaxAttempts"].as_u64().unwrap() {
            return Err(error);
        }
        *used += 1;
    }
}

fn attempt(run: &Rc<Run>, state: &'static Value, known: &Names, retry_count: u64) -> Attempt {
    let token = run.environment.engine.tokens.issue();
    let mut known = known.clone();
    known["states"]["context"]["Task"] = json!({ "Token": token });
    known["states"]["context"]["State"] = json!({ "RetryCount": retry_count });
    let arguments = evaluate(&state["Arguments"], &known);
    let step = run.environment.call(arguments["FunctionName"].as_str().unwrap(), arguments["Payload"].clone());
    let copies = arguments["FunctionName"] == "${InspectImageFunctionArn}";
    let waits = state["Resource"].as_str().unwrap().ends_with(".waitForTaskToken");
    Attempt { run: run.clone(), token: waits.then_some(token), step: Some(step), copies }
}

/// One attempt of a Task. If it is dropped early, its function continues as an abandoned one, unless it was killed.
struct Attempt {
    run: Rc<Run>,
    token: Option<String>,
    step: Option<Local<Outcome>>,
    /// Whether its function writes the copies.
    copies: bool,
}

impl Attempt {
    fn interrupted(&mut self) -> Option<StateError> {
        match self.run.interruption.take()? {
            Interruption::Killed => self.step.take().map(|_| StateError::new("Sandbox.Timedout", "the process is gone")),
            Interruption::Lost => self.step.is_some().then(|| StateError::new("Lambda.SdkClientException", "the connection broke")),
            Interruption::TimedOut => self.is_waiting().then(|| StateError::new("States.Timeout", "")),
        }
    }

    fn is_waiting(&self) -> bool {
        self.token.is_some() && self.step.is_none()
    }
}

impl Future for Attempt {
    type Output = Outcome;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(error) = self.interrupted() {
            return Poll::Ready(Err(error));
        }
        if let Some(answer) = self.token.as_ref().and_then(|token| self.run.environment.engine.tokens.answer(token)) {
            return Poll::Ready(Ok(answer));
        }
        let Some(step) = self.step.as_mut() else { return Poll::Pending };
        let Poll::Ready(outcome) = step.as_mut().poll(context) else { return Poll::Pending };
        self.step = None;
        match outcome {
            Ok(_) if self.token.is_some() => {
                self.run.waits_since.set(Some(self.run.environment.clock.now()));
                self.run.waits_for.replace(self.token.clone());
                Poll::Pending
            }
            Ok(payload) => Poll::Ready(Ok(json!({"StatusCode": 200, "Payload": payload}))),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.run.waits_since.set(None);
        if let Some(token) = &self.token {
            self.run.environment.engine.tokens.close(token);
        }
        if let Some(step) = self.step.take() {
            self.run.environment.late_copies.set(self.run.environment.late_copies.get() || self.copies);
            self.run.environment.abandoned.borrow_mut().push(Box::pin(async move {
                let _ = step.await;
            }));
        }
    }
}
