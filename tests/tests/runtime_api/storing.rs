//! Row 22 of the fault matrix: after a kill between write and response, the retry recognises its own write.

use crate::{
    image::Image,
    local_stack::{Item, LocalStack},
};
use sightline_domain::model::{ProcessingStatus, ReviewStatus};
use std::collections::BTreeSet;

fn terms(rows: &[Item]) -> BTreeSet<&str> {
    rows.iter().map(|row| row["Term"].as_s().unwrap().as_str()).collect()
}

/// Injected: a second process runs store-record with the same input, as after a kill of the first.
/// Seen: the same result, the same record, each label row once.
#[tokio::test]
async fn row_22_a_repeated_step_writes_one_record_and_one_set_of_rows() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    let input = image.input(&local, "store-record");
    // Two processes, as after a kill of the first.
    let first = local.function("store-record").result(&input);
    let (item, rows) = (local.items(&image.id).await, local.rows(&image.id).await);
    let second = local.function("store-record").result(&input);
    assert_eq!(second, first);
    assert_eq!(local.items(&image.id).await, item);
    assert_eq!(local.rows(&image.id).await.len(), rows.len());
    assert_eq!(terms(&rows), BTreeSet::from(["person", "human", "knife", "blade", "weapon", "sign", "symbol", "kitchen"]));
    assert_eq!(rows.len(), 8, "each term once");
    let record = local.record(&image.id).await;
    assert_eq!((record.processing_status, record.review_status), (ProcessingStatus::Completed, ReviewStatus::Approved));
    assert_eq!((record.work_queue, record.attempts), (None, 1));
    assert!(record.expires_at.is_some());
    image.clean(&local).await;
}

#[tokio::test]
async fn a_withheld_image_is_moved_to_the_archive() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    let mut input = image.input(&local, "store-record");
    input["Review"]["Status"] = "REJECTED".into();
    let (copy, thumbnail) = (format!("processed/{}/image.jpg", image.id), format!("processed/{}/thumbnail.jpg", image.id));
    local.put(&copy, b"a picture").await;
    local.put(&thumbnail, b"a small one").await;
    for _ in 0..2 {
        assert_eq!(local.function("store-record").result(&input)["ReviewStatus"], "REJECTED");
        assert!(!local.has(&copy).await && !local.has(&thumbnail).await);
        assert!(local.has(&format!("archived/{}/image.jpg", image.id)).await);
    }
    assert!(local.rows(&image.id).await.iter().all(|row| row["Withheld"].as_bool() == Ok(&true)));
    image.clean(&local).await;
}
