//! detect-text over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use detect_text::DetectText;
use serde_json::json;
use sightline_domain::{error::RecognitionError, text::TextFound};
use sightline_kit::{Fault, Step, settings};
use sightline_tests::{
    detectors::ScriptedDetector,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

fn run(detector: &ScriptedDetector, results: &MemoryObjects) -> Result<TextFound, Fault> {
    let min_confidence = settings::from(&|_| None, detect_text::settings::read).unwrap();
    let step = DetectText::new(min_confidence, detector.clone(), results.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer() -> Vec<u8> {
    let geometry = json!({"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Polygon": []});
    let detection = |kind: &str, id: i32| json!({"DetectedText": "EXIT", "Type": kind, "Id": id, "Confidence": 99.0, "Geometry": geometry});
    json!({"TextDetections": [detection("LINE", 0), detection("WORD", 1)], "TextModelVersion": "3.0"}).to_string().into_bytes()
}

#[test]
fn lines_are_kept_and_the_whole_answer_lies_in_the_results() {
    let (detector, results) = (ScriptedDetector::default().answering(answer()), MemoryObjects::default());
    let found = run(&detector, &results).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!(found.text_lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["EXIT"]);
    assert_eq!(results.current(&format!("results/{IMAGE_ID}/text.json")).unwrap().bytes, answer());
    assert_eq!((detector.calls()[0].operation, detector.calls()[0].key.as_str()), ("DetectText", image().processed_key.as_str()));
}

#[test]
fn a_second_try_reads_the_answer() {
    let (detector, results) = (ScriptedDetector::default().answering(answer()), MemoryObjects::default());
    assert!(run(&detector, &results).is_ok() && run(&detector, &results).is_ok());
    assert_eq!(detector.calls().len(), 1);
}

#[test]
fn rubbish_is_unavailable_and_not_stored() {
    let results = MemoryObjects::default();
    assert_eq!(run(&ScriptedDetector::default().answering("null"), &results).err().unwrap().name(), "Recognition.Unavailable");
    assert!(results.keys().is_empty());
}

#[test]
fn a_set_up_that_is_wrong_is_no_fault_of_the_image() {
    let wrong = RecognitionError::Misconfigured { operation: "DetectText", source: "AccessDeniedException".into() };
    let fault = run(&ScriptedDetector::default().failing(wrong), &MemoryObjects::default()).err().unwrap();
    assert_eq!(fault.name(), "Recognition.Misconfigured");
}
