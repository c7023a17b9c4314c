//! An erased record refuses late events and claims at every stage of its erasure.

use crate::world::{ERASED, World, completed, pending};
use sightline_domain::{
    flows::{
        erase::SWEEP_AFTER,
        fail::{Attempt, FailureReason, mark_failed},
    },
    model::Record,
    ports::{Records, Written},
};
use sightline_tests::{
    ready,
    samples::{EXECUTION, IMAGE_ID, OTHER_EXECUTION, UPLOADED, claimed},
};

/// The three stages of an erased record.
fn stages() -> [(&'static str, World); 3] {
    let [under_way, erased, closed] = [pending(), pending(), pending()];
    ready(under_way.records.mark_erased(&under_way.records.all()[0], ERASED)).unwrap();
    erased.erase_at(ERASED);
    closed.erase_at(ERASED);
    closed.erase_at(ERASED + SWEEP_AFTER);
    [("under way", under_way), ("erased", erased), ("closed", closed)]
}

fn mark(world: &World, attempt: &Attempt<'_>) -> Option<Record> {
    let ending = FailureReason { reason: "Execution.ABORTED".into(), detail: "d".into() };
    ready(mark_failed(&world.records, &world.objects, attempt, ending, |_| ())).unwrap()
}

/// Injected: the status event of the stopped execution arrives, before and after the original is deleted.
/// Seen: it creates no record.
#[test]
fn row_33_the_status_event_of_the_stopped_execution_creates_no_record() {
    for (stage, world) in stages() {
        let before = world.records.all().len();
        for execution_arn in [EXECUTION, OTHER_EXECUTION] {
            let attempt = Attempt { upload: &world.upload, execution_arn, event_time: Some(UPLOADED), now: ERASED, retention_days: 730 };
            assert!(mark(&world, &attempt).is_none(), "{stage}");
        }
        assert_eq!(world.records.all().len(), before, "{stage}");
    }
}

/// Injected: the status event of the stopped execution arrives when another image has the id already.
/// Seen: it creates no record under any id.
#[test]
fn row_33_the_status_event_of_the_stopped_execution_does_not_touch_a_new_upload() {
    let (_, world) = stages().into_iter().find(|(stage, _)| *stage == "closed").unwrap();
    let again = world.objects.upload(&world.upload.bucket, &world.upload.key, b"another image", ERASED + 1_000);
    world.records.put(&Record::claimed(IMAGE_ID.into(), &again, 1, ERASED + 1_000, OTHER_EXECUTION.into(), ERASED + 2_000));
    let attempt = Attempt { upload: &world.upload, execution_arn: EXECUTION, event_time: Some(UPLOADED), now: ERASED, retention_days: 730 };
    assert!(mark(&world, &attempt).is_none());
    assert!(world.records.all().iter().all(|record| record.image_id == IMAGE_ID));
}

#[test]
fn a_failed_new_upload_is_recorded_under_its_derived_id_until_the_id_is_free() {
    for (stage, world) in stages() {
        let again = world.objects.upload(&world.upload.bucket, &world.upload.key, b"another image", ERASED + 1_000);
        let attempt =
            Attempt { upload: &again, execution_arn: OTHER_EXECUTION, event_time: None, now: ERASED + 2_000, retention_days: 730 };
        let marked = mark(&world, &attempt).unwrap();
        let expected = if stage == "closed" { IMAGE_ID.to_owned() } else { again.derived_id() };
        assert_eq!((marked.image_id, marked.upload_timestamp), (expected, ERASED + 1_000), "{stage}");
    }
}

#[test]
fn a_failed_image_is_not_claimed_once_it_is_erased() {
    let world = completed();
    world.records.change(IMAGE_ID, serde_json::json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    world.erase_at(ERASED);
    assert_eq!(ready(world.records.claim(&claimed())).unwrap(), Written::Refused);
}
