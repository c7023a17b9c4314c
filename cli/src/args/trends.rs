//! `trends` and `stats`.

use crate::clock::{Since, parse_since};
use clap::{Args, value_parser};

/// `trends`.
#[derive(Debug, Args)]
#[command(after_help = "\
Labels count by the week in which their image was uploaded, outcomes by the day on which the image ended, both in UTC and for
the whole deployment. Each image counts once, whatever was repeated or run again. The bars are in proportion to the longest.

Examples:
  sightline trends
  sightline trends --weeks 12 --limit 25
  sightline trends --output json | jq '.[] | select(.Kind == \"LABEL\")'")]
pub struct Trends {
    /// This week and those before, N in all
    #[arg(long, value_name = "N", default_value = "4", value_parser = value_parser!(u32).range(1..=53))]
    pub weeks: u32,
    /// At most so many labels, and so many reasons
    #[arg(long, value_name = "N", default_value = "10", value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// `stats`.
#[derive(Debug, Args)]
#[command(after_help = "\
Counted by whole hours, in UTC: the hour in which the time begins is counted whole. Times run from upload to record, without
images that people reviewed, and are about right; the cost is that of Rekognition calls and states, at list price.

Examples:
  sightline stats
  sightline stats --since 7d
  sightline stats --since 1h --output json | jq .ErrorRate")]
pub struct Stats {
    /// Ended since then: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since, default_value = "24h")]
    pub since: Since,
}
