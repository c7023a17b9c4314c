//! The step detect-labels.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{LabelsFound, RecognitionError},
    rules::labels::{LabelRules, TextGate},
};
use sightline_kit::{AnalysisStep, Step, StepFailure, settings};
use sightline_tests::{
    analyzer::ScriptedAnalyzer,
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, IMAGE_ID, image, label},
};

fn run(analyzer: &ScriptedAnalyzer, objects: &MemoryObjects) -> Result<LabelsFound, StepFailure> {
    let step = AnalysisStep::new(rules(&|_| None), analyzer.clone(), objects.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn rules(environment: &dyn Fn(&str) -> Option<String>) -> LabelRules {
    settings::from(environment, detect_labels::rules).unwrap()
}

fn answer(labels: &[Value]) -> Vec<u8> {
    json!({"Labels": labels, "LabelModelVersion": "3.0"}).to_string().into_bytes()
}

fn result_key() -> String {
    format!("results/{IMAGE_ID}/labels.json")
}

#[test]
fn rekognition_is_called_once_for_the_normalised_copy_and_the_whole_answer_is_stored() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer(&[label("Person", 99.0)])), MemoryObjects::default());
    let found = run(&analyzer, &objects).unwrap();
    assert!(found.person.found);
    assert_eq!(analyzer.calls().len(), 1);
    assert_eq!(analyzer.calls()[0].key, format!("processed/{IMAGE_ID}/image.jpg"));
    assert_eq!(objects.current(&result_key()).unwrap().bytes, answer(&[label("Person", 99.0)]));
}

#[test]
fn a_second_attempt_reads_the_stored_answer() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer(&[label("Car", 99.0)])), MemoryObjects::default());
    let (first, second) = (run(&analyzer, &objects).unwrap(), run(&analyzer, &objects).unwrap());
    assert_eq!(first, second);
    assert_eq!(analyzer.calls().len(), 1);
}

#[test]
fn an_invalid_response_is_unavailable_not_stored_and_requested_again() {
    let analyzer = ScriptedAnalyzer::default().answering("<html>").answering(answer(&[]));
    let objects = MemoryObjects::default();
    assert_eq!(run(&analyzer, &objects).err().unwrap().name(), "Recognition.Unavailable");
    assert!(objects.keys().is_empty());
    assert!(run(&analyzer, &objects).is_ok());
    assert_eq!(analyzer.calls().len(), 2);
}

#[test]
fn an_error_of_rekognition_keeps_its_name_and_cause() {
    let throttled = RecognitionError::Throttled { operation: "DetectLabels", source: "slow down".into() };
    let fault = run(&ScriptedAnalyzer::default().failing(throttled), &MemoryObjects::default()).err().unwrap();
    assert_eq!(fault.name(), "Recognition.Throttled");
    assert_eq!(fault.message(), "DetectLabels was throttled: slow down");
}

#[test]
fn a_response_that_cannot_be_stored_is_a_storage_error() {
    let analyzer = ScriptedAnalyzer::default().answering(answer(&[]));
    let objects = Failing::new(MemoryObjects::default()).fail("write_answer", When::Before, 1);
    let step = AnalysisStep::new(rules(&|_| None), analyzer, objects);
    let fault = ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap())).err().unwrap();
    assert_eq!(fault.name(), "Storage.Unavailable");
}

#[test]
fn the_result_has_the_fields_that_the_state_machine_reads() {
    let objects = MemoryObjects::default();
    objects.upload(BUCKET, &result_key(), &answer(&[label("Person", 99.0), label("Weapon", 70.0)]), 0);
    let output = serde_json::to_value(run(&ScriptedAnalyzer::default(), &objects).unwrap()).unwrap();
    assert_eq!(output.pointer("/Person/Found"), Some(&json!(true)));
    assert_eq!(output.pointer("/Text/Found"), Some(&json!(false)));
    assert!(output.pointer("/Text/Reason").is_some_and(Value::is_string));
    assert_eq!(output.pointer("/Watched/0/Name"), Some(&json!("Weapon")));
    assert_eq!(output.pointer("/Status"), Some(&json!("DONE")));
    assert_eq!(output.pointer("/ResultKey"), Some(&json!(result_key())));
}

#[test]
fn settings_have_the_documented_defaults() {
    let rules = rules(&|_| None);
    assert_eq!((rules.min_confidence, rules.max_stored, rules.person_min_confidence), (80.0, 10, 50.0));
    assert_eq!((rules.text_min_confidence, rules.text_gate, rules.watched_min_confidence), (50.0, TextGate::Labels, 60.0));
    assert_eq!(rules.watched, ["Weapon"]);
}

#[test]
fn every_invalid_setting_is_named() {
    let environment = |name: &str| match name {
        "LABEL_MIN_CONFIDENCE" => Some("101".to_owned()),
        "TEXT_GATE" => Some("sometimes".to_owned()),
        "WATCHED_LABELS" => Some("Weapon".to_owned()),
        "MAX_STORED_LABELS" => Some("-1".to_owned()),
        _ => None,
    };
    let problems = settings::from(&environment, detect_labels::rules).err().unwrap().problems;
    assert_eq!(problems.len(), 4, "{problems:?}");
    for name in ["LABEL_MIN_CONFIDENCE", "TEXT_GATE", "WATCHED_LABELS", "MAX_STORED_LABELS"] {
        assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name}: {problems:?}");
    }
}
