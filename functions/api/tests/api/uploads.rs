//! Links to upload files.

use crate::world::{ANN, BEN, Who, World, photo};
use serde_json::{Value, json};
use sightline_domain::model::{
    identity::content_key,
    record::{ProcessingStatus, Record},
};
use sightline_tests::samples::{BUCKET, NOW};

fn sha256(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn file(name: &str, content: char) -> Value {
    json!({"name": name, "type": "image/jpeg", "size": 1_000, "sha256": sha256(content)})
}

/// What to do with Ann's files.
async fn request(world: &World, files: &[Value]) -> Vec<Value> {
    world.ok(Who::Ann, "POST /api/uploads", Some(json!({"files": files}))).await["files"].as_array().unwrap().clone()
}

/// The id of Ann's image with this content.
fn image_id(content: char) -> String {
    content_key(ANN, &sha256(content), "jpg").1
}

/// Ann's image with this content, in this status.
fn known(content: char, status: ProcessingStatus, reason: Option<&str>) -> Record {
    let (key, id) = content_key(ANN, &sha256(content), "jpg");
    Record {
        processing_status: status,
        status_reason: reason.map(str::to_owned),
        s3_url: format!("s3://{BUCKET}/{key}"),
        content_sha256: Some(sha256(content)),
        ..photo(&id)
    }
}

#[tokio::test]
async fn a_new_file_gets_a_link_for_exactly_its_key_content_and_length_once() {
    let world = World::default();
    let files = request(&world, &[file("Strand Grüße.jpg", 'a')]).await;
    let granted = &files[0];
    assert_eq!((&granted["outcome"], &granted["imageId"]), (&json!("UPLOAD"), &json!(image_id('a'))));
    let url = granted["url"].as_str().unwrap();
    assert!(url.contains(&format!("raw-uploads/{ANN}/{}.jpg", image_id('a'))) && url.contains("length=1000&valid=300000"), "{url}");
    let headers = &granted["headers"];
    assert_eq!((&headers["content-type"], &headers["if-none-match"]), (&json!("image/jpeg"), &json!("*")));
    assert_eq!(
        (&headers["x-amz-meta-filename"], &headers["x-amz-checksum-sha256"]),
        (&json!("Strand Gr%C3%BC%C3%9Fe.jpg"), &json!(sha256('a')))
    );
    assert_eq!(granted["expiresAt"], "2026-03-01T12:06:00.000Z");
    // The same content of somebody else is another image.
    let theirs = world.ok(Who::Ben, "POST /api/uploads", Some(json!({"files": [file("a.jpg", 'a')]}))).await;
    assert_ne!(theirs["files"][0]["imageId"], granted["imageId"]);
    assert!(theirs["files"][0]["url"].as_str().unwrap().contains(&format!("raw-uploads/{BEN}/")));
}

#[tokio::test]
async fn files_are_answered_in_their_order_and_the_same_content_is_uploaded_once() {
    let mut too_large = file("large.jpg", 'c');
    too_large["size"] = json!(15_728_641);
    let mut empty = file("empty.jpg", 'd');
    empty["size"] = json!(0);
    let mut gif = file("moving.gif", 'e');
    gif["type"] = json!("image/gif");
    let mut wrong_type = file("wrong type.gif", 'a');
    wrong_type["type"] = json!("image/gif");
    let files = request(&World::default(), &[wrong_type, file("a.jpg", 'a'), file("again.jpg", 'a'), too_large, empty, gif]).await;
    let outcomes: Vec<_> =
        files.iter().map(|file| (file["outcome"].as_str().unwrap(), file["reason"].as_str().unwrap_or_default())).collect();
    assert_eq!(
        outcomes,
        [
            ("REFUSED", "UNSUPPORTED_FORMAT"),
            ("UPLOAD", ""),
            ("KNOWN", ""),
            ("REFUSED", "TOO_LARGE"),
            ("REFUSED", "EMPTY_FILE"),
            ("REFUSED", "UNSUPPORTED_FORMAT")
        ]
    );
    assert_eq!(files[1]["imageId"], files[2]["imageId"]);
    assert!(files[3]["detail"].as_str().unwrap().contains("15728640 bytes"), "{}", files[3]);
}

#[tokio::test]
async fn a_file_that_its_owner_has_is_named_instead() {
    let world = World::default();
    world.put(known('a', ProcessingStatus::Completed, None));
    world.put(known('b', ProcessingStatus::Pending, None));
    // A rejected image would be rejected again: its owner sees why.
    world.put(known('c', ProcessingStatus::Failed, Some("TOO_SMALL")));
    // An image that was imported has another id.
    world.put(Record { content_sha256: Some(sha256('d')), ..photo("30000000-0000-5000-8000-000000000001") });
    let files = request(&world, &['a', 'b', 'c', 'd'].map(|content| file("x.jpg", content))).await;
    let known: Vec<_> = files
        .iter()
        .map(|file| (file["outcome"].as_str().unwrap(), file["status"].as_str().unwrap(), file["imageId"].as_str().unwrap().to_owned()))
        .collect();
    let imported = "30000000-0000-5000-8000-000000000001".to_owned();
    assert_eq!(
        known,
        [
            ("KNOWN", "COMPLETED", image_id('a')),
            ("KNOWN", "PENDING", image_id('b')),
            ("KNOWN", "FAILED", image_id('c')),
            ("KNOWN", "COMPLETED", imported)
        ]
    );
    assert_eq!(files[2]["reason"], "TOO_SMALL");
}

#[tokio::test]
async fn a_file_whose_analysis_failed_is_uploaded_again_to_its_key() {
    let world = World::default();
    world.put(known('a', ProcessingStatus::Failed, Some("Recognition.Unavailable")));
    let granted = &request(&world, &[file("x.jpg", 'a')]).await[0];
    assert_eq!((&granted["outcome"], &granted["imageId"]), (&json!("UPLOAD"), &json!(image_id('a'))));
    assert!(granted["headers"].get("if-none-match").is_none(), "the key exists: {granted}");
}

#[tokio::test]
async fn a_file_of_an_erased_image_is_a_new_image_with_the_same_id_at_every_request() {
    let world = World::default();
    world.put(known('a', ProcessingStatus::Completed, None));
    world.ok(Who::Ann, &format!("DELETE /api/images/{}", image_id('a')), None).await;
    let first = request(&world, &[file("x.jpg", 'a')]).await.remove(0);
    assert_eq!((&first["outcome"], &first["headers"]["if-none-match"]), (&json!("UPLOAD"), &json!("*")));
    assert_ne!(first["imageId"], json!(image_id('a')), "the tombstone still refuses the old id");
    let again = request(&world, &[file("x.jpg", 'a'), file("y.jpg", 'a')]).await;
    assert_eq!((&again[0]["imageId"], &again[1]["imageId"]), (&first["imageId"], &first["imageId"]));
    assert!(first["url"].as_str().unwrap().contains(first["imageId"].as_str().unwrap()));
}

#[tokio::test]
async fn an_object_whose_record_has_expired_is_uploaded_again() {
    let world = World::default();
    let key = content_key(ANN, &sha256('a'), "jpg").0;
    world.objects.upload(BUCKET, &key, b"old", NOW - 3_600_000);
    assert!(request(&world, &[file("x.jpg", 'a')]).await[0]["headers"].get("if-none-match").is_none());
    // One that was uploaded a moment ago has no record yet: S3 refuses it as sent already.
    world.objects.upload(BUCKET, &key, b"new", NOW - 1_000);
    assert_eq!(request(&world, &[file("x.jpg", 'a')]).await[0]["headers"]["if-none-match"], "*");
}

#[tokio::test]
async fn a_request_that_no_browser_sends_is_refused() {
    let world = World::default();
    let mut upper = file("a.jpg", 'a');
    upper["sha256"] = json!("AB".repeat(32));
    let mut nameless = file("", 'a');
    nameless["size"] = json!(1);
    let mut negative = file("a.jpg", 'a');
    negative["size"] = json!(-1);
    let mut key = file("a.jpg", 'a');
    key["key"] = json!("raw-uploads/other/a.jpg");
    let many: Vec<Value> = (0..101).map(|_| file("a.jpg", 'a')).collect();
    for files in [json!([]), json!(many), json!([upper]), json!([nameless]), json!([negative]), json!([key])] {
        world.problem(Who::Ann, "POST /api/uploads", Some(json!({"files": files})), 400).await;
    }
}
