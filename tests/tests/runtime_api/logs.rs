//! The log: JSON lines with ids, and never what was found, who is in the picture, or a secret.

use crate::{function::Function, image::Image, local::Local};
use serde_json::Value;
use std::{thread::sleep, time::Duration};

/// The lines so far, each of them JSON with when, how grave and what.
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
async fn lines_name_function_request_trace_and_image() {
    let local = Local::find().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let mut function = local.function("detect-labels");
    function.result(&image.input(&local, "detect-labels"));
    let lines = lines(&function);
    let done = lines.iter().find(|line| line["message"] == "step done").expect("a line says that the step is done");
    assert_eq!(done["span"]["service"], "detect-labels");
    assert_eq!(done["span"]["image_id"], image.id);
    assert!(done["span"]["request_id"].is_string());
    assert!(done["span"]["trace_id"].as_str().is_some_and(|id| id.starts_with("Root=1-")));
    image.clean(&local).await;
}

#[tokio::test]
async fn found_text_is_not_logged() {
    let local = Local::find().await;
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
async fn a_task_token_is_not_logged_whether_the_step_succeeds_or_fails() {
    let local = Local::find().await;
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
async fn an_error_is_logged_by_its_name_without_the_payload() {
    let local = Local::find().await;
    let image = Image::fresh();
    let mut function = local.function("store-record");
    let mut input = image.input(&local, "store-record");
    function.error(&input);
    input["Faces"] = "a face that must not show".into();
    function.error(&input);
    let lines = lines(&function);
    let errors: Vec<String> = lines.iter().filter(|line| line["level"] == "ERROR").map(Value::to_string).collect();
    assert!(errors.iter().any(|line| line.contains("Record.Superseded")), "{errors:?}");
    assert!(errors.iter().any(|line| line.contains("Input.Invalid")), "{errors:?}");
    let log = function.log().join("\n");
    assert!(!log.contains("KITCHEN"), "found text");
    assert!(!log.contains("a face that must not show"), "the payload");
}
