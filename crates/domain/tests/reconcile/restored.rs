//! A table that lost records: restored from a backup, or from an older save of the emulator.

use crate::world::{MINUTE, NOW, did, world};
use sightline_domain::flows::reconcile::ActionKind;
use sightline_tests::samples::{IMAGE_ID, UPLOADED};

/// Injected: an upload that was checked long ago has no record any more.
/// Seen: a run from its bookmark does not check it; a full run starts it.
#[test]
fn row_36_a_full_sweep_after_a_restored_table_checks_all_uploads() {
    let mut world = world();
    let upload = world.upload(b"image", UPLOADED);
    world.run();
    world.complete(&upload, IMAGE_ID);
    world.run();
    world.table.remove(IMAGE_ID);
    world.now = NOW + 60 * MINUTE;

    let by_bookmark = world.run();
    world.options.full = true;
    let anew = world.run();

    assert_eq!((by_bookmark.orphans, anew.orphans, did(&anew)), (0, 1, vec![ActionKind::Started]));
    assert_eq!(world.started(), [upload.clone(), upload]);
}
