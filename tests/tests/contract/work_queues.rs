//! [`WorkQueues`]: listing a queue.

use crate::store::TableStore;
use serde_json::json;
use sightline_domain::{
    model::{ProcessingStatus, Record, WorkQueue},
    ports::{QueuedImage, RecordKey, Unreadable, WorkQueues},
};
use sightline_tests::samples::{UPLOADED, claimed};

cases! {
    with_tables:
    a_queue_lists_its_images_oldest_upload_first,
    a_page_continues_after_a_position,
    an_unreadable_item_is_listed_and_hides_no_other,
    an_image_leaves_its_queue,
}

/// A record that was uploaded `age` milliseconds after the first one.
fn record(image_id: &str, age: i64, work_queue: Option<WorkQueue>) -> Record {
    Record { image_id: image_id.to_owned(), upload_timestamp: UPLOADED + age, work_queue, ..claimed() }
}

/// All images of a queue from `after` on, and the unreadable ones.
async fn all(store: &impl TableStore, queue: WorkQueue, mut after: Option<RecordKey>) -> (Vec<QueuedImage>, Vec<Unreadable>) {
    let (mut images, mut unreadable) = (Vec::new(), Vec::new());
    loop {
        let page = store.tables().queued(queue, after.as_ref()).await.unwrap();
        images.extend(page.items);
        unreadable.extend(page.unreadable);
        after = page.next;
        if after.is_none() {
            return (images, unreadable);
        }
    }
}

fn ids(images: &[QueuedImage]) -> Vec<&str> {
    images.iter().map(|image| image.image_id.as_str()).collect()
}

async fn a_queue_lists_its_images_oldest_upload_first(store: &impl TableStore) {
    for (image_id, age) in [("b", 2), ("e", 5), ("a", 3), ("d", 1), ("c", 4)] {
        store.put(&record(image_id, age, Some(WorkQueue::Pending))).await;
    }
    for (image_id, queue) in [("r", WorkQueue::Review), ("f", WorkQueue::Failed), ("x", WorkQueue::Erased)] {
        store.put(&record(image_id, 0, Some(queue))).await;
        assert_eq!(ids(&all(store, queue, None).await.0), [image_id]);
    }
    store.put(&record("done", 0, None)).await;
    let (images, unreadable) = all(store, WorkQueue::Pending, None).await;
    assert_eq!((ids(&images), unreadable), (vec!["d", "b", "a", "c", "e"], vec![]));
    let expected = record("d", 1, Some(WorkQueue::Pending));
    let QueuedImage { upload_timestamp, execution_arn, processing_status, .. } = &images[0];
    assert_eq!((*upload_timestamp, execution_arn), (expected.upload_timestamp, &expected.execution_arn));
    assert_eq!(*processing_status, ProcessingStatus::Pending);
}

async fn a_page_continues_after_a_position(store: &impl TableStore) {
    for (image_id, age) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        store.put(&record(image_id, age, Some(WorkQueue::Failed))).await;
    }
    for (image_id, age, expected) in [("a", 1, vec!["b", "c", "d"]), ("c", 3, vec!["d"]), ("d", 4, vec![])] {
        let after = RecordKey { image_id: image_id.to_owned(), upload_timestamp: UPLOADED + age };
        assert_eq!(ids(&all(store, WorkQueue::Failed, Some(after)).await.0), expected, "after {image_id}");
    }
}

async fn an_unreadable_item_is_listed_and_hides_no_other(store: &impl TableStore) {
    for (image_id, age) in [("a", 1), ("b", 2), ("c", 3)] {
        store.put(&record(image_id, age, Some(WorkQueue::Pending))).await;
    }
    store.change(&record("b", 2, None), json!({"ProcessingStatus": "UNKNOWN"})).await;
    let (images, unreadable) = all(store, WorkQueue::Pending, None).await;
    assert_eq!((ids(&images), unreadable), (vec!["a", "c"], vec![Unreadable { image_id: "b".to_owned() }]));
}

async fn an_image_leaves_its_queue(store: &impl TableStore) {
    store.put(&record("a", 1, Some(WorkQueue::Pending))).await;
    store.put(&record("a", 1, Some(WorkQueue::Failed))).await;
    assert_eq!(all(store, WorkQueue::Pending, None).await.0, []);
    store.put(&record("a", 1, None)).await;
    assert_eq!(all(store, WorkQueue::Failed, None).await.0, []);
}
