//! A stored answer is read instead of a second paid call.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_domain::{
    flows::analyze::analyze_once,
    model::{Analysis, Question, RecognitionError, StorageError, StoredAnswer},
    ports::Objects,
    rules::labels::DetectLabelsAnswer,
};
use sightline_tests::{
    analyzer::ScriptedAnalyzer,
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, IMAGE_ID, image},
};

#[derive(Debug, thiserror::Error)]
enum Either {
    #[error(transparent)]
    Recognition(#[from] RecognitionError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

const ANSWER: &[u8] = br#"{ "Labels": [{"Name": "Car", "Confidence": 99.5, "Unknown": [1]}],  "LabelModelVersion": "3.0" }"#;

/// The key of the stored answer.
fn key() -> String {
    format!("results/{IMAGE_ID}/labels.json")
}

/// Asks for labels once; returns the outcome, and whether Rekognition was called.
fn ask(objects: &impl Objects, answer: &'static [u8]) -> (Result<DetectLabelsAnswer, Either>, bool) {
    ask_for(objects, Question::LABELS, answer)
}

fn ask_for(objects: &impl Objects, question: Question, answer: &'static [u8]) -> (Result<DetectLabelsAnswer, Either>, bool) {
    let analyzer = ScriptedAnalyzer::default().answering(answer);
    let outcome = ready(analyze_once::<DetectLabelsAnswer, Either>(&analyzer, objects, &image(), 1, Analysis::Labels, question));
    (outcome, !analyzer.calls().is_empty())
}

#[test]
fn a_fresh_answer_is_stored_byte_for_byte_before_it_is_used() {
    let results = MemoryObjects::default();
    let (outcome, asked) = ask(&results, ANSWER);
    assert_eq!(outcome.unwrap().labels[0].name, "Car");
    assert!(asked);
    assert_eq!(results.current(&key()).unwrap().bytes, ANSWER);
}

#[test]
fn a_stored_answer_is_used_without_a_call() {
    let results = MemoryObjects::default();
    results.upload(BUCKET, &key(), ANSWER, 0);
    let (outcome, asked) = ask(&results, b"{}");
    assert_eq!(outcome.unwrap().labels[0].name, "Car");
    assert!(!asked);
}

#[test]
fn an_unreadable_stored_answer_is_replaced() {
    let results = MemoryObjects::default();
    results.upload(BUCKET, &key(), b"{\"Labels\": [", 0);
    let (outcome, asked) = ask(&results, ANSWER);
    assert!(outcome.is_ok() && asked);
    assert_eq!(results.current(&key()).unwrap().bytes, ANSWER);
}

#[test]
fn a_response_of_the_wrong_shape_is_unavailable_and_not_stored() {
    for rubbish in [b"<html>busy</html>".as_slice(), b"", b"{}", b"[]", b"{\"Labels\": 5}"] {
        let results = MemoryObjects::default();
        let (outcome, _) = ask(&results, rubbish);
        assert!(
            matches!(outcome, Err(Either::Recognition(RecognitionError::Unavailable { operation: "DetectLabels", .. }))),
            "{rubbish:?}"
        );
        assert!(results.keys().is_empty(), "{rubbish:?}");
    }
}

#[test]
fn rekognition_is_not_called_if_the_store_cannot_be_read() {
    let results = Failing::new(MemoryObjects::default()).fail("read_answer", When::Before, 1);
    let (outcome, asked) = ask(&results, ANSWER);
    assert!(matches!(outcome, Err(Either::Storage(StorageError::Unavailable { .. }))));
    assert!(!asked);
}

/// Injected: killed after an answer of Rekognition was stored.
/// Seen: the next attempt reads it and pays nothing.
#[test]
fn row_22_an_answer_stored_without_confirmation_is_used_by_the_next_attempt() {
    let results = Failing::new(MemoryObjects::default()).fail("write_answer", When::After, 1);
    assert!(ask(&results, ANSWER).0.is_err());
    let (outcome, asked) = ask(&results, b"{}");
    assert!(outcome.is_ok() && !asked);
}

/// Stores the answer to the first question; returns whether the second question calls Rekognition.
fn calls_again(first: Question, second: Question) -> bool {
    let results = MemoryObjects::default();
    assert!(ask_for(&results, first, ANSWER).1);
    ask_for(&results, second, ANSWER).1
}

#[test]
fn a_narrower_stored_answer_is_replaced() {
    let labels =
        |min_confidence, max_labels| Question { min_confidence: Some(min_confidence), max_labels: Some(max_labels), ..Question::TEXT };
    for (first, second, again) in [
        (Question::moderation(50.0), Question::moderation(30.0), true),
        (Question::moderation(50.0), Question::moderation(49.9), true),
        (Question::moderation(30.0), Question::moderation(50.0), false),
        (Question::moderation(30.0), Question::moderation(30.0), false),
        (labels(50.0, 50), labels(50.0, 51), true),
        (labels(50.0, 50), labels(40.0, 50), true),
        (labels(50.0, 50), labels(60.0, 40), false),
        (Question::TEXT, Question::FACES, true),
        (Question::FACES, Question::FACES, false),
        (Question::FACES, Question::TEXT, false),
    ] {
        assert_eq!(calls_again(first, second), again, "{first:?}, then {second:?}");
    }
}

#[test]
fn the_wider_answer_is_stored_with_its_question() {
    let results = MemoryObjects::default();
    ask_for(&results, Question::moderation(50.0), ANSWER).0.unwrap();
    assert!(ask_for(&results, Question::moderation(20.0), ANSWER).1);
    assert!(!ask_for(&results, Question::moderation(20.0), ANSWER).1);
    let stored = ready(results.read_answer(BUCKET, &key())).unwrap().unwrap();
    assert_eq!(stored, StoredAnswer { json: ANSWER.to_vec(), question: Some(r#"{"MinConfidence":20.0}"#.to_owned()) });
}

/// Earlier releases stored no question. They never asked for moderation above 50 percent.
#[test]
fn an_answer_without_a_question_covers_the_questions_of_earlier_releases() {
    let calls = |analysis, needed: Question| {
        let results = MemoryObjects::default();
        results.upload(BUCKET, &sightline_domain::model::layout::result(IMAGE_ID, analysis), b"{}", 0);
        let analyzer = ScriptedAnalyzer::default().answering(*b"{}");
        ready(analyze_once::<serde_json::Value, Either>(&analyzer, &results, &image(), 1, analysis, needed)).unwrap();
        !analyzer.calls().is_empty()
    };
    assert!(!calls(Analysis::Labels, Question::LABELS));
    assert!(!calls(Analysis::Faces, Question::FACES));
    assert!(!calls(Analysis::Text, Question::TEXT));
    assert!(!calls(Analysis::Moderation, Question::moderation(50.0)));
    assert!(calls(Analysis::Moderation, Question::moderation(49.0)), "earlier releases may not have asked so low");
}

#[test]
fn an_unreadable_question_covers_nothing() {
    let results = MemoryObjects::default();
    ask_for(&results, Question::LABELS, ANSWER).0.unwrap();
    results.set_question(&key(), "min=50");
    assert!(ask(&results, ANSWER).1);
}
