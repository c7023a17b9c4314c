//! What an erasure removes, and what its receipt says.

use crate::world::{ERASED, completed, in_review, pending};
use serde_json::json;
use sightline_domain::{
    flows::erase::{Derived, LateWrites, SWEEP_AFTER},
    model::{ObjectRef, layout},
    ports::{Objects, Stopped},
};
use sightline_tests::{
    ready,
    samples::{BUCKET, IMAGE_ID},
};

#[test]
fn a_completed_image_leaves_a_tombstone_and_nothing_else() {
    let world = completed();

    let receipt = world.erase_at(ERASED);

    world.assert_erased();
    assert_eq!((receipt.originals, receipt.derived), (1, Derived { copies: 3, results: 2, archived: 0 }));
    assert_eq!((receipt.label_rows, receipt.records, receipt.trends, receipt.review), (2, 1, true, false));
    assert_eq!((receipt.erased_before, receipt.erased_at), (None, Some(ERASED)));
    assert_eq!(receipt.execution, Some(Stopped::NotRunning));
    assert_eq!(receipt.late_writes, Some(LateWrites::Possible { look_again_at: ERASED + SWEEP_AFTER }));
}

/// Injected: an image is erased while its execution runs.
/// Seen: the execution is stopped, and nothing is left but a tombstone without an owner.
#[test]
fn row_33_the_execution_of_an_image_that_is_being_analysed_is_stopped() {
    let world = pending();

    let receipt = world.erase_at(ERASED);

    world.assert_erased();
    assert_eq!((receipt.execution, receipt.label_rows, receipt.trends), (Some(Stopped::Stopped), 0, false));
}

#[test]
fn an_image_in_review_loses_its_review_request_and_token() {
    let world = in_review();

    let receipt = world.erase_at(ERASED);

    world.assert_erased();
    assert!(receipt.review);
    assert_eq!(receipt.execution, Some(Stopped::Stopped));
}

#[test]
fn a_rejected_image_is_deleted_from_the_archive() {
    let world = pending();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "FAILED", "StatusReason": "TRUNCATED", "WorkQueue": "FAILED"}));
    let original = ObjectRef::current(BUCKET, &world.upload.key);
    ready(world.objects.copy(original, &layout::rejected_original(IMAGE_ID))).unwrap();

    let receipt = world.erase_at(ERASED);

    world.assert_erased();
    assert_eq!(receipt.derived.archived, 1);
}

#[test]
fn replaced_versions_and_delete_markers_of_copies_are_deleted() {
    let world = completed();
    world.answer("labels");
    world.objects.mark_deleted(&layout::thumbnail(IMAGE_ID));

    let receipt = world.erase_at(ERASED);

    world.assert_erased();
    assert_eq!(receipt.derived, Derived { copies: 4, results: 3, archived: 0 });
}

#[test]
fn other_images_are_left_alone() {
    let world = completed();
    let other = "3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e60";
    for key in [layout::processed_image(other), format!("raw-uploads/anna/{other}.jpg")] {
        world.objects.upload(BUCKET, &key, b"image", 1);
    }

    world.erase_at(ERASED);

    assert_eq!(world.objects.keys().len(), 2);
}

#[test]
fn an_unknown_image_is_none() {
    let world = completed();
    assert!(ready(world.eraser(ERASED).erase("nobody")).unwrap().is_none());
    assert!(ready(world.eraser(ERASED).preview("nobody")).unwrap().is_none());
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let world = in_review();
    let before = (world.objects.keys(), world.records.item(IMAGE_ID));

    let foreseen = ready(world.eraser(ERASED).preview(IMAGE_ID)).unwrap().unwrap();

    assert_eq!((foreseen.originals, foreseen.derived.copies, foreseen.derived.results, foreseen.review), (1, 3, 1, true));
    assert_eq!((world.objects.keys(), world.records.item(IMAGE_ID)), before);
}
