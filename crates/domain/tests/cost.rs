//! What an image costs, and how it ended.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{ImageOutcome, Outcome, ProcessingStatus, Record, ReviewStatus, record::end_to_end},
    rules::{cost::Cost, merge::merge},
};
use sightline_tests::samples::{NOW, UPLOADED, claimed, findings, moderated};

fn analysed(change: impl FnOnce(&mut Value)) -> Record {
    let mut findings = findings();
    change(&mut findings);
    merge(claimed(), serde_json::from_value(findings).unwrap(), NOW, 730)
}

fn failed(reason: &str) -> Record {
    Record { processing_status: ProcessingStatus::Failed, status_reason: Some(reason.into()), finished_at: Some(NOW), ..claimed() }
}

fn refused(name: &str) -> Record {
    let mut record = failed("REFUSED_BY_PROVIDER");
    let outcome = Some(Outcome::Failed { reason: "Rekognition refuses the image".into() });
    match name {
        "labels" => record.analyses.labels = outcome,
        "moderation" => record.analyses.moderation = outcome,
        "faces" => record.analyses.faces = outcome,
        _ => record.analyses.text = outcome,
    }
    record
}

#[test]
fn an_image_without_person_text_and_concern_costs_two_calls_and_eleven_states() {
    let cost = Cost::of(&analysed(|_| ()));
    assert_eq!((cost.calls, cost.states, cost.microdollars()), (2, 11, 2_275));
}

#[test]
fn faces_and_text_cost_a_call_each_and_no_state() {
    let done = |name| json!({"Status": "DONE", "ResultKey": format!("results/i/{name}.json"), "FaceData": [], "TextLines": []});
    let cost = Cost::of(&analysed(|findings| {
        findings["Faces"] = done("faces");
        findings["Text"] = done("text");
    }));
    assert_eq!((cost.calls, cost.states), (4, 11));
}

#[test]
fn a_concern_costs_two_states_a_review_one_more_and_one_that_expires_another() {
    let verdict = |verdict: &str, review: Value| {
        Cost::of(&analysed(|findings| {
            findings["Moderation"] = moderated(verdict, &json!([]));
            findings["Review"] = review;
        }))
        .states
    };
    assert_eq!((verdict("ALERT", Value::Null), verdict("BLOCK", Value::Null)), (13, 13));
    assert_eq!(verdict("REVIEW", json!({"Status": "APPROVED"})), 14);
    assert_eq!(verdict("REVIEW", json!({"Status": "EXPIRED"})), 15);
    let watched = Cost::of(&analysed(|findings| findings["Labels"]["Watched"] = json!([{"Name": "Knife", "Confidence": 91.3}])));
    assert_eq!((watched.calls, watched.states), (2, 13));
}

#[test]
fn a_rejected_image_costs_only_the_states_entered_and_calls_answered() {
    let cost = |record: &Record| (Cost::of(record).calls, Cost::of(record).states);
    assert_eq!(cost(&failed("EMPTY_FILE")), (0, 3));
    assert_eq!((cost(&refused("labels")), cost(&refused("moderation"))), ((1, 6), (1, 6)));
    assert_eq!((cost(&refused("faces")), cost(&refused("text"))), ((2, 11), (2, 11)));
    assert_eq!(cost(&failed("Storage.Unavailable")), (0, 1));
    assert_eq!(Cost::of(&claimed()), Cost::default());
}

#[test]
fn outcomes_distinguish_completed_withheld_rejected_and_failed() {
    let blocked = analysed(|findings| findings["Moderation"] = moderated("BLOCK", &json!([])));
    let cases = [
        (claimed(), None),
        (analysed(|_| ()), Some(ImageOutcome::Completed)),
        (blocked, Some(ImageOutcome::Withheld)),
        (failed("TOO_SMALL"), Some(ImageOutcome::Rejected)),
        (failed("OBJECT_DELETED"), Some(ImageOutcome::Rejected)),
        (failed("Recognition.Throttled"), Some(ImageOutcome::Failed)),
    ];
    for (record, outcome) in cases {
        assert_eq!(ImageOutcome::of(&record), outcome, "{:?}", record.status_reason);
    }
    for outcome in ImageOutcome::ALL {
        assert_eq!(json!(outcome), outcome.as_ref());
    }
}

#[test]
fn the_time_of_a_review_is_not_processing_time() {
    assert_eq!(end_to_end(&analysed(|_| ())), Some(NOW - UPLOADED));
    assert_eq!(end_to_end(&claimed()), None);
    assert_eq!(end_to_end(&Record { review_status: ReviewStatus::Approved, ..analysed(|_| ()) }), None);
    assert_eq!(end_to_end(&Record { upload_timestamp: NOW + 1, ..analysed(|_| ()) }), Some(0));
}
