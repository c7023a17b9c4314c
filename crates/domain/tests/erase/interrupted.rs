//! An interrupted erasure continues when it is run again.

use crate::world::{ERASED, TestEraser, World, completed, erase};
use sightline_domain::{flows::erase::LateWrites, ports::Records};
use sightline_tests::{
    failing::When::{self, After, Before},
    ready,
    samples::IMAGE_ID,
};

fn failing(world: &World, method: &'static str, when: When, skip: usize) -> TestEraser {
    let mut eraser = world.eraser(ERASED);
    eraser.tables = eraser.tables.fail_later(method, when, skip, 1);
    eraser.objects = eraser.objects.fail_later(method, when, skip, 1);
    eraser.executions = eraser.executions.fail_later(method, when, skip, 1);
    eraser
}

#[test]
fn an_erasure_completes_after_an_interruption_at_any_call() {
    for (method, skips) in
        [("mark_erased", 1), ("items", 2), ("stop", 1), ("list_versions", 4), ("existing_rows", 1), ("delete_versions", 2)]
            .into_iter()
            .chain([("delete_rows", 1), ("replace", 1), ("strip", 1)])
    {
        for (when, skip) in [Before, After].into_iter().flat_map(|when| (0..skips).map(move |skip| (when, skip))) {
            let world = completed();
            let interrupted = erase(&failing(&world, method, when, skip));
            assert_eq!(
                interrupted.err().map(|error| error.to_string()).as_deref(),
                Some("failing as planned: the service is unavailable"),
                "{method} {skip}"
            );

            let receipt = world.erase_at(ERASED + 1);

            world.assert_erased();
            assert!(matches!(receipt.late_writes, Some(LateWrites::Possible { .. })), "{method} {skip}");
        }
    }
}

#[test]
fn a_marked_record_keeps_what_is_left_to_erase_and_has_no_owner() {
    let world = completed();
    erase(&failing(&world, "stop", Before, 0)).unwrap_err();

    let marked = ready(world.records.find(IMAGE_ID)).unwrap().unwrap();

    assert!(marked.is_erased() && !marked.is_tombstone());
    assert!(marked.execution_arn.is_empty() && marked.execution_to_stop.is_some() && marked.labels.is_some());
    assert_eq!(marked.expires_at, None, "DynamoDB must not delete it before its rows are");
}

#[test]
fn the_wait_for_late_writes_begins_at_the_end_of_the_erasure() {
    let world = completed();
    erase(&failing(&world, "strip", Before, 0)).unwrap_err();

    let receipt = world.erase_at(ERASED + 86_400_000);

    assert_eq!(receipt.erased_at, Some(ERASED + 86_400_000));
    assert!(matches!(receipt.late_writes, Some(LateWrites::Possible { look_again_at }) if look_again_at > ERASED + 86_400_000));
}
