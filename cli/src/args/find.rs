//! `find`.

use super::parse_owner;
use crate::clock::{Since, parse_since};
use clap::{Args, builder::NonEmptyStringValueParser, value_parser};

/// `find`.
#[derive(Debug, Args)]
#[command(after_help = "\
Newest first, each with its confidence and with what matched: the label itself, another name of it (alias), a broader
label (parent), or a word found in the image (text). Images withheld by moderation or review are left out.

Examples:
  sightline find car --min-confidence 90
  sightline find vehicle --since 7d --output ndjson | jq -r .ImageID
  sightline find exit --months 24")]
pub struct Find {
    /// A label, such as person, or a word found in images; case does not matter
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub label: String,
    /// Leave out what is less certain, in percent
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_percent)]
    pub min_confidence: f64,
    /// Whose images
    #[arg(long, default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Uploaded since then: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", conflicts_with = "months", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Uploaded in this and the months before, N in all
    #[arg(long, value_name = "N", default_value = "12", value_parser = value_parser!(u32).range(1..=240))]
    pub months: u32,
    /// At most so many images
    #[arg(long, value_name = "N", default_value = "50", value_parser = value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Also what is withheld
    #[arg(long)]
    pub withheld: bool,
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "a confidence is a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_percent;

    #[test]
    fn a_confidence_is_a_percentage() {
        assert_eq!(parse_percent("99.5"), Ok(99.5));
        for wrong in ["", "-1", "100.1", "NaN", "inf", "x"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
