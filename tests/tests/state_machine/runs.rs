//! Whole runs of the state machine on the samples in `events/`, with a real JSONata engine.

use crate::{
    asl::{MACHINE, in_repository, sample, tasks},
    payloads::takes,
};
use serde_json::{Value, json};
use sightline_domain::rules::{cost::Cost, merge::merge};
use sightline_tests::samples::{NOW, claimed};
use std::{
    io::Write,
    process::{Command, Stdio},
};

struct Run(Value);

impl Run {
    /// Runs the state machine; `answers` maps a state to the result of its function.
    fn on(answers: &Value) -> Self {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:m:e";
        let execution = json!({ "Id": arn, "Input": sample("inspect-image")["Event"], "RedriveCount": 0 });
        let context = json!({ "Execution": execution, "State": { "RetryCount": 0 }, "Task": { "Token": "a-token" } });
        let asked = json!({ "machine": *MACHINE, "input": execution["Input"], "context": context, "answers": answers });
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/state_machine/simulate.mjs");
        let packages = in_repository("cdk/package.json").canonicalize().unwrap();
        let mut node = Command::new("node")
            .arg(script)
            .arg(packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node is needed");
        node.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
        let message = node.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&message.stderr);
        assert!(message.status.success(), "{complaint}\n(Is jsonata there? `npm ci` in cdk/ brings it.)");
        Self(serde_json::from_slice(&message.stdout).unwrap())
    }

    fn entered(&self) -> Vec<&str> {
        self.0["entered"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    fn payload(&self, state: &str) -> &Value {
        let call = self.0["calls"].as_array().unwrap().iter().find(|call| call["state"] == state);
        &call.unwrap_or_else(|| panic!("{state} was not called: {:?}", self.entered()))["payload"]
    }

    /// The cost of the stored record counts exactly the entered states.
    fn costs_what_it_entered(&self) {
        let findings = serde_json::from_value(self.payload("StoreRecord").clone()).unwrap();
        let cost = Cost::of(&merge(claimed(), findings, NOW, 730));
        assert_eq!(cost.states as usize, self.entered().len(), "{:?}", self.entered());
    }

    /// Every payload is a valid input of its function.
    fn payloads_fit(&self) {
        for call in self.0["calls"].as_array().unwrap() {
            let state = call["state"].as_str().unwrap();
            let function = tasks().into_iter().find(|task| task.name == state).unwrap().function();
            takes(&function, call["payload"].clone())
                .unwrap_or_else(|error| panic!("{state} hands {function} what it does not take: {error}"));
        }
    }
}

/// The results of the functions for an image with a person and text, without an alert.
fn answers() -> Value {
    let mut findings = sample("store-record");
    findings["Labels"]["Watched"] = json!([]);
    findings["Moderation"]["Verdict"] = json!("CLEAR");
    json!({
        "InspectImage": { "payload": findings["Image"] },
        "DetectLabels": { "payload": findings["Labels"] },
        "AnalyzeFaces": { "payload": findings["Faces"] },
        "DetectText": { "payload": findings["Text"] },
        "ModerateImage": { "payload": findings["Moderation"] },
        "SendAlert": { "payload": { "MessageId": "m", "SentAt": 1 } },
        "ReviewExpired": { "payload": { "MessageId": "n", "SentAt": 2 } },
        "StoreRecord": { "payload": { "ImageID": "i" } },
        "RecordRejection": { "payload": "i" },
    })
}

fn with(state: &str, pointer: &str, value: Value) -> Value {
    let mut answers = answers();
    *answers[state]["payload"].pointer_mut(pointer).unwrap() = value;
    answers
}

fn failing(state: &str, error: &str) -> Run {
    let mut answers = answers();
    let cause = json!({ "errorType": error, "errorMessage": "DetectText refuses the image" }).to_string();
    answers[state] = json!({ "error": error, "cause": cause });
    Run::on(&answers)
}

#[test]
fn a_person_and_text_take_eleven_states_and_all_findings_are_stored() {
    let run = Run::on(&answers());
    run.payloads_fit();
    assert_eq!(run.entered().len(), 11, "{:?}", run.entered());
    run.costs_what_it_entered();
    let (stored, given) = (run.payload("StoreRecord"), answers());
    assert_eq!(stored["Image"], given["InspectImage"]["payload"]);
    assert_eq!(stored["Labels"], given["DetectLabels"]["payload"]);
    assert_eq!(stored["Faces"], given["AnalyzeFaces"]["payload"]);
    assert_eq!(stored["Text"], given["DetectText"]["payload"]);
    assert_eq!(stored["Moderation"], given["ModerateImage"]["payload"]);
    assert_eq!(stored["Review"], Value::Null);
    assert_eq!(run.0["end"], "StoreRecord");
}

#[test]
fn a_skipped_analysis_is_stored_with_the_reason() {
    let mut answers = answers();
    answers["DetectLabels"]["payload"]["Person"] = json!({ "Found": false, "Reason": "no person among the labels" });
    answers["DetectLabels"]["payload"]["Text"] = json!({ "Found": false, "Reason": "no text among the labels" });
    let run = Run::on(&answers);
    run.payloads_fit();
    let stored = run.payload("StoreRecord");
    assert_eq!(stored["Faces"], json!({ "Status": "SKIPPED", "Reason": "no person among the labels" }));
    assert_eq!(stored["Text"], json!({ "Status": "SKIPPED", "Reason": "no text among the labels" }));
    assert!(!run.entered().contains(&"AnalyzeFaces") && !run.entered().contains(&"DetectText"));
    run.costs_what_it_entered();
}

#[test]
fn one_watched_label_sends_an_alert() {
    let run = Run::on(&with("DetectLabels", "/Watched", json!([{ "Name": "Knife", "Confidence": 91.3 }])));
    run.payloads_fit();
    assert_eq!(run.payload("SendAlert")["Kind"], "CONCERN");
    run.costs_what_it_entered();
    assert!(!run.entered().contains(&"AwaitReview"));
    assert_eq!(run.0["end"], "StoreRecord");
}

#[test]
fn every_verdict_but_clear_sends_an_alert_and_only_review_waits() {
    for (verdict, waits) in [("ALERT", false), ("BLOCK", false), ("REVIEW", true)] {
        let mut answers = with("ModerateImage", "/Verdict", json!(verdict));
        answers["AwaitReview"] = json!({ "token": { "Status": "APPROVED", "ReviewedBy": "berta" } });
        let run = Run::on(&answers);
        run.payloads_fit();
        assert!(run.entered().contains(&"SendAlert"), "{verdict}");
        assert_eq!(run.entered().contains(&"AwaitReview"), waits, "{verdict}");
        let stored = run.payload("StoreRecord");
        assert_eq!(stored["Review"]["Status"], if waits { json!("APPROVED") } else { Value::Null }, "{verdict}");
        assert_eq!(stored["Labels"], answers["DetectLabels"]["payload"], "{verdict}");
        run.costs_what_it_entered();
    }
}

/// Injected: AwaitReview times out.
/// Seen: ReviewExpired sends an alert, and StoreRecord gets EXPIRED.
#[test]
fn row_27_an_unanswered_review_is_stored_as_expired_with_an_alert() {
    let mut answers = with("ModerateImage", "/Verdict", json!("REVIEW"));
    answers["AwaitReview"] = json!({ "error": "States.Timeout" });
    let run = Run::on(&answers);
    run.payloads_fit();
    assert_eq!(run.payload("AwaitReview")["TaskToken"], "a-token");
    assert_eq!(run.payload("ReviewExpired")["Kind"], "REVIEW_EXPIRED");
    assert_eq!(run.payload("StoreRecord")["Review"], json!({ "Status": "EXPIRED" }));
    assert_eq!(run.payload("StoreRecord")["Moderation"]["Verdict"], "REVIEW");
    run.costs_what_it_entered();
}

#[test]
fn a_rejected_image_succeeds_with_its_reason_recorded() {
    let run = failing("InspectImage", "Image.Rejected");
    run.payloads_fit();
    assert_eq!(run.entered(), ["InspectImage", "RecordRejection", "ImageRejected"]);
    let recorded = run.payload("RecordRejection");
    assert_eq!((&recorded["Error"], &recorded["Image"]), (&json!("Image.Rejected"), &Value::Null));
    assert_eq!(recorded["Event"], sample("inspect-image")["Event"]);
}

/// Injected: each of the four analyses fails with Recognition.Refused.
/// Seen: the run succeeds in ImageRejected, and RecordRejection gets the image.
#[test]
fn row_19_an_image_refused_by_any_analysis_succeeds_as_rejected() {
    for state in ["DetectLabels", "AnalyzeFaces", "DetectText", "ModerateImage"] {
        let run = failing(state, "Recognition.Refused");
        run.payloads_fit();
        assert_eq!(run.0["end"], "ImageRejected", "{state}");
        assert_eq!(run.payload("RecordRejection")["Image"], sample("store-record")["Image"], "{state}");
    }
}

/// Injected: InspectImage fails with Image.Duplicate.
/// Seen: the run ends in AlreadyAnalyzed, before any analysis.
#[test]
fn row_01_a_duplicate_ends_before_any_paid_call() {
    let run = failing("InspectImage", "Image.Duplicate");
    assert_eq!(run.entered(), ["InspectImage", "AlreadyAnalyzed"]);
}

#[test]
fn a_folder_marker_ends_without_a_record() {
    let run = failing("InspectImage", "Upload.FolderMarker");
    assert_eq!(run.entered(), ["InspectImage", "FolderIgnored"]);
}

#[test]
fn a_record_of_another_execution_is_left_alone() {
    assert_eq!(failing("StoreRecord", "Record.Superseded").0["end"], "RecordSuperseded");
    let mut answers = with("ModerateImage", "/Verdict", json!("REVIEW"));
    answers["AwaitReview"] = json!({ "error": "Record.Superseded" });
    assert_eq!(Run::on(&answers).0["end"], "RecordSuperseded");
}

/// Injected: each task fails with each error that a redrive can repair.
/// Seen: the run fails at that state with that error.
#[test]
fn row_17_row_20_row_23_an_error_that_a_redrive_can_repair_fails_the_execution_at_its_state() {
    let states = ["InspectImage", "DetectLabels", "AnalyzeFaces", "DetectText", "ModerateImage", "StoreRecord"];
    for state in states {
        for error in
            ["Storage.Unavailable", "Storage.Misconfigured", "Recognition.Throttled", "Recognition.Misconfigured", "Settings.Invalid"]
        {
            let run = failing(state, error);
            assert_eq!((&run.0["error"], run.entered().contains(&"StoreRecord")), (&json!(error), state == "StoreRecord"), "{state}");
        }
    }
}
