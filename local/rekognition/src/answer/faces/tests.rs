use serde_json::Value;
use sightline_vision::{AgeRange as Age, BoundingBox as Area, Emotion, GenderEstimate, Pose as Direction, Quality as Seen};

use super::*;

fn face(width: f32) -> Face {
    let point = |kind| Landmark { kind, x: 0.5, y: 0.5 };
    Face {
        bounding_box: Area { left: 0.25, top: 0.25, width, height: 0.5 },
        confidence: 99.,
        landmarks: vec![point(LandmarkKind::Nose), point(LandmarkKind::ChinBottom)],
        pose: Some(Direction { roll: 1., yaw: 2., pitch: 3. }),
        age_range: Some(Age { low: 20, high: 30 }),
        gender: Some(GenderEstimate { value: Gender::Female, confidence: 80. }),
        emotions: vec![Emotion { kind: EmotionKind::Happy, confidence: 90. }],
        smile: Some(Verdict { value: true, confidence: 90. }),
        eyes_open: Some(Verdict { value: true, confidence: 70. }),
        mouth_open: None,
        quality: Seen { brightness: 50., sharpness: 60. },
    }
}

fn keys(detail: &Value) -> Vec<&str> {
    detail.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sent(found: Vec<Face>, request: &FacesRequest) -> Vec<Value> {
    let answer = serde_json::to_value(faces(found, request)).unwrap();
    answer["FaceDetails"].as_array().unwrap().clone()
}

#[test]
fn by_default_only_the_default_attributes_are_sent() {
    let sent = sent(vec![face(0.5)], &FacesRequest::default());

    assert_eq!(keys(&sent[0]), ["BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"]);
    assert_eq!(sent[0]["Landmarks"].as_array().unwrap().len(), 1, "the chin is no default landmark");
    assert_eq!(sent[0]["Landmarks"][0]["Type"], "nose");
}

#[test]
fn all_sends_what_was_measured_and_nothing_else() {
    let attributes =
        vec![Attribute::AgeRange, Attribute::Emotions, Attribute::EyesOpen, Attribute::Gender, Attribute::MouthOpen, Attribute::Smile];

    let sent = sent(vec![face(0.5)], &FacesRequest { attributes, all_landmarks: true });

    let expected = ["AgeRange", "BoundingBox", "Confidence", "Emotions", "EyesOpen", "Gender", "Landmarks", "Pose", "Quality", "Smile"];
    assert_eq!(keys(&sent[0]), expected, "MouthOpen was not measured");
    assert_eq!(sent[0]["Gender"]["Value"], "Female");
    assert_eq!(sent[0]["Emotions"][0]["Type"], "HAPPY");
    assert_eq!(sent[0]["Landmarks"][1]["Type"], "chinBottom");
}

#[test]
fn the_largest_hundred_are_sent_the_largest_first() {
    let found = (1..=101_u8).map(|n| face(f32::from(n) / 200.)).collect();

    let sent = sent(found, &FacesRequest::default());

    assert_eq!(sent.len(), 100);
    assert!((sent[0]["BoundingBox"]["Width"].as_f64().unwrap() - 0.505).abs() < 1e-6);
}
