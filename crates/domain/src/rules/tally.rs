//! The tally of an image: what it adds to the trend counters, computed from its record.
//!
//! A counter is addressed by three names: the counter, a name within it, and an attribute.
//!
//! | counter | name | attributes |
//! |---|---|---|
//! | `labels#2026-W48`, the week of the upload | label | `Count` |
//! | `hours`, the hour in which the record was finished | `2026-11-25T13` | `Completed`, `Withheld`, `Rejected`, `Failed`, `Calls`, `Microdollars`, and the buckets of [`crate::rules::latency`] |
//! | `reasons#2026-W48`, the week in which the record was finished | reason | `Count` |
//! | `owner-labels#{owner}` | label as its owner wants it | `Count`, and the week of the upload, such as `2026-W48` |
//! | `owner-days#{owner}`, the day in which the record was finished | `2026-11-25` | `Completed`, `Withheld`, `Rejected`, `Failed`, `Calls`, `Microdollars`, and `Reason:` with the reason |
//! | `owner-months#{owner}`, the month of the upload | `2026-11` | `Count` |
//!
//! Only the counters of an owner contain what the owner typed: everybody who operates the deployment sees the others.

use crate::{
    model::{
        clock::{hour, week},
        record::{ImageOutcome, ProcessingStatus, Record, end_to_end},
    },
    rules::{cost::Cost, label_index::month, latency::bucket, overlay::shown_labels},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The counter of outcomes, calls and costs by hour.
pub const HOURS: &str = "hours";

/// The attribute of counters that have only one number.
pub const COUNT: &str = "Count";

/// Maximum number of labels counted per image. A transaction has at most 100 items: all old and all new labels, each for the deployment and
/// for the owner, and ten others.
pub const MAX_LABELS: usize = 22;

/// Prefix of the attributes that count reasons by day.
pub const REASON: &str = "Reason:";

/// Maximum length of a name in bytes. A sort key has at most 1,024; a longer one would fail the transaction at every attempt.
const MAX_NAME: usize = 255;

/// The counter of the labels of images that were uploaded in `week`.
pub fn labels_counter(week: &str) -> String {
    format!("labels#{week}")
}

/// The counter of the reasons of images that were rejected or failed in `week`.
pub fn reasons_counter(week: &str) -> String {
    format!("reasons#{week}")
}

/// The counter of the labels of an owner's images.
pub fn owner_labels_counter(owner_id: &str) -> String {
    format!("owner-labels#{owner_id}")
}

/// The counter of the outcomes of an owner's images by day.
pub fn owner_days_counter(owner_id: &str) -> String {
    format!("owner-days#{owner_id}")
}

/// The counter of an owner's images by the month of their upload.
pub fn owner_months_counter(owner_id: &str) -> String {
    format!("owner-months#{owner_id}")
}

/// All counters of an owner.
pub fn owner_counters(owner_id: &str) -> [String; 3] {
    [owner_labels_counter(owner_id), owner_days_counter(owner_id), owner_months_counter(owner_id)]
}

/// Attribute → number.
pub type Counts = BTreeMap<String, i64>;

/// The key of a counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CounterKey {
    /// The counter.
    pub counter: String,
    /// The name within it.
    pub name: String,
}

/// The numbers that are added to each counter.
pub type Contributions = BTreeMap<CounterKey, Counts>;

/// What an image adds to the counters. It is stored in the same table, and a conditional write compares it with its stored form, so a new
/// field must be optional and omitted if it is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tally {
    /// Week of the upload.
    pub week: String,
    /// The names of the labels that Rekognition found, without duplicates, in alphabetical order.
    pub labels: Vec<String>,
    /// Its owner; `None` in a tally of an earlier release, which counts for the deployment only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The names of its labels as its owner wants them, without duplicates, in alphabetical order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
    /// Month of the upload; present if the owner is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Hour in which the record was finished.
    pub hour: String,
    /// Week in which the record was finished.
    pub ended_week: String,
    /// The outcome.
    pub outcome: ImageOutcome,
    /// `StatusReason`, if it was rejected or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of Rekognition calls.
    pub calls: u32,
    /// Cost in millionths of a dollar.
    pub microdollars: u32,
    /// Bucket of the latency ([`end_to_end`]), if it is meaningful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
}

impl Tally {
    /// The tally of an image; `None` if it has no outcome.
    pub fn of(record: &Record) -> Option<Self> {
        let outcome = ImageOutcome::of(record)?;
        let finished = record.finished_at.unwrap_or(record.claimed_at);
        let shown = if record.processing_status == ProcessingStatus::Completed { shown_labels(record) } else { Vec::new() };
        let cost = Cost::of(record);
        Some(Self {
            week: week(record.upload_timestamp),
            labels: counted(record.labels.iter().flatten().map(|label| label.name.as_str())),
            owner: Some(record.owner_id.clone()),
            shown: counted(shown.iter().map(|shown| shown.label.name.as_str())),
            month: Some(month(record.upload_timestamp)),
            hour: hour(finished),
            ended_week: week(finished),
            outcome,
            reason: record.status_reason.as_deref().filter(is_valid_name).map(str::to_owned),
            calls: cost.calls,
            microdollars: cost.microdollars(),
            // A failed image can still be completed by a redrive: only then its latency counts.
            latency: end_to_end(record).filter(|_| outcome != ImageOutcome::Failed).map(|millis| bucket(millis).to_owned()),
        })
    }

    /// The numbers that it adds to each counter.
    pub fn contributions(&self) -> Contributions {
        let count = |counter: String, name: &str| (CounterKey { counter, name: name.to_owned() }, Counts::from([(COUNT.to_owned(), 1)]));
        let labels = self.labels.iter().map(|label| count(labels_counter(&self.week), label));
        let reasons = self.reason.iter().map(|reason| count(reasons_counter(&self.ended_week), reason));
        let hour = CounterKey { counter: HOURS.to_owned(), name: self.hour.clone() };
        let hour = (hour, self.counts(self.latency.clone()));
        labels.chain(reasons).chain([hour]).chain(self.owner.iter().flat_map(|owner| self.contributions_of(owner))).collect()
    }

    /// The numbers that it adds to the counters of its owner.
    fn contributions_of(&self, owner: &str) -> Contributions {
        let once = |attributes: &[&str]| attributes.iter().map(|attribute| ((*attribute).to_owned(), 1)).collect::<Counts>();
        let key = |counter: String, name: &str| CounterKey { counter, name: name.to_owned() };
        let labels = self.shown.iter().map(|label| (key(owner_labels_counter(owner), label), once(&[COUNT, &self.week])));
        let day = self.hour.get(.."yyyy-mm-dd".len()).unwrap_or_default();
        let day = (key(owner_days_counter(owner), day), self.counts(self.reason.as_ref().map(|reason| format!("{REASON}{reason}"))));
        let month = self.month.iter().map(|month| (key(owner_months_counter(owner), month), once(&[COUNT])));
        labels.chain([day]).chain(month).collect()
    }

    /// The counters of the owner's labels to which it contributes: the names can be the owner's own words.
    pub fn owner_label_keys(&self) -> Vec<CounterKey> {
        let counter = self.owner.as_deref().map(owner_labels_counter);
        let key = |counter: &String, name: &String| CounterKey { counter: counter.clone(), name: name.clone() };
        counter.iter().flat_map(|counter| self.shown.iter().map(|name| key(counter, name))).collect()
    }

    /// Outcome, calls and costs, and one more attribute that counts once.
    fn counts(&self, also: Option<String>) -> Counts {
        let once = [Some(attribute(self.outcome).to_owned()), also].into_iter().flatten().map(|name| (name, 1));
        let sums = [("Calls", self.calls), ("Microdollars", self.microdollars)].map(|(name, number)| (name.to_owned(), i64::from(number)));
        once.chain(sums).filter(|(_, number)| *number != 0).collect()
    }
}

/// The first names, without duplicates, in alphabetical order.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.filter(is_valid_name).take(MAX_LABELS).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn is_valid_name(name: &&str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
}

/// The attribute that counts images with this outcome.
pub const fn attribute(outcome: ImageOutcome) -> &'static str {
    match outcome {
        ImageOutcome::Completed => "Completed",
        ImageOutcome::Withheld => "Withheld",
        ImageOutcome::Rejected => "Rejected",
        ImageOutcome::Failed => "Failed",
    }
}

/// The numbers to add to the counters so that an image counts with its `new` tally instead of its `old` one; zeros are omitted.
pub fn difference(old: Option<&Tally>, new: Option<&Tally>) -> Contributions {
    let mut difference = new.map(Tally::contributions).unwrap_or_default();
    for (key, counts) in old.map(Tally::contributions).unwrap_or_default() {
        let entry = difference.entry(key).or_default();
        for (attribute, number) in counts {
            *entry.entry(attribute).or_default() -= number;
        }
    }
    for counts in difference.values_mut() {
        counts.retain(|_, number| *number != 0);
    }
    difference.retain(|_, counts| !counts.is_empty());
    difference
}
