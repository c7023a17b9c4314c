//! analyze-faces over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use analyze_faces::AnalyzeFaces;
use serde_json::{Value, json};
use sightline_domain::{error::RecognitionError, faces::FacesFound};
use sightline_kit::{Fault, Step, settings};
use sightline_tests::{
    detectors::ScriptedDetector,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

fn run(detector: &ScriptedDetector, results: &MemoryObjects) -> Result<FacesFound, Fault> {
    let min_confidence = settings::from(&|_| None, analyze_faces::settings::read).unwrap();
    let step = AnalyzeFaces::new(min_confidence, detector.clone(), results.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer() -> Vec<u8> {
    let face = |confidence: f64| json!({"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Confidence": confidence});
    let faces: Vec<Value> = vec![face(99.9), face(79.9)];
    json!({"FaceDetails": faces}).to_string().into_bytes()
}

#[test]
fn faces_from_eighty_percent_are_kept_and_the_whole_answer_lies_in_the_results() {
    let (detector, results) = (ScriptedDetector::default().answering(answer()), MemoryObjects::default());
    let found = run(&detector, &results).unwrap();
    assert_eq!(found.face_data.len(), 1);
    assert_eq!(results.current(&format!("results/{IMAGE_ID}/faces.json")).unwrap().bytes, answer());
    assert_eq!((detector.calls()[0].operation, detector.calls()[0].key.as_str()), ("DetectFaces", image().processed_key.as_str()));
}

#[test]
fn a_second_try_reads_the_answer() {
    let (detector, results) = (ScriptedDetector::default().answering(answer()), MemoryObjects::default());
    assert_eq!(run(&detector, &results).unwrap(), run(&detector, &results).unwrap());
    assert_eq!(detector.calls().len(), 1);
}

#[test]
fn rubbish_is_unavailable_and_not_stored() {
    let results = MemoryObjects::default();
    assert_eq!(run(&ScriptedDetector::default().answering("{\"FaceDetails\":"), &results).unwrap_err().name(), "Recognition.Unavailable");
    assert!(results.keys().is_empty());
}

#[test]
fn a_refusal_names_the_operation() {
    let refused = RecognitionError::Refused { operation: "DetectFaces", source: "InvalidImageFormatException".into() };
    let fault = run(&ScriptedDetector::default().failing(refused), &MemoryObjects::default()).unwrap_err();
    assert_eq!(fault.name(), "Recognition.Refused");
    assert!(fault.message().starts_with("DetectFaces "), "record-rejection reads the analysis from it: {}", fault.message());
}
