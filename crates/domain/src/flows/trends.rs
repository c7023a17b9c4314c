//! Reads the counters by hour, day and week, and writes the weekly report.

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
        tally::{COUNT, Counts, HOURS, attribute, labels_counter, reasons_counter},
    },
};
use std::{collections::BTreeMap, fmt::Write as _};

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

/// Lines of a list.
const LIMIT: usize = 10;

/// The report on a week, compared with the week before. It names labels and reasons, never found text, faces or images.
pub fn report(week: &Week, before: &Week) -> AlertMessage {
    let (ended, ended_before) = (week.ended(), before.ended());
    let mut body = format!("Week {}: {} to {}, UTC\n\n", week.name, day(week.monday), week.sunday());
    outcomes(&mut body, &ended, &ended_before);
    figures(&mut body, &ended);
    list(&mut body, "Most frequent labels, by week of upload", &week.labels, &before.labels);
    list(&mut body, "Why images were rejected or failed", &week.reasons, &before.reasons);
    let images = if ended.all() == 1 { "1 image".to_owned() } else { format!("{} images", ended.all()) };
    AlertMessage {
        subject: format!("sightline: week {}, {images}, {} failed", week.name, ended.images(ImageOutcome::Failed)),
        body,
        attributes: vec![("Kind", Attribute::Text("WEEKLY_REPORT".to_owned())), ("Week", Attribute::Text(week.name.clone()))],
    }
}

// Writing to a String does not fail.

fn outcomes(body: &mut String, ended: &Ended, before: &Ended) {
    line(body, "Images", ended.all(), before.all());
    for outcome in ImageOutcome::ALL {
        line(body, &format!("  {}", outcome.as_str().to_lowercase()), ended.images(outcome), before.images(outcome));
    }
}

fn figures(body: &mut String, ended: &Ended) {
    if let Some(rate) = ended.error_rate() {
        let _ = writeln!(body, "\n{:<26}{:>9.1} %", "Failed and not mended", rate * 100.0);
    }
    for (name, share) in [("Half done within", 0.5), ("95 % done within", 0.95), ("99 % done within", 0.99)] {
        if let Some(millis) = ended.within(share) {
            let _ = writeln!(body, "{name:<26}{:>9} s (about)", seconds(millis));
        }
    }
    let _ = writeln!(body, "{:<26}{:>9}", "Rekognition calls", ended.calls());
    if let Some(price) = ended.dollars_per_thousand() {
        let _ = writeln!(body, "{:<26}{price:>9.2} dollars per 1,000 images, calls and states at list price", "Cost");
    }
}

fn list(body: &mut String, heading: &str, ranking: &Ranking, before: &Ranking) {
    let _ = writeln!(body, "\n{heading}");
    for (name, number) in most_frequent(ranking, LIMIT) {
        line(body, &format!("  {}", one_line(name)), number, before.get(name).copied().unwrap_or_default());
    }
    match ranking.len() {
        0 => body.push_str("  none\n"),
        more if more > LIMIT => {
            let _ = writeln!(body, "  and {} more", more - LIMIT);
        }
        _ => {}
    }
}

/// A number, and by how much it is more or less than the week before.
fn line(body: &mut String, name: &str, number: u64, before: u64) {
    let change = i128::from(number) - i128::from(before);
    let change = if change == 0 { "=".to_owned() } else { format!("{change:+}") };
    let _ = writeln!(body, "{name:<26}{number:>9}  {change}");
}

/// Tenths of seconds, cut off.
fn seconds(millis: i64) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}
