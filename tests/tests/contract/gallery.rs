//! [`Gallery`] and [`ReviewLeases`].

use crate::store::TableStore;
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::EpochMillis,
        record::{ProcessingStatus, Record},
        review::ReviewStatus,
    },
    ports::{Gallery, GalleryFilter, GalleryImage, GalleryQuery, RecordKey, ReviewClaim, ReviewLease, ReviewLeases},
};
use sightline_tests::samples::{IMAGE_ID, NOW, OWNER, UPLOADED, claimed};

cases! {
    with_tables:
    a_gallery_lists_the_newest_images_of_its_owner_first,
    a_gallery_shows_what_the_grid_needs,
    a_gallery_is_filtered_after_its_rows_are_counted,
    a_gallery_is_limited_to_a_time,
    records_are_read_by_their_keys,
    the_completed_image_of_a_content_is_found,
    an_open_review_is_claimed_by_one_reviewer,
    only_an_open_review_is_claimed,
}

/// The image with this number, uploaded that many milliseconds after [`UPLOADED`].
fn image(number: i64) -> Record {
    Record {
        image_id: format!("0b6f7c52-0000-5000-8000-{number:012}"),
        upload_timestamp: UPLOADED + number,
        processing_status: ProcessingStatus::Completed,
        work_queue: None,
        face_count: Some(0),
        text_line_count: Some(0),
        ..claimed()
    }
}

fn query(limit: u16, filter: GalleryFilter) -> GalleryQuery<'static> {
    GalleryQuery { owner_id: OWNER, from: None, to: None, after: None, filter, limit }
}

/// The numbers of the images on each page.
async fn pages(store: &impl TableStore, query: GalleryQuery<'_>) -> Vec<Vec<EpochMillis>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = store.tables().gallery_page(&GalleryQuery { after: after.as_ref(), ..query.clone() }).await.unwrap();
        pages.push(page.items.iter().map(|image| image.upload_timestamp - UPLOADED).collect());
        after = page.next;
        if after.is_none() {
            return pages;
        }
    }
}

async fn a_gallery_lists_the_newest_images_of_its_owner_first(store: &impl TableStore) {
    assert_eq!(pages(store, query(2, GalleryFilter::default())).await, [[] as [i64; 0]]);
    for number in [1, 3, 2] {
        store.put(&image(number)).await;
    }
    store.put(&Record { owner_id: "berta".to_owned(), ..image(4) }).await;
    // Two images of the same millisecond.
    store.put(&Record { upload_timestamp: UPLOADED + 3, ..image(5) }).await;
    let erased = Record { processing_status: ProcessingStatus::Erased, ..image(6) };
    store.put(&erased).await;
    assert_eq!(pages(store, query(100, GalleryFilter::default())).await, [[3, 3, 2, 1]]);
    let pages = pages(store, query(2, GalleryFilter::default())).await;
    assert_eq!(pages.concat(), [3, 3, 2, 1]);
    assert_eq!(pages[0], [3], "two rows were read, and the ERASED one is not shown");
}

async fn a_gallery_shows_what_the_grid_needs(store: &impl TableStore) {
    let item: Value = json!({
        "ImageID": IMAGE_ID, "UploadTimestamp": UPLOADED, "OwnerID": OWNER, "SchemaVersion": 1, "ImageName": "a.jpg", "Title": "Garden",
        "ProcessingStatus": "FAILED", "StatusReason": "EMPTY_FILE", "ReviewStatus": "REJECTED", "ModerationVerdict": "REVIEW",
        "Width": 1600, "Height": 1200, "Thumbhash": "aGFzaA==", "DetectionSummary": [{"Name": "car", "Confidence": 98.5}],
        "OwnLabels": ["car"], "FaceCount": 2, "TextLineCount": 3, "Latitude": 48.2, "Longitude": 16.37,
        "ThumbnailKey": "processed/i/thumbnail.jpg", "LargeThumbnailKey": "processed/i/thumbnail-640.jpg",
    });
    let record: Record = serde_json::from_value(item).unwrap();
    store.put(&record).await;
    let page = store.tables().gallery_page(&query(10, GalleryFilter::default())).await.unwrap();
    assert_eq!(page.items, [GalleryImage::from(&record)]);
    assert!(page.items[0].is_withheld());
    let bare = Record { image_id: "0b6f7c52-0000-5000-8000-000000000009".to_owned(), upload_timestamp: UPLOADED + 9, ..claimed() };
    store.put(&bare).await;
    let page = store.tables().gallery_page(&query(10, GalleryFilter::default())).await.unwrap();
    assert_eq!(page.items, [GalleryImage::from(&bare), GalleryImage::from(&record)]);
}

async fn a_gallery_is_filtered_after_its_rows_are_counted(store: &impl TableStore) {
    store.put(&Record { face_count: Some(1), ..image(1) }).await;
    store.put(&Record { text_line_count: Some(4), ..image(2) }).await;
    store.put(&Record { latitude: Some(1.0), longitude: Some(2.0), face_count: Some(2), ..image(3) }).await;
    store.put(&Record { processing_status: ProcessingStatus::Failed, face_count: None, text_line_count: None, ..image(4) }).await;
    store.put(&Record { processing_status: ProcessingStatus::Erased, ..image(5) }).await;
    let all = GalleryFilter::default();
    let cases = [
        (GalleryFilter { has_faces: true, ..all }, vec![3, 1]),
        (GalleryFilter { has_text: true, ..all }, vec![2]),
        (GalleryFilter { has_position: true, ..all }, vec![3]),
        (GalleryFilter { has_faces: true, has_position: true, ..all }, vec![3]),
        (GalleryFilter { status: Some(ProcessingStatus::Failed), ..all }, vec![4]),
        (GalleryFilter { status: Some(ProcessingStatus::Erased), ..all }, vec![5]),
        (GalleryFilter { status: Some(ProcessingStatus::Completed), has_text: true, ..all }, vec![2]),
    ];
    for (filter, expected) in cases {
        assert_eq!(pages(store, query(100, filter)).await, std::slice::from_ref(&expected), "{filter:?}");
        let pages = pages(store, query(1, filter)).await;
        assert!(pages.len() >= 5, "{filter:?}: one row was read for each page");
        assert_eq!(pages.concat(), expected, "{filter:?}");
    }
}

async fn a_gallery_is_limited_to_a_time(store: &impl TableStore) {
    for number in 1..=5 {
        store.put(&image(number)).await;
    }
    let within = |from: Option<i64>, to: Option<i64>, limit| GalleryQuery {
        from: from.map(|from| UPLOADED + from),
        to: to.map(|to| UPLOADED + to),
        ..query(limit, GalleryFilter::default())
    };
    assert_eq!(pages(store, within(Some(2), Some(4), 2)).await.concat(), [4, 3, 2]);
    assert_eq!(pages(store, within(Some(4), None, 100)).await.concat(), [5, 4]);
    assert_eq!(pages(store, within(None, Some(2), 1)).await.concat(), [2, 1]);
    assert_eq!(pages(store, within(Some(6), None, 9)).await.concat(), [] as [i64; 0]);
}

async fn records_are_read_by_their_keys(store: &impl TableStore) {
    for number in 1..=120 {
        store.put(&image(number)).await;
    }
    let mut keys: Vec<RecordKey> = (1..=120).rev().map(|number| RecordKey::of(&image(number))).collect();
    keys.insert(1, RecordKey { image_id: IMAGE_ID.to_owned(), upload_timestamp: UPLOADED });
    keys.push(keys[0].clone());
    let found = store.tables().records(&keys).await.unwrap();
    let expected: Vec<i64> = (1..=120).rev().chain([120]).collect();
    assert_eq!(found.iter().map(|record| record.upload_timestamp - UPLOADED).collect::<Vec<_>>(), expected);
    assert!(store.tables().records(&[]).await.unwrap().is_empty());
}

async fn the_completed_image_of_a_content_is_found(store: &impl TableStore) {
    let sha256 = "ab".repeat(32);
    let of = |record: Record| Record { content_sha256: Some(sha256.clone()), ..record };
    store.put(&of(Record { processing_status: ProcessingStatus::Erased, ..image(1) })).await;
    store.put(&of(Record { processing_status: ProcessingStatus::Failed, ..image(2) })).await;
    store.put(&of(Record { owner_id: "berta".to_owned(), ..image(3) })).await;
    store.put(&image(4)).await;
    assert_eq!(store.tables().completed_image(OWNER, &sha256).await.unwrap(), None);
    store.put(&of(image(5))).await;
    assert_eq!(store.tables().completed_image(OWNER, &sha256).await.unwrap(), Some(RecordKey::of(&image(5))));
    assert_eq!(store.tables().completed_image(OWNER, &"cd".repeat(32)).await.unwrap(), None);
}

async fn open(store: &impl TableStore) {
    store.put(&claimed()).await;
    let review = json!({"ReviewStatus": "PENDING", "WorkQueue": "REVIEW", "ReviewDeadline": NOW + 1000, "ReviewToken": "token"});
    store.change(&claimed(), review).await;
}

async fn claim(store: &impl TableStore, reviewer: &str, now: EpochMillis, until: EpochMillis) -> ReviewClaim {
    store.tables().claim_review(&RecordKey::of(&claimed()), ReviewLease { reviewer, until, now }).await.unwrap()
}

async fn an_open_review_is_claimed_by_one_reviewer(store: &impl TableStore) {
    open(store).await;
    assert_eq!(claim(store, "anna", NOW, NOW + 100).await, ReviewClaim::Yes);
    assert_eq!(claim(store, "berta", NOW + 99, NOW + 200).await, ReviewClaim::Held { by: "anna".to_owned(), until: NOW + 100 });
    assert_eq!(claim(store, "anna", NOW + 99, NOW + 150).await, ReviewClaim::Yes, "their own is extended");
    assert_eq!(claim(store, "berta", NOW + 149, NOW + 200).await, ReviewClaim::Held { by: "anna".to_owned(), until: NOW + 150 });
    assert_eq!(claim(store, "berta", NOW + 150, NOW + 250).await, ReviewClaim::Yes, "it has ended");
    assert_eq!(claim(store, "berta", NOW + 160, NOW + 160).await, ReviewClaim::Yes, "and is given back");
    assert_eq!(claim(store, "anna", NOW + 160, NOW + 260).await, ReviewClaim::Yes);
    let item = store.item(&claimed()).await;
    assert_eq!((&item["ReviewClaimedBy"], &item["ReviewClaimedUntil"]), (&json!("anna"), &json!(NOW + 260)));
    assert_eq!(item["ReviewToken"], "token");
}

async fn only_an_open_review_is_claimed(store: &impl TableStore) {
    assert_eq!(claim(store, "anna", NOW, NOW + 100).await, ReviewClaim::NotOpen, "there is no record");
    assert!(store.item(&claimed()).await.is_empty());
    for change in [
        json!({"ReviewStatus": "APPROVED"}),
        json!({"ProcessingStatus": "FAILED"}),
        json!({"WorkQueue": "PENDING"}),
        json!({"ReviewDeadline": NOW}),
    ] {
        open(store).await;
        assert_eq!(claim(store, "anna", NOW, NOW + 100).await, ReviewClaim::Yes, "{change}");
        store.change(&claimed(), change.clone()).await;
        assert_eq!(claim(store, "berta", NOW, NOW + 100).await, ReviewClaim::NotOpen, "{change}");
        assert_eq!(claim(store, "anna", NOW, NOW + 100).await, ReviewClaim::NotOpen, "{change}");
    }
    store.put(&Record { review_status: ReviewStatus::Pending, ..claimed() }).await;
    assert_eq!(claim(store, "anna", NOW, NOW + 100).await, ReviewClaim::NotOpen, "nobody waits");
}
