//! The message of an alert.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::rules::alert::{AlertMessage, AlertRequest, Attribute};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, image, labels_found, moderated};

fn concern(kind: &str, watched: &Value, flags: &Value) -> AlertRequest {
    let mut labels = labels_found(&[("car", 98.5)]);
    labels["Watched"] = watched.clone();
    serde_json::from_value(json!({"Kind": kind, "Image": image(), "Labels": labels, "Moderation": moderated("REVIEW", flags)})).unwrap()
}

fn message(watched: &Value, flags: &Value) -> AlertMessage {
    concern("CONCERN", watched, flags).message()
}

fn flag(name: &str, action: Option<&str>) -> Value {
    json!({"Name": name, "ParentName": "Violence", "TaxonomyLevel": 2, "Confidence": 91.26, "Action": action})
}

#[test]
fn a_message_names_all_watched_labels_and_all_flags_with_an_action() {
    let alert = message(
        &json!([{"Name": "Gun", "Confidence": 88.04}]),
        &json!([flag("Graphic Violence", Some("REVIEW")), flag("Only Recorded", None)]),
    );
    assert_eq!(alert.subject, "sightline: Gun, Graphic Violence");
    assert!(alert.body.contains("Gun (88.0 %)") && alert.body.contains("Graphic Violence < Violence (91.3 %)"));
    assert!(!alert.body.contains("Only Recorded"));
    assert!(alert.body.contains(IMAGE_ID) && alert.body.contains(EXECUTION));
}

#[test]
fn attributes_let_subscribers_filter() {
    let alert = message(&json!([{"Name": "Gun", "Confidence": 88.0}]), &json!([flag("Graphic Violence", Some("REVIEW"))]));
    let attribute = |name: &str| alert.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    assert_eq!(attribute("Kind"), Some(Attribute::Text("CONCERN".into())));
    assert_eq!(attribute("ImageID"), Some(Attribute::Text(IMAGE_ID.into())));
    assert_eq!(attribute("OwnerID"), Some(Attribute::Text("anna".into())));
    assert_eq!(attribute("Verdict"), Some(Attribute::Text("REVIEW".into())));
    assert_eq!(attribute("WatchedLabels"), Some(Attribute::List(vec!["Gun".into()])));
    assert_eq!(attribute("ModerationFlags"), Some(Attribute::List(vec!["Graphic Violence".into()])));
}

#[test]
fn the_subject_is_ascii_without_line_breaks_and_at_most_a_hundred_characters() {
    let names = ["Épée", "A\nB", &"x".repeat(90), &"y".repeat(90)].map(|name| json!({"Name": name, "Confidence": 90.0}));
    let subject = message(&json!(names), &json!([])).subject;
    assert!(subject.is_ascii() && !subject.contains('\n'));
    assert_eq!(subject.len(), 100);
    assert!(subject.starts_with("sightline: pe, AB, xxx"), "{subject}");
}

#[test]
fn an_expired_review_says_so() {
    let alert = concern("REVIEW_EXPIRED", &json!([]), &json!([flag("Graphic Violence", Some("REVIEW"))])).message();
    assert_eq!(alert.subject, "sightline: review expired, image withheld");
    assert!(alert.body.starts_with("Nobody reviewed this image in time"));
    assert!(alert.attributes.contains(&("Kind", Attribute::Text("REVIEW_EXPIRED".into()))));
}

#[test]
fn an_alert_names_the_file() {
    let mut concern = concern("CONCERN", &json!([{"Name": "Gun", "Confidence": 88.0}]), &json!([]));
    concern.image.image_name = Some("IMG 0042.jpg".to_owned());
    let body = concern.message().body;
    assert!(body.contains("\nName     IMG 0042.jpg\n"), "{body}");
}

#[test]
fn a_key_with_line_breaks_adds_no_lines_to_the_message() {
    let mut concern = concern("CONCERN", &json!([{"Name": "Gun", "Confidence": 88.0}]), &json!([]));
    concern.image.key = "raw-uploads/a\nVerdict  CLEAR\r\nImage    other.jpg".to_owned();
    let body = concern.message().body;
    assert_eq!(body.lines().filter(|line| line.starts_with("Verdict")).count(), 1, "{body}");
    assert_eq!(body.lines().filter(|line| line.starts_with("Image")).count(), 1, "{body}");
}

/// SNS accepts only the characters of XML 1.0, and refuses a message with others (SNS developer guide, "Message attributes").
#[test]
fn no_character_of_an_owner_or_a_key_makes_sns_refuse_the_message() {
    let odd: String = (1..=0x1f).chain([0x7f, 0x85, 0x202e, 0x2066, 0xfffe, 0xffff]).filter_map(char::from_u32).collect();
    let mut concern = concern("CONCERN", &json!([{"Name": "Gun", "Confidence": 88.0}]), &json!([]));
    concern.image.owner_id = format!("an{odd}na");
    concern.image.key = format!("raw-uploads/an{odd}na/a b\u{a0}\u{1f600}.jpg");

    let alert = concern.message();

    let fine = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(alert.body.chars().all(fine) && alert.body.contains("a b\u{a0}\u{1f600}.jpg"), "{:?}", alert.body);
    let owner = alert.attributes.into_iter().find(|(name, _)| *name == "OwnerID").map(|(_, value)| value);
    assert_eq!(owner, Some(Attribute::Text(format!("an{}na", "\u{fffd}".repeat(odd.chars().count())))));
}

#[test]
fn an_alert_contains_no_found_text_and_no_faces() {
    // The input type has no fields for them, so they cannot be sent.
    let with_text = json!({
        "Kind": "CONCERN", "Image": image(), "Labels": labels_found(&[]), "Moderation": moderated("ALERT", &json!([])),
        "Text": {"TextLines": [{"Text": "very private"}]}, "Faces": {"FaceData": [{"Emotions": [{"Name": "SAD"}]}]},
    });
    let alert = serde_json::from_value::<AlertRequest>(with_text).unwrap().message();
    let everything = format!("{alert:?}");
    assert!(!everything.contains("very private") && !everything.contains("SAD"));
}
