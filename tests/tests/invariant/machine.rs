//! Runs the state machine from its definition, `statemachine/image-analysis.asl.json`: order, conditions, arguments, catchers and retriers.
//! Retries have no delay.

use crate::{
    expression::{Names, evaluate},
    tasks::{Run, attempts},
};
use serde_json::{Value, json};
use std::{
    fs,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::LazyLock,
    task::{Context, Poll},
};

pub static MACHINE: LazyLock<Value> = LazyLock::new(|| {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachine/image-analysis.asl.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
});

/// The error of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateError {
    pub name: String,
    pub cause: String,
}

impl StateError {
    /// An error as Lambda reports it.
    pub fn new(name: &str, message: &str) -> Self {
        Self { name: name.to_owned(), cause: json!({"errorType": name, "errorMessage": message}).to_string() }
    }
}

pub type Outcome = Result<Value, StateError>;
pub type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// Runs the whole state machine, or a branch, to its end.
pub fn run_states(run: Rc<Run>, definition: &'static Value, first: Value, outer: Names) -> Local<Outcome> {
    Box::pin(async move {
        let (mut name, mut input, mut variables) = (definition["StartAt"].as_str().unwrap(), first, outer);
        loop {
            let state = &definition["States"][name];
            let known = states(&run, &input, &variables);
            match state["Type"].as_str().unwrap() {
                "Succeed" => return Ok(input),
                "Choice" => name = chosen(state, &known),
                _ => {
                    let done = run_state(&run, name, state, &input, &variables).await;
                    let (way, known, fallback) = match done {
                        Ok(result) => (state, with(known, "result", &result), result),
                        Err(error) => {
                            let output = json!({"Error": error.name, "Cause": error.cause});
                            let catcher = catcher(state, &error).ok_or(error)?;
                            (catcher, with(known, "errorOutput", &output), output)
                        }
                    };
                    input = way.get("Output").map_or(fallback, |output| evaluate(output, &known));
                    if let Some(Value::Object(assigned)) = way.get("Assign").map(|assign| evaluate(assign, &known)) {
                        variables.extend(assigned);
                    }
                    let Some(next) = way["Next"].as_str() else { return Ok(input) };
                    name = next;
                }
            }
        }
    })
}

/// `$states` and the variables.
fn states(run: &Run, input: &Value, variables: &Names) -> Names {
    let mut known = variables.clone();
    let execution = json!({"Id": run.arn, "Input": run.input, "RedriveCount": run.redrives()});
    known.insert("states".to_owned(), json!({"input": input, "context": {"Execution": execution}}));
    known
}

fn with(mut known: Names, name: &str, value: &Value) -> Names {
    known["states"][name] = value.clone();
    known
}

fn chosen(state: &'static Value, known: &Names) -> &'static str {
    let mut rules = state["Choices"].as_array().unwrap().iter();
    let rule = rules.find(|rule| evaluate(&rule["Condition"], known) == json!(true));
    rule.map_or(&state["Default"], |rule| &rule["Next"]).as_str().unwrap()
}

fn catcher<'a>(state: &'a Value, error: &StateError) -> Option<&'a Value> {
    state["Catch"].as_array()?.iter().find(|catcher| names(catcher, error))
}

/// Whether a catcher or retrier matches this error.
pub fn names(rule: &Value, error: &StateError) -> bool {
    rule["ErrorEquals"].as_array().unwrap().iter().any(|name| name == error.name.as_str())
}

/// Runs a state; a state that succeeded before a redrive does not run again.
async fn run_state(run: &Rc<Run>, name: &'static str, state: &'static Value, input: &Value, variables: &Names) -> Outcome {
    if let Some(outcome) = run.passed(name) {
        return outcome;
    }
    run.enter(name);
    let outcome = match state["Type"].as_str().unwrap() {
        "Pass" => Ok(input.clone()),
        "Parallel" => parallel(run, state, input, variables).await,
        "Task" => attempts(run, state, states(run, input, variables)).await,
        other => panic!("states of type {other} are not supported here"),
    };
    if outcome.as_ref().err().is_none_or(|error| catcher(state, error).is_some()) {
        run.pass(name, &outcome);
    }
    outcome
}

/// Runs all branches, one random branch at each poll; the first failure ends the others.
async fn parallel(run: &Rc<Run>, state: &'static Value, input: &Value, variables: &Names) -> Outcome {
    let branches = state["Branches"].as_array().unwrap().iter();
    let mut live: Vec<Option<Local<Outcome>>> =
        branches.map(|branch| Some(run_states(run.clone(), branch, input.clone(), variables.clone()))).collect();
    let mut results = vec![Value::Null; live.len()];
    poll_fn(|context: &mut Context<'_>| {
        let unfinished: Vec<usize> = (0..live.len()).filter(|place| live[*place].is_some()).collect();
        let Some(place) = unfinished.get(run.next_choice() % unfinished.len().max(1)).copied() else {
            return Poll::Ready(Ok(json!(results)));
        };
        match live[place].as_mut().unwrap().as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(result)) => {
                results[place] = result;
                live[place] = None;
                if unfinished.len() == 1 { Poll::Ready(Ok(json!(results))) } else { Poll::Pending }
            }
        }
    })
    .await
}
