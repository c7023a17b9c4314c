//! The step over fakes; what it does is tested in crates/domain/tests/reconcile.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use reconcile::{Reconcile, Settings, settings};
use serde_json::json;
use sightline_domain::{flows::reconcile::Report, model::FixedClock};
use sightline_kit::{Step, StepFailure, settings::from};
use sightline_tests::{
    executions::MemoryExecutions,
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, UPLOADED},
    tables::MemoryTables,
};

fn settings_with(grace_seconds: u32) -> Settings {
    Settings {
        records_table: "t".into(),
        images_bucket: BUCKET.into(),
        state_machine_arn: "m".into(),
        grace_seconds,
        calls_per_second: 50,
        retention_days: 730,
    }
}

fn run(grace_seconds: u32, failures: usize) -> (Result<Report, StepFailure>, usize) {
    let (objects, engine) = (MemoryObjects::default(), MemoryExecutions::default());
    for number in 0..4 {
        objects.upload(BUCKET, &format!("raw-uploads/{number}.jpg"), b"image", UPLOADED);
    }
    let failing = Failing::new(engine.clone()).fail("start", When::Before, failures);
    let clock = FixedClock(UPLOADED + 300_000);
    let step = Reconcile::new(settings_with(grace_seconds), MemoryTables::default(), objects, failing, clock);
    (ready(step.run(serde::de::IgnoredAny)), engine.started().len())
}

type Full = Reconcile<MemoryTables, MemoryObjects, MemoryExecutions, FixedClock>;

#[test]
fn any_input_of_the_schedule_is_accepted() {
    for input in [json!({}), json!(null), json!("text"), json!([1, {"a": 2}])] {
        assert!(serde_json::from_value::<<Full as Step>::Input>(input).is_ok());
    }
}

#[test]
fn the_grace_period_is_a_setting() {
    assert_eq!(run(300, 0).1, 4);
    assert_eq!(run(301, 0).1, 0);
    let environment = |name: &str| (!name.contains("SECOND") && name != "RETENTION_DAYS").then(|| "x".to_owned());
    let settings = from(&environment, settings).unwrap();
    assert_eq!((settings.grace_seconds, settings.retention_days), (300, 730));
}

#[test]
fn a_run_starts_no_more_than_the_quota_of_the_region_allows() {
    let region = |region: &'static str| move |name: &str| (name == "AWS_REGION").then(|| region.to_owned());
    let of = |look_up: &dyn Fn(&str) -> Option<String>| {
        let place =
            |name: &str| look_up(name).or_else(|| ["_TABLE", "_BUCKET", "_ARN"].iter().any(|end| name.ends_with(end)).then(|| "x".into()));
        from(&place, settings).unwrap().calls_per_second
    };
    assert_eq!(of(&region("eu-central-1")), 5);
    assert_eq!(of(&region("us-west-2")), 50);
    assert_eq!(of(&|name| (name == "REKOGNITION_CALLS_PER_SECOND").then(|| "12".to_owned())), 12);
}

#[test]
fn the_report_is_the_result_and_an_error_fails_the_run() {
    let report = serde_json::to_value(run(300, 0).0.unwrap()).unwrap();
    assert_eq!((&report["Orphans"], &report["Complete"], &report["Actions"][0]["Action"]), (&json!(4), &json!(true), &json!("STARTED")));
    assert_eq!(run(300, 3).0.unwrap_err().name(), "Storage.Unavailable");
}

#[test]
fn an_error_of_one_image_is_counted_and_does_not_fail_the_run() {
    let (report, started) = run(300, 1);
    assert_eq!((report.unwrap().failed, started), (1, 3));
}
