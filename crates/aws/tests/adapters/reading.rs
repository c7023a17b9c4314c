//! The documented answers as the domain reads them.

use crate::rekognition::documented;
use sightline_domain::rules::{analysis::AnalysisRules, faces::FaceRules, text::TextRules};
use sightline_domain::{
    model::findings::Verdict,
    rules::{
        labels::{LabelRules, TextGate},
        moderation::Policy,
    },
};

fn answer<T: serde::de::DeserializeOwned>(operation: &str) -> T {
    serde_json::from_slice(documented(operation)).unwrap()
}

#[test]
fn labels() {
    let rules = LabelRules {
        min_confidence: 80.0,
        max_stored: 10,
        person_min_confidence: 50.0,
        text_min_confidence: 50.0,
        text_gate: TextGate::Labels,
        watched: vec!["Vehicle".into()],
        watched_min_confidence: 60.0,
    };
    let found = rules.read("id", &answer("DetectLabels"));
    assert_eq!(found.labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(), ["car", "city"]);
    assert_eq!((found.labels[0].boxes.len(), found.labels[0].parents.len()), (2, 2));
    assert!(found.person.found && !found.text.found);
    assert_eq!(found.watched[0].name, "Car");
}

#[test]
fn faces() {
    let found = FaceRules { min_confidence: 80.0 }.read("id", &answer("DetectFaces"));
    let face = &found.face_data[0];
    assert_eq!(face.attributes.iter().map(|attribute| attribute.name.as_str()).collect::<Vec<_>>(), ["Smile", "EyesOpen"]);
    assert_eq!(face.emotions.iter().map(|emotion| emotion.name.as_str()).collect::<Vec<_>>(), ["HAPPY", "SURPRISED", "FEAR"]);
    assert_eq!(face.pose.map(|pose| pose.yaw), Some(7.16));
    assert_eq!(face.quality.map(|quality| quality.sharpness), Some(78.64));
}

#[test]
fn text() {
    let found = TextRules { min_confidence: 80.0 }.read("id", &answer("DetectText"));
    assert_eq!(found.text_lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["IT'S MONDAY"]);
}

#[test]
fn moderation() {
    let policy: Policy = serde_json::from_str(r#"[{"category": "Violence", "minConfidence": 90, "action": "REVIEW"}]"#).unwrap();
    let moderated = policy.read("id", &answer("DetectModerationLabels"));
    assert_eq!((moderated.verdict, moderated.moderation_flags.len()), (Verdict::Review, 4));
    assert_eq!(moderated.moderation_flags.iter().filter(|flag| flag.action.is_some()).count(), 3);
}
