//! The step over fakes; what it does is tested in crates/domain/tests/reconcile.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use reconcile::{Reconcile, Settings, settings};
use serde_json::json;
use sightline_domain::{clock::FixedClock, reconcile::Report};
use sightline_kit::{Fault, Step, settings::from};
use sightline_tests::{
    executions::MemoryExecutions,
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    records::MemoryRecords,
    reviews::MemoryWorkflow,
    samples::{BUCKET, UPLOADED},
};

fn wished(grace_seconds: u32) -> Settings {
    Settings { records_table: "t".into(), images_bucket: BUCKET.into(), state_machine_arn: "m".into(), grace_seconds }
}

fn run(grace_seconds: u32, failures: usize) -> (Result<Report, Fault>, usize) {
    let (objects, engine) = (MemoryObjects::default(), MemoryExecutions::default());
    for number in 0..4 {
        objects.upload(BUCKET, &format!("raw-uploads/{number}.jpg"), b"image", UPLOADED);
    }
    let failing = Failing::new(engine.clone()).fail("start", When::Before, failures);
    let clock = FixedClock(UPLOADED + 300_000);
    let step = Reconcile::new(wished(grace_seconds), MemoryRecords::default(), objects, failing, MemoryWorkflow::default(), clock);
    (ready(step.run(serde::de::IgnoredAny)), engine.started().len())
}

type Full = Reconcile<MemoryRecords, MemoryObjects, MemoryExecutions, MemoryWorkflow, FixedClock>;

#[test]
fn the_schedule_may_send_anything() {
    for input in [json!({}), json!(null), json!("text"), json!([1, {"a": 2}])] {
        assert!(serde_json::from_value::<<Full as Step>::Input>(input).is_ok());
    }
}

#[test]
fn the_grace_is_a_setting() {
    assert_eq!(run(300, 0).1, 4);
    assert_eq!(run(301, 0).1, 0);
    let environment = |name: &str| (name != "RECONCILE_GRACE_SECONDS").then(|| "x".to_owned());
    assert_eq!(from(&environment, settings).unwrap().grace_seconds, 300);
}

#[test]
fn what_it_did_is_its_answer_and_a_trouble_its_fault() {
    let report = serde_json::to_value(run(300, 0).0.unwrap()).unwrap();
    assert_eq!((&report["Orphans"], &report["Complete"], &report["Actions"][0]["Action"]), (&json!(4), &json!(true), &json!("STARTED")));
    assert_eq!(run(300, 3).0.unwrap_err().name(), "Storage.Unavailable");
}

#[test]
fn what_keeps_one_image_from_being_put_right_is_counted_and_fails_no_run() {
    let (report, started) = run(300, 1);
    assert_eq!((report.unwrap().failed, started), (1, 3));
}
