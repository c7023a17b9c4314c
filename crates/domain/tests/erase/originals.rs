//! The versions that belong to an image; other contents under the same key are other images.

use crate::world::{ERASED, World, completed};
use sightline_domain::model::{
    Record, Upload,
    identity::{content_key, hex_sha256},
};
use sightline_tests::samples::{BUCKET, IMAGE_ID, OWNER, UPLOADED, claimed, key};

fn versions(world: &World, key: &str) -> Vec<String> {
    world.objects.versions_of(key).into_iter().map(|version| version.id).collect()
}

#[test]
fn the_same_content_under_the_same_key_is_deleted_and_other_content_stays() {
    let world = completed();
    world.objects.upload(BUCKET, &key(), b"image", UPLOADED + 1_000);
    world.objects.upload(BUCKET, &key(), b"other", UPLOADED + 2_000);

    let receipt = world.erase_at(ERASED);

    assert_eq!(receipt.originals, 2);
    assert_eq!(versions(&world, &key()), ["v3"]);
}

#[test]
fn the_same_content_under_another_extension_is_deleted() {
    let world = completed();
    world.objects.upload(BUCKET, &key().replace(".jpg", ".jpeg"), b"image", UPLOADED);
    assert_eq!(world.erase_at(ERASED).originals, 2);
    world.assert_erased();
}

#[test]
fn the_analysed_version_is_deleted_whatever_its_entity_tag() {
    let world = completed();
    world.records.change(IMAGE_ID, serde_json::json!({"ETag": "under-another-key"}));
    assert_eq!(world.erase_at(ERASED).originals, 1);
    world.assert_erased();
}

#[test]
fn under_kms_the_content_is_compared() {
    let world = completed();
    let (key, id) = content_key(OWNER, &hex_sha256(b"image"), "jpg");
    for at in [UPLOADED, UPLOADED + 1_000] {
        world.objects.upload(BUCKET, &key, b"image", at);
    }
    world.objects.upload(BUCKET, &key, b"other", UPLOADED + 2_000);
    let upload = Upload { bucket: BUCKET.into(), key: key.clone(), version_id: Some("v1".into()), etag: "another-tag".into() };
    world.records.put(&Record { image_id: id.clone(), s3_url: format!("s3://{BUCKET}/{key}"), size: 5, etag: upload.etag, ..claimed() });

    let receipt = sightline_tests::ready(world.eraser(ERASED).erase(&id)).unwrap().unwrap();

    assert_eq!(receipt.originals, 2);
    assert_eq!(versions(&world, &key), ["v3"]);
}

#[test]
fn the_same_content_with_its_own_record_stays() {
    let world = completed();
    let again = world.objects.upload(BUCKET, &key(), b"image", UPLOADED + 1_000);
    let own = Record { image_id: again.derived_id(), version_id: again.version_id, ..claimed() };
    world.records.put(&own);

    assert_eq!(world.erase_at(ERASED).originals, 1);
    assert_eq!(versions(&world, &key()), ["v2"]);
}

#[test]
fn a_plain_key_loses_only_the_analysed_version() {
    let world = completed();
    let key = "raw-uploads/cat.jpg";
    let (first, _) = (world.objects.upload(BUCKET, key, b"image", 1), world.objects.upload(BUCKET, key, b"image", 2));
    world.objects.upload(BUCKET, "raw-uploads/cat.jpg.jpg", b"image", 1);
    let id = first.derived_id();
    let record = Record {
        image_id: id.clone(),
        s3_url: format!("s3://{BUCKET}/{key}"),
        version_id: first.version_id,
        etag: first.etag,
        ..claimed()
    };
    world.records.put(&record);

    sightline_tests::ready(world.eraser(ERASED).erase(&id)).unwrap();

    assert_eq!(versions(&world, key), ["v2"], "its second version is another image");
    assert_eq!(versions(&world, "raw-uploads/cat.jpg.jpg"), ["v1"]);
}

#[test]
fn a_delete_marker_is_deleted_with_the_last_version_only() {
    let world = completed();
    world.objects.mark_deleted(&key());
    world.erase_at(ERASED);
    world.assert_erased();

    let world = completed();
    world.objects.upload(BUCKET, &key(), b"other", UPLOADED + 1_000);
    world.objects.mark_deleted(&key());
    world.erase_at(ERASED);
    assert_eq!(versions(&world, &key()), ["v2", "v3"]);
}

#[test]
fn an_original_in_another_bucket_is_an_error_and_the_record_is_kept() {
    let world = completed();
    world.records.change(IMAGE_ID, serde_json::json!({"S3_URL": "s3://another/raw-uploads/x.jpg"}));
    let error = crate::world::erase(&world.eraser(ERASED)).unwrap_err();
    assert!(error.to_string().starts_with("looking for the original"), "{error}");
    assert!(world.records.item(IMAGE_ID).contains_key("S3_URL"));
}
