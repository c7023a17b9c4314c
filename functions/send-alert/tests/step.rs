//! send-alert over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use send_alert::{Receipt, SendAlert};
use serde_json::{Value, json};
use sightline_domain::{
    model::FixedClock,
    ports::{Alerts, Objects},
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    alerts::MemoryAlerts,
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, IMAGE_ID, NOW, image, labels_found, moderated},
};

fn concern(kind: &str) -> Value {
    json!({"Kind": kind, "Image": image(), "Labels": labels_found(&[]), "Moderation": moderated("ALERT", &json!([]))})
}

fn run<P: Alerts + Clone, R: Objects + Clone>(alerts: &P, results: &R, kind: &str) -> Result<Receipt, StepFailure> {
    let step = SendAlert::new(alerts.clone(), results.clone(), FixedClock(NOW));
    ready(step.run(serde_json::from_value(concern(kind)).unwrap()))
}

#[test]
fn a_repeated_step_sends_one_alert() {
    let (alerts, results) = (MemoryAlerts::default(), MemoryObjects::default());
    let first = run(&alerts, &results, "CONCERN").unwrap();
    let second = run(&alerts, &results, "CONCERN").unwrap();
    assert_eq!(first, second);
    assert_eq!(alerts.sent().len(), 1);
    assert_eq!((first.message_id.as_str(), first.sent_at), ("message-1", NOW));
}

#[test]
fn another_kind_of_alert_about_the_same_image_is_another_message() {
    let (alerts, results) = (MemoryAlerts::default(), MemoryObjects::default());
    run(&alerts, &results, "CONCERN").unwrap();
    run(&alerts, &results, "REVIEW_EXPIRED").unwrap();
    assert_eq!(alerts.sent().len(), 2);
    assert_eq!(results.keys(), [format!("results/{IMAGE_ID}/alert-concern.json"), format!("results/{IMAGE_ID}/alert-review-expired.json")]);
}

/// Injected: SNS refuses the first message.
/// Seen: Alert.Unavailable and no receipt; the retry sends the alert.
#[test]
fn row_26_a_refused_alert_stores_no_receipt_and_is_sent_by_the_retry() {
    let alerts = Failing::new(MemoryAlerts::default()).fail("publish", When::Before, 1);
    let results = MemoryObjects::default();
    assert_eq!(run(&alerts, &results, "CONCERN").unwrap_err().name(), "Alert.Unavailable");
    assert!(results.keys().is_empty());
    assert!(run(&alerts, &results, "CONCERN").is_ok());
}

#[test]
fn no_alert_is_sent_while_the_receipt_cannot_be_read() {
    let (alerts, results) = (MemoryAlerts::default(), Failing::new(MemoryObjects::default()).fail("read", When::Before, 1));
    assert_eq!(run(&alerts, &results, "CONCERN").unwrap_err().name(), "Storage.Unavailable");
    assert!(alerts.sent().is_empty());
}

/// Injected: killed after the message was sent and its receipt stored.
/// Seen: the retry sends no second message.
#[test]
fn row_22_row_26_a_receipt_stored_without_confirmation_still_counts() {
    let (alerts, results) = (MemoryAlerts::default(), Failing::new(MemoryObjects::default()).fail("write_json", When::After, 1));
    assert!(run(&alerts, &results, "CONCERN").is_err());
    assert!(run(&alerts, &results, "CONCERN").is_ok());
    assert_eq!(alerts.sent().len(), 1);
}

#[test]
fn an_unreadable_receipt_does_not_suppress_the_alert() {
    let (alerts, results) = (MemoryAlerts::default(), MemoryObjects::default());
    results.upload(BUCKET, &format!("results/{IMAGE_ID}/alert-concern.json"), b"{", 0);
    run(&alerts, &results, "CONCERN").unwrap();
    assert_eq!(alerts.sent().len(), 1);
}
