//! The stored part of a `DetectLabels` answer, and the analyses that follow from it.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{LabelsFound, MAX_BOXES},
    rules::{
        analysis::AnalysisRules,
        labels::{DetectLabelsAnswer, LabelRules, TextGate},
    },
};

fn label(name: &str, confidence: f64) -> Value {
    json!({"Name": name, "Confidence": confidence})
}

fn related(name: &str, confidence: f64, relation: &str, other: &str) -> Value {
    json!({"Name": name, "Confidence": confidence, relation: [{"Name": other}]})
}

fn read(rules: &LabelRules, labels: &[Value]) -> LabelsFound {
    let answer: DetectLabelsAnswer = serde_json::from_value(json!({"Labels": labels})).unwrap();
    rules.read("an-id", &answer)
}

#[test]
fn the_ten_most_confident_labels_are_kept_in_lower_case() {
    let labels: Vec<Value> = (0..50).map(|place| label(&format!("Label{place}"), 51.0 + f64::from(place))).collect();
    let found = read(&LabelRules::default(), &labels);
    let names: Vec<&str> = found.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["label49", "label48", "label47", "label46", "label45", "label44", "label43", "label42", "label41", "label40"]);
}

#[test]
fn labels_at_the_threshold_are_stored_and_labels_below_are_not() {
    let found = read(&LabelRules::default(), &[label("At", 80.0), label("Below", 79.99)]);
    assert_eq!(found.labels.len(), 1);
    assert_eq!(found.labels[0].name, "at");
}

#[test]
fn a_person_is_recognised_by_name_parent_or_alias_from_its_own_threshold() {
    let cases = [
        ("by name", label("Person", 51.0), true),
        ("in any case", label("PERSON", 51.0), true),
        ("by parent", related("Bride", 55.0, "Parents", "Person"), true),
        ("by alias", related("Human", 99.0, "Aliases", "Person"), true),
        ("not by category", related("Hat", 99.0, "Categories", "Person"), false),
        ("at the threshold", label("Person", 50.0), true),
        ("below the threshold", label("Person", 49.9), false),
        ("not by a part of the name", label("Personal Computer", 99.0), false),
    ];
    for (case, label, expected) in cases {
        let found = read(&LabelRules::default(), &[label]);
        assert_eq!(found.person.found, expected, "{case}: {}", found.person.reason);
    }
}

#[test]
fn a_person_below_the_stored_threshold_still_leads_to_face_analysis() {
    let found = read(&LabelRules::default(), &[label("Person", 62.0)]);
    assert!(found.person.found);
    assert!(found.labels.is_empty());
}

#[test]
fn the_strongest_person_decides_and_is_named_in_the_reason() {
    let found = read(&LabelRules::default(), &[label("Person", 30.0), related("Man", 88.25, "Parents", "Person"), label("Person", 40.0)]);
    assert_eq!(found.person.reason, "Man at 88.2 %, needed 50 %");
}

#[test]
fn text_is_recognised_by_name_or_category() {
    let cases = [
        ("by name", label("Text", 51.0), true),
        ("by parent", related("Word", 51.0, "Parents", "Text"), true),
        ("by category", related("Menu", 51.0, "Categories", "Text and Documents"), true),
        ("by a weak category", related("Menu", 49.0, "Categories", "Text and Documents"), false),
        ("another category", related("Dog", 99.0, "Categories", "Animals and Pets"), false),
    ];
    for (case, label, expected) in cases {
        assert_eq!(read(&LabelRules::default(), &[label]).text.found, expected, "{case}");
    }
}

#[test]
fn the_text_gate_can_be_always_or_never() {
    let always = LabelRules { text_gate: TextGate::Always, ..LabelRules::default() };
    let never = LabelRules { text_gate: TextGate::Never, ..LabelRules::default() };
    assert!(read(&always, &[]).text.found);
    assert!(!read(&never, &[label("Text", 99.0)]).text.found);
}

#[test]
fn no_labels_lead_to_no_follow_up_with_a_reason() {
    let found = read(&LabelRules::default(), &[]);
    assert_eq!((found.person.found, found.person.reason.as_str()), (false, "no person among the labels"));
    assert_eq!((found.text.found, found.text.reason.as_str()), (false, "no text among the labels"));
    assert!(found.watched.is_empty() && found.labels.is_empty());
}

#[test]
fn watched_labels_are_found_by_name_parent_or_alias_from_their_own_threshold() {
    let cases = [
        ("by name", label("Weapon", 61.0), true),
        ("by parent", related("Gun", 61.0, "Parents", "Weapon"), true),
        ("by alias", related("Arms", 61.0, "Aliases", "weapon"), true),
        ("at the threshold", label("Weapon", 60.0), true),
        ("below the threshold", label("Weapon", 59.9), false),
        ("not by category", related("Toolbox", 99.0, "Categories", "Weapon"), false),
    ];
    for (case, label, expected) in cases {
        assert_eq!(!read(&LabelRules::default(), &[label]).watched.is_empty(), expected, "{case}");
    }
}

#[test]
fn a_watched_label_below_the_stored_threshold_is_reported_but_not_stored() {
    let found = read(&LabelRules::default(), &[related("Gun", 65.0, "Parents", "Weapon")]);
    assert_eq!(found.watched[0].name, "Gun");
    assert!(found.labels.is_empty());
}

#[test]
fn parents_aliases_and_a_limited_number_of_boxes_are_kept() {
    let instances: Vec<Value> =
        (0..80).map(|_| json!({"BoundingBox": {"Left": 0.123_456, "Top": 0.2, "Width": 0.3, "Height": 0.4}, "Confidence": 90.0})).collect();
    let found = read(
        &LabelRules::default(),
        &[json!({
            "Name": "Car", "Confidence": 98.765_432, "Instances": instances, "Parents": [{"Name": "Vehicle"}],
            "Aliases": [{"Name": "Automobile"}], "Categories": [{"Name": "Vehicles and Automotive"}],
        })],
    );
    let car = &found.labels[0];
    assert_eq!((car.parents.as_slice(), car.aliases.as_slice()), (["Vehicle".to_owned()].as_slice(), ["Automobile".to_owned()].as_slice()));
    assert_eq!(car.categories, ["Vehicles and Automotive"]);
    assert_eq!(car.boxes.len(), MAX_BOXES);
    assert!((car.boxes[0].left - 0.1235).abs() < 1e-9 && (car.confidence - 98.77).abs() < 1e-9);
}

#[test]
fn a_label_without_its_optional_parts_is_read() {
    let found = read(&LabelRules::default(), &[json!({"Name": "Sky", "Confidence": 99.0})]);
    assert_eq!(found.labels[0].name, "sky");
}
