//! Each image counts exactly once, whatever events arrive, how often and in which order.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use serde_json::json;
use sightline_domain::{
    flows::count::{Counted, count_image, remove_tally},
    model::{ProcessingStatus, Record, StepError},
    ports::Counters,
    rules::{
        merge::merge,
        tally::{Contributions, Tally, owner_labels_counter},
    },
};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    samples::{IMAGE_ID, NOW, OWNER, UPLOADED, claimed, findings, labels_found},
    tables::MemoryTables,
};

fn analysed(image: &str, labels: &[&str], ended: i64) -> Record {
    let mut findings = findings();
    findings["Labels"] = labels_found(&labels.iter().map(|label| (*label, 90.0)).collect::<Vec<_>>());
    let record = merge(claimed(), serde_json::from_value(findings).unwrap(), ended, 730);
    Record { image_id: image.to_owned(), ..record }
}

fn failed(image: &str, reason: &str, ended: i64) -> Record {
    let failed = ProcessingStatus::Failed;
    Record { image_id: image.into(), processing_status: failed, status_reason: Some(reason.into()), finished_at: Some(ended), ..claimed() }
}

fn pending(image: &str) -> Record {
    Record { image_id: image.to_owned(), ..claimed() }
}

fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Contributions {
    let mut sum = Contributions::new();
    for (key, counts) in tallies.into_iter().flat_map(Tally::contributions) {
        let counter = sum.entry(key).or_default();
        for (attribute, number) in counts {
            *counter.entry(attribute).or_default() += number;
        }
    }
    sum
}

#[test]
fn an_image_counts_once_however_often_its_change_arrives() {
    let tables = MemoryTables::default();
    tables.put(&analysed(IMAGE_ID, &["car", "road"], NOW));
    let first = ready(count_image(&tables, IMAGE_ID)).unwrap();
    assert_eq!(first, Counted::Changed { labels: vec!["car".into(), "road".into()] });
    assert_eq!(ready(count_image(&tables, IMAGE_ID)).unwrap(), Counted::Unchanged);
    assert_eq!(tables.counters(), sum(&[Tally::of(&analysed(IMAGE_ID, &["car", "road"], NOW)).unwrap()]));
}

#[test]
fn a_failed_image_that_runs_again_keeps_its_contributions_until_its_new_outcome() {
    let tables = MemoryTables::default();
    tables.put(&failed(IMAGE_ID, "Recognition.Throttled", NOW));
    ready(count_image(&tables, IMAGE_ID)).unwrap();
    let as_failed = tables.counters();
    tables.put(&pending(IMAGE_ID));
    assert_eq!(ready(count_image(&tables, IMAGE_ID)).unwrap(), Counted::Unchanged);
    assert_eq!(tables.counters(), as_failed);
    let done = analysed(IMAGE_ID, &["car"], NOW + 9_000_000);
    tables.put(&done);
    ready(count_image(&tables, IMAGE_ID)).unwrap();
    assert_eq!(tables.counters(), sum(&[Tally::of(&done).unwrap()]));
}

#[test]
fn a_word_of_the_owner_is_forgotten_with_its_last_image() {
    let tables = MemoryTables::default();
    let own = |image: &str, labels: &[&str], edits| Record {
        own_labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        edits,
        ..analysed(image, &["car"], NOW)
    };
    let words = || -> Vec<String> {
        let counts = ready(tables.counts(&owner_labels_counter(OWNER), None)).unwrap();
        counts.into_keys().collect()
    };
    for image in ["a", "b"] {
        tables.put(&own(image, &["grandma"], 1));
        ready(count_image(&tables, image)).unwrap();
    }
    tables.put(&own("a", &[], 2));
    ready(count_image(&tables, "a")).unwrap();
    assert_eq!(words(), ["car", "grandma"], "one image still has it");
    tables.put(&own("b", &["grandpa"], 2));
    let counted = ready(count_image(&tables, "b")).unwrap();
    assert_eq!(counted, Counted::Changed { labels: Vec::new() }, "the log names no word of the owner");
    assert_eq!(words(), ["car", "grandpa"]);
    for image in ["a", "b"] {
        assert!(ready(remove_tally(&tables, image)).unwrap());
    }
    assert!(words().is_empty(), "{:?}", words());
}

#[test]
fn an_expired_record_leaves_its_contributions() {
    let tables = MemoryTables::default();
    tables.put(&analysed(IMAGE_ID, &["car"], NOW));
    ready(count_image(&tables, IMAGE_ID)).unwrap();
    let before = tables.counters();
    tables.remove(IMAGE_ID);
    assert_eq!(ready(count_image(&tables, IMAGE_ID)).unwrap(), Counted::Unchanged);
    assert_eq!(tables.counters(), before);
}

#[test]
fn removed_contributions_leave_those_of_other_images() {
    let tables = MemoryTables::default();
    for image in ["a", "b"] {
        tables.put(&analysed(image, &["car"], NOW));
        ready(count_image(&tables, image)).unwrap();
    }
    assert!(ready(remove_tally(&tables, "a")).unwrap());
    assert!(!ready(remove_tally(&tables, "a")).unwrap());
    assert_eq!(tables.counters(), sum(&[Tally::of(&analysed("b", &["car"], NOW)).unwrap()]));
}

#[test]
fn an_erased_image_loses_its_contributions_in_any_order_of_events() {
    let tables = MemoryTables::default();
    tables.put(&analysed(IMAGE_ID, &["car"], NOW));
    ready(count_image(&tables, IMAGE_ID)).unwrap();
    tables.change(IMAGE_ID, json!({"ProcessingStatus": "ERASED"}));
    assert_eq!(ready(count_image(&tables, IMAGE_ID)).unwrap(), Counted::Changed { labels: vec![] });
    assert!(tables.counters().is_empty() && tables.tallies().is_empty());
    assert!(!ready(remove_tally(&tables, IMAGE_ID)).unwrap());
    assert_eq!(ready(count_image(&tables, IMAGE_ID)).unwrap(), Counted::Unchanged);
}

#[test]
fn a_lost_response_does_not_count_twice() {
    let tables = MemoryTables::default();
    tables.put(&analysed(IMAGE_ID, &["car"], NOW));
    let failing = Failing::new(tables.clone()).fail("replace", When::After, 1);
    assert_eq!(ready(count_image(&failing, IMAGE_ID)).unwrap_err().name(), "Storage.Unavailable");
    assert_eq!(ready(count_image(&failing, IMAGE_ID)).unwrap(), Counted::Unchanged);
    assert_eq!(tables.counters(), sum(tables.tallies().values()));
}

#[test]
fn two_concurrent_runs_count_an_image_once() {
    let tables = MemoryTables::default();
    tables.put(&analysed(IMAGE_ID, &["car"], NOW));
    let other = tables.clone();
    let overtaken = Failing::new(tables.clone()).before("replace", move || drop(ready(count_image(&other, IMAGE_ID)).unwrap()));
    assert_eq!(ready(count_image(&overtaken, IMAGE_ID)).unwrap(), Counted::Unchanged);
    assert_eq!(tables.counters(), sum(&[Tally::of(&analysed(IMAGE_ID, &["car"], NOW)).unwrap()]));
}

#[test]
fn a_record_that_changes_during_counting_is_read_again() {
    let tables = MemoryTables::default();
    tables.put(&failed(IMAGE_ID, "Storage.Unavailable", NOW));
    let done = analysed(IMAGE_ID, &["car"], NOW + 1);
    let (other, new) = (tables.clone(), done.clone());
    let overtaken = Failing::new(tables.clone()).before("replace", move || other.put(&new));
    ready(count_image(&overtaken, IMAGE_ID)).unwrap();
    assert_eq!(tables.counters(), sum(&[Tally::of(&done).unwrap()]));
}

#[test]
fn losing_every_attempt_is_an_error_that_changes_nothing() {
    let tables = MemoryTables::default();
    let mut ended = NOW;
    tables.put(&failed(IMAGE_ID, "Storage.Unavailable", ended));
    let other = tables.clone();
    let overtaken = Failing::new(tables.clone()).before("replace", move || {
        ended += 1;
        other.change(IMAGE_ID, json!({"FinishedAt": ended}));
    });
    assert_eq!(ready(count_image(&overtaken, IMAGE_ID)).unwrap_err().name(), "Storage.Unavailable");
    assert!(tables.counters().is_empty() && tables.tallies().is_empty());
}

const IMAGES: [&str; 3] = ["a", "b", "c"];

/// What can happen to one of the images.
#[derive(Debug, Clone)]
enum Event {
    Claimed,
    Completed(Vec<&'static str>),
    Failed(&'static str),
    Expired,
    Erased,
    /// It is counted, as after an event of the stream; the write can fail, or its response can be lost.
    Counted(Option<When>),
}

fn event() -> impl Strategy<Value = Event> {
    let labels = proptest::sample::subsequence(vec!["car", "cat", "person", "road"], 0..=4);
    let reasons = prop_oneof![Just("Storage.Unavailable"), Just("Recognition.Throttled"), Just("TOO_SMALL")];
    prop_oneof![
        2 => Just(Event::Claimed),
        4 => labels.prop_map(Event::Completed),
        3 => reasons.prop_map(Event::Failed),
        1 => Just(Event::Expired),
        1 => Just(Event::Erased),
        12 => proptest::option::weighted(0.2, prop_oneof![Just(When::Before), Just(When::After)]).prop_map(Event::Counted),
    ]
}

proptest! {
    #[test]
    fn counters_are_the_sum_of_the_tallies_and_tallies_follow_the_records(events in proptest::collection::vec((0..3_usize, event()), 0..60)) {
        let tables = MemoryTables::default();
        for (step, (image, event)) in events.into_iter().enumerate() {
            // Every outcome has its own time, an hour apart.
            let (image, ended) = (IMAGES[image], UPLOADED + 3_600_000 * i64::try_from(step).unwrap());
            match event {
                Event::Claimed => tables.put(&pending(image)),
                Event::Completed(labels) => tables.put(&analysed(image, &labels, ended)),
                Event::Failed(reason) => tables.put(&failed(image, reason, ended)),
                Event::Expired => tables.remove(image),
                Event::Erased => tables.change(image, json!({"ProcessingStatus": "ERASED"})),
                Event::Counted(None) => drop(ready(count_image(&tables, image)).unwrap()),
                Event::Counted(Some(when)) => drop(ready(count_image(&Failing::new(tables.clone()).fail("replace", when, 1), image))),
            }
            prop_assert_eq!(tables.counters(), sum(tables.tallies().values()));
        }
        for record in tables.all() {
            ready(count_image(&tables, &record.image_id)).unwrap();
            if record.processing_status != ProcessingStatus::Pending {
                // An ERASED image has no tally.
                prop_assert_eq!(tables.tallies().remove(&record.image_id), Tally::of(&record));
            }
        }
        prop_assert_eq!(tables.counters(), sum(tables.tallies().values()));
    }
}
