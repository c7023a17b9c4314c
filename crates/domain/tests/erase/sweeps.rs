//! The second sweep: deletes what a function wrote after its execution was stopped.

use crate::world::{ERASED, World, completed};
use sightline_domain::{
    flows::erase::{Derived, LateWrites, SWEEP_AFTER, Swept, sweep_erased},
    model::Record,
    ports::Records,
};
use sightline_tests::{
    ready,
    samples::{BUCKET, IMAGE_ID, NOW, UPLOADED, claimed},
};

fn sweep(world: &World, now: i64) -> Swept {
    ready(sweep_erased(&world.records, &world.objects, BUCKET, IMAGE_ID, now)).unwrap()
}

fn tombstone(world: &World) -> Record {
    ready(world.records.items(IMAGE_ID)).unwrap().remove(0)
}

/// Injected: a running function writes an answer after the image was erased.
/// Seen: the second sweep deletes it; only a sweep that finds nothing, minutes after the erasure, closes the tombstone.
#[test]
fn row_33_late_writes_are_removed_by_the_second_sweep() {
    let world = completed();
    world.erase_at(ERASED);
    world.answer("text");

    let first = sweep(&world, ERASED + SWEEP_AFTER);
    assert_eq!(first.removed, Derived { copies: 0, results: 1, archived: 0 });
    assert!(matches!(first.late, LateWrites::Possible { .. }), "something came: there may be more");
    assert!(!tombstone(&world).is_closed());

    let second = sweep(&world, ERASED + SWEEP_AFTER);
    assert_eq!(second, Swept { removed: Derived::default(), late: LateWrites::None });
    world.assert_erased();
    assert!(tombstone(&world).is_closed());
    assert!(!world.records.item(IMAGE_ID).contains_key("VersionId"));
}

#[test]
fn an_early_sweep_deletes_but_does_not_close_the_tombstone() {
    let world = completed();
    world.erase_at(ERASED);
    world.answer("text");
    let early = sweep(&world, ERASED + SWEEP_AFTER - 1);
    assert_eq!((early.removed.results, early.late), (1, LateWrites::Possible { look_again_at: ERASED + SWEEP_AFTER }));
    assert!(matches!(sweep(&world, ERASED + SWEEP_AFTER - 1).late, LateWrites::Possible { .. }));
}

#[test]
fn erasing_again_sweeps_and_reports_when_it_was_erased() {
    let world = completed();
    world.erase_at(ERASED);
    world.answer("text");

    let again = world.erase_at(ERASED + 1);
    assert_eq!((again.erased_before, again.derived.results, again.records), (Some(ERASED), 1, 0));
    let last = world.erase_at(ERASED + SWEEP_AFTER);
    assert_eq!((last.erased_at, last.late_writes), (Some(ERASED), Some(LateWrites::None)));
    let after = world.erase_at(ERASED + 2 * SWEEP_AFTER);
    assert_eq!((after.derived, after.late_writes), (Derived::default(), Some(LateWrites::None)));
}

#[test]
fn a_sweep_leaves_an_unfinished_erasure_alone() {
    let world = completed();
    ready(sightline_domain::ports::Records::mark_erased(&world.records, &world.records.all()[0], ERASED)).unwrap();
    let objects = world.objects.keys();
    assert_eq!(sweep(&world, ERASED + SWEEP_AFTER).late, LateWrites::Unfinished);
    assert_eq!(world.objects.keys(), objects);
}

#[test]
fn a_sweep_leaves_an_id_in_use_again_alone() {
    let world = completed();
    world.erase_at(ERASED);
    sweep(&world, ERASED + SWEEP_AFTER);
    world.records.put(&Record { upload_timestamp: UPLOADED + ERASED - NOW, ..claimed() });
    world.answer("labels");
    assert_eq!(sweep(&world, ERASED + 2 * SWEEP_AFTER).late, LateWrites::InUse);
    assert_eq!(world.objects.keys().len(), 1);
}

#[test]
fn every_item_of_an_image_is_erased() {
    let world = completed();
    world.records.put(&Record { upload_timestamp: UPLOADED - 1_000, etag: world.upload.etag.clone(), ..claimed() });
    assert_eq!(world.erase_at(ERASED).records, 2);
    assert!(ready(world.records.items(IMAGE_ID)).unwrap().iter().all(Record::is_tombstone));
    sweep(&world, ERASED + SWEEP_AFTER);
    assert!(ready(world.records.items(IMAGE_ID)).unwrap().iter().all(Record::is_closed));
}
