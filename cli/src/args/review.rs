//! `review`.

use super::parse_image_id;
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser, value_parser};

/// `review`.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Images that wait for a decision, oldest first
    #[command(after_help = "Example:\n  sightline review list --output ndjson | jq -r .ImageID")]
    List(ListReviews),
    /// Let an image be shown
    #[command(after_help = "\
The first decision counts: a second one is refused, naming who decided and when (exit code 1).

Example:
  sightline review approve 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4")]
    Approve(Approve),
    /// Withhold an image
    #[command(after_help = "\
The first decision counts: a second one is refused, naming who decided and when (exit code 1).

Example:
  sightline review reject 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --reason 'shows a weapon'")]
    Reject(Reject),
}

/// `review list`.
#[derive(Debug, Args)]
pub struct ListReviews {
    /// At most so many images
    #[arg(long, value_name = "N", default_value = "50", value_parser = value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// What both decisions need.
#[derive(Debug, Args)]
pub struct Decision {
    /// The image.
    #[arg(help = "ImageID, as review list prints it", value_name = "ID", value_parser = parse_image_id)]
    pub image_id: String,
    /// Who decides; by default the AWS identity that calls, or the user of this machine
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: Option<String>,
}

/// `review approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// Which, and who.
    #[command(flatten)]
    pub decision: Decision,
    /// Why
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
}

/// `review reject`.
#[derive(Debug, Args)]
pub struct Reject {
    /// Which, and who.
    #[command(flatten)]
    pub decision: Decision,
    /// Why
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
}
