//! The real binary's `sightline logs` against fixed answers of AWS.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Run, StandIn, log_groups, sightline, stacks};

const ID: &str = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";

/// Runs against a deployment whose two logs have the lines `function` and `machine`, and whose table has no record.
fn logs(args: &[&str], function: &[(i64, Value)], machine: &[(i64, Value)]) -> Run {
    let events = |lines: &[(i64, Value)]| {
        let events: Vec<Value> =
            lines.iter().map(|(at, line)| json!({"timestamp": at, "message": line.to_string(), "logStreamName": "s"})).collect();
        json!({ "events": events }).to_string()
    };
    let groups =
        log_groups(&[("FunctionsDetectLabelsFunctionLogs34218ECC", "detect-labels-logs"), ("ImageAnalysisLogs3CAEE99D", "machine-logs")]);
    let (stacks, function, machine) = (stacks(), events(function), events(machine));
    let stand_in = StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks),
        ("Action=ListStackResources", 200, &groups),
        ("DynamoDB_20120810.Query", 200, r#"{"Items":[],"Count":0}"#),
        ("detect-labels-logs", 200, &function),
        ("machine-logs", 200, &machine),
    ]);
    sightline(&[&["logs"], args, &["--endpoint-url", &stand_in.url]].concat())
}

fn line(message: &str) -> Value {
    json!({"timestamp": "t", "level": "INFO", "message": message, "span": {"service": "detect-labels", "image_id": ID}})
}

#[test]
fn lines_of_all_logs_are_merged_by_time_without_metrics() {
    let function = [(1_795_513_267_500, line("step done")), (1_795_513_267_600, json!({"_aws": {}, "Duration": 12}))];
    let machine = [(1_795_513_267_100, json!({"type": "TaskStateEntered", "details": {"name": "DetectLabels"}, "execution_arn": "arn"}))];

    let (run, with_metrics) = (logs(&[ID], &function, &machine), logs(&[ID, "--metrics"], &function, &machine));

    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].contains("image-analysis") && lines[0].ends_with("TaskStateEntered DetectLabels"), "{}", lines[0]);
    assert!(lines[1].starts_with("2026-11-24 09:41:07.500Z  detect-labels") && lines[1].contains("step done"), "{}", lines[1]);
    assert!(with_metrics.stdout.lines().count() == 3 && with_metrics.stdout.contains("Duration=12"), "{}", with_metrics.stdout);
}

#[test]
fn ndjson_has_every_line_unchanged() {
    let function = [(1_795_513_267_500, line("step done")), (1_795_513_267_600, json!({"_aws": {}, "Duration": 12}))];

    let run = logs(&[ID, "--output", "ndjson"], &function, &[]);

    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["Function"], &lines[0]["Message"]["span"]["image_id"]), (&json!("detect-labels"), &json!(ID)));
    assert_eq!(lines[1]["Message"]["Duration"], 12);
}

#[test]
fn lines_of_one_function_are_selected() {
    let run = logs(&["--function", "image-analysis"], &[(1, line("not selected"))], &[(2, json!({"type": "ExecutionStarted"}))]);

    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains("ExecutionStarted"));
}

#[test]
fn unknown_id_has_exit_code_4() {
    let unknown = logs(&[ID], &[], &[]);
    assert_eq!(unknown.code, 4, "{}", unknown.stderr);
    assert!(unknown.stderr.contains(ID) && unknown.stderr.contains("--since"), "{}", unknown.stderr);
    assert_eq!(logs(&["--function", "detect-labels"], &[], &[]).code, 0, "a function without lines is not an error");
}
