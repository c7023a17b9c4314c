//! The stored part of faces and text.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::rules::{analysis::AnalysisRules, faces::FaceRules, text::TextRules};
use sightline_domain::{
    model::{FacesFound, MAX_EMOTIONS, Outcome, TextFound},
    rules::{faces::DetectFacesAnswer, text::DetectTextAnswer},
};

fn face(side: f64, confidence: f64) -> Value {
    json!({"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": side, "Height": side}, "Confidence": confidence})
}

fn faces(details: &[Value]) -> FacesFound {
    let answer: DetectFacesAnswer = serde_json::from_value(json!({"FaceDetails": details})).unwrap();
    FaceRules { min_confidence: 80.0 }.read("an-id", &answer)
}

fn text(detections: &[Value]) -> TextFound {
    let answer: DetectTextAnswer = serde_json::from_value(json!({"TextDetections": detections, "TextModelVersion": "3.0"})).unwrap();
    TextRules { min_confidence: 80.0 }.read("an-id", &answer)
}

fn line(kind: &str, text: &str, confidence: f64) -> Value {
    json!({
        "DetectedText": text, "Type": kind, "Id": 0, "Confidence": confidence,
        "Geometry": {"BoundingBox": {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}, "Polygon": []},
    })
}

#[test]
fn faces_are_sorted_by_size_and_weak_ones_left_out() {
    let found = faces(&[face(0.1, 99.0), face(0.3, 80.0), face(0.9, 79.9), face(0.2, 95.0)]);
    let widths: Vec<f64> = found.face_data.iter().map(|face| face.r#box.width).collect();
    assert_eq!(widths, [0.3, 0.2, 0.1]);
    assert_eq!(found.outcome, Outcome::Done { result_key: "results/an-id/faces.json".to_owned() });
}

#[test]
fn only_positive_attributes_of_a_face_are_kept() {
    let mut detail = face(0.2, 99.0);
    detail["Smile"] = json!({"Value": true, "Confidence": 91.239});
    detail["Beard"] = json!({"Value": false, "Confidence": 99.0});
    detail["AgeRange"] = json!({"Low": 20, "High": 28});
    detail["Gender"] = json!({"Value": "Female", "Confidence": 98.0});
    let kept = &faces(&[detail]).face_data[0];
    let attributes: Vec<&str> = kept.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(attributes, ["Smile"]);
    assert!((kept.attributes[0].confidence - 91.24).abs() < 1e-9);
    assert_eq!(kept.age_range.map(|age| (age.low, age.high)), Some((20, 28)));
    assert_eq!(kept.gender.as_ref().map(|guess| guess.value.as_str()), Some("Female"));
}

#[test]
fn the_most_likely_emotions_are_kept() {
    let mut detail = face(0.2, 99.0);
    detail["Emotions"] = json!([
        {"Type": "SAD", "Confidence": 1.0}, {"Type": "HAPPY", "Confidence": 95.0}, {"Type": "CALM", "Confidence": 3.0},
        {"Type": "FEAR", "Confidence": 0.5}, {"Type": "ANGRY", "Confidence": 0.1},
    ]);
    let emotions: Vec<String> = faces(&[detail]).face_data[0].emotions.iter().map(|emotion| emotion.name.clone()).collect();
    assert_eq!(emotions, ["HAPPY", "CALM", "SAD"]);
    assert_eq!(emotions.len(), MAX_EMOTIONS);
}

#[test]
fn a_face_with_only_a_box_is_read() {
    let found = faces(&[json!({"BoundingBox": {"Left": -0.05, "Top": 0.0, "Width": 1.1, "Height": 1.0}, "Confidence": 100.0})]);
    assert!((found.face_data[0].r#box.left + 0.05).abs() < 1e-9, "parts outside of the image stay outside");
}

#[test]
fn lines_are_kept_in_order_without_words_and_weak_lines() {
    let found = text(&[line("LINE", "first", 99.0), line("WORD", "first", 99.0), line("LINE", "weak", 79.9), line("LINE", "second", 80.0)]);
    let lines: Vec<&str> = found.text_lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["first", "second"]);
}

#[test]
fn a_skipped_analysis_is_read_with_its_reason_and_no_findings() {
    let skipped = json!({"Status": "SKIPPED", "Reason": "no person among the labels"});
    let faces: FacesFound = serde_json::from_value(skipped.clone()).unwrap();
    let text: TextFound = serde_json::from_value(skipped).unwrap();
    let expected = Outcome::Skipped { reason: "no person among the labels".to_owned() };
    assert_eq!((faces.outcome, faces.face_data.len()), (expected.clone(), 0));
    assert_eq!((text.outcome, text.text_lines.len()), (expected, 0));
}
