//! Rekognition: requests, responses byte for byte, and our names for errors (fault matrix, rows 16 to 20).

use crate::replay::{Answer, Replay, json_error, ok};
use serde_json::json;
use sightline_aws::{Clients, Rekognition};
use sightline_domain::{
    model::{Analysis, ObjectRef, Question, RecognitionError, StepError, Verdict},
    ports::ImageAnalyzer,
    rules::{
        analysis::AnalysisRules,
        faces::FaceRules,
        labels::{DetectLabelsAnswer, LabelRules},
        moderation::{DetectModerationLabelsAnswer, Policy},
        text::TextRules,
    },
};

pub const OPERATIONS: [&str; 4] = ["DetectLabels", "DetectFaces", "DetectText", "DetectModerationLabels"];
pub const IMAGE: ObjectRef<'static> = ObjectRef::current("images", "processed/an id/image.jpg");

pub async fn call(replay: &Replay, operation: &str) -> Result<Vec<u8>, RecognitionError> {
    let rekognition = Rekognition::new(Clients::from(replay.config().await).rekognition());
    match operation {
        "DetectLabels" => rekognition.analyze(Analysis::Labels, &Question::LABELS, IMAGE).await,
        "DetectFaces" => rekognition.analyze(Analysis::Faces, &Question::FACES, IMAGE).await,
        "DetectText" => rekognition.analyze(Analysis::Text, &Question::TEXT, IMAGE).await,
        _ => rekognition.analyze(Analysis::Moderation, &Question::moderation(37.5), IMAGE).await,
    }
}

pub fn documented(operation: &str) -> &'static [u8] {
    match operation {
        "DetectLabels" => include_bytes!("../fixtures/rekognition/detect-labels.json"),
        "DetectFaces" => include_bytes!("../fixtures/rekognition/detect-faces.json"),
        "DetectText" => include_bytes!("../fixtures/rekognition/detect-text.json"),
        _ => include_bytes!("../fixtures/rekognition/detect-moderation-labels.json"),
    }
}

#[tokio::test]
async fn every_operation_sends_its_parameters_and_the_s3_object() {
    let image = json!({"S3Object": {"Bucket": "images", "Name": "processed/an id/image.jpg"}});
    let expected = [
        ("DetectLabels", json!({"Image": image, "MaxLabels": 50, "MinConfidence": 50.0})),
        ("DetectFaces", json!({"Image": image, "Attributes": ["ALL"]})),
        ("DetectText", json!({"Image": image})),
        ("DetectModerationLabels", json!({"Image": image, "MinConfidence": 37.5})),
    ];
    for (operation, body) in expected {
        let replay = Replay::new([ok(documented(operation))]);
        call(&replay, operation).await.unwrap();
        let sent = replay.only();
        assert_eq!(sent.header("x-amz-target"), Some(format!("RekognitionService.{operation}").as_str()));
        assert_eq!(sent.header("content-type"), Some("application/x-amz-json-1.1"));
        assert_eq!(sent.json(), body, "{operation}");
    }
}

#[tokio::test]
async fn documented_responses_are_returned_byte_for_byte() {
    for operation in OPERATIONS {
        let answer = call(&Replay::new([ok(documented(operation))]), operation).await.unwrap();
        assert!(answer == documented(operation), "{operation}");
    }
}

#[tokio::test]
async fn unknown_members_of_a_response_are_returned_too() {
    let answer = br#"{"Labels":[{"Name":"Car","Confidence":99.12345678901234,"NewMember":{"a":[1,2]}}],"NewVersion":null}"#;
    assert_eq!(call(&Replay::new([ok(&answer[..])]), "DetectLabels").await.unwrap(), answer);
}

/// Errors of the four operations (Rekognition API reference), and errors of the SDK.
const ERRORS: [(&str, u16, &str); 15] = [
    ("ThrottlingException", 500, "Recognition.Throttled"),
    ("ThrottlingException", 400, "Recognition.Throttled"),
    ("ProvisionedThroughputExceededException", 400, "Recognition.Throttled"),
    ("InternalServerError", 500, "Recognition.Unavailable"),
    ("ServiceUnavailable", 503, "Recognition.Unavailable"),
    ("NeverHeardOf", 502, "Recognition.Unavailable"),
    ("ImageTooLargeException", 400, "Recognition.Refused"),
    ("InvalidImageFormatException", 400, "Recognition.Refused"),
    ("InvalidS3ObjectException", 400, "Recognition.Misconfigured"),
    ("AccessDeniedException", 400, "Recognition.Misconfigured"),
    ("InvalidParameterException", 400, "Recognition.Misconfigured"),
    ("UnrecognizedClientException", 400, "Recognition.Misconfigured"),
    ("ExpiredTokenException", 400, "Recognition.Misconfigured"),
    ("NotSupportedLocallyException", 400, "Recognition.Misconfigured"),
    ("NeverHeardOf", 400, "Recognition.Misconfigured"),
];

#[tokio::test]
async fn every_documented_error_of_every_operation_has_our_name() {
    for operation in OPERATIONS {
        for (code, status, name) in ERRORS {
            let error = call(&Replay::new([json_error(status, code)]), operation).await.unwrap_err();
            assert_eq!(error.name(), name, "{operation}: {code} ({status})");
            assert!(error.to_string().starts_with(&format!("{operation} ")), "{error}");
        }
    }
}

#[tokio::test]
async fn the_error_code_is_also_read_from_the_header() {
    let header = vec![("x-amzn-errortype", "ImageTooLargeException:http://internal.amazon.com/".to_owned())];
    let error = call(&Replay::new([Answer::Http(400, header, b"{}".to_vec())]), "DetectLabels").await.unwrap_err();
    assert_eq!(error.name(), "Recognition.Refused");
}

#[tokio::test]
async fn refusals_and_configuration_errors_are_not_retried() {
    for code in [
        "ImageTooLargeException",
        "InvalidImageFormatException",
        "InvalidS3ObjectException",
        "AccessDeniedException",
        "InvalidParameterException",
    ] {
        let replay = Replay::new([json_error(400, code)]);
        call(&replay, "DetectLabels").await.unwrap_err();
        assert_eq!(replay.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn an_invalid_body_of_a_200_response_is_unavailable() {
    for rubbish in ["<html>busy</html>", "{\"Labels\": [", "{\"Labels\": 5}", "[]", "\"text\""] {
        let error = call(&Replay::new([ok(rubbish)]), "DetectLabels").await.unwrap_err();
        assert_eq!(error.name(), "Recognition.Unavailable", "{rubbish}");
    }
}

#[tokio::test]
async fn an_error_without_a_code_is_classified_by_its_status() {
    for (status, name) in [
        (400, "Recognition.Misconfigured"),
        (429, "Recognition.Throttled"),
        (500, "Recognition.Unavailable"),
        (503, "Recognition.Unavailable"),
    ] {
        let error = call(&Replay::new([Answer::Http(status, vec![], b"<html>".to_vec())]), "DetectLabels").await.unwrap_err();
        assert_eq!(error.name(), name, "{status}");
    }
}

#[tokio::test]
async fn a_broken_connection_and_a_timeout_are_unavailable() {
    for operation in OPERATIONS {
        for (case, answer) in [("broken", Answer::Broken), ("silent", Answer::Silence)] {
            let error = call(&Replay::new([answer]), operation).await.unwrap_err();
            assert_eq!(error.name(), "Recognition.Unavailable", "{operation}, {case}");
        }
    }
}

#[tokio::test]
async fn an_empty_response_is_returned_and_does_not_deserialize() {
    for empty in ["", "{}"] {
        let answer = call(&Replay::new([ok(empty)]), "DetectLabels").await.unwrap();
        assert!(serde_json::from_slice::<DetectLabelsAnswer>(&answer).is_err(), "{empty:?} is no verdict");
    }
    assert!(serde_json::from_value::<DetectModerationLabelsAnswer>(json!({})).is_err(), "no verdict, no publication");
}

fn answer<T: serde::de::DeserializeOwned>(operation: &str) -> T {
    serde_json::from_slice(documented(operation)).unwrap()
}

#[test]
fn a_documented_labels_response_is_read() {
    let rules = LabelRules { watched: vec!["Vehicle".into()], ..LabelRules::default() };
    let found = rules.read("id", &answer("DetectLabels"));
    assert_eq!(found.labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(), ["car", "city"]);
    assert_eq!((found.labels[0].boxes.len(), found.labels[0].parents.len()), (2, 2));
    assert!(found.person.found && !found.text.found);
    assert_eq!(found.watched[0].name, "Car");
}

#[test]
fn a_documented_faces_response_is_read() {
    let found = FaceRules { min_confidence: 80.0 }.read("id", &answer("DetectFaces"));
    let face = &found.face_data[0];
    assert_eq!(face.attributes.iter().map(|attribute| attribute.name.as_str()).collect::<Vec<_>>(), ["Smile", "EyesOpen"]);
    assert_eq!(face.emotions.iter().map(|emotion| emotion.name.as_str()).collect::<Vec<_>>(), ["HAPPY", "SURPRISED", "FEAR"]);
    assert_eq!(face.pose.map(|pose| pose.yaw), Some(7.16));
    assert_eq!(face.quality.map(|quality| quality.sharpness), Some(78.64));
}

#[test]
fn a_documented_text_response_is_read() {
    let found = TextRules { min_confidence: 80.0 }.read("id", &answer("DetectText"));
    assert_eq!(found.text_lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["IT'S MONDAY"]);
}

#[test]
fn a_documented_moderation_response_is_read() {
    let policy: Policy = serde_json::from_str(r#"[{"category": "Violence", "minConfidence": 90, "action": "REVIEW"}]"#).unwrap();
    let moderated = policy.read("id", &answer("DetectModerationLabels"));
    assert_eq!((moderated.verdict, moderated.moderation_flags.len()), (Verdict::Review, 4));
    assert_eq!(moderated.moderation_flags.iter().filter(|flag| flag.action.is_some()).count(), 3);
}
