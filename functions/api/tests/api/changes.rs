//! Edits and erasures.

use crate::world::{ANN, FLAGGED, PHOTO, Who, World};
use serde_json::{Value, json};
use sightline_tests::samples::BUCKET;

#[tokio::test]
async fn an_edit_changes_title_and_labels_and_is_searched_at_once() {
    // Given a photo of a car on a road.
    let world = World::with_images();
    let request = format!("PATCH /api/images/{PHOTO}");
    // When its owner corrects it.
    let edit = json!({"edits": 0, "title": "Our holiday", "addLabels": ["Beach Hut"], "removeLabels": ["road"]});
    let image = world.ok(Who::Ann, &request, Some(edit)).await;
    // Then it shows the changes, and what Rekognition said stays.
    assert_eq!(
        (&image["title"], &image["ownLabels"], &image["removedLabels"], &image["edits"]),
        (&json!("Our holiday"), &json!(["beach hut"]), &json!(["road"]), &json!(1))
    );
    let names: Vec<_> = image["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| (label["name"].as_str().unwrap(), label["source"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("beach hut", "OWN"), ("car", "REKOGNITION")]);
    for (query, kind) in [("hut", "OWN"), ("holiday", "TITLE"), ("car", "LABEL")] {
        let page = world.ok(Who::Ann, &format!("GET /api/images?q={query}"), None).await;
        assert_eq!(page["images"][0]["why"][0]["kind"], kind, "{query}");
    }
    assert_eq!(world.ok(Who::Ann, "GET /api/images?q=road", None).await["images"], json!([]));
    // And everything can be taken back.
    let back = json!({"edits": 1, "title": "", "dropLabels": ["beach hut"], "restoreLabels": ["road"]});
    let image = world.ok(Who::Ann, &request, Some(back)).await;
    assert_eq!((&image["title"], &image["ownLabels"], &image["removedLabels"]), (&Value::Null, &json!([]), &json!([])));
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_refused() {
    let world = World::with_images();
    let request = format!("PATCH /api/images/{PHOTO}");
    world.ok(Who::Ann, &request, Some(json!({"edits": 0, "title": "First"}))).await;
    let problem = world.problem(Who::Ann, &request, Some(json!({"edits": 0, "title": "Second"})), 409).await;
    assert!(problem["detail"].as_str().unwrap().contains("Load it again"), "{problem}");
    assert_eq!(world.ok(Who::Ann, &format!("GET /api/images/{PHOTO}"), None).await["title"], "First");
}

#[tokio::test]
async fn an_edit_that_is_not_allowed_says_why() {
    let world = World::with_images();
    let request = format!("PATCH /api/images/{PHOTO}");
    for edit in [
        json!({"edits": 0, "title": "x".repeat(201)}),
        json!({"edits": 0, "addLabels": [" "]}),
        json!({"edits": 0, "addLabels": (0..21).map(|number| format!("label {number}")).collect::<Vec<_>>()}),
        json!({"edits": 0, "labels": []}),
        json!({"title": "without a version"}),
    ] {
        world.problem(Who::Ann, &request, Some(edit), 400).await;
    }
}

#[tokio::test]
async fn an_erasure_removes_the_image_and_answers_with_a_receipt() {
    // Given a photo with an original and a thumbnail.
    let world = World::with_images();
    world.objects.upload(BUCKET, &format!("raw-uploads/{ANN}/{PHOTO}.jpg"), b"original", 0);
    world.objects.upload(BUCKET, &format!("processed/{PHOTO}/thumbnail.jpg"), b"thumbnail", 0);
    // When its owner erases it.
    let receipt = world.ok(Who::Ann, &format!("DELETE /api/images/{PHOTO}"), None).await;
    // Then everything is gone, and the receipt counts it.
    assert_eq!((&receipt["imageId"], &receipt["copies"], &receipt["records"]), (&json!(PHOTO), &json!(1), &json!(1)));
    assert!(receipt["labelRows"].as_u64().unwrap() > 0 && receipt["erasedAt"].is_string());
    assert_eq!((&receipt["lateWrites"], receipt["lookAgainAt"].is_string()), (&json!("POSSIBLE"), true));
    assert!(!world.objects.current_keys().iter().any(|key| key.contains(PHOTO)), "{:?}", world.objects.current_keys());
    world.problem(Who::Ann, &format!("GET /api/images/{PHOTO}"), None, 404).await;
    world.problem(Who::Ann, &format!("DELETE /api/images/{PHOTO}"), None, 404).await;
    assert_eq!(world.ok(Who::Ann, "GET /api/images?q=car", None).await["images"], json!([]));
}

#[tokio::test]
async fn many_images_are_erased_at_once_and_a_problem_of_one_does_not_affect_the_others() {
    let world = World::with_images();
    let erased = world.ok(Who::Ann, "POST /api/images:delete", Some(json!({"ids": [PHOTO, "nonsense", FLAGGED, PHOTO]}))).await;
    let receipts = erased["receipts"].as_array().unwrap();
    assert_eq!(receipts.iter().map(|one| one["imageId"].as_str().unwrap()).collect::<Vec<_>>(), [PHOTO, "nonsense", FLAGGED]);
    assert_eq!((&receipts[0]["receipt"]["records"], &receipts[2]["receipt"]["review"]), (&json!(1), &json!(true)));
    assert_eq!((&receipts[1]["problem"]["status"], &receipts[1]["problem"]["requestId"]), (&json!(404), &json!("request-1")));
    for wrong in [json!({"ids": []}), json!({"ids": vec![PHOTO; 101]}), json!({})] {
        world.problem(Who::Ann, "POST /api/images:delete", Some(wrong), 400).await;
    }
}
