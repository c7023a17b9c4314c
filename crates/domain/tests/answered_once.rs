//! Stored answers are read instead of asked and paid for again.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use sightline_domain::{
    analysis::{Analysis, Question, StoredAnswer, answered_once},
    error::{RecognitionError, StorageError},
    labels::DetectLabelsAnswer,
    ports::ResultStore,
};
use sightline_tests::{
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
const KEY: fn() -> String = || format!("results/{IMAGE_ID}/labels.json");

/// Asks once; gives the outcome, and whether the question was put.
fn ask(results: &impl ResultStore, answer: &'static [u8]) -> (Result<DetectLabelsAnswer, Either>, bool) {
    ask_for(results, Question::LABELS, answer)
}

fn ask_for(results: &impl ResultStore, needed: Question, answer: &'static [u8]) -> (Result<DetectLabelsAnswer, Either>, bool) {
    // An atomic, since the question has to be Send.
    let asked = std::sync::atomic::AtomicBool::new(false);
    let question = async {
        asked.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(answer.to_vec())
    };
    let outcome = ready(answered_once::<DetectLabelsAnswer, Either>(results, &image(), Analysis::Labels, needed, question));
    (outcome, asked.into_inner())
}

#[test]
fn a_fresh_answer_is_stored_byte_for_byte_before_it_is_used() {
    let results = MemoryObjects::default();
    let (outcome, asked) = ask(&results, ANSWER);
    assert_eq!(outcome.unwrap().labels[0].name, "Car");
    assert!(asked);
    assert_eq!(results.current(&KEY()).unwrap().bytes, ANSWER);
}

#[test]
fn a_stored_answer_is_read_and_nothing_asked() {
    let results = MemoryObjects::default();
    results.upload(BUCKET, &KEY(), ANSWER, 0);
    let (outcome, asked) = ask(&results, b"{}");
    assert_eq!(outcome.unwrap().labels[0].name, "Car");
    assert!(!asked);
}

#[test]
fn a_stored_answer_that_cannot_be_read_is_asked_for_again_and_replaced() {
    let results = MemoryObjects::default();
    results.upload(BUCKET, &KEY(), b"{\"Labels\": [", 0);
    let (outcome, asked) = ask(&results, ANSWER);
    assert!(outcome.is_ok() && asked);
    assert_eq!(results.current(&KEY()).unwrap().bytes, ANSWER);
}

#[test]
fn rubbish_counts_as_unavailable_and_is_not_stored() {
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
fn where_the_store_cannot_be_read_nothing_is_asked() {
    let results = Failing::new(MemoryObjects::default()).fail("read_result", When::Before, 1);
    let (outcome, asked) = ask(&results, ANSWER);
    assert!(matches!(outcome, Err(Either::Storage(StorageError::Unavailable { .. }))));
    assert!(!asked);
}

/// Injected: killed after an answer of Rekognition was stored.
/// Seen: the next try reads it and pays for nothing.
#[test]
fn row_22_an_answer_whose_storing_was_not_confirmed_is_found_by_the_next_try() {
    let results = Failing::new(MemoryObjects::default()).fail("write_result", When::After, 1);
    assert!(ask(&results, ANSWER).0.is_err());
    let (outcome, asked) = ask(&results, b"{}");
    assert!(outcome.is_ok() && !asked);
}

/// The answer to the first question is stored; gives whether the second question was put.
fn asked_anew(first: Question, second: Question) -> bool {
    let results = MemoryObjects::default();
    assert!(ask_for(&results, first, ANSWER).1);
    ask_for(&results, second, ANSWER).1
}

#[test]
fn an_answer_is_asked_anew_where_its_question_left_out_what_is_needed_now() {
    let labels =
        |min_confidence, max_labels| Question { min_confidence: Some(min_confidence), max_labels: Some(max_labels), ..Question::TEXT };
    for (first, second, anew) in [
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
        assert_eq!(asked_anew(first, second), anew, "{first:?}, then {second:?}");
    }
}

#[test]
fn the_wider_answer_replaces_the_narrow_one_and_is_asked_for_once() {
    let results = MemoryObjects::default();
    ask_for(&results, Question::moderation(50.0), ANSWER).0.unwrap();
    assert!(ask_for(&results, Question::moderation(20.0), ANSWER).1);
    assert!(!ask_for(&results, Question::moderation(20.0), ANSWER).1);
    let stored = ready(results.read_answer(BUCKET, &KEY())).unwrap().unwrap();
    assert_eq!(stored, StoredAnswer { json: ANSWER.to_vec(), question: Some(r#"{"MinConfidence":20.0}"#.to_owned()) });
}

/// Earlier releases stored no question. They never asked for moderation above 50 percent.
#[test]
fn an_answer_without_a_question_covers_what_earlier_releases_asked_at_least() {
    let anew = |analysis, needed: Question| {
        let results = MemoryObjects::default();
        results.upload(BUCKET, &sightline_domain::layout::result(IMAGE_ID, analysis), b"{}", 0);
        let asked = std::sync::atomic::AtomicBool::new(false);
        let question = async {
            asked.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok(b"{}".to_vec())
        };
        ready(answered_once::<serde_json::Value, Either>(&results, &image(), analysis, needed, question)).unwrap();
        asked.into_inner()
    };
    assert!(!anew(Analysis::Labels, Question::LABELS));
    assert!(!anew(Analysis::Faces, Question::FACES));
    assert!(!anew(Analysis::Text, Question::TEXT));
    assert!(!anew(Analysis::Moderation, Question::moderation(50.0)));
    assert!(anew(Analysis::Moderation, Question::moderation(49.0)), "nobody knows whether it was asked so low");
}

#[test]
fn a_question_that_cannot_be_read_covers_nothing() {
    let results = MemoryObjects::default();
    ask_for(&results, Question::LABELS, ANSWER).0.unwrap();
    results.set_question(&KEY(), "min=50");
    assert!(ask(&results, ANSWER).1);
}
