//! `logs`.

use crate::{
    clock::{Since, parse_since},
    logs::SOURCES,
};
use clap::{
    Args,
    builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser},
};

/// `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
An ImageID finds the lines of all functions about the image and its execution, and what the state machine logged of it. The
ARN or name of an execution, a request id or a trace id (1-…) find theirs. One line per event: time (UTC), function, level,
message, and what else it says. Lines of metrics and of the platform are left out of the table, not of json and ndjson.

Examples:
  sightline logs 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline logs --function detect-labels --since 15m --tail
  sightline logs 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --output ndjson | jq .Message")]
pub struct Logs {
    /// What to look for.
    #[arg(help = "ImageID, execution (ARN or name), request id or trace id", value_name = "ID", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "function")]
    pub id: Option<String>,
    /// Only the log of this function or state machine; may be given more than once
    #[arg(long, value_name = "NAME", ignore_case = true, value_parser = PossibleValuesParser::new(SOURCES).map(|name| name.to_ascii_lowercase()))]
    pub function: Vec<String>,
    /// Since then: 15m, 24h or 2026-11-24 [default: since the upload of the image; else 1h]
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Go on with what is written from now on, until Ctrl-C or until the reader of the output leaves
    #[arg(long)]
    pub tail: bool,
    /// Also lines of metrics and of the platform in the table
    #[arg(long)]
    pub metrics: bool,
}
