//! Reads the trend counters by hour, day and week, and composes the weekly report.

use crate::{
    model::{
        clock::{EpochMillis, WEEK_MILLIS, day, hour, week, week_start},
        error::StorageError,
        record::ImageOutcome,
    },
    ports::Counters,
    rules::{
        alert::{AlertMessage, Attribute, one_line},
        latency,
        tally::{COUNT, Counts, HOURS, REASON, attribute, labels_counter, reasons_counter},
    },
};
use std::{collections::BTreeMap, fmt::Write as _};

/// Name → number of images.
pub type Ranking = BTreeMap<String, u64>;

/// The counters of the images that were finished in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended(Counts);

impl Ended {
    /// Adds the counters of an hour.
    pub fn add(&mut self, counts: &Counts) {
        for (attribute, number) in counts {
            *self.0.entry(attribute.clone()).or_default() += number;
        }
    }

    fn get(&self, attribute: &str) -> u64 {
        self.0.get(attribute).copied().and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    /// The number of images with this outcome.
    pub fn images(&self, outcome: ImageOutcome) -> u64 {
        self.get(attribute(outcome))
    }

    /// The number of finished images.
    pub fn all(&self) -> u64 {
        ImageOutcome::ALL.iter().map(|outcome| self.images(*outcome)).sum()
    }

    /// The number of Rekognition calls.
    pub fn calls(&self) -> u64 {
        self.get("Calls")
    }

    /// The cost of calls and states, in millionths of a dollar.
    pub fn microdollars(&self) -> u64 {
        self.get("Microdollars")
    }

    /// Why images were rejected or failed; only the counters of an owner's days have it.
    pub fn reasons(&self) -> Ranking {
        let reason = |name: &str| name.strip_prefix(REASON).map(str::to_owned);
        let named = self.0.keys().filter_map(|name| reason(name).map(|reason| (reason, self.get(name))));
        named.filter(|(_, number)| *number > 0).collect()
    }

    /// The share (0 to 1) of images that are FAILED and were not repaired since; `None` if no image was finished.
    #[expect(clippy::cast_precision_loss, reason = "an approximate value for people")]
    pub fn error_rate(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.images(ImageOutcome::Failed) as f64 / all as f64)
    }

    /// Dollars per thousand images; `None` if no image was finished.
    #[expect(clippy::cast_precision_loss, reason = "an approximate value for people")]
    pub fn dollars_per_thousand(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.microdollars() as f64 / all as f64 / 1_000.0)
    }

    /// The quantile `share` (0 to 1) of the time from upload to record, in milliseconds, without reviewed images; `None` if there are none.
    pub fn within(&self, share: f64) -> Option<EpochMillis> {
        latency::quantile(&self.0, share)
    }
}

/// The trends of a week.
#[derive(Debug, Clone, Default)]
pub struct Week {
    /// ISO week, such as `2026-W48`.
    pub name: String,
    /// Its start, epoch milliseconds.
    pub monday: EpochMillis,
    /// Labels of the images that were uploaded in it.
    pub labels: Ranking,
    /// Reasons of the images that were rejected or failed in it.
    pub reasons: Ranking,
    /// The counters by day; days without finished images are omitted.
    pub days: BTreeMap<String, Ended>,
}

impl Week {
    /// Reads the trends of the week that contains `at`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be read.
    pub async fn read(counters: &impl Counters, at: EpochMillis) -> Result<Self, StorageError> {
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

    /// The counters of the whole week.
    pub fn ended(&self) -> Ended {
        let mut ended = Ended::default();
        for day in self.days.values() {
            ended.add(&day.0);
        }
        ended
    }
}

/// The counters by hour, from the hour of `from` to the hour of `to`, both inclusive.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn ended_by_hour(counters: &impl Counters, from: EpochMillis, to: EpochMillis) -> Result<BTreeMap<String, Counts>, StorageError> {
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

/// The `Count` of each name; names whose number is zero are omitted.
pub(super) fn ranking(counts: BTreeMap<String, Counts>) -> Ranking {
    let number = |counts: &Counts| counts.get(COUNT).copied().and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    counts.into_iter().filter_map(|(name, counts)| number(&counts).map(|number| (name, number))).collect()
}

/// The numbers of several rankings, added up.
pub fn sum<'a>(rankings: impl Iterator<Item = &'a Ranking>) -> Ranking {
    let mut sum = Ranking::new();
    for (name, number) in rankings.flatten() {
        *sum.entry(name.clone()).or_default() += number;
    }
    sum
}

/// The `limit` most frequent names, most frequent first.
pub fn most_frequent(ranking: &Ranking, limit: usize) -> Vec<(&str, u64)> {
    let mut sorted: Vec<_> = ranking.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    sorted.truncate(limit);
    sorted
}

/// Maximum length of a list in the report.
const MAX_LISTED: usize = 10;

/// The report on a week, compared with the week before. It contains labels and reasons, but never found text, faces or images.
pub fn report(week: &Week, before: &Week) -> AlertMessage {
    let (ended, ended_before) = (week.ended(), before.ended());
    let mut body = format!("Week {}: {} to {}, UTC\n\n", week.name, day(week.monday), week.sunday());
    write_outcomes(&mut body, &ended, &ended_before);
    write_figures(&mut body, &ended);
    write_list(&mut body, "Most frequent labels, by week of upload", &week.labels, &before.labels);
    write_list(&mut body, "Why images were rejected or failed", &week.reasons, &before.reasons);
    let images = if ended.all() == 1 { "1 image".to_owned() } else { format!("{} images", ended.all()) };
    AlertMessage {
        subject: format!("sightline: week {}, {images}, {} failed", week.name, ended.images(ImageOutcome::Failed)),
        body,
        attributes: vec![("Kind", Attribute::Text("WEEKLY_REPORT".to_owned())), ("Week", Attribute::Text(week.name.clone()))],
    }
}

// Writing to a String cannot fail.

fn write_outcomes(body: &mut String, ended: &Ended, before: &Ended) {
    write_number(body, "Images", ended.all(), before.all());
    for outcome in ImageOutcome::ALL {
        write_number(body, &format!("  {}", outcome.as_ref().to_lowercase()), ended.images(*outcome), before.images(*outcome));
    }
}

fn write_figures(body: &mut String, ended: &Ended) {
    if let Some(rate) = ended.error_rate() {
        let _ = writeln!(body, "\n{:<26}{:>9.1} %", "Failed, not repaired", rate * 100.0);
    }
    for (name, share) in [("50 % done within", 0.5), ("95 % done within", 0.95), ("99 % done within", 0.99)] {
        if let Some(millis) = ended.within(share) {
            let _ = writeln!(body, "{name:<26}{:>9} s (about)", seconds(millis));
        }
    }
    let _ = writeln!(body, "{:<26}{:>9}", "Rekognition calls", ended.calls());
    if let Some(price) = ended.dollars_per_thousand() {
        let _ = writeln!(body, "{:<26}{price:>9.2} dollars per 1,000 images, calls and states at list price", "Cost");
    }
}

fn write_list(body: &mut String, heading: &str, ranking: &Ranking, before: &Ranking) {
    let _ = writeln!(body, "\n{heading}");
    for (name, number) in most_frequent(ranking, MAX_LISTED) {
        write_number(body, &format!("  {}", one_line(name)), number, before.get(name).copied().unwrap_or_default());
    }
    match ranking.len() {
        0 => body.push_str("  none\n"),
        more if more > MAX_LISTED => {
            let _ = writeln!(body, "  and {} more", more - MAX_LISTED);
        }
        _ => {}
    }
}

/// A number, and its difference from the week before.
fn write_number(body: &mut String, name: &str, number: u64, before: u64) {
    let change = i128::from(number) - i128::from(before);
    let change = if change == 0 { "=".to_owned() } else { format!("{change:+}") };
    let _ = writeln!(body, "{name:<26}{number:>9}  {change}");
}

/// Milliseconds as seconds with one decimal, rounded down.
fn seconds(millis: i64) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}
