//! The bookmark: where a run stopped, and where the next one continues.

use crate::world::{MINUTE, NOW, did, world};
use serde_json::json;
use sightline_domain::{
    flows::reconcile::{ActionKind, Reconciler},
    model::layout::RECONCILE_BOOKMARK,
    ports::Objects,
};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    samples::{BUCKET, IMAGE_ID, UPLOADED},
};
use std::collections::BTreeSet;

#[test]
fn a_run_stops_at_its_deadline_and_the_next_one_continues_there() {
    let mut world = world();
    world.upload_many(8);
    (world.step, world.options.deadline) = (1000, NOW + 7500);

    let first = world.run();
    world.options.deadline = i64::MAX;
    let second = world.run();

    assert!(!first.complete && first.orphans > 0 && first.error.is_none());
    assert!(second.complete);
    assert_eq!(first.orphans + second.orphans, 8);
}

#[test]
fn a_finished_sweep_is_repeated_only_for_a_margin() {
    let mut world = world();
    let old = world.objects.upload(BUCKET, "raw-uploads/old.jpg", b"image", UPLOADED - 60 * MINUTE);
    assert_eq!(world.run().orphans, 1);
    world.complete(&old, &old.derived_id());
    world.now += 5 * MINUTE;
    assert_eq!(world.run().versions_looked_at, 1);
    world.now += 5 * MINUTE;
    let again = world.run();
    assert_eq!((again.versions_listed, again.versions_looked_at), (1, 0));
    assert_eq!(world.started(), [old]);

    // The margin covers clock differences and late listings.
    let late = world.objects.upload(BUCKET, "raw-uploads/late.jpg", b"image", NOW - 5 * MINUTE);
    world.run();
    assert_eq!(world.started().last(), Some(&late));
}

/// Its execution can fail before it claims a record, and the event of the failure can be lost.
#[test]
fn a_started_upload_is_checked_again_until_it_has_a_record() {
    let mut world = world();
    let old = world.objects.upload(BUCKET, "raw-uploads/old.jpg", b"image", UPLOADED - 60 * MINUTE);
    for started in 1..=2 {
        assert_eq!(world.run().orphans, 1);
        assert_eq!(world.started().len(), started);
        world.now += 60 * MINUTE;
    }
    world.complete(&old, &old.derived_id());
    assert_eq!(world.run().orphans, 0);
}

#[test]
fn a_multipart_upload_that_began_days_ago_is_checked() {
    let mut world = world();
    world.run();
    let began = UPLOADED - 3 * 24 * 60 * MINUTE;
    world.objects.upload_multipart(BUCKET, "raw-uploads/large.jpg", b"image", began);
    world.now += 5 * MINUTE;
    assert_eq!(world.run().orphans, 1);
}

#[test]
fn a_broken_or_future_bookmark_restarts_the_sweep() {
    for broken in ["{", "[]", r#"{"SweptUntil": 9999999999999}"#, r#"{"Sweep": {"Until": 9999999999999, "After": {"Key": "z"}}}"#] {
        let world = world();
        world.upload(b"image", UPLOADED);
        ready(world.objects.write_json(BUCKET, RECONCILE_BOOKMARK, broken.into())).unwrap();
        assert_eq!(world.run().orphans, 1, "{broken}");
    }
}

#[test]
fn consecutive_transient_errors_end_the_run_and_the_next_one_continues_there() {
    let mut world = world();
    let keys = world.upload_many(5);
    world.executions = world.executions.clone().fail_later("start", When::Before, 1, 3);

    let (first, second) = (world.run(), world.run());

    assert_eq!(did(&first), [ActionKind::Started, ActionKind::NotDone, ActionKind::NotDone]);
    assert_eq!((first.complete, first.interrupted), (false, true));
    assert_eq!((did(&second), second.complete), (vec![ActionKind::Started, ActionKind::Started], true));
    // The next sweep checks those with errors again.
    world.now += 24 * 60 * MINUTE;
    world.run();
    let started: BTreeSet<String> = world.started().into_iter().map(|upload| upload.key).collect();
    assert_eq!(started, keys.into_iter().collect());
}

#[test]
fn an_error_of_one_upload_does_not_end_the_run() {
    let mut world = world();
    world.upload_many(5);
    world.executions = world.executions.clone().fail_later("start", When::Before, 1, 1);
    let report = world.run();
    assert_eq!(did(&report), [ActionKind::Started, ActionKind::NotDone, ActionKind::Started, ActionKind::Started, ActionKind::Started]);
    assert_eq!((report.failed, report.interrupted), (1, false));
}

/// One failing object must not make every later sweep start from the beginning.
#[test]
fn the_next_sweep_checks_a_failed_old_upload_and_no_other_old_one() {
    let mut world = world();
    let odd = world.upload(b"image", UPLOADED);
    world.complete(&odd, IMAGE_ID);
    world.table.change(IMAGE_ID, json!({"Size": "unreadable"}));
    for number in 0..5 {
        let fine = world.objects.upload(BUCKET, &format!("raw-uploads/{number}.jpg"), b"image", UPLOADED);
        world.complete(&fine, &fine.derived_id());
    }
    assert_eq!((world.run().versions_looked_at, did(&world.run())), (6, vec![ActionKind::NotDone]));
    for _ in 0..2 {
        world.now += 24 * 60 * MINUTE;
        let report = world.run();
        assert_eq!((report.versions_looked_at, did(&report), report.failed), (1, vec![ActionKind::NotDone], 1));
    }
    world.table.change(IMAGE_ID, json!({"Size": 5}));
    assert!(world.run().complete && world.bookmark().look_again.is_empty());
}

#[test]
fn a_bookmark_of_an_earlier_release_is_read() {
    let world = world();
    let stored = format!(r#"{{"SweptUntil": {UPLOADED}, "Sweep": {{"Until": {UPLOADED}, "Troubled": true}}}}"#);
    ready(world.objects.write_json(BUCKET, RECONCILE_BOOKMARK, stored.into())).unwrap();
    let bookmark = world.bookmark();
    assert!(bookmark.swept_until == Some(UPLOADED) && bookmark.sweep.unwrap().troubled);
}

#[test]
fn uploads_are_checked_even_if_the_queues_cannot_be_read() {
    let mut world = world();
    world.upload(b"image", UPLOADED);
    world.records = world.records.clone().fail("review_queue", When::Before, 1);
    let report = world.run();
    assert_eq!((report.orphans, report.complete, report.error.is_some()), (1, false, true));
}

#[test]
fn an_unavailable_bookmark_ends_the_run() {
    let world = world();
    world.upload(b"image", UPLOADED);
    let objects = Failing::new(world.objects.clone()).fail("read", When::Before, 1);
    let clock = sightline_domain::model::clock::FixedClock(NOW);
    let reconciler = Reconciler::new(world.records.clone(), objects, world.executions.clone(), clock);
    let report = ready(reconciler.run(&world.options));
    assert!(report.error.is_some() && report.orphans == 0 && !report.complete);
}
