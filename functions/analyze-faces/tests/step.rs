//! The step analyze-faces.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::model::{FacesFound, RecognitionError};
use sightline_kit::{AnalysisStep, Step, StepFailure, settings};
use sightline_tests::{
    analyzer::ScriptedAnalyzer,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

fn run(analyzer: &ScriptedAnalyzer, objects: &MemoryObjects) -> Result<FacesFound, StepFailure> {
    let rules = settings::from(&|_| None, analyze_faces::rules).unwrap();
    let step = AnalysisStep::new(rules, analyzer.clone(), objects.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer() -> Vec<u8> {
    let face = |confidence: f64| json!({"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Confidence": confidence});
    let faces: Vec<Value> = vec![face(99.9), face(79.9)];
    json!({"FaceDetails": faces}).to_string().into_bytes()
}

#[test]
fn faces_below_the_minimum_are_left_out_and_the_whole_answer_is_stored() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer()), MemoryObjects::default());
    let found = run(&analyzer, &objects).unwrap();
    assert_eq!(found.face_data.len(), 1);
    assert_eq!(objects.current(&format!("results/{IMAGE_ID}/faces.json")).unwrap().bytes, answer());
    assert_eq!((analyzer.calls()[0].operation, analyzer.calls()[0].key.as_str()), ("DetectFaces", image().processed_key.as_str()));
}

#[test]
fn a_second_attempt_reads_the_stored_answer() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer()), MemoryObjects::default());
    assert_eq!(run(&analyzer, &objects).unwrap(), run(&analyzer, &objects).unwrap());
    assert_eq!(analyzer.calls().len(), 1);
}

#[test]
fn a_response_of_the_wrong_shape_is_unavailable_and_not_stored() {
    let objects = MemoryObjects::default();
    assert_eq!(run(&ScriptedAnalyzer::default().answering("{\"FaceDetails\":"), &objects).unwrap_err().name(), "Recognition.Unavailable");
    assert!(objects.keys().is_empty());
}

#[test]
fn a_refusal_names_the_operation() {
    let refused = RecognitionError::Refused { operation: "DetectFaces", source: "InvalidImageFormatException".into() };
    let fault = run(&ScriptedAnalyzer::default().failing(refused), &MemoryObjects::default()).unwrap_err();
    assert_eq!(fault.name(), "Recognition.Refused");
    assert!(fault.message().starts_with("DetectFaces "), "record-rejection reads the analysis from it: {}", fault.message());
}
