//! Each image counts exactly once, whatever is heard of it, how often and in which order.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use proptest::prelude::*;
use serde_json::json;
use sightline_domain::{
    counting::{Counted, count_image, remove_tally},
    error::{StepError, StorageError},
    merge::merge,
    ports::{Replaced, TallyChange, TallyStore},
    record::{ProcessingStatus, Record},
    tally::{Shares, Tally},
};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    records::MemoryRecords,
    samples::{IMAGE_ID, NOW, UPLOADED, claimed, findings, labels_found},
    trends::MemoryTrends,
};
use std::sync::Mutex;

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

fn world() -> (MemoryRecords, MemoryTrends) {
    let records = MemoryRecords::default();
    let trends = MemoryTrends::beside(&records);
    (records, trends)
}

fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Shares {
    let mut sum = Shares::new();
    for (key, counts) in tallies.into_iter().flat_map(Tally::shares) {
        let counter = sum.entry(key).or_default();
        for (attribute, number) in counts {
            *counter.entry(attribute).or_default() += number;
        }
    }
    sum
}

#[test]
fn an_image_counts_once_however_often_it_is_heard_of() {
    let (records, trends) = world();
    records.put(&analysed(IMAGE_ID, &["car", "road"], NOW));
    let first = ready(count_image(&records, &trends, IMAGE_ID)).unwrap();
    assert_eq!(first, Counted::Anew { labels: vec!["car".into(), "road".into()] });
    assert_eq!(ready(count_image(&records, &trends, IMAGE_ID)).unwrap(), Counted::AsBefore);
    assert_eq!(trends.counters(), sum(&[Tally::of(&analysed(IMAGE_ID, &["car", "road"], NOW)).unwrap()]));
}

#[test]
fn one_that_failed_and_is_run_again_keeps_its_share_until_it_has_a_new_end() {
    let (records, trends) = world();
    records.put(&failed(IMAGE_ID, "Recognition.Throttled", NOW));
    ready(count_image(&records, &trends, IMAGE_ID)).unwrap();
    let as_failed = trends.counters();
    records.put(&pending(IMAGE_ID));
    assert_eq!(ready(count_image(&records, &trends, IMAGE_ID)).unwrap(), Counted::AsBefore);
    assert_eq!(trends.counters(), as_failed);
    let done = analysed(IMAGE_ID, &["car"], NOW + 9_000_000);
    records.put(&done);
    ready(count_image(&records, &trends, IMAGE_ID)).unwrap();
    assert_eq!(trends.counters(), sum(&[Tally::of(&done).unwrap()]));
}

#[test]
fn a_record_that_expired_leaves_its_share() {
    let (records, trends) = world();
    records.put(&analysed(IMAGE_ID, &["car"], NOW));
    ready(count_image(&records, &trends, IMAGE_ID)).unwrap();
    let before = trends.counters();
    records.erase(IMAGE_ID);
    assert_eq!(ready(count_image(&records, &trends, IMAGE_ID)).unwrap(), Counted::AsBefore);
    assert_eq!(trends.counters(), before);
}

#[test]
fn a_share_that_is_taken_off_is_gone_and_the_shares_of_others_stay() {
    let (records, trends) = world();
    for image in ["a", "b"] {
        records.put(&analysed(image, &["car"], NOW));
        ready(count_image(&records, &trends, image)).unwrap();
    }
    assert!(ready(remove_tally(&trends, "a")).unwrap());
    assert!(!ready(remove_tally(&trends, "a")).unwrap());
    assert_eq!(trends.counters(), sum(&[Tally::of(&analysed("b", &["car"], NOW)).unwrap()]));
}

#[test]
fn an_erased_image_loses_its_share_whoever_hears_of_it_first() {
    let (records, trends) = world();
    records.put(&analysed(IMAGE_ID, &["car"], NOW));
    ready(count_image(&records, &trends, IMAGE_ID)).unwrap();
    records.change(IMAGE_ID, json!({"ProcessingStatus": "ERASED"}));
    assert_eq!(ready(count_image(&records, &trends, IMAGE_ID)).unwrap(), Counted::Anew { labels: vec![] });
    assert!(trends.counters().is_empty() && trends.tallies().is_empty());
    assert!(!ready(remove_tally(&trends, IMAGE_ID)).unwrap());
    assert_eq!(ready(count_image(&records, &trends, IMAGE_ID)).unwrap(), Counted::AsBefore);
}

#[test]
fn an_answer_that_is_lost_does_not_make_it_count_twice() {
    let (records, trends) = world();
    records.put(&analysed(IMAGE_ID, &["car"], NOW));
    let failing = Failing::new(trends.clone()).fail("replace", When::After, 1);
    assert_eq!(ready(count_image(&records, &failing, IMAGE_ID)).unwrap_err().name(), "Storage.Unavailable");
    assert_eq!(ready(count_image(&records, &failing, IMAGE_ID)).unwrap(), Counted::AsBefore);
    assert_eq!(trends.counters(), sum(trends.tallies().values()));
}

/// Lets somebody else act between the reading and the writing.
struct Overtaken<F> {
    trends: MemoryTrends,
    others: Mutex<F>,
}

impl<F: FnMut() + Send> TallyStore for Overtaken<F> {
    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        self.trends.tally(image_id).await
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        self.others.lock().unwrap()();
        self.trends.replace(change).await
    }
}

#[test]
fn two_at_once_count_an_image_once() {
    let (records, trends) = world();
    records.put(&analysed(IMAGE_ID, &["car"], NOW));
    let other = || drop(ready(count_image(&records, &trends, IMAGE_ID)).unwrap());
    let overtaken = Overtaken { trends: trends.clone(), others: Mutex::new(other) };
    assert_eq!(ready(count_image(&records, &overtaken, IMAGE_ID)).unwrap(), Counted::AsBefore);
    assert_eq!(trends.counters(), sum(&[Tally::of(&analysed(IMAGE_ID, &["car"], NOW)).unwrap()]));
}

#[test]
fn a_record_that_changes_meanwhile_is_read_again() {
    let (records, trends) = world();
    records.put(&failed(IMAGE_ID, "Storage.Unavailable", NOW));
    let done = analysed(IMAGE_ID, &["car"], NOW + 1);
    let overtaken = Overtaken { trends: trends.clone(), others: Mutex::new(|| records.put(&done)) };
    ready(count_image(&records, &overtaken, IMAGE_ID)).unwrap();
    assert_eq!(trends.counters(), sum(&[Tally::of(&done).unwrap()]));
}

#[test]
fn who_is_overtaken_at_every_try_says_so_and_has_changed_nothing() {
    let (records, trends) = world();
    let mut ended = NOW;
    records.put(&failed(IMAGE_ID, "Storage.Unavailable", ended));
    let restless = || {
        ended += 1;
        records.change(IMAGE_ID, json!({"FinishedAt": ended}));
    };
    let overtaken = Overtaken { trends: trends.clone(), others: Mutex::new(restless) };
    assert_eq!(ready(count_image(&records, &overtaken, IMAGE_ID)).unwrap_err().name(), "Storage.Unavailable");
    assert!(trends.counters().is_empty() && trends.tallies().is_empty());
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
    /// Somebody hears of it, and perhaps nothing is done, or it is done and the answer lost.
    Heard(Option<bool>),
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
        12 => proptest::option::weighted(0.2, any::<bool>()).prop_map(Event::Heard),
    ]
}

proptest! {
    #[test]
    fn counters_are_the_sum_of_the_tallies_and_tallies_follow_the_records(events in proptest::collection::vec((0..3_usize, event()), 0..60)) {
        let (records, trends) = world();
        for (step, (image, event)) in events.into_iter().enumerate() {
            // Every end has a moment of its own, an hour apart.
            let (image, ended) = (IMAGES[image], UPLOADED + 3_600_000 * i64::try_from(step).unwrap());
            match event {
                Event::Claimed => records.put(&pending(image)),
                Event::Completed(labels) => records.put(&analysed(image, &labels, ended)),
                Event::Failed(reason) => records.put(&failed(image, reason, ended)),
                Event::Expired => records.erase(image),
                Event::Erased => records.change(image, json!({"ProcessingStatus": "ERASED"})),
                Event::Heard(None) => drop(ready(count_image(&records, &trends, image)).unwrap()),
                Event::Heard(Some(done)) => {
                    let failing = Failing::new(trends.clone()).fail("replace", if done { When::After } else { When::Before }, 1);
                    drop(ready(count_image(&records, &failing, image)));
                }
            }
            prop_assert_eq!(trends.counters(), sum(trends.tallies().values()));
        }
        for record in records.all() {
            ready(count_image(&records, &trends, &record.image_id)).unwrap();
            if record.processing_status != ProcessingStatus::Pending {
                // Of one that is ERASED, none.
                prop_assert_eq!(trends.tallies().remove(&record.image_id), Tally::of(&record));
            }
        }
        prop_assert_eq!(trends.counters(), sum(trends.tallies().values()));
    }
}
