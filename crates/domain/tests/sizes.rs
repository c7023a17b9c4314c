//! Fault matrix, row 24: 100 faces, 100 words, 50 labels with all their parents. State data stays small; the whole answers are in S3.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::rules::{
    analysis::AnalysisRules,
    faces::{DetectFacesAnswer, FaceRules},
    label_index::{MAX_ROWS, rows},
    labels::{DetectLabelsAnswer, LabelRules, TextGate},
    merge::{Findings, merge},
    moderation::{DetectModerationLabelsAnswer, Policy},
    text::{DetectTextAnswer, TextRules},
};
use sightline_tests::samples::{IMAGE_ID, NOW, claimed, image};

/// Step Functions, quotas: input or output of a state.
const STATE_BYTES: usize = 256 * 1024;
/// DynamoDB, quotas: an item.
const ITEM_BYTES: usize = 400 * 1024;

fn bounding_box() -> Value {
    json!({"Width": 0.123_456_789_012, "Height": 0.123_456_789_012, "Left": 0.123_456_789_012, "Top": 0.123_456_789_012})
}

fn guess(value: &Value) -> Value {
    json!({"Value": value, "Confidence": 99.123_456_789})
}

fn faces() -> DetectFacesAnswer {
    let emotion = |kind: &str| json!({"Type": kind, "Confidence": 12.345_678_9});
    let emotions: Vec<Value> = ["HAPPY", "SAD", "ANGRY", "CONFUSED", "DISGUSTED", "SURPRISED", "CALM", "FEAR"].map(emotion).into();
    let face = json!({
        "BoundingBox": bounding_box(), "Confidence": 99.999_876_543, "AgeRange": {"Low": 20, "High": 28}, "Gender": guess(&json!("Female")),
        "Smile": guess(&json!(true)), "Eyeglasses": guess(&json!(true)), "Sunglasses": guess(&json!(true)), "Beard": guess(&json!(true)),
        "Mustache": guess(&json!(true)), "EyesOpen": guess(&json!(true)), "MouthOpen": guess(&json!(true)), "Emotions": emotions,
        "Pose": {"Roll": -12.345_678_9, "Yaw": -12.345_678_9, "Pitch": -12.345_678_9}, "Quality": {"Brightness": 92.345_678_9, "Sharpness": 92.345_678_9},
        "Landmarks": (0..30).map(|_| json!({"Type": "rightEyeBrowRight", "X": 0.123_456_789, "Y": 0.123_456_789})).collect::<Vec<_>>(),
    });
    serde_json::from_value(json!({"FaceDetails": vec![face; 100]})).unwrap()
}

fn text() -> DetectTextAnswer {
    let word = |kind: &str, place: usize| {
        json!({
            "DetectedText": format!("Donaudampfschifffahrtsgesellschaft{place}"), "Type": kind, "Id": place, "Confidence": 99.123_456,
            "Geometry": {"BoundingBox": bounding_box(), "Polygon": (0..4).map(|_| json!({"X": 0.1, "Y": 0.2})).collect::<Vec<_>>()},
        })
    };
    let detections: Vec<Value> = (0..100).map(|place| word("LINE", place)).chain((100..200).map(|place| word("WORD", place))).collect();
    serde_json::from_value(json!({"TextDetections": detections})).unwrap()
}

fn labels() -> DetectLabelsAnswer {
    let names = |count: usize, what: &str| {
        (0..count).map(|place| json!({"Name": format!("{what} With A Longish Name {place}")})).collect::<Vec<_>>()
    };
    let label = |place: usize| {
        json!({
            "Name": format!("Label With A Longish Name {place}"), "Confidence": 99.123_456,
            "Instances": (0..20).map(|_| json!({"BoundingBox": bounding_box(), "Confidence": 99.1})).collect::<Vec<_>>(),
            "Parents": names(8, "Parent"), "Aliases": names(4, "Alias"), "Categories": names(2, "Category"),
        })
    };
    serde_json::from_value(json!({"Labels": (0..50).map(label).collect::<Vec<_>>()})).unwrap()
}

fn moderation() -> DetectModerationLabelsAnswer {
    let flag = |place: usize| json!({"Name": format!("Flag With A Longish Name {place}"), "ParentName": "Graphic Violence", "TaxonomyLevel": 3, "Confidence": 99.1});
    serde_json::from_value(json!({"ModerationLabels": (0..40).map(flag).collect::<Vec<_>>()})).unwrap()
}

/// The input of store-record, the largest state data; it has all 50 labels, more than the default of 10.
fn crowded() -> Value {
    let rules = LabelRules {
        max_stored: 50,
        text_gate: TextGate::Always,
        watched: vec!["Parent With A Longish Name 0".into()],
        ..LabelRules::default()
    };
    json!({
        "Image": image(),
        "Labels": rules.read(IMAGE_ID, &labels()),
        "Faces": FaceRules { min_confidence: 80.0 }.read(IMAGE_ID, &faces()),
        "Text": TextRules { min_confidence: 80.0 }.read(IMAGE_ID, &text()),
        "Moderation": Policy::default().read(IMAGE_ID, &moderation()),
        "Review": null,
    })
}

/// Injected: the largest possible answers: 50 labels with their relations, 100 faces, 100 lines, 40 flags.
/// Seen: the largest input of the state machine stays under 256 KB.
#[test]
fn row_24_the_largest_state_data_stays_under_256_kb() {
    let bytes = crowded().to_string().len();
    println!("state: {bytes} bytes");
    assert!(bytes < STATE_BYTES, "{bytes} bytes");
}

/// Injected: the record of the largest possible answers.
/// Seen: it has all faces and lines, and stays under 400 KB.
#[test]
fn row_24_the_largest_item_stays_under_400_kb() {
    let record = merge(claimed(), serde_json::from_value::<Findings>(crowded()).unwrap(), NOW, 730);
    assert_eq!(record.face_data.as_ref().map(Vec::len), Some(100), "no face is lost");
    assert_eq!(record.text_lines.as_ref().map(Vec::len), Some(100), "no line is lost");
    let bytes = item_bytes(&serde_json::to_value(&record).unwrap());
    println!("item: {bytes} bytes");
    assert!(bytes < ITEM_BYTES, "{bytes} bytes");
    assert_eq!(rows(&record).len(), MAX_ROWS);
}

/// Size of a value in DynamoDB, rounded up (developer guide, "item sizes and formats"): a number takes a byte per two digits and one more,
/// lists and maps three bytes and one per entry.
fn item_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.to_string().len() / 2 + 2,
        Value::String(text) => text.len(),
        Value::Array(list) => 3 + list.iter().map(|entry| 1 + item_bytes(entry)).sum::<usize>(),
        Value::Object(map) => 3 + map.iter().map(|(name, entry)| 1 + name.len() + item_bytes(entry)).sum::<usize>(),
    }
}
