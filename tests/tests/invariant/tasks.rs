//! Tasks: tried, retried, killed, left alone, and waited for by token.

use crate::{
    expression::{Names, evaluate},
    machine::{Local, Outcome, StateError, names},
    surroundings::Surroundings,
};
use serde_json::{Value, json};
use sightline_domain::model::clock::{Clock, EpochMillis};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::{Context, Poll},
};

/// What happens to the try that runs when its execution goes on next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// Its process dies between two of its calls.
    Killed,
    /// Step Functions loses sight of it, and it works on: the connection to Lambda broke.
    Lost,
    /// The state's time is over; of states that wait for a token only, since functions end before.
    TimedOut,
}

/// An execution: what it keeps over redrives.
pub struct Run {
    pub arn: String,
    pub input: Value,
    pub around: Rc<Surroundings>,
    passed: RefCell<BTreeMap<String, Outcome>>,
    entered: RefCell<Vec<&'static str>>,
    blow: Cell<Option<Blow>>,
    dice: Cell<usize>,
    /// Since when nothing but a decision is waited for.
    waits_since: Cell<Option<EpochMillis>>,
    waits_for: RefCell<Option<String>>,
}

impl Run {
    pub fn new(arn: String, input: Value, around: Rc<Surroundings>) -> Self {
        Self {
            arn,
            input,
            around,
            passed: RefCell::default(),
            entered: RefCell::default(),
            blow: Cell::new(None),
            dice: Cell::new(0),
            waits_since: Cell::new(None),
            waits_for: RefCell::default(),
        }
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
    pub fn rests(&self) -> bool {
        let told = self.waits_for.borrow().as_ref().is_some_and(|token| self.around.engine.tokens.told(token).is_some());
        self.waits_since.get().is_some() && !told && self.blow.get().is_none()
    }

    pub fn strike(&self, blow: Blow) {
        self.blow.set(Some(blow));
    }

    /// For the next branch.
    pub fn throw(&self, dice: usize) {
        self.dice.set(dice);
    }

    pub fn roll(&self) -> usize {
        let dice = self.dice.get();
        self.dice.set(dice / 2);
        dice
    }
}

/// Tries a Task until it goes well or no retrier is left.
pub async fn attempts(run: &Rc<Run>, state: &'static Value, known: Names) -> Outcome {
    let (none, mut retries) = (Vec::new(), BTreeMap::<usize, u64>::new());
    let retriers = state["Retry"].as_array().unwrap_or(&none);
    loop {
        let error = match attempt(run, state, &known).await {
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

fn attempt(run: &Rc<Run>, state: &'static Value, known: &Names) -> Attempt {
    let token = run.around.engine.tokens.issue();
    let mut known = known.clone();
    known["states"]["context"]["Task"] = json!({ "Token": token });
    let arguments = evaluate(&state["Arguments"], &known);
    let step = run.around.call(arguments["FunctionName"].as_str().unwrap(), arguments["Payload"].clone());
    let copies = arguments["FunctionName"] == "${InspectImageFunctionArn}";
    let waits = state["Resource"].as_str().unwrap().ends_with(".waitForTaskToken");
    Attempt { run: run.clone(), token: waits.then_some(token), step: Some(step), copies }
}

/// One try of a Task. Where it ends early, its function works on as a stray, unless it was killed.
struct Attempt {
    run: Rc<Run>,
    token: Option<String>,
    step: Option<Local<Outcome>>,
    /// Whether its function writes the copies.
    copies: bool,
}

impl Attempt {
    fn struck(&mut self) -> Option<StateError> {
        match self.run.blow.take()? {
            Blow::Killed => self.step.take().map(|_| StateError::new("Sandbox.Timedout", "the process is gone")),
            Blow::Lost => self.step.is_some().then(|| StateError::new("Lambda.SdkClientException", "the connection broke")),
            Blow::TimedOut => self.is_waiting().then(|| StateError::new("States.Timeout", "")),
        }
    }

    fn is_waiting(&self) -> bool {
        self.token.is_some() && self.step.is_none()
    }
}

impl Future for Attempt {
    type Output = Outcome;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(error) = self.struck() {
            return Poll::Ready(Err(error));
        }
        if let Some(told) = self.token.as_ref().and_then(|token| self.run.around.engine.tokens.told(token)) {
            return Poll::Ready(Ok(told));
        }
        let Some(step) = self.step.as_mut() else { return Poll::Pending };
        let Poll::Ready(outcome) = step.as_mut().poll(context) else { return Poll::Pending };
        self.step = None;
        match outcome {
            Ok(_) if self.token.is_some() => {
                self.run.waits_since.set(Some(self.run.around.clock.now()));
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
            self.run.around.engine.tokens.close(token);
        }
        if let Some(step) = self.step.take() {
            self.run.around.late_copies.set(self.run.around.late_copies.get() || self.copies);
            self.run.around.strays.borrow_mut().push(Box::pin(async move {
                let _ = step.await;
            }));
        }
    }
}
