//! `executions`.

use crate::clock::{Since, parse_since};
use clap::{Args, Subcommand, ValueEnum, builder::NonEmptyStringValueParser, value_parser};

/// `executions`.
#[derive(Debug, Subcommand)]
pub enum ExecutionsCommand {
    /// Executions, newest first
    #[command(after_help = "\
Examples:
  sightline executions list --failed --since 24h
  sightline executions list --status running --output ndjson | jq -r .ExecutionArn")]
    List(ListExecutions),
    /// How one execution went: its states with durations, retries and errors
    #[command(after_help = "\
Examples:
  sightline executions show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline executions show arn:aws:states:eu-west-1:123456789012:execution:image-analysis:some-name")]
    Show(ShowExecution),
}

/// Statuses of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExecutionStatus {
    /// At work, or waiting for a review.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended by an error.
    Failed,
    /// Took too long.
    TimedOut,
    /// Stopped by somebody.
    Aborted,
    /// About to be redriven.
    PendingRedrive,
}

impl ExecutionStatus {
    /// As Step Functions names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }
}

/// `executions list`.
#[derive(Debug, Args)]
pub struct ListExecutions {
    /// Only those in this status; may be given more than once
    #[arg(long, value_enum, value_name = "STATUS", conflicts_with = "failed")]
    pub status: Vec<ExecutionStatus>,
    /// Only those that failed, timed out or were aborted
    #[arg(long)]
    pub failed: bool,
    /// Started since then: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "20", value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// `executions show`.
#[derive(Debug, Args)]
pub struct ShowExecution {
    /// The execution.
    #[arg(help = "ImageID, or ARN or name of the execution", value_name = "ID|ARN", value_parser = NonEmptyStringValueParser::new())]
    pub execution: String,
}
