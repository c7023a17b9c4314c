//! `sightline stats`: outcomes, latency, cost and open work.

use crate::{
    args::Global,
    clock::{Since, SystemClock, moment, parse_since},
    error::{CliError, Exit},
    output::{Facts, NO_VALUE, Output, count},
    session::Session,
};
use clap::Args;
use serde::Serialize;
use sightline_aws::classify::cause;
use sightline_domain::{
    flows::trends::{Ended, ended_by_hour},
    model::{Clock, EpochMillis, ImageOutcome, layout},
};

/// `stats`.
#[derive(Debug, Args)]
#[command(after_help = "\
Images are counted by whole hours in UTC, including the whole hour in which --since begins. Latency is from the upload to the
end of the analysis, approximately, without images that were reviewed. Cost is the list price of Rekognition calls and states.

Examples:
  sightline stats
  sightline stats --since 7d
  sightline stats --since 1h --output json | jq .ErrorRate")]
pub struct StatsArgs {
    /// Ended since: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since, default_value = "24h")]
    pub since: Since,
}

const HOUR: EpochMillis = 3_600_000;

/// The printed figures.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Figures {
    /// Epoch milliseconds.
    since: EpochMillis,
    until: EpochMillis,
    images: u64,
    completed: u64,
    withheld: u64,
    rejected: u64,
    failed: u64,
    images_per_hour: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// Latency in milliseconds, like p95 and p99.
    #[serde(rename = "P50Millis", skip_serializing_if = "Option::is_none")]
    p50: Option<EpochMillis>,
    #[serde(rename = "P95Millis", skip_serializing_if = "Option::is_none")]
    p95: Option<EpochMillis>,
    #[serde(rename = "P99Millis", skip_serializing_if = "Option::is_none")]
    p99: Option<EpochMillis>,
    rekognition_calls: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dollars_per_thousand: Option<f64>,
    now: Now,
}

/// The work that is open now.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Now {
    in_flight: u64,
    waiting_for_review: u64,
    /// When the oldest open review began.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_review_requested: Option<EpochMillis>,
    failed: u64,
    rejected: u64,
    /// Events that could not be delivered.
    dead_letters: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reconcile: Option<EpochMillis>,
}

pub async fn run(global: &Global, args: &StatsArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let until = SystemClock.now();
    let since = args.since.to_millis(until).div_euclid(HOUR) * HOUR;
    let mut ended = Ended::default();
    for counts in ended_by_hour(&session.tables(), since, until).await?.values() {
        ended.add(counts);
    }
    let figures = Figures::new(&ended, (since, until), now(&session).await?);
    output.one(&figures, |figures| facts(figures).render())?;
    Ok(Exit::Success)
}

async fn now(session: &Session) -> Result<Now, CliError> {
    let open = session.tables().open_work().await?;
    Ok(Now {
        in_flight: open.in_flight,
        waiting_for_review: open.in_review,
        oldest_review_requested: open.oldest_in_review,
        failed: open.failed,
        rejected: open.rejected,
        dead_letters: session.dead_letters().count().await?,
        last_reconcile: last_reconcile(session).await?,
    })
}

/// When reconcile ran last: each run writes its bookmark.
async fn last_reconcile(session: &Session) -> Result<Option<EpochMillis>, CliError> {
    let head = session.clients.s3().head_object().bucket(&session.stack.images_bucket);
    match head.key(layout::RECONCILE_BOOKMARK).send().await {
        Ok(object) => Ok(object.last_modified.and_then(|at| at.to_millis().ok())),
        Err(error) if error.as_service_error().is_some_and(aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found) => Ok(None),
        Err(error) => Err(CliError::service("reading the time of the last reconcile", cause(error))),
    }
}

impl Figures {
    fn new(ended: &Ended, (since, until): (EpochMillis, EpochMillis), now: Now) -> Self {
        Self {
            since,
            until,
            images: ended.all(),
            completed: ended.images(ImageOutcome::Completed),
            withheld: ended.images(ImageOutcome::Withheld),
            rejected: ended.images(ImageOutcome::Rejected),
            failed: ended.images(ImageOutcome::Failed),
            images_per_hour: per_hour(ended.all(), until - since),
            error_rate: ended.error_rate(),
            p50: ended.within(0.5),
            p95: ended.within(0.95),
            p99: ended.within(0.99),
            rekognition_calls: ended.calls(),
            dollars_per_thousand: ended.dollars_per_thousand(),
            now,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate, for people")]
fn per_hour(images: u64, millis: EpochMillis) -> f64 {
    images as f64 * HOUR as f64 / millis.max(1) as f64
}

fn facts(figures: &Figures) -> Facts {
    let mut facts = Facts::default();
    facts.add("since", format!("{} until {}", moment(figures.since), moment(figures.until)));
    facts.add("images", format!("{}, {:.1} per hour", figures.images, figures.images_per_hour));
    for (name, number) in
        [("completed", figures.completed), ("withheld", figures.withheld), ("rejected", figures.rejected), ("failed", figures.failed)]
    {
        facts.add(name, number.to_string());
    }
    facts.add("error rate", figures.error_rate.map_or_else(no_value, |rate| format!("{:.1} %", rate * 100.0)));
    let seconds = [("p50", figures.p50), ("p95", figures.p95), ("p99", figures.p99)];
    let seconds = seconds.map(|(name, millis)| format!("{name} {}", millis.map_or_else(no_value, seconds_of)));
    facts.add("seconds", seconds.join(", "));
    facts.add("calls", format!("{} to Rekognition", figures.rekognition_calls));
    facts.add("cost", figures.dollars_per_thousand.map_or_else(no_value, |price| format!("${price:.2} per 1,000 images")));
    let Now { in_flight, waiting_for_review, oldest_review_requested, failed, rejected, dead_letters, last_reconcile } = &figures.now;
    facts.add("in flight", count_of(*in_flight));
    let oldest = oldest_review_requested.map_or_else(String::new, |at| format!(", the oldest for {}", age(figures.until - at)));
    facts.add("in review", format!("{}{oldest}", count_of(*waiting_for_review)));
    facts.add("failed now", format!("{}, and {rejected} rejected", count_of(*failed)));
    facts.add("dead letters", dead_letters.to_string());
    facts.add_some("reconciled", last_reconcile.map(|at| format!("{} ago", age(figures.until - at))));
    facts
}

fn no_value() -> String {
    NO_VALUE.to_owned()
}

fn count_of(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "image")
}

fn seconds_of(millis: EpochMillis) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}

/// `45s`, `12m`, `5h`, `3d`.
fn age(millis: EpochMillis) -> String {
    let seconds = millis.max(0) / 1000;
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sightline_domain::rules::tally::Counts;

    fn now() -> Now {
        Now {
            in_flight: 3,
            waiting_for_review: 1,
            oldest_review_requested: Some(HOUR),
            failed: 2,
            rejected: 5,
            dead_letters: 6,
            last_reconcile: Some(47 * HOUR + 55 * 60_000),
        }
    }

    fn figures(counts: &[(&str, i64)]) -> Figures {
        let mut ended = Ended::default();
        ended.add(&counts.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect::<Counts>());
        Figures::new(&ended, (0, 48 * HOUR), now())
    }

    #[test]
    fn figures_are_computed_from_the_counters() {
        let figures =
            figures(&[("Completed", 90), ("Withheld", 2), ("Failed", 4), ("Calls", 200), ("Microdollars", 240_000), ("Within2s", 92)]);
        let printed = json!(figures);
        assert_eq!((&printed["Images"], &printed["ImagesPerHour"], &printed["DollarsPerThousand"]), (&json!(96), &json!(2.0), &json!(2.5)));
        assert!((figures.error_rate.unwrap() - 4.0 / 96.0).abs() < 1e-12);
        assert_eq!(printed["Now"]["WaitingForReview"], 1);
        let shown = facts(&figures).render();
        for part in [
            "96, 2.0 per hour",
            "4.2 %",
            "p50 1.5, p95 1.9, p99 1.9",
            "$2.50 per 1,000",
            "3 images",
            "the oldest for 47h",
            "and 5 rejected",
            "5m ago",
        ] {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
    }

    #[test]
    fn rates_are_missing_without_images() {
        let figures = figures(&[]);
        assert_eq!((figures.error_rate, figures.p50, figures.dollars_per_thousand), (None, None, None));
        assert!(json!(figures).get("ErrorRate").is_none());
        assert!(facts(&figures).render().contains("p50 –"), "{}", facts(&figures).render());
    }

    #[test]
    fn age_has_one_unit() {
        let ages = [0, 119_000, 120_000, 2 * HOUR, 48 * HOUR].map(age);
        assert_eq!(ages, ["0s", "119s", "2m", "2h", "2d"]);
    }
}
