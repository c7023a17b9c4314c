//! `executions`.

use crate::clock::{Since, parse_duration, parse_since};
use clap::{Args, Subcommand, ValueEnum, builder::NonEmptyStringValueParser, value_parser};
use sightline_domain::model::rejection::ReasonCode;
use std::time::Duration;

/// `executions`.
#[derive(Debug, Subcommand)]
pub enum ExecutionsCommand {
    /// Executions, newest first
    #[command(after_help = "\
Examples:
  sightline executions list --failed --since 24h
  sightline executions list --status running --output ndjson | jq -r .ExecutionArn")]
    List(ListExecutions),
    /// How one execution went: its states with inputs in short, durations, retries and errors
    #[command(after_help = "\
Inputs are told by ids, counts and names of labels, never by found text or faces.

Examples:
  sightline executions show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline executions show arn:aws:states:eu-west-1:123456789012:execution:image-analysis:some-name")]
    Show(ShowExecution),
    /// Run again what failed, from where it failed; stored answers are not paid for again
    #[command(after_help = "\
An execution that Step Functions cannot redrive (succeeded, closed more than 14 days ago, history too long) is named with
the reason; --or-restart starts a fresh one for it, which reads what lies in results/ and pays only for what is missing.
The local engine has no redrive: there a fresh execution is started instead.

A redrive runs the release that the execution began with: its state machine and its versions of the functions. Where a later
release mends the cause, --fresh starts fresh executions, which run that one; they read what lies in results/ as well.

A rejected image is a result, and no failure: none of this runs it again. --rejected does: after a release that decodes more, or
a change of maxBytes or maxPixels, a fresh execution looks at each rejected image anew. With --wait, exit code 3 says that some
were rejected again.

Examples:
  sightline executions redrive 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --wait
  sightline executions redrive --all-failed --since 24h --error 'Recognition.*' --dry-run
  sightline executions redrive --all-failed --or-restart --yes
  sightline executions redrive --all-failed --error 'Input.Invalid' --fresh --yes
  sightline executions redrive --rejected --reason TRUNCATED --dry-run")]
    Redrive(Redrive),
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
    #[value(alias = "timed_out")]
    TimedOut,
    /// Stopped by somebody.
    Aborted,
    /// About to be redriven.
    #[value(alias = "pending_redrive")]
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
    /// Only those in this status, in any case, also as AWS writes it (TIMED_OUT); may be given more than once
    #[arg(long, value_enum, ignore_case = true, value_name = "STATUS", conflicts_with = "failed")]
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

/// `executions redrive`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that may be typed")]
pub struct Redrive {
    /// The executions.
    #[arg(help = "ImageIDs, or ARNs or names of executions", value_name = "ID|ARN", value_parser = NonEmptyStringValueParser::new(), required_unless_present_any = ["all_failed", "rejected"], conflicts_with = "all_failed")]
    pub executions: Vec<String>,
    /// All that failed, timed out or were aborted
    #[arg(long)]
    pub all_failed: bool,
    /// Look anew at rejected images, all or those that are named
    #[arg(long, conflicts_with_all = ["all_failed", "error", "or_restart", "fresh"])]
    pub rejected: bool,
    /// With --rejected: only those that were rejected for this reason, such as TRUNCATED; may be given more than once
    #[arg(long, requires = "rejected", value_name = "CODE", value_parser = parse_reason)]
    pub reason: Vec<ReasonCode>,
    /// Only those that ended by this error; * stands for anything
    #[arg(long, value_name = "PATTERN", value_parser = NonEmptyStringValueParser::new())]
    pub error: Option<String>,
    /// With --all-failed: started since then (default: 14d); with --rejected: rejected since then: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Start a fresh execution where a redrive is not possible
    #[arg(long)]
    pub or_restart: bool,
    /// Start fresh executions, also where a redrive is possible: they run the release of now
    #[arg(long, conflicts_with = "or_restart")]
    pub fresh: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Follow the images until they are analysed
    #[arg(long)]
    pub wait: bool,
    /// How long the whole command may take, such as 90s, 10m, 1h
    #[arg(long, requires = "wait", default_value = "10m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// The code of a rejection, in any case.
fn parse_reason(text: &str) -> Result<ReasonCode, String> {
    let known = ReasonCode::permanent().find(|code| code.as_ref().eq_ignore_ascii_case(text));
    known.ok_or_else(|| format!("it is one of {}", ReasonCode::permanent().map(|code| code.to_string()).collect::<Vec<_>>().join(", ")))
}

/// `executions show`.
#[derive(Debug, Args)]
pub struct ShowExecution {
    /// The execution.
    #[arg(help = "ImageID, or ARN or name of the execution", value_name = "ID|ARN", value_parser = NonEmptyStringValueParser::new())]
    pub execution: String,
}
