//! Erased images.

use crate::world::{MINUTE, NOW, World, did, world};
use sightline_domain::{
    clock::EpochMillis,
    erase::ports::RecordErasure,
    layout,
    reconcile::{Did, ExecutionState},
    record::WorkQueue,
};
use sightline_tests::{
    ready,
    samples::{BUCKET, IMAGE_ID},
};

/// An image whose erasure began at `at`, and came to its end if `done`; its original is still there.
fn erased(at: EpochMillis, done: bool) -> World {
    let world = world();
    let record = world.stranded(Some(ExecutionState::Running));
    ready(world.table.mark(&record, at)).unwrap();
    if done {
        let marked = world.record();
        ready(world.table.strip(&marked, at)).unwrap();
    }
    world
}

/// Injected: a function writes a copy of an image after it was erased.
/// Seen: the next run removes it, and the run after that closes the tombstone.
#[test]
fn row_33_what_was_written_late_for_an_erased_image_goes_and_then_nobody_waits_for_more() {
    let world = erased(NOW - 6 * MINUTE, true);
    let late = layout::processed_image(IMAGE_ID);
    world.objects.upload(BUCKET, &late, b"copy", NOW);

    let (first, second, third) = (world.run(), world.run(), world.run());

    assert_eq!((did(&first), world.objects.versions(&late).len()), (vec![Did::Swept], 0));
    assert_eq!((second.actions, second.records_looked_at, third.records_looked_at), (vec![], 1, 0));
    assert_eq!(world.record().work_queue, None);
}

/// Injected: reconcile runs while an image is being erased, and its original is still there.
/// Seen: nothing is started for it.
#[test]
fn row_33_what_was_erased_is_not_taken_for_an_upload_without_a_record() {
    for done in [false, true] {
        let world = erased(NOW - MINUTE, done);
        assert_eq!((world.run().orphans, world.started().len()), (0, 0));
    }
}

#[test]
fn an_erasure_that_was_interrupted_is_named_until_it_is_run_again() {
    assert_eq!(erased(NOW - MINUTE, false).run().failed, 0);
    let report = erased(NOW - 6 * MINUTE, false).run();
    assert_eq!((did(&report), report.failed), (vec![Did::NotDone], 1));
}

#[test]
fn a_dry_run_leaves_erased_images_alone() {
    let mut world = erased(NOW - 6 * MINUTE, true);
    world.wish.dry_run = true;
    world.run();
    assert_eq!(world.record().work_queue, Some(WorkQueue::Erased));
}
