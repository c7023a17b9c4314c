//! The transitions between states, and the required fields of each.

use crate::asl::{
    BULK_IMPORT, CALLED_FROM_OUTSIDE, MACHINE, Region, State, all_regions, all_states, all_tasks, functions, in_repository, list, regions,
    states, tasks,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

#[test]
fn all_targets_exist_and_all_states_are_reachable() {
    for region in all_regions() {
        let known: BTreeMap<&str, &State> = region.states.iter().map(|state| (state.name.as_str(), state)).collect();
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![region.start.clone()]);
        while let Some(name) = waiting.pop() {
            let state = known.get(name.as_str()).unwrap_or_else(|| panic!("there is no state {name} beside {}", region.start));
            if reached.insert(name) {
                waiting.extend(state.targets());
            }
        }
        assert_eq!(reached, known.keys().map(|&name| name.to_owned()).collect());
    }
}

#[test]
fn names_are_verbs_or_outcomes_in_camel_case_and_used_once() {
    let names: Vec<String> = all_states().into_iter().map(|state| state.name).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for name in names {
        assert!(name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(char::is_alphanumeric), "{name}");
    }
}

#[test]
fn every_state_has_a_next_state_or_an_end() {
    for state in all_states() {
        let ends = state.body["End"] == true || state.body["Type"] == "Succeed";
        let was_redriven = state.body.get("Next").is_some() || state.body["Type"] == "Choice";
        assert!(ends != was_redriven, "{}", state.name);
    }
}

#[test]
fn every_state_and_every_catcher_says_what_it_is_for() {
    assert!(MACHINE["Comment"].is_string() && BULK_IMPORT["Comment"].is_string());
    for state in all_states() {
        assert!(state.body["Comment"].as_str().is_some_and(|comment| comment.ends_with(['.', '?'])), "{}", state.name);
        for catcher in list(&state.body["Catch"]) {
            assert!(catcher["Comment"].is_string(), "{}", state.name);
        }
    }
}

#[test]
fn no_state_is_a_fail_state() {
    // A redriven Fail state fails again, so its execution could never be repaired.
    assert!(all_states().iter().all(|state| state.body["Type"] != "Fail"));
}

#[test]
fn image_analysis_is_jsonata_only() {
    assert_eq!(MACHINE["QueryLanguage"], "JSONata");
    for state in states() {
        for field in ["QueryLanguage", "Parameters", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Result", "ItemsPath"] {
            assert!(state.body.get(field).is_none(), "{} has {field}", state.name);
        }
    }
    let text = MACHINE.to_string();
    assert!(!text.contains("\"$.") && !text.contains(".$\":"), "a JSONPath is left");
}

#[test]
fn every_task_has_its_own_time_limit() {
    for task in all_tasks() {
        assert!(task.body["TimeoutSeconds"].as_u64().is_some(), "{}: the local engine takes no expression there", task.name);
        // Longer than the 60 seconds of the functions, so that the function reports its deadline first.
        assert!(task.body["TimeoutSeconds"].as_u64().unwrap() > 60, "{}", task.name);
    }
}

#[test]
fn every_retry_has_jitter_and_a_limit() {
    for task in all_tasks() {
        assert!(list(&task.body["Retry"]).count() > 0, "{}", task.name);
        for retrier in list(&task.body["Retry"]) {
            assert_eq!(retrier["JitterStrategy"], "FULL", "{}", task.name);
            assert!(retrier["BackoffRate"].as_f64().is_some_and(|rate| rate > 1.0), "{}", task.name);
            for field in ["IntervalSeconds", "MaxAttempts", "MaxDelaySeconds"] {
                assert!(retrier[field].as_u64().is_some_and(|value| value > 0), "{}: {field}", task.name);
            }
        }
    }
}

/// A retried Parallel state would start its states again with the retry count 0, so they would count as first attempts.
#[test]
fn retries_and_redrives_are_counted_as_earlier_attempts() {
    let counted = "{% $sum([$states.context.State.RetryCount, $states.context.Execution.RedriveCount]) %}";
    for task in tasks() {
        let sent = &task.body["Arguments"]["Payload"]["EarlierAttempts"];
        let needed = ["DetectLabels", "AnalyzeFaces", "DetectText", "ModerateImage", "StoreRecord"].contains(&task.name.as_str());
        assert_eq!(sent.as_str(), needed.then_some(counted), "{}", task.name);
    }
    assert!(states().iter().all(|state| state.body["Type"] != "Parallel" || state.body.get("Retry").is_none()));
}

#[test]
fn the_state_machines_call_every_function_not_called_from_outside() {
    let mut called: BTreeSet<String> = all_tasks().iter().map(State::function).collect();
    called.extend(CALLED_FROM_OUTSIDE.map(str::to_owned));
    assert_eq!(called, functions());
}

#[test]
fn lambda_is_called_with_a_name_and_a_payload_only() {
    for task in tasks() {
        let resource = task.body["Resource"].as_str().unwrap();
        assert!(resource.starts_with("arn:aws:states:::lambda:invoke"), "{}", task.name);
        let arguments: BTreeSet<&String> = task.body["Arguments"].as_object().unwrap().keys().collect();
        assert_eq!(arguments.into_iter().collect::<Vec<_>>(), ["FunctionName", "Payload"], "{}", task.name);
    }
}

/// The number of states on the longest path from `name` to the end of the region (or to `StoreRecord`) without `SendAlert` and errors.
fn longest(region: &Region, name: &str) -> usize {
    let state = region.states.iter().find(|state| state.name == name).unwrap();
    let inside: usize = list(&state.body["Branches"])
        .map(|branch| {
            let start = branch["StartAt"].as_str().unwrap();
            longest(&regions().into_iter().find(|inner| inner.start == start).unwrap(), start)
        })
        .sum();
    let without_errors = list(&state.body["Choices"]).map(|rule| &rule["Next"]).chain([&state.body["Next"], &state.body["Default"]]);
    let next = without_errors.filter_map(Value::as_str).filter(|next| *next != "SendAlert").map(|next| longest(region, next)).max();
    1 + inside + next.unwrap_or(0)
}

#[test]
fn an_image_without_an_alert_enters_at_most_eleven_states() {
    let outermost = regions().remove(0);
    assert_eq!(longest(&outermost, &outermost.start), 11);
}

#[test]
fn readme_and_diagram_are_up_to_date() {
    let checked = Command::new("python3").arg(in_repository("statemachine/diagram.py")).arg("--check").output().expect("python3 is needed");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
