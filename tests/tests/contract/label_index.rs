//! [`LabelIndex`].

use crate::store::TableStore;
use serde_json::json;
use sightline_domain::{
    ports::{LabelIndex, RowRange},
    rules::label_index::{LabelRow, RowKey},
};

cases! {
    with_tables:
    rows_come_newest_first_within_their_range,
    a_page_continues_after_a_row,
    rows_are_filtered_by_confidence_and_withheld,
    rows_of_an_image_are_found_in_every_partition,
    existing_rows_are_told_from_missing_ones,
    deleted_rows_are_gone,
}

const CARS: &str = "anna#car#2026-03";
const ROADS: &str = "anna#road#2026-03";

fn row(partition: &str, time: u32, image_id: &str) -> LabelRow {
    let row = json!({
        "OwnerLabelMonth": partition, "TimeImageID": format!("{time:013}#{image_id}"), "ImageID": image_id, "UploadTimestamp": time,
        "Term": "car", "TermKind": "LABEL", "Label": "Car", "Found": "Car", "Confidence": 98.5, "S3_URL": "s3://images/key",
    });
    serde_json::from_value(row).unwrap()
}

fn key(row: &LabelRow) -> RowKey {
    RowKey { owner_label_month: row.owner_label_month.clone(), time_image_id: row.time_image_id.clone() }
}

/// All rows of [`CARS`].
const EVERYTHING: RowRange<'_> =
    RowRange { partition: CARS, from: "0000000000000", to: "9999999999999$", after: None, min_confidence: 0.0, withheld: true };

/// The images of all pages.
async fn images(store: &impl TableStore, range: RowRange<'_>) -> Vec<String> {
    let (mut images, mut after) = (Vec::new(), range.after.map(str::to_owned));
    loop {
        let page = store.tables().rows(RowRange { after: after.as_deref(), ..range }).await.unwrap();
        images.extend(page.rows.into_iter().map(|row| row.image_id));
        after = page.next;
        if after.is_none() {
            return images;
        }
    }
}

async fn rows_come_newest_first_within_their_range(store: &impl TableStore) {
    let rows = [(3, "c"), (1, "a"), (5, "e"), (2, "b"), (4, "d")].map(|(time, image_id)| row(CARS, time, image_id));
    let expected = rows[0].clone();
    store.put_rows(rows.to_vec()).await;
    store.put_rows(vec![row(ROADS, 3, "other")]).await;
    assert_eq!(images(store, EVERYTHING).await, ["e", "d", "c", "b", "a"]);
    let range = RowRange { from: "0000000000002#b", to: "0000000000004#d", ..EVERYTHING };
    assert_eq!(images(store, range).await, ["d", "c", "b"]);
    let range = RowRange { from: "0000000000003", to: "0000000000003$", ..EVERYTHING };
    assert_eq!(store.tables().rows(range).await.unwrap().rows, [expected], "the whole row comes back");
    assert!(images(store, RowRange { partition: "ben#car#2026-03", ..EVERYTHING }).await.is_empty());
}

async fn a_page_continues_after_a_row(store: &impl TableStore) {
    store.put_rows([(1, "a"), (2, "b"), (3, "c")].map(|(time, image_id)| row(CARS, time, image_id)).to_vec()).await;
    for (after, expected) in [("0000000000003#c", vec!["b", "a"]), ("0000000000002#b", vec!["a"]), ("0000000000001#a", vec![])] {
        assert_eq!(images(store, RowRange { after: Some(after), ..EVERYTHING }).await, expected, "after {after}");
    }
}

async fn rows_are_filtered_by_confidence_and_withheld(store: &impl TableStore) {
    let rows = vec![
        LabelRow { confidence: 60.0, ..row(CARS, 1, "a") },
        LabelRow { confidence: 59.99, ..row(CARS, 2, "b") },
        LabelRow { withheld: true, ..row(CARS, 3, "c") },
        row(CARS, 4, "d"),
    ];
    store.put_rows(rows).await;
    for (min_confidence, withheld, expected) in
        [(0.0, true, vec!["d", "c", "b", "a"]), (60.0, true, vec!["d", "c", "a"]), (60.0, false, vec!["d", "a"]), (99.0, true, vec![])]
    {
        let range = RowRange { min_confidence, withheld, ..EVERYTHING };
        assert_eq!(images(store, range).await, expected, "{min_confidence} {withheld}");
    }
}

async fn rows_of_an_image_are_found_in_every_partition(store: &impl TableStore) {
    let (car, road, other) = (row(CARS, 1, "a"), row(ROADS, 1, "a"), row(CARS, 2, "b"));
    store.put_rows(vec![car.clone(), road.clone(), other]).await;
    let mut found = store.tables().rows_of_image("a").await.unwrap();
    found.sort();
    assert_eq!(found, [key(&car), key(&road)]);
    assert_eq!(store.tables().rows_of_image("nobody").await.unwrap(), []);
}

async fn existing_rows_are_told_from_missing_ones(store: &impl TableStore) {
    let (car, road, missing) = (row(CARS, 1, "a"), row(ROADS, 1, "a"), row(CARS, 2, "b"));
    store.put_rows(vec![car.clone(), road.clone()]).await;
    let mut found = store.tables().existing_rows(&[key(&car), key(&missing), key(&road)]).await.unwrap();
    found.sort();
    assert_eq!(found, [key(&car), key(&road)]);
    assert_eq!(store.tables().existing_rows(&[]).await.unwrap(), []);
}

async fn deleted_rows_are_gone(store: &impl TableStore) {
    // More than one batch.
    let rows: Vec<LabelRow> = (0..30).map(|number| row(CARS, number, "a")).collect();
    let kept = row(CARS, 99, "b");
    store.put_rows([rows.clone(), vec![kept]].concat()).await;
    let keys: Vec<RowKey> = rows.iter().map(key).collect();
    store.tables().delete_rows(&keys).await.unwrap();
    assert_eq!(images(store, EVERYTHING).await, ["b"]);
    store.tables().delete_rows(&keys).await.unwrap();
    store.tables().delete_rows(&[]).await.unwrap();
}
