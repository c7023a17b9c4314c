//! The step detect-text.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;
use sightline_domain::model::{RecognitionError, TextFound};
use sightline_kit::{AnalysisStep, Step, StepFailure, settings};
use sightline_tests::{
    analyzer::ScriptedAnalyzer,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

fn run(analyzer: &ScriptedAnalyzer, objects: &MemoryObjects) -> Result<TextFound, StepFailure> {
    let rules = settings::from(&|_| None, detect_text::rules).unwrap();
    let step = AnalysisStep::new(rules, analyzer.clone(), objects.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer() -> Vec<u8> {
    let geometry = json!({"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Polygon": []});
    let detection = |kind: &str, id: i32| json!({"DetectedText": "EXIT", "Type": kind, "Id": id, "Confidence": 99.0, "Geometry": geometry});
    json!({"TextDetections": [detection("LINE", 0), detection("WORD", 1)], "TextModelVersion": "3.0"}).to_string().into_bytes()
}

#[test]
fn lines_are_kept_and_the_whole_response_is_stored() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer()), MemoryObjects::default());
    let found = run(&analyzer, &objects).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!(found.text_lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["EXIT"]);
    assert_eq!(objects.current(&format!("results/{IMAGE_ID}/text.json")).unwrap().bytes, answer());
    assert_eq!((analyzer.calls()[0].operation, analyzer.calls()[0].key.as_str()), ("DetectText", image().processed_key.as_str()));
}

#[test]
fn a_second_attempt_reads_the_stored_answer() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer()), MemoryObjects::default());
    assert!(run(&analyzer, &objects).is_ok() && run(&analyzer, &objects).is_ok());
    assert_eq!(analyzer.calls().len(), 1);
}

#[test]
fn a_response_of_the_wrong_shape_is_unavailable_and_not_stored() {
    let objects = MemoryObjects::default();
    assert_eq!(run(&ScriptedAnalyzer::default().answering("null"), &objects).err().unwrap().name(), "Recognition.Unavailable");
    assert!(objects.keys().is_empty());
}

#[test]
fn a_configuration_error_is_not_a_rejection() {
    let wrong = RecognitionError::Misconfigured { operation: "DetectText", source: "AccessDeniedException".into() };
    let fault = run(&ScriptedAnalyzer::default().failing(wrong), &MemoryObjects::default()).err().unwrap();
    assert_eq!(fault.name(), "Recognition.Misconfigured");
}
