//! [`Counters`].

use crate::store::TableStore;
use serde_json::json;
use sightline_domain::{
    model::{ImageOutcome, ProcessingStatus, Record},
    ports::{Counters, Replaced, TallyChange},
    rules::tally::{
        COUNT, CounterKey, Counts, HOURS, Tally, labels_counter, owner_days_counter, owner_labels_counter, owner_months_counter,
        reasons_counter,
    },
};
use sightline_tests::samples::{IMAGE_ID, NOW, OTHER_EXECUTION, OWNER, claimed};
use std::collections::BTreeMap;

cases! {
    with_tables:
    a_tally_is_replaced_and_the_counters_updated,
    a_tally_that_has_changed_is_not_replaced,
    a_tally_is_not_replaced_if_the_record_has_changed,
    counts_are_limited_to_a_range_of_names,
    only_counters_of_no_image_are_removed_as_empty,
    a_whole_counter_is_removed,
}

const WEEK: &str = "2026-W09";

fn tally(labels: &[&str], hour: &str) -> Tally {
    Tally {
        week: WEEK.to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        owner: Some(OWNER.to_owned()),
        shown: labels.iter().map(|label| (*label).to_owned()).collect(),
        month: Some("2026-03".to_owned()),
        hour: hour.to_owned(),
        ended_week: WEEK.to_owned(),
        outcome: ImageOutcome::Completed,
        reason: None,
        calls: 2,
        microdollars: 2000,
        latency: None,
    }
}

async fn replace(store: &impl TableStore, old: Option<&Tally>, new: Option<&Tally>, record: Option<&Record>) -> Replaced {
    store.tables().replace(&TallyChange { image_id: IMAGE_ID, old, new, record }).await.unwrap()
}

/// The counts by name of a counter that counts one thing.
async fn counts(store: &impl TableStore, counter: &str) -> Vec<(String, i64)> {
    let counts = store.tables().counts(counter, None).await.unwrap();
    counts.into_iter().map(|(name, counts)| (name, counts[COUNT])).collect()
}

fn named(names: &[(&str, i64)]) -> Vec<(String, i64)> {
    names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

async fn a_tally_is_replaced_and_the_counters_updated(store: &impl TableStore) {
    let (first, second) = (tally(&["Car", "Road"], "2026-03-01T12"), tally(&["Car", "Tree"], "2026-03-01T12"));
    assert_eq!(store.tables().tally(IMAGE_ID).await.unwrap(), None);
    assert_eq!(replace(store, None, Some(&first), None).await, Replaced::Yes);
    assert_eq!(store.tables().tally(IMAGE_ID).await.unwrap(), Some(first.clone()));
    assert_eq!(counts(store, &labels_counter(WEEK)).await, named(&[("Car", 1), ("Road", 1)]));
    let hour = Counts::from([("Calls".to_owned(), 2), ("Completed".to_owned(), 1), ("Microdollars".to_owned(), 2000)]);
    assert_eq!(store.tables().counts(HOURS, None).await.unwrap(), BTreeMap::from([("2026-03-01T12".to_owned(), hour)]));
    assert_eq!(replace(store, Some(&first), Some(&second), None).await, Replaced::Yes);
    assert_eq!(counts(store, &labels_counter(WEEK)).await, named(&[("Car", 1), ("Road", 0), ("Tree", 1)]));
    let failed = Tally { outcome: ImageOutcome::Failed, reason: Some("States.Timeout".to_owned()), ..second.clone() };
    assert_eq!(replace(store, Some(&second), Some(&failed), None).await, Replaced::Yes);
    assert_eq!(counts(store, &reasons_counter(WEEK)).await, named(&[("States.Timeout", 1)]));
    assert_eq!(replace(store, Some(&failed), None, None).await, Replaced::Yes);
    assert_eq!(store.tables().tally(IMAGE_ID).await.unwrap(), None);
    assert_eq!(counts(store, &labels_counter(WEEK)).await, named(&[("Car", 0), ("Road", 0), ("Tree", 0)]));
}

async fn a_tally_that_has_changed_is_not_replaced(store: &impl TableStore) {
    let (first, second) = (tally(&["Car"], "2026-03-01T12"), tally(&["Tree"], "2026-03-01T12"));
    assert_eq!(replace(store, Some(&first), Some(&second), None).await, Replaced::Changed, "there is none");
    assert_eq!(replace(store, Some(&first), None, None).await, Replaced::Changed, "there is none to remove");
    assert_eq!(replace(store, None, Some(&first), None).await, Replaced::Yes);
    assert_eq!(replace(store, None, Some(&second), None).await, Replaced::Changed, "there is one already");
    assert_eq!(replace(store, Some(&second), None, None).await, Replaced::Changed, "there is another one");
    assert_eq!(store.tables().tally(IMAGE_ID).await.unwrap(), Some(first));
    assert_eq!(counts(store, &labels_counter(WEEK)).await, named(&[("Car", 1)]));
}

async fn a_tally_is_not_replaced_if_the_record_has_changed(store: &impl TableStore) {
    let (record, tally) = (Record { processing_status: ProcessingStatus::Completed, ..claimed() }, tally(&["Car"], "2026-03-01T12"));
    assert_eq!(replace(store, None, Some(&tally), Some(&record)).await, Replaced::Changed, "there is no record");
    for change in
        [json!({"ProcessingStatus": "FAILED"}), json!({"ExecutionArn": OTHER_EXECUTION}), json!({"FinishedAt": NOW}), json!({"Edits": 1})]
    {
        store.put(&record).await;
        store.change(&record, change.clone()).await;
        assert_eq!(replace(store, None, Some(&tally), Some(&record)).await, Replaced::Changed, "{change}");
    }
    store.put(&record).await;
    store.put(&Record { edits: 2, ..record.clone() }).await;
    assert_eq!(replace(store, None, Some(&tally), Some(&Record { edits: 1, ..record.clone() })).await, Replaced::Changed, "edited since");
    store.put(&record).await;
    // A newer item of the same image is another record.
    store.put(&Record { upload_timestamp: record.upload_timestamp + 1, ..claimed() }).await;
    assert_eq!(replace(store, None, Some(&tally), Some(&record)).await, Replaced::Yes);
}

/// The counters of the owner's labels.
async fn owner_labels(store: &impl TableStore) -> BTreeMap<String, Counts> {
    store.tables().counts(&owner_labels_counter(OWNER), None).await.unwrap()
}

async fn only_counters_of_no_image_are_removed_as_empty(store: &impl TableStore) {
    let both = tally(&["car", "grandma"], "2026-03-01T12");
    let one = tally(&["car"], "2026-03-01T12");
    replace(store, None, Some(&both), None).await;
    let count = |number| Counts::from([(COUNT.to_owned(), number), (WEEK.to_owned(), number)]);
    assert_eq!(owner_labels(store).await, BTreeMap::from([("car".to_owned(), count(1)), ("grandma".to_owned(), count(1))]));
    replace(store, Some(&both), Some(&one), None).await;
    let unknown = CounterKey { counter: owner_labels_counter(OWNER), name: "unknown".to_owned() };
    let keys: Vec<CounterKey> = both.owner_label_keys().into_iter().chain([unknown]).collect();
    store.tables().remove_empty(&keys).await.unwrap();
    assert_eq!(owner_labels(store).await, BTreeMap::from([("car".to_owned(), count(1))]));
}

async fn a_whole_counter_is_removed(store: &impl TableStore) {
    let labels: Vec<String> = (0..60).map(|number| format!("label{number}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    for (image_id, labels) in [("a", &labels[..20]), ("b", &labels[20..40]), ("c", &labels[40..])] {
        let new = tally(labels, "2026-03-01T12");
        store.tables().replace(&TallyChange { image_id, old: None, new: Some(&new), record: None }).await.unwrap();
    }
    assert_eq!(store.tables().remove_counter(&owner_labels_counter(OWNER)).await.unwrap(), 60);
    assert!(owner_labels(store).await.is_empty());
    assert_eq!(store.tables().remove_counter(&owner_labels_counter(OWNER)).await.unwrap(), 0);
    for counter in [owner_days_counter(OWNER), owner_months_counter(OWNER)] {
        assert_eq!(store.tables().counts(&counter, None).await.unwrap().len(), 1, "{counter}");
    }
    assert_eq!(counts(store, &labels_counter(WEEK)).await.len(), 60, "the counters of the deployment stay");
}

async fn counts_are_limited_to_a_range_of_names(store: &impl TableStore) {
    for (image_id, hour) in [("a", "2026-03-01T11"), ("b", "2026-03-01T12"), ("c", "2026-03-01T13"), ("d", "2026-03-01T14")] {
        let new = tally(&[], hour);
        store.tables().replace(&TallyChange { image_id, old: None, new: Some(&new), record: None }).await.unwrap();
    }
    let names = async |range| -> Vec<String> { store.tables().counts(HOURS, range).await.unwrap().into_keys().collect() };
    assert_eq!(names(None).await.len(), 4);
    assert_eq!(names(Some("2026-03-01T12"..="2026-03-01T13")).await, ["2026-03-01T12", "2026-03-01T13"]);
    assert!(names(Some("2026-03-02"..="2026-03-03")).await.is_empty());
}
