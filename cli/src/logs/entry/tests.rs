use super::*;

fn entry(message: &str) -> Entry {
    let line = LogLine { at: 1_795_513_267_123, message: message.to_owned(), stream: "s".to_owned(), id: None };
    Entry::new("detect-labels".to_owned(), line)
}

fn of(message: &Value) -> Entry {
    entry(&message.to_string())
}

#[test]
fn a_line_of_ours_is_time_function_level_message_and_fields() {
    let line = of(&json!({
        "timestamp": "2026-11-24T09:41:07.123Z", "level": "INFO", "message": "labels detected", "label_count": 5,
        "span": { "image_id": "an-id", "name": "invocation", "request_id": "r", "service": "detect-labels" },
    }));
    assert_eq!(line.for_people(), "2026-11-24 09:41:07.123Z  detect-labels     INFO   labels detected  label_count=5 image_id=an-id");
    assert!(!line.is_measurement());
}

#[test]
fn metrics_and_the_platforms_own_lines_are_told_apart_unless_they_tell_of_trouble() {
    let metrics = of(&json!({ "_aws": {}, "Deployment": "sightline", "Function": "f", "Duration": 12, "level": "INFO" }));
    assert!(metrics.is_measurement() && metrics.for_people().ends_with("INFO   metrics  Duration=12"), "{}", metrics.for_people());
    let report = |status: &str| of(&json!({ "time": "t", "type": "platform.report", "record": { "status": status } }));
    assert!(report("success").is_measurement() && !report("timeout").is_measurement());
    assert!(entry("REPORT RequestId: 1\tDuration: 2 ms").is_measurement());
    assert!(!entry("thread 'main' panicked").is_measurement());
}

#[test]
fn what_the_state_machine_logs_is_an_event_and_its_state() {
    let entered = json!({ "id": "3", "type": "TaskStateEntered", "details": { "name": "DetectLabels" }, "execution_arn": "arn" });
    assert!(of(&entered).for_people().ends_with("–      TaskStateEntered DetectLabels"));
    let failed = json!({ "type": "ExecutionFailed", "details": { "error": "Storage.Unavailable" }, "execution_arn": "arn" });
    assert!(of(&failed).for_people().ends_with("ExecutionFailed  error=Storage.Unavailable"));
}

#[test]
fn a_line_that_is_no_json_is_shown_harmlessly() {
    let line = entry("plain \u{1b}[2Jtext\n");
    assert!(line.for_people().ends_with("–      plain \u{fffd}[2Jtext"), "{}", line.for_people());
    assert_eq!(line.json()["Message"], "plain \u{1b}[2Jtext\n");
    assert_eq!(of(&json!({ "a": 1 })).json()["Message"]["a"], 1);
}

#[test]
fn the_same_line_from_two_searches_is_one() {
    let lines: std::collections::BTreeSet<_> = [entry("a"), entry("a"), entry("b")].into_iter().collect();
    assert_eq!(lines.len(), 2);
}
