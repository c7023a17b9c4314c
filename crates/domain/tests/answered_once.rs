//! Stored answers are read instead of asked and paid for again.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use sightline_domain::{
    analysis::{Analysis, answered_once},
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
    // An atomic, since the question has to be Send.
    let asked = std::sync::atomic::AtomicBool::new(false);
    let question = async {
        asked.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(answer.to_vec())
    };
    let outcome = ready(answered_once::<DetectLabelsAnswer, Either>(results, &image(), Analysis::Labels, question));
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
