//! Access to the parts of the definitions.

use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf, sync::LazyLock};

/// The states of a whole state machine, or of a branch of a Parallel state.
pub struct Region {
    pub start: String,
    pub states: Vec<State>,
}

#[derive(Clone)]
pub struct State {
    pub name: String,
    pub body: Value,
}

pub static MACHINE: LazyLock<Value> = LazyLock::new(|| read("image-analysis"));
pub static BULK_IMPORT: LazyLock<Value> = LazyLock::new(|| read("bulk-import"));

fn read(machine: &str) -> Value {
    let text = fs::read_to_string(in_repository(&format!("statemachine/{machine}.asl.json"))).unwrap();
    serde_json::from_str(&text).expect("the definition is JSON as it stands")
}

pub fn in_repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// Every region of image-analysis, the outermost first.
pub fn regions() -> Vec<Region> {
    let mut all = Vec::new();
    gather(&MACHINE, &mut all);
    all
}

/// Every region of both state machines.
pub fn all_regions() -> Vec<Region> {
    let mut all = regions();
    gather(&BULK_IMPORT, &mut all);
    all
}

fn gather(definition: &Value, all: &mut Vec<Region>) {
    let states = definition["States"].as_object().unwrap().iter();
    let states: Vec<State> = states.map(|(name, body)| State { name: name.clone(), body: body.clone() }).collect();
    let within = |state: &State| list(&state.body["Branches"]).chain(state.body.get("ItemProcessor")).cloned().collect::<Vec<_>>();
    let branches: Vec<Value> = states.iter().flat_map(within).collect();
    all.push(Region { start: definition["StartAt"].as_str().unwrap().to_owned(), states });
    for branch in &branches {
        gather(branch, all);
    }
}

pub fn states() -> Vec<State> {
    regions().into_iter().flat_map(|region| region.states).collect()
}

pub fn tasks() -> Vec<State> {
    states().into_iter().filter(|state| state.body["Type"] == "Task").collect()
}

pub fn all_states() -> Vec<State> {
    all_regions().into_iter().flat_map(|region| region.states).collect()
}

pub fn all_tasks() -> Vec<State> {
    all_states().into_iter().filter(|state| state.body["Type"] == "Task").collect()
}

/// The elements of an array; empty if it is absent.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub fn texts(value: &Value) -> BTreeSet<String> {
    list(value).map(|text| text.as_str().unwrap().to_owned()).collect()
}

impl State {
    /// Every possible next state.
    pub fn targets(&self) -> Vec<String> {
        let choices = list(&self.body["Choices"]).chain(list(&self.body["Catch"])).map(|rule| &rule["Next"]);
        let targets = choices.chain([&self.body["Next"], &self.body["Default"]]);
        targets.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The crate of the function that a Task calls.
    pub fn function(&self) -> String {
        let [arguments, parameters] = [&self.body["Arguments"], &self.body["Parameters"]];
        let placeholder = arguments["FunctionName"].as_str().or(parameters["FunctionName"].as_str()).unwrap();
        let name = placeholder.strip_prefix("${").and_then(|name| name.strip_suffix("FunctionArn}"));
        let name = name.unwrap_or_else(|| panic!("{}: {placeholder} is no placeholder of a function", self.name));
        let kebab = name.chars().fold(String::new(), |kebab, letter| {
            if letter.is_uppercase() { format!("{kebab}-{}", letter.to_lowercase()) } else { format!("{kebab}{letter}") }
        });
        kebab.trim_start_matches('-').to_owned()
    }

    /// All errors in its retriers.
    pub fn retried(&self) -> BTreeSet<String> {
        list(&self.body["Retry"]).flat_map(|retrier| texts(&retrier["ErrorEquals"])).collect()
    }

    /// All errors in its catchers.
    pub fn caught(&self) -> BTreeSet<String> {
        list(&self.body["Catch"]).flat_map(|catcher| texts(&catcher["ErrorEquals"])).collect()
    }
}

/// Functions that rules, schedules, streams and the HTTP API call instead of a state.
pub const CALLED_FROM_OUTSIDE: [&str; 5] = ["api", "count-trends", "reconcile", "record-failure", "report-trends"];

/// The crates in `functions/`.
pub fn functions() -> BTreeSet<String> {
    let folders = fs::read_dir(in_repository("functions")).unwrap();
    folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect()
}

/// The sample input of a function.
pub fn sample(function: &str) -> Value {
    let file = in_repository(&format!("events/functions/{function}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}
