//! The final record.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{Outcome, ProcessingStatus, Record, ReviewOutcome, ReviewStatus, Verdict},
    rules::merge::{Findings, merge},
};
use sightline_tests::samples::{IMAGE_ID, NOW, THUMBHASH, claimed, findings, moderated};

fn merged(claimed: Record, findings: Value) -> Record {
    merge(claimed, serde_json::from_value::<Findings>(findings).unwrap(), NOW, 730)
}

fn decided(status: ReviewStatus) -> Record {
    Record {
        review_status: status,
        reviewed_by: Some("anna".into()),
        reviewed_at: Some(5),
        review_reason: Some("fine".into()),
        ..claimed()
    }
}

#[test]
fn findings_complete_the_claimed_record() {
    let record = merged(claimed(), findings());
    assert_eq!(record.processing_status, ProcessingStatus::Completed);
    assert_eq!((record.work_queue, record.finished_at), (None, Some(NOW)));
    assert_eq!(record.detection_summary.unwrap()[0].name, "car");
    assert_eq!(record.moderation_verdict, Some(Verdict::Clear));
    assert_eq!(record.analyses.faces, Some(Outcome::Skipped { reason: "no person among the labels".into() }));
    assert_eq!(record.analyses.labels, Some(Outcome::Done { result_key: format!("results/{IMAGE_ID}/labels.json") }));
    assert_eq!((record.width, record.height), (Some(1600), Some(1200)));
    assert_eq!((record.face_count, record.text_line_count, record.thumbhash.as_deref()), (Some(0), Some(0), Some(THUMBHASH)));
    assert_eq!((record.latitude, record.longitude), (None, None));
}

#[test]
fn faces_lines_and_position_are_attributes_of_their_own() {
    let mut input = findings();
    let boxed = json!({"Left": 0.1, "Top": 0.1, "Width": 0.1, "Height": 0.1});
    input["Faces"] =
        json!({"Status": "DONE", "ResultKey": "f", "FaceData": [{"Box": boxed, "Confidence": 99.0}, {"Box": boxed, "Confidence": 98.0}]});
    input["Text"] = json!({"Status": "DONE", "ResultKey": "t", "TextLines": [{"Text": "STOP", "Confidence": 90.0, "Box": boxed}]});
    input["Image"]["Exif"] = json!({"GPS": {"Latitude": 48.2, "Longitude": -16.37}});
    let record = merged(claimed(), input);
    assert_eq!((record.face_count, record.text_line_count), (Some(2), Some(1)));
    assert_eq!((record.latitude, record.longitude), (Some(48.2), Some(-16.37)));
}

#[test]
fn the_overlay_of_the_claimed_record_stays_and_shapes_the_summary() {
    let edited = Record {
        title: Some("Trip".into()),
        own_labels: vec!["grandma".into(), "road".into()],
        removed_labels: vec!["car".into()],
        edits: 3,
        edited_at: Some(7),
        review_claimed_by: Some("berta".into()),
        review_claimed_until: Some(9),
        ..claimed()
    };
    let record = merged(edited, findings());
    assert_eq!((record.title.as_deref(), record.edits, record.edited_at), (Some("Trip"), 3, Some(7)));
    let summary: Vec<(String, f64)> = record.detection_summary.into_iter().flatten().map(|label| (label.name, label.confidence)).collect();
    assert_eq!(summary, [("grandma".to_owned(), 100.0), ("road".to_owned(), 100.0)]);
    let found: Vec<(String, f64)> = record.labels.into_iter().flatten().map(|label| (label.name, label.confidence)).collect();
    assert_eq!(found, [("car".to_owned(), 98.5), ("road".to_owned(), 90.0)], "Rekognition's labels are never changed");
    assert_eq!((record.review_claimed_by, record.review_claimed_until), (None, None), "no review is open any more");
}

#[test]
fn the_summary_holds_the_top_five() {
    let mut input = findings();
    let labels: Vec<Value> = (0..9).map(|place| json!({"Name": format!("label{place}"), "Confidence": 99 - place})).collect();
    input["Labels"]["Labels"] = json!(labels);
    let record = merged(claimed(), input);
    assert_eq!(record.detection_summary.as_ref().map(Vec::len), Some(5));
    assert_eq!(record.labels.map(|labels| labels.len()), Some(9));
}

#[test]
fn a_record_expires_after_the_retention_and_never_if_it_is_zero() {
    let read = || serde_json::from_value::<Findings>(findings()).unwrap();
    assert_eq!(merge(claimed(), read(), NOW, 730).expires_at, Some(NOW / 1000 + 730 * 86_400));
    assert_eq!(merge(claimed(), read(), NOW, 0).expires_at, None);
}

#[test]
fn a_saved_decision_overrides_the_expiry_of_the_task() {
    let cases = [
        ("saved approval; the task expired", ReviewStatus::Approved, json!({"Status": "EXPIRED"}), ReviewStatus::Approved),
        ("saved rejection; the task expired", ReviewStatus::Rejected, json!({"Status": "EXPIRED"}), ReviewStatus::Rejected),
        ("saved rejection; no result", ReviewStatus::Rejected, json!(null), ReviewStatus::Rejected),
        ("nothing saved; the task expired", ReviewStatus::Pending, json!({"Status": "EXPIRED"}), ReviewStatus::Expired),
        ("nothing saved; the task was approved", ReviewStatus::Pending, json!({"Status": "APPROVED"}), ReviewStatus::Approved),
        ("no review at all", ReviewStatus::None, json!(null), ReviewStatus::None),
    ];
    for (case, saved, outcome, expected) in cases {
        let mut input = findings();
        input["Review"] = outcome;
        let record = merged(Record { review_status: saved, ..claimed() }, input);
        assert_eq!(record.review_status, expected, "{case}");
    }
}

#[test]
fn reviewer_time_and_reason_are_kept_with_the_decision() {
    let mut input = findings();
    input["Review"] = json!({"Status": "EXPIRED"});
    let record = merged(decided(ReviewStatus::Approved), input);
    assert_eq!((record.reviewed_by.as_deref(), record.reviewed_at, record.review_reason.as_deref()), (Some("anna"), Some(5), Some("fine")));
}

#[test]
fn copies_of_withheld_images_are_in_the_archive() {
    let block = json!([{"Name": "Violence", "TaxonomyLevel": 1, "Confidence": 99, "Action": "BLOCK"}]);
    let cases = [
        ("blocked", moderated("BLOCK", &block), json!(null), true),
        ("rejected", moderated("REVIEW", &json!([])), json!({"Status": "REJECTED"}), true),
        ("expired", moderated("REVIEW", &json!([])), json!({"Status": "EXPIRED"}), true),
        ("approved", moderated("REVIEW", &json!([])), json!({"Status": "APPROVED"}), false),
        ("alerted", moderated("ALERT", &json!([])), json!(null), false),
        ("clear", moderated("CLEAR", &json!([])), json!(null), false),
    ];
    for (case, moderation, review, withheld) in cases {
        let mut input = findings();
        input["Moderation"] = moderation;
        input["Review"] = review;
        let record = merged(claimed(), input);
        let place = if withheld { "archived" } else { "processed" };
        assert_eq!(record.is_withheld(), withheld, "{case}");
        assert_eq!(record.processed_key, Some(format!("{place}/{IMAGE_ID}/image.jpg")), "{case}");
        assert_eq!(record.thumbnail_key, Some(format!("{place}/{IMAGE_ID}/thumbnail.jpg")), "{case}");
        assert_eq!(record.large_thumbnail_key, Some(format!("{place}/{IMAGE_ID}/thumbnail-640.jpg")), "{case}");
    }
}

#[test]
fn a_review_outcome_reads_as_the_callback_writes_it() {
    let outcome =
        ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(7), review_reason: None };
    let text = serde_json::to_value(&outcome).unwrap();
    assert_eq!(text, json!({"Status": "APPROVED", "ReviewedBy": "anna", "ReviewedAt": 7}));
    assert_eq!(serde_json::from_value::<ReviewOutcome>(text).unwrap(), outcome);
}

#[test]
fn a_record_reads_back_from_its_own_json() {
    let record = merged(claimed(), findings());
    let json = serde_json::to_value(&record).unwrap();
    let back: Record = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), json);
}
