//! The review queue, claims and decisions.

use crate::world::{FLAGGED, PHOTO, REVIEWER, Who, World, flagged};
use serde_json::{Value, json};
use sightline_domain::{
    model::record::{ProcessingStatus, Record},
    ports::ExecutionState,
};
use sightline_tests::samples::{EXECUTION, NOW, UPLOADED};

/// A world in which an execution waits with the token `token`.
fn waiting() -> World {
    let world = World::with_images();
    world.tables.change(FLAGGED, json!({"ReviewToken": "token"}));
    world
}

fn decision(what: &str, reason: Option<&str>) -> Option<Value> {
    Some(json!({"decision": what, "reason": reason}))
}

#[tokio::test]
async fn the_queue_shows_open_reviews_oldest_first_with_pictures_and_flags() {
    let world = World::with_images();
    let flags = json!([{"Name": "Weapons", "ParentName": "Violence", "TaxonomyLevel": 2, "Confidence": 87.0, "Action": "REVIEW"}]);
    world.tables.change(FLAGGED, json!({"ModerationFlags": flags}));
    let older = "10000000-0000-5000-8000-000000000003";
    world.put(Record { upload_timestamp: UPLOADED - 1, ..flagged(older) });
    // A review whose execution has failed is not open.
    world.put(Record {
        upload_timestamp: UPLOADED - 2,
        processing_status: ProcessingStatus::Failed,
        ..flagged("10000000-0000-5000-8000-000000000004")
    });
    let (found, _) = world.all_pages(Who::Reviewer, "GET /api/reviews", "reviews").await;
    assert_eq!(found.iter().map(|review| review["image"]["imageId"].as_str().unwrap()).collect::<Vec<_>>(), [older, FLAGGED]);
    let review = &found[1];
    assert_eq!(review["flags"][0], json!({"name": "Weapons", "parent": "Violence", "level": 2, "confidence": 87.0, "action": "REVIEW"}));
    assert!(review["image"]["thumbnail"].is_string() && review["deadline"].is_string() && review["mine"] == false, "{review}");
}

#[tokio::test]
async fn a_reviewer_sees_an_open_review_and_no_other_image() {
    let world = waiting();
    let image = world.ok(Who::Reviewer, &format!("GET /api/reviews/{FLAGGED}"), None).await;
    assert!(image["copy"].is_string() && image["original"].is_null() && image["review"]["status"] == "PENDING", "{image}");
    for request in ["GET /api/reviews/ID", "POST /api/reviews/ID/claim"] {
        world.problem(Who::Reviewer, &request.replace("ID", PHOTO), None, 404).await;
    }
    world.problem(Who::Reviewer, &format!("POST /api/reviews/{PHOTO}/decision"), decision("APPROVED", None), 404).await;
    world.problem(Who::Reviewer, &format!("GET /api/images/{FLAGGED}"), None, 404).await;
}

#[tokio::test]
async fn a_claim_keeps_others_away_for_five_minutes() {
    let world = waiting();
    let request = format!("POST /api/reviews/{FLAGGED}/claim");
    let claim = world.ok(Who::Reviewer, &request, None).await;
    assert_eq!(claim["claimedUntil"], "2026-03-01T12:06:00.000Z");
    assert_eq!(world.ok(Who::Reviewer, &request, None).await, claim, "a reviewer extends the own claim");
    world.tables.change(FLAGGED, json!({"ReviewClaimedBy": "somebody-else", "ReviewClaimedUntil": NOW + 30_000}));
    let problem = world.problem(Who::Reviewer, &request, None, 409).await;
    assert_eq!((&problem["by"], &problem["until"]), (&json!("somebody-else"), &json!("2026-03-01T12:01:30.000Z")));
}

#[tokio::test]
async fn a_decision_is_saved_with_its_reviewer_and_the_execution_is_notified() {
    let world = waiting();
    let decided = world.ok(Who::Reviewer, &format!("POST /api/reviews/{FLAGGED}/decision"), decision("REJECTED", Some(" a weapon "))).await;
    assert_eq!(
        decided,
        json!({"imageId": FLAGGED, "decision": "REJECTED", "by": REVIEWER, "at": "2026-03-01T12:01:00.000Z", "reason": "a weapon", "delivered": true})
    );
    assert_eq!(world.executions.notified().len(), 1);
    let item = world.tables.item(FLAGGED);
    assert_eq!(
        (&item["ReviewStatus"], &item["ReviewedBy"], &item["ReviewReason"]),
        (&json!("REJECTED"), &json!(REVIEWER), &json!("a weapon"))
    );
    world.problem(Who::Reviewer, &format!("GET /api/reviews/{FLAGGED}"), None, 404).await;
}

#[tokio::test]
async fn a_second_decision_is_refused_with_who_decided_and_when() {
    let world = waiting();
    let request = format!("POST /api/reviews/{FLAGGED}/decision");
    world.ok(Who::Reviewer, &request, decision("APPROVED", None)).await;
    let problem = world.problem(Who::Reviewer, &request, decision("REJECTED", Some("no")), 409).await;
    assert_eq!((&problem["by"], &problem["at"]), (&json!(REVIEWER), &json!("2026-03-01T12:01:00.000Z")));
    assert!(problem["detail"].as_str().unwrap().contains("already approved"), "{problem}");
    assert_eq!(world.executions.notified().len(), 1);
}

#[tokio::test]
async fn a_decision_for_an_execution_that_has_ended_is_not_saved() {
    let world = waiting();
    world.tables.change(FLAGGED, json!({"ExecutionArn": EXECUTION, "ReviewToken": "used"}));
    let state = ExecutionState::Failed { status: "ABORTED".into(), error: None, cause: None, stopped_at: Some(NOW) };
    world.executions.put(EXECUTION, state);
    world.executions.refuse_tokens();
    let problem = world.problem(Who::Reviewer, &format!("POST /api/reviews/{FLAGGED}/decision"), decision("APPROVED", None), 409).await;
    assert!(problem["detail"].as_str().unwrap().contains("not saved"), "{problem}");
    assert_eq!(world.tables.item(FLAGGED)["ReviewStatus"], "PENDING");
}

#[tokio::test]
async fn a_decision_after_the_deadline_or_without_a_reason_is_refused() {
    let world = waiting();
    let request = format!("POST /api/reviews/{FLAGGED}/decision");
    for wrong in
        [decision("REJECTED", None), decision("REJECTED", Some(" ")), decision("MAYBE", None), decision("APPROVED", Some(&"x".repeat(501)))]
    {
        world.problem(Who::Reviewer, &request, wrong, 400).await;
    }
    world.tables.change(FLAGGED, json!({"ReviewDeadline": NOW - 1}));
    world.problem(Who::Reviewer, &request, decision("APPROVED", None), 409).await;
}
