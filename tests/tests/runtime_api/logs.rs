//! The log: JSON lines with ids, and never found text, faces or secrets.

use crate::{
    function::Function,
    image::Image,
    local_stack::{LocalStack, sample},
};
use serde_json::{Value, json};
use std::{thread::sleep, time::Duration};

/// The log lines so far; each must be JSON with timestamp, level and message.
fn lines(function: &Function) -> Vec<Value> {
    sleep(Duration::from_millis(200)); // what was written last is still on its way through the pipe
    let log = function.log();
    assert!(!log.is_empty());
    log.iter()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
            line
        })
        .collect()
}

#[tokio::test]
async fn log_lines_name_function_request_trace_and_image() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let mut function = local.function("detect-labels");
    function.result(&image.input(&local, "detect-labels"));
    let lines = lines(&function);
    let done = lines.iter().find(|line| line["message"] == "step done").expect("a line says that the step is done");
    assert_eq!(done["span"]["service"], "detect-labels");
    assert_eq!(done["span"]["image_id"], image.id);
    assert_eq!(done["span"]["execution_arn"], image.execution_arn);
    assert!(done["span"]["request_id"].is_string());
    assert!(done["span"]["trace_id"].as_str().is_some_and(|id| id.starts_with("Root=1-")));
    image.clean(&local).await;
}

/// The metrics lines of an invocation.
fn metrics(function: &Function) -> Vec<Value> {
    lines(function).into_iter().filter(|line| line["_aws"].is_object() && line["Duration"].is_number()).collect()
}

#[tokio::test]
async fn every_invocation_writes_one_line_of_metrics() {
    let local = LocalStack::default_stage().await;
    let (image, unknown) = (Image::processed(&local, "printed-page.png").await, Image::fresh());
    let mut function = local.function("detect-text");
    let found = function.result(&image.input(&local, "detect-text"));
    function.error(&unknown.input(&local, "detect-text"));
    function.error(&Value::Null);
    let metrics = metrics(&function);
    let message: Vec<_> = metrics.iter().map(|line| (line["Succeeded"].as_u64().unwrap(), line["error"].as_str())).collect();
    assert_eq!(message, [(1, None), (0, Some("Recognition.Misconfigured")), (0, Some("Input.Invalid"))]);
    let first = &metrics[0];
    assert_eq!((&first["Function"], &first["Deployment"]), (&"detect-text".into(), &"sightline".into()));
    assert_eq!((&first["image_id"], &first["execution_arn"]), (&image.id.as_str().into(), &image.execution_arn.as_str().into()));
    assert_eq!((&first["ProviderCalls"], &first["Retries"]), (&2.into(), &0.into()), "asked, kept the answer");
    assert!(first["ProviderTime"].as_u64().unwrap() <= first["Duration"].as_u64().unwrap() && first["request_id"].is_string(), "{first}");
    assert!(!first.to_string().contains(found["TextLines"][0]["Text"].as_str().unwrap()), "found text");
    image.clean(&local).await;
}

/// Budget of docs/architecture.md. A key that names the image's id needs one call more, which lists its versions.
#[tokio::test]
async fn a_new_image_needs_eleven_calls_besides_those_of_rekognition() {
    let local = LocalStack::default_stage().await;
    let image = Image::uploaded(&local, &sample("coffee.jpg")).await;
    let mut calls = Vec::new();
    let mut run = |name: &str, input: &Value| {
        let mut function = local.function(name);
        let result = function.result(input);
        calls.push(metrics(&function)[0]["ProviderCalls"].as_u64().unwrap());
        result
    };
    let accepted = run("inspect-image", &image.input(&local, "inspect-image"));
    let analysed = json!({"Image": accepted, "EarlierAttempts": 0});
    let (labels, moderation) = (run("detect-labels", &analysed), run("moderate-image", &analysed));
    let mut findings = image.input(&local, "store-record");
    for (name, value) in [("Image", accepted), ("Labels", labels), ("Moderation", moderation), ("Review", Value::Null)] {
        findings[name] = value;
    }
    assert_eq!(run("store-record", &findings)["ProcessingStatus"], "COMPLETED");
    assert_eq!(calls, [6, 2, 2, 3], "inspect-image, two analyses with a call of Rekognition each, store-record");
    image.clean(&local).await;
}

#[tokio::test]
async fn throttling_is_counted_in_the_metrics() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let mut function = local.function("detect-labels");
    let fault = local.recognition.plan_fault(&image.id, "*", "throttle", Value::Null).await;
    function.error(&image.input(&local, "detect-labels"));
    local.recognition.remove_fault(fault).await;
    let line = &metrics(&function)[0];
    assert_eq!((&line["Throttles"], &line["Retries"], &line["error"]), (&5.into(), &4.into(), &"Recognition.Throttled".into()));
    image.clean(&local).await;
}

#[tokio::test]
async fn log_lines_name_the_image_once_it_is_claimed() {
    let local = LocalStack::default_stage().await;
    let image = Image::uploaded(&local, b"no image").await;
    let mut function = local.function("inspect-image");
    function.error(&image.input(&local, "inspect-image"));
    let ended = lines(&function).into_iter().find(|line| line["error"] == "Image.Rejected" && line["_aws"].is_null()).unwrap();
    assert_eq!((&ended["level"], &ended["span"]["image_id"]), (&"INFO".into(), &image.id.as_str().into()));
    let line = &metrics(&function)[0];
    assert_eq!((&line["image_id"], &line["Failed"], &line["Succeeded"]), (&image.id.as_str().into(), &0.into(), &1.into()));
    image.clean(&local).await;
}

#[tokio::test]
async fn metrics_of_a_stored_record_have_time_and_cost() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    let mut function = local.function("store-record");
    function.result(&image.input(&local, "store-record"));
    let line = lines(&function).into_iter().find(|line| line["Images"] == 1).expect("a line about the image");
    assert_eq!((&line["Outcome"], &line["image_id"]), (&"COMPLETED".into(), &image.id.as_str().into()));
    let (calls, states) = (line["RekognitionCalls"].as_u64().unwrap(), line["States"].as_u64().unwrap());
    assert_eq!(line["Microdollars"].as_u64().unwrap(), calls * 1_000 + states * 25);
    image.clean(&local).await;
}

#[tokio::test]
async fn found_text_is_not_logged() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "printed-page.png").await;
    let mut function = local.function("detect-text");
    let found = function.result(&image.input(&local, "detect-text"));
    let log = function.log().join("\n");
    let texts: Vec<&str> = found["TextLines"].as_array().unwrap().iter().filter_map(|line| line["Text"].as_str()).collect();
    assert!(texts.len() >= 3);
    for text in texts {
        assert!(!log.contains(text), "{text}");
    }
    lines(&function);
    image.clean(&local).await;
}

#[tokio::test]
async fn a_task_token_is_never_logged() {
    let local = LocalStack::default_stage().await;
    let (claimed, unknown) = (Image::claimed(&local).await, Image::fresh());
    let mut function = local.function("request-review");
    let input = claimed.input(&local, "request-review");
    function.result(&input);
    function.error(&unknown.input(&local, "request-review"));
    lines(&function);
    assert!(!function.log().join("\n").contains(input["TaskToken"].as_str().unwrap()));
    claimed.clean(&local).await;
}

#[tokio::test]
async fn an_error_is_logged_with_its_name_and_without_the_payload() {
    let local = LocalStack::default_stage().await;
    let image = Image::fresh();
    let mut function = local.function("store-record");
    let mut input = image.input(&local, "store-record");
    function.error(&input);
    input["Faces"] = "a face that must not show".into();
    function.error(&input);
    let lines = lines(&function);
    let level = |error: &str| lines.iter().find(|line| line["error"] == error && line["_aws"].is_null()).map(|line| line["level"].clone());
    assert_eq!(level("Record.Superseded"), Some("INFO".into()), "the execution ends well with it");
    assert_eq!(level("Input.Invalid"), Some("ERROR".into()));
    let log = function.log().join("\n");
    assert!(!log.contains("KITCHEN"), "found text");
    assert!(!log.contains("a face that must not show"), "the payload");
}
