//! [`Overlays`], and the writers that must keep an overlay.

use crate::store::TableStore;
use serde_json::json;
use sightline_domain::{
    model::{
        findings::StoredLabel,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::{LabelIndex, Overlays, Records, Written},
    rules::{
        edit::{OverlayChange, RowChanges, edit, row_changes},
        label_index::{RowKey, keys, rows},
    },
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, claimed};
use std::collections::BTreeSet;

cases! {
    with_tables:
    an_edit_writes_the_overlay_and_its_rows_and_nothing_else,
    an_edit_of_a_changed_record_is_refused,
    an_edit_that_empties_the_overlay_removes_its_attributes,
    an_edit_of_more_rows_than_a_transaction_holds_is_complete,
    a_completion_is_refused_after_an_edit_since_its_read,
    a_failure_and_a_claim_keep_the_overlay,
}

fn label(name: &str, confidence: f64) -> StoredLabel {
    serde_json::from_value(json!({"Name": name, "Confidence": confidence})).unwrap()
}

fn completed() -> Record {
    Record {
        processing_status: ProcessingStatus::Completed,
        work_queue: None,
        finished_at: Some(NOW),
        labels: Some(vec![label("car", 98.0), label("road", 90.0)]),
        ..claimed()
    }
}

/// Writes a record with its rows.
async fn put(store: &impl TableStore, record: &Record) {
    store.put(record).await;
    store.put_rows(rows(record)).await;
}

fn change() -> OverlayChange {
    OverlayChange {
        title: Some(Some("Grandma's garden".to_owned())),
        add: vec!["Tomato".to_owned()],
        remove: vec!["road".to_owned()],
        ..OverlayChange::default()
    }
}

async fn store_edit(store: &impl TableStore, read: &Record, change: &OverlayChange) -> (Written, Record) {
    let edited = edit(read, change, NOW + 1).unwrap();
    (store.tables().edit(read, &edited, &row_changes(read, &edited)).await.unwrap(), edited)
}

/// The keys of the image's rows.
async fn stored_rows(store: &impl TableStore, records: &[&Record]) -> BTreeSet<RowKey> {
    let all: BTreeSet<RowKey> = records.iter().flat_map(|record| keys(record)).collect();
    store.tables().existing_rows(&all.into_iter().collect::<Vec<_>>()).await.unwrap().into_iter().collect()
}

fn keys_of_rows(record: &Record) -> BTreeSet<RowKey> {
    rows(record).iter().map(RowKey::of).collect()
}

async fn an_edit_writes_the_overlay_and_its_rows_and_nothing_else(store: &impl TableStore) {
    put(store, &completed()).await;
    let before = store.item(&completed()).await;
    let (written, edited) = store_edit(store, &completed(), &change()).await;
    assert_eq!(written, Written::Yes);
    let mut expected = before;
    let overlay = json!({
        "Title": "Grandma's garden", "OwnLabels": ["tomato"], "RemovedLabels": ["road"], "Edits": 1, "EditedAt": NOW + 1,
        "DetectionSummary": [{"Name": "tomato", "Confidence": 100.0}, {"Name": "car", "Confidence": 98.0}], "Warnings": [],
    });
    expected.extend(overlay.as_object().unwrap().clone());
    // JSON from DynamoDB has whole numbers, so both are compared as records.
    let stored = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(stored).unwrap(),
        serde_json::to_value(serde_json::from_value::<Record>(expected.into()).unwrap()).unwrap()
    );
    assert_eq!(stored_rows(store, &[&completed(), &edited]).await, keys_of_rows(&edited));
    let terms: BTreeSet<String> = rows(&edited).into_iter().map(|row| row.term).collect();
    assert!(terms.is_superset(&["tomato", "garden", "car"].map(str::to_owned).into()), "{terms:?}");
    assert!(!terms.contains("road"));
}

async fn an_edit_of_a_changed_record_is_refused(store: &impl TableStore) {
    let read = completed();
    for (case, now) in [
        ("edited since", Record { edits: 1, ..completed() }),
        ("erased since", Record { processing_status: ProcessingStatus::Erased, ..completed() }),
    ] {
        store.put(&now).await;
        let before = store.item(&now).await;
        assert_eq!(store_edit(store, &read, &change()).await.0, Written::Refused, "{case}");
        assert_eq!(store.item(&now).await, before, "{case}");
    }
    let pending = claimed();
    store.put(&completed()).await;
    assert_eq!(store_edit(store, &pending, &change()).await.0, Written::Refused, "completed since: its rows would be missing");
    assert!(stored_rows(store, &[&edit(&read, &change(), NOW).unwrap()]).await.is_empty());
    let gone = Record { image_id: "0b6f7c52-0000-5000-8000-000000000001".to_owned(), ..completed() };
    assert_eq!(store_edit(store, &gone, &change()).await.0, Written::Refused, "there is no record");
}

async fn an_edit_that_empties_the_overlay_removes_its_attributes(store: &impl TableStore) {
    put(store, &completed()).await;
    let (_, edited) = store_edit(store, &completed(), &change()).await;
    let back =
        OverlayChange { title: Some(None), drop: vec!["tomato".to_owned()], restore: vec!["road".to_owned()], ..OverlayChange::default() };
    let (written, again) = store_edit(store, &edited, &back).await;
    assert_eq!(written, Written::Yes);
    let item = store.item(&completed()).await;
    for name in ["Title", "OwnLabels", "RemovedLabels"] {
        assert!(!item.contains_key(name), "{name}");
    }
    assert_eq!(item["Edits"], 2);
    assert_eq!(stored_rows(store, &[&edited, &again]).await, keys_of_rows(&completed()));
}

async fn an_edit_of_more_rows_than_a_transaction_holds_is_complete(store: &impl TableStore) {
    let title = |word: &str| (0..60).map(|number| format!("{word}{number}")).collect::<Vec<_>>().join(" ");
    let titled = |word: &str| Record { title: Some(title(word)), ..completed() };
    let (read, edited) = (titled("a"), Record { edits: 1, ..titled("b") });
    put(store, &read).await;
    let changes = row_changes(&read, &edited);
    assert!(changes.put.len() + changes.delete.len() > 99, "{} and {}", changes.put.len(), changes.delete.len());
    let stale = Record { edits: 7, ..read.clone() };
    assert_eq!(store.tables().edit(&stale, &edited, &changes).await.unwrap(), Written::Refused);
    assert_eq!(stored_rows(store, &[&read, &edited]).await, keys_of_rows(&read), "a refused edit deletes nothing");
    assert_eq!(store.tables().edit(&read, &edited, &changes).await.unwrap(), Written::Yes);
    assert_eq!(stored_rows(store, &[&read, &edited]).await, keys_of_rows(&edited));
    let none = RowChanges::default();
    assert_eq!(store.tables().edit(&edited, &Record { edits: 2, ..edited.clone() }, &none).await.unwrap(), Written::Yes, "without rows");
}

async fn a_completion_is_refused_after_an_edit_since_its_read(store: &impl TableStore) {
    store.put(&claimed()).await;
    let (written, edited) = store_edit(store, &claimed(), &change()).await;
    assert_eq!(written, Written::Yes);
    assert!(stored_rows(store, &[&edited]).await.is_empty(), "a PENDING image has no rows");
    assert_eq!(store.tables().complete(&completed(), &rows(&completed())).await.unwrap(), Written::Refused);
    assert_eq!(store.item(&claimed()).await["ProcessingStatus"], "PENDING");
    let read = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    let merged = Record { title: read.title, own_labels: read.own_labels, edits: read.edits, ..completed() };
    assert_eq!(store.tables().complete(&merged, &rows(&merged)).await.unwrap(), Written::Yes);
    assert_eq!(store.item(&claimed()).await["OwnLabels"], json!(["tomato"]));
    assert_eq!(stored_rows(store, &[&merged]).await, keys_of_rows(&merged));
}

async fn a_failure_and_a_claim_keep_the_overlay(store: &impl TableStore) {
    store.put(&claimed()).await;
    let (_, edited) = store_edit(store, &claimed(), &change()).await;
    let failed = Record {
        processing_status: ProcessingStatus::Failed,
        status_reason: Some("Storage.Unavailable".to_owned()),
        work_queue: Some(WorkQueue::Failed),
        ..claimed()
    };
    assert_eq!(store.tables().fail(&failed).await.unwrap(), Written::Yes);
    let taken = Record { execution_arn: OTHER_EXECUTION.to_owned(), ..claimed() };
    for (case, execution) in [("failed", EXECUTION), ("claimed again", OTHER_EXECUTION)] {
        let now = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
        assert_eq!(now.execution_arn, execution, "{case}");
        assert_eq!((&now.title, &now.own_labels, now.edits), (&edited.title, &edited.own_labels, 1), "{case}");
        assert_eq!(now.detection_summary, edited.detection_summary, "{case}");
        if execution == EXECUTION {
            assert_eq!(store.tables().claim(&taken).await.unwrap(), Written::Yes);
        }
    }
}
