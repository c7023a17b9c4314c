//! Erasing everything of an owner.

use crate::world::{ERASED, World, completed};
use serde_json::json;
use sightline_domain::{
    flows::{
        count::count_image,
        edit::{self, Edited},
        erase::OwnerImages,
    },
    model::record::{ProcessingStatus, Record},
    ports::Counters,
    rules::{edit::OverlayChange, tally::owner_counters},
};
use sightline_tests::{
    failing::When,
    ready,
    samples::{BUCKET, IMAGE_ID, NOW, OWNER, UPLOADED, claimed},
};

const OTHER_ID: &str = "0b6f7c52-0000-5000-8000-000000000001";

fn images(world: &World) -> OwnerImages {
    ready(world.eraser(ERASED).images_of_owner(OWNER)).unwrap()
}

/// The names under all counters of the owner.
fn counters(world: &World) -> usize {
    owner_counters(OWNER).iter().map(|counter| ready(world.records.counts(counter, None)).unwrap().len()).sum()
}

/// Erases all images and the counters of the owner, as the command does.
fn erase_owner(world: &World) -> usize {
    let eraser = world.eraser(ERASED);
    let OwnerImages { recorded, unrecorded } = images(world);
    for id in recorded {
        ready(eraser.erase(&id)).unwrap().unwrap();
    }
    for (id, uploads) in unrecorded {
        ready(eraser.erase_unrecorded(&id, &uploads)).unwrap().unwrap();
    }
    ready(eraser.forget_owner(OWNER)).unwrap()
}

#[test]
fn images_with_and_without_a_record_belong_to_their_owner() {
    let world = completed();
    world.records.put(&Record { image_id: OTHER_ID.to_owned(), owner_id: "berta".to_owned(), ..claimed() });
    world.objects.upload(BUCKET, &format!("raw-uploads/berta/{OTHER_ID}.jpg"), b"other", UPLOADED);
    world.objects.upload(BUCKET, "raw-uploads/holiday.jpg", b"plain", UPLOADED);
    let unrecorded = "7d1c5b0e-0000-4000-8000-000000000002";
    world.objects.upload(BUCKET, &format!("raw-uploads/{OWNER}/{unrecorded}.jpg"), b"expired", UPLOADED);
    world.objects.upload(BUCKET, &format!("raw-uploads/{OWNER}/"), b"", UPLOADED);
    let found = images(&world);
    assert_eq!(found.recorded, [IMAGE_ID]);
    assert_eq!(found.unrecorded.keys().collect::<Vec<_>>(), [unrecorded]);
    let of_default = ready(world.eraser(ERASED).images_of_owner("default")).unwrap();
    assert_eq!((of_default.recorded.len(), of_default.unrecorded.len()), (0, 1), "the plain key");
    erase_owner(&world);
    let left = world.objects.keys();
    assert!(left.iter().all(|key| !key.contains(IMAGE_ID) && !key.contains(unrecorded)), "{left:?}");
    assert!(left.iter().any(|key| key.contains(OTHER_ID)), "another owner's image stays: {left:?}");
    assert!(world.records.all().iter().any(|record| record.image_id == OTHER_ID && !record.is_erased()));
}

#[test]
fn nothing_of_the_owner_is_left() {
    let world = completed();
    let change = OverlayChange {
        title: Some(Some("Our garden".to_owned())),
        add: vec!["grandma".to_owned()],
        remove: vec!["road".to_owned()],
        ..OverlayChange::default()
    };
    assert!(matches!(ready(edit::edit(&world.records, OWNER, IMAGE_ID, &change, None, NOW)).unwrap(), Edited::Yes(_)));
    ready(count_image(&world.records, IMAGE_ID)).unwrap();
    assert_eq!(counters(&world), 4, "two labels, a day, a month");
    erase_owner(&world);
    world.assert_erased();
    assert_eq!(counters(&world), 0);
    assert!(world.records.counters().is_empty() && world.records.tallies().is_empty());
    let again = images(&world);
    assert!(again.recorded.is_empty() && again.unrecorded.is_empty(), "a tombstone names no owner");
}

#[test]
fn an_interrupted_erasure_is_found_again() {
    let world = completed();
    let mut eraser = world.eraser(ERASED);
    eraser.objects = eraser.objects.fail("delete_versions", When::Before, 1);
    assert!(ready(eraser.erase(IMAGE_ID)).is_err());
    assert_eq!(world.records.item(IMAGE_ID)["ProcessingStatus"], "ERASED");
    assert_eq!(images(&world).recorded, [IMAGE_ID]);
    erase_owner(&world);
    world.assert_erased();
    assert!(images(&world).recorded.is_empty());
}

#[test]
fn more_images_than_a_page_and_unreadable_records_are_found() {
    let world = completed();
    for number in 0..1_200_i64 {
        let image_id = format!("0b6f7c52-0000-5000-8000-{number:012}");
        world.records.put(&Record {
            image_id,
            upload_timestamp: UPLOADED + 1 + number / 2,
            processing_status: ProcessingStatus::Failed,
            ..claimed()
        });
    }
    world.records.change(OTHER_ID, json!({"Width": "wide"}));
    let found = images(&world).recorded;
    assert_eq!(found.len(), 1_201);
    assert!(found.iter().any(|id| id == OTHER_ID));
}
