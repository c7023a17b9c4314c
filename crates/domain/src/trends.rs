//! Reads the counters: what ended, and what is in the pictures, by hour, day and week.
//!
//! All is counted per deployment, not per owner.

use crate::{
    calendar::{WEEK_MILLIS, day, hour, week, week_start},
    clock::EpochMillis,
    error::StorageError,
    latency,
    outcome::ImageOutcome,
    ports::CounterReader,
    tally::{COUNT, Counts, HOURS, attribute, labels_counter, reasons_counter},
};
use std::collections::BTreeMap;

/// Things by name, and how many of each.
pub type Ranking = BTreeMap<String, u64>;

/// What ended in a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended(Counts);

impl Ended {
    /// Adds what was counted in an hour.
    pub fn add(&mut self, counts: &Counts) {
        for (attribute, number) in counts {
            *self.0.entry(attribute.clone()).or_default() += number;
        }
    }

    fn get(&self, attribute: &str) -> u64 {
        self.0.get(attribute).copied().and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    /// Images that ended so.
    pub fn images(&self, outcome: ImageOutcome) -> u64 {
        self.get(attribute(outcome))
    }

    /// Images that ended.
    pub fn all(&self) -> u64 {
        ImageOutcome::ALL.into_iter().map(|outcome| self.images(outcome)).sum()
    }

    /// Rekognition calls.
    pub fn calls(&self) -> u64 {
        self.get("Calls")
    }

    /// Cost of calls and states, in millionths of a dollar.
    pub fn microdollars(&self) -> u64 {
        self.get("Microdollars")
    }

    /// Share, 0 to 1, of the images whose execution failed and was not mended since; `None` without any image.
    #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
    pub fn error_rate(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.images(ImageOutcome::Failed) as f64 / all as f64)
    }

    /// Dollars for a thousand images; `None` without any image.
    #[expect(clippy::cast_precision_loss, reason = "a price, for people")]
    pub fn dollars_per_thousand(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.microdollars() as f64 / all as f64 / 1_000.0)
    }

    /// Milliseconds from upload to record within which this share, 0 to 1, of the images was done; those that people reviewed are left out.
    pub fn within(&self, share: f64) -> Option<EpochMillis> {
        latency::quantile(&self.0, share)
    }
}

/// What was counted in a week.
#[derive(Debug, Clone, Default)]
pub struct Week {
    /// Its name, such as `2026-W48`.
    pub name: String,
    /// Its first moment.
    pub monday: EpochMillis,
    /// Labels of the images uploaded in it.
    pub labels: Ranking,
    /// Why images were rejected or failed in it.
    pub reasons: Ranking,
    /// What ended on each of its days, those without anything left out.
    pub days: BTreeMap<String, Ended>,
}

impl Week {
    /// Reads the week of a moment.
    pub async fn read(counters: &impl CounterReader, at: EpochMillis) -> Result<Self, StorageError> {
        let (name, monday) = (week(at), week_start(at));
        let labels = ranking(counters.counts(&labels_counter(&name), None).await?);
        let reasons = ranking(counters.counts(&reasons_counter(&name), None).await?);
        let days = by_day(&ended_by_hour(counters, monday, monday + WEEK_MILLIS - 1).await?);
        Ok(Self { name, monday, labels, reasons, days })
    }

    /// The last day of the week.
    pub fn sunday(&self) -> String {
        day(self.monday + WEEK_MILLIS - 1)
    }

    /// What ended in it.
    pub fn ended(&self) -> Ended {
        let mut ended = Ended::default();
        for of_day in self.days.values() {
            ended.add(&of_day.0);
        }
        ended
    }
}

/// What ended from the hour of `from` to that of `to`, by hour.
pub async fn ended_by_hour(
    counters: &impl CounterReader,
    from: EpochMillis,
    to: EpochMillis,
) -> Result<BTreeMap<String, Counts>, StorageError> {
    counters.counts(HOURS, Some(hour(from).as_str()..=hour(to).as_str())).await
}

fn by_day(hours: &BTreeMap<String, Counts>) -> BTreeMap<String, Ended> {
    let mut days = BTreeMap::<String, Ended>::new();
    for (hour, counts) in hours {
        let (day, _) = hour.split_once('T').unwrap_or((hour, ""));
        days.entry(day.to_owned()).or_default().add(counts);
    }
    days.retain(|_, ended| ended.all() > 0);
    days
}

/// A name that counts nothing any more is as good as absent.
fn ranking(counts: BTreeMap<String, Counts>) -> Ranking {
    let number = |counts: &Counts| counts.get(COUNT).copied().and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    counts.into_iter().filter_map(|(name, counts)| number(&counts).map(|number| (name, number))).collect()
}

/// The `limit` most frequent, most frequent first.
pub fn most_frequent(ranking: &Ranking, limit: usize) -> Vec<(&str, u64)> {
    let mut sorted: Vec<_> = ranking.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    sorted.truncate(limit);
    sorted
}
