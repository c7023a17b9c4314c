//! What one image adds to the counters: its tally, a pure function of its record.
//!
//! A counter is a number under three names: the counter's, the name within it, and an attribute.
//!
//! | counter | name | attributes |
//! |---|---|---|
//! | `labels#2026-W48`, by the week of the upload | label | `Count` |
//! | `hours`, by the hour in which the image ended | `2026-11-25T13` | `Completed`, `Withheld`, `Rejected`, `Failed`, `Calls`, `Microdollars`, and the buckets of [`crate::rules::latency`] |
//! | `reasons#2026-W48`, by the week in which the image ended | reason | `Count` |

use crate::{
    model::{
        clock::{hour, week},
        record::{ImageOutcome, Record, end_to_end},
    },
    rules::{cost::Cost, latency::bucket},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Counter of what happened by the hour.
pub const HOURS: &str = "hours";

/// Attribute of counters that count one thing only.
pub const COUNT: &str = "Count";

/// Labels counted of one image. A transaction holds 100 items: all of the old ones and all of the new ones, and six more.
pub const MAX_LABELS: usize = 40;

/// Bytes of a name; a sort key holds 1,024, and one that is refused would fail its transaction at every try.
const MAX_NAME: usize = 255;

/// Counter of the labels of images uploaded in a week.
pub fn labels_counter(week: &str) -> String {
    format!("labels#{week}")
}

/// Counter of the reasons why images of a week were rejected or failed.
pub fn reasons_counter(week: &str) -> String {
    format!("reasons#{week}")
}

/// Numbers by attribute.
pub type Counts = BTreeMap<String, i64>;

/// One counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CounterKey {
    /// The counter.
    pub counter: String,
    /// The name within it.
    pub name: String,
}

/// What is added to which counters.
pub type Contributions = BTreeMap<CounterKey, Counts>;

/// What an image adds to the counters. It is stored beside them and compared as it was stored: a field that comes later must be one that
/// is left out where it is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tally {
    /// Week of the upload.
    pub week: String,
    /// Its labels by name, each once, in the order of the alphabet.
    pub labels: Vec<String>,
    /// Hour in which it ended.
    pub hour: String,
    /// Week in which it ended.
    pub ended_week: String,
    /// How it ended.
    pub outcome: ImageOutcome,
    /// Why it was rejected or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rekognition calls.
    pub calls: u32,
    /// Cost.
    pub microdollars: u32,
    /// Bucket of the time from upload to end, where it says something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
}

impl Tally {
    /// The tally of an image that has ended; `None` while it has not.
    pub fn of(record: &Record) -> Option<Self> {
        let outcome = ImageOutcome::of(record)?;
        let ended = record.finished_at.unwrap_or(record.claimed_at);
        let labels: BTreeSet<&str> =
            record.labels.iter().flatten().map(|label| label.name.as_str()).filter(fits).take(MAX_LABELS).collect();
        let cost = Cost::of(record);
        Some(Self {
            week: week(record.upload_timestamp),
            labels: labels.into_iter().map(str::to_owned).collect(),
            hour: hour(ended),
            ended_week: week(ended),
            outcome,
            reason: record.status_reason.as_deref().filter(fits).map(str::to_owned),
            calls: cost.calls,
            microdollars: cost.microdollars(),
            // A failed one has not got its record yet.
            latency: end_to_end(record).filter(|_| outcome != ImageOutcome::Failed).map(|millis| bucket(millis).to_owned()),
        })
    }

    /// What it adds to which counters.
    pub fn contributions(&self) -> Contributions {
        let count = |counter: String, name: &str| (CounterKey { counter, name: name.to_owned() }, Counts::from([(COUNT.to_owned(), 1)]));
        let labels = self.labels.iter().map(|label| count(labels_counter(&self.week), label));
        let reasons = self.reason.iter().map(|reason| count(reasons_counter(&self.ended_week), reason));
        let hour = CounterKey { counter: HOURS.to_owned(), name: self.hour.clone() };
        labels.chain(reasons).chain([(hour, self.counts())]).collect()
    }

    fn counts(&self) -> Counts {
        let once = [Some(attribute(self.outcome).to_owned()), self.latency.clone()].into_iter().flatten().map(|name| (name, 1));
        let sums = [("Calls", self.calls), ("Microdollars", self.microdollars)].map(|(name, number)| (name.to_owned(), i64::from(number)));
        once.chain(sums).filter(|(_, number)| *number != 0).collect()
    }
}

fn fits(name: &&str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
}

/// The attribute that counts images that ended so.
pub const fn attribute(outcome: ImageOutcome) -> &'static str {
    match outcome {
        ImageOutcome::Completed => "Completed",
        ImageOutcome::Withheld => "Withheld",
        ImageOutcome::Rejected => "Rejected",
        ImageOutcome::Failed => "Failed",
    }
}

/// What must be added to the counters so that an image counts by `new` instead of `old`. What stays the same is not named.
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
