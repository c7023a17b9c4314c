//! Lists, search and single images.

use crate::world::{ANN, BEN, FLAGGED, PHOTO, Who, World, photo};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::DAY_MILLIS,
        findings::Verdict,
        record::{ProcessingStatus, Record},
    },
    rules::label_index::month,
};
use sightline_tests::samples::{BUCKET, UPLOADED};

/// The number of an image as its id.
fn id(number: u32) -> String {
    format!("20000000-0000-5000-8000-{number:012}")
}

/// The ids of a page.
fn ids(page: &Value) -> Vec<&str> {
    page["images"].as_array().unwrap().iter().map(image_id).collect()
}

fn image_id(image: &Value) -> &str {
    image["imageId"].as_str().unwrap()
}

/// Ann has `count` photos, a day apart; every tenth shows a face.
fn album(count: u32) -> World {
    let world = World::default();
    for number in 0..count {
        let uploaded = UPLOADED - i64::from(number) * DAY_MILLIS;
        let faces = usize::from(number % 10 == 9);
        world.put(Record { upload_timestamp: uploaded, face_count: Some(faces), ..photo(&id(number)) });
        world.count(&format!("owner-months#{ANN}"), &month(uploaded), json!({"Count": 1}));
    }
    world
}

/// All ids of a list of Ann's images, page by page, and the number of pages.
async fn all_pages(world: &World, request: &str) -> (Vec<String>, usize) {
    let (images, pages) = world.all_pages(Who::Ann, request, "images").await;
    (images.iter().map(|image| image_id(image).to_owned()).collect(), pages)
}

#[tokio::test]
async fn a_list_has_the_newest_images_first_and_its_pages_have_each_image_once() {
    // Given Ann with 23 photos, and Ben with one.
    let world = album(23);
    world.put(Record { owner_id: BEN.into(), ..photo(PHOTO) });
    // When she lists them by pages of five.
    let (found, _) = all_pages(&world, "GET /api/images?limit=5").await;
    // Then she sees exactly hers.
    assert_eq!(found, (0..23).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_list_shows_what_a_grid_needs() {
    let world = World::with_images();
    let page = world.ok(Who::Ann, "GET /api/images?status=COMPLETED", None).await;
    let image = &page["images"][0];
    assert_eq!((ids(&page), &image["status"], &image["withheld"]), (vec![PHOTO], &json!("COMPLETED"), &json!(false)));
    assert!(image["width"].is_u64() && image["height"].is_u64() && image["thumbhash"].is_string(), "{image}");
    assert_eq!(image["topLabels"][0], json!({"name": "car", "confidence": 98.5, "source": "REKOGNITION"}));
    let thumbnail = image["thumbnail"].as_str().unwrap();
    assert!(thumbnail.starts_with(&format!("/media/processed/{PHOTO}/thumbnail.jpg?e=")) && thumbnail.contains("&s="), "{thumbnail}");
    assert_eq!(image["uploadedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!((&page["next"], &page["nearest"], &image["why"]), (&Value::Null, &json!([]), &json!([])));
}

#[tokio::test]
async fn filters_leave_out_what_does_not_match_with_a_bounded_number_of_rows_a_call() {
    let world = album(200);
    let (found, pages) = all_pages(&world, "GET /api/images?hasFaces=true&limit=10").await;
    assert_eq!(found, (0..200).filter(|number| number % 10 == 9).map(id).collect::<Vec<_>>());
    assert!(pages >= 5, "a call reads at most 40 rows: {pages} calls");
    let (recent, _) = all_pages(&world, "GET /api/images?from=2026-02-27&to=2026-02-28").await;
    assert_eq!(recent, [id(1), id(2)]);
    world.problem(Who::Ann, "GET /api/images?status=NONSENSE", None, 400).await;
}

#[tokio::test]
async fn withheld_images_are_listed_without_any_picture() {
    // Given a photo that the policy blocks.
    let world = World::default();
    world.put(Record {
        moderation_verdict: Some(Verdict::Block),
        thumbnail_key: Some(format!("archived/{PHOTO}/thumbnail.jpg")),
        ..photo(PHOTO)
    });
    // When its owner lists and opens it.
    let (page, image) =
        (world.ok(Who::Ann, "GET /api/images", None).await, world.ok(Who::Ann, &format!("GET /api/images/{PHOTO}"), None).await);
    // Then it is named as withheld, and nothing shows it.
    for image in [&page["images"][0], &image] {
        assert_eq!((&image["withheld"], &image["verdict"]), (&json!(true), &json!("BLOCK")));
        assert_eq!([&image["thumbnail"], &image["thumbnailLarge"], &image["thumbhash"]], [&Value::Null; 3]);
    }
    assert_eq!((&image["copy"], &image["original"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn the_images_of_a_batch_are_followed_by_their_ids() {
    let world = World::with_images();
    world.put(Record { owner_id: BEN.into(), ..photo(&id(1)) });
    let unknown = id(2);
    let page = world.ok(Who::Ann, &format!("GET /api/images?ids={FLAGGED},{PHOTO},{unknown},{},nonsense", id(1)), None).await;
    assert_eq!(ids(&page), [FLAGGED, PHOTO], "in the order of the request, and only Ann's");
    assert_eq!((&page["images"][0]["status"], &page["images"][0]["reviewStatus"]), (&json!("PENDING"), &json!("PENDING")));
    let many = vec![PHOTO; 101].join(",");
    world.problem(Who::Ann, &format!("GET /api/images?ids={many}"), None, 400).await;
}

#[tokio::test]
async fn a_search_needs_all_terms_and_says_why_each_image_was_found() {
    let world = album(3);
    let page = world.ok(Who::Ann, "GET /api/images?q=cars%20road&minConfidence=80", None).await;
    assert_eq!(ids(&page), [id(0), id(1), id(2)]);
    let why = page["images"][0]["why"].as_array().unwrap();
    let car = why.iter().find(|why| why["label"] == "car").unwrap();
    assert_eq!((&car["kind"], &car["found"], &car["confidence"]), (&json!("LABEL"), &json!("car"), &json!(98.5)));
    assert_eq!(why.len(), 2);
    assert_eq!(ids(&world.ok(Who::Ann, "GET /api/images?q=car&minConfidence=99", None).await).len(), 0);
    assert_eq!(ids(&world.ok(Who::Ann, "GET /api/images?label=car&q=-road", None).await).len(), 0);
    assert_eq!(ids(&world.ok(Who::Ben, "GET /api/images?q=car", None).await).len(), 0, "Ben has no images");
}

#[tokio::test]
async fn a_search_continues_where_its_page_ended_across_months_and_filters() {
    let world = album(70);
    let (found, _) = all_pages(&world, "GET /api/images?q=car&limit=7").await;
    assert_eq!(found, (0..70).map(id).collect::<Vec<_>>());
    let (faces, _) = all_pages(&world, "GET /api/images?q=car&limit=7&hasFaces=true").await;
    assert_eq!(faces, (0..70).filter(|number| number % 10 == 9).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_search_that_finds_nothing_suggests_the_nearest_labels() {
    let world = album(1);
    for label in ["car", "cat", "dining table"] {
        world.count(&format!("owner-labels#{ANN}"), label, json!({"Count": 1}));
    }
    world.count(&format!("owner-labels#{ANN}"), "carr", json!({"Count": 0}));
    let page = world.ok(Who::Ann, "GET /api/images?q=caar", None).await;
    assert_eq!((ids(&page).len(), &page["nearest"]), (0, &json!(["car"])), "not a label that no image has any more");
}

#[tokio::test]
async fn a_search_that_is_not_one_is_refused_with_what_to_do() {
    let world = album(1);
    let words = vec!["a"; 21].join("+");
    let long = "x".repeat(201);
    for query in [
        "q=-car",
        "q=car&minConfidence=101",
        "q=car&cursor=nonsense",
        &format!("q={words}"),
        &format!("q={long}"),
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=100000",
        "from=yesterday",
        "hasFaces=maybe",
    ] {
        world.problem(Who::Ann, &format!("GET /api/images?{query}"), None, 400).await;
    }
}

#[tokio::test]
async fn months_are_counted_newest_first() {
    let world = World::default();
    for (month, count) in [("2026-01", 3), ("2026-03", 7), ("2025-12", 0)] {
        world.count(&format!("owner-months#{ANN}"), month, json!({"Count": count}));
    }
    let months = world.ok(Who::Ann, "GET /api/images/months", None).await;
    assert_eq!(months, json!({"months": [{"month": "2026-03", "count": 7}, {"month": "2026-01", "count": 3}]}));
}

#[tokio::test]
async fn an_image_shows_its_whole_record_and_a_link_to_its_original() {
    let world = World::with_images();
    let image = world.ok(Who::Ann, &format!("GET /api/images/{PHOTO}"), None).await;
    assert_eq!((&image["imageId"], &image["edits"], &image["format"]), (&json!(PHOTO), &json!(0), &json!("JPEG")));
    let analyses: Vec<_> = image["analyses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|analysis| (analysis["name"].as_str().unwrap(), analysis["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(analyses, [("labels", "DONE"), ("faces", "SKIPPED"), ("text", "SKIPPED"), ("moderation", "DONE")]);
    assert_eq!(image["analyses"][1]["reason"], "no person among the labels");
    let original = image["original"].as_str().unwrap();
    assert!(original.contains(&format!("raw-uploads/{ANN}/{PHOTO}.jpg")) && original.contains("valid=300000"), "{original}");
    assert!(image["copy"].as_str().unwrap().starts_with(&format!("/media/processed/{PHOTO}/image.jpg?")));
    assert_eq!(image["execution"], Value::Null, "only operators see executions");
    assert!(world.ok(Who::AnnWithGroups, &format!("GET /api/images/{PHOTO}"), None).await["execution"].is_string());
    let text = image.to_string();
    assert!(!text.contains("arn:aws") && !text.contains("ReviewToken") && !text.contains("s3://"), "{text}");
}

#[tokio::test]
async fn a_rejected_image_says_why_and_has_no_original() {
    let world = World::default();
    world.put(Record {
        processing_status: ProcessingStatus::Failed,
        status_reason: Some("TOO_SMALL".into()),
        status_detail: Some("79×400 px; both sides need at least 80 px".into()),
        ..photo(PHOTO)
    });
    let image = world.ok(Who::Ann, &format!("GET /api/images/{PHOTO}"), None).await;
    assert_eq!((&image["status"], &image["statusReason"]), (&json!("FAILED"), &json!("TOO_SMALL")));
    assert!(image["statusDetail"].as_str().unwrap().contains("80 px") && image["original"].is_null());
}

#[tokio::test]
async fn the_stored_answer_of_an_analysis_is_returned_unchanged() {
    let world = World::with_images();
    world.objects.upload(BUCKET, &format!("results/{PHOTO}/labels.json"), br#"{"Labels":[{"Name":"Car","Confidence":98.5}]}"#, 0);
    let answer = world.ok(Who::Ann, &format!("GET /api/images/{PHOTO}/answers/labels"), None).await;
    assert_eq!(answer["Labels"][0]["Name"], "Car");
    for missing in ["faces", "nonsense"] {
        let problem = world.problem(Who::Ann, &format!("GET /api/images/{PHOTO}/answers/{missing}"), None, 404).await;
        assert!(problem["detail"].as_str().unwrap().contains("no stored answer"), "{problem}");
    }
}
