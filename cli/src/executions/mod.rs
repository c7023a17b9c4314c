//! `sightline executions`: lists and shows executions of the state machine, and runs failed ones again.

mod list;
mod redrive;
mod show;
mod summary;

use crate::{
    args::{Global, parse_image_id, up_to},
    clock::{Since, parse_duration, parse_since},
    error::{CliError, Exit},
    output::{Output, clean},
    session::Session,
    show::find_unerased,
};
use clap::{ArgGroup, Args, Subcommand, ValueEnum, builder::NonEmptyStringValueParser};
use sightline_domain::{
    flows,
    model::{error::StorageError, record::Record, rejection::ReasonCode},
    ports::ExecutionOperations,
};
use std::time::Duration;

/// `executions`.
#[derive(Debug, Subcommand)]
pub enum ExecutionsCommand {
    /// List executions, newest first
    #[command(after_help = "\
Examples:
  sightline executions list --failed --since 24h
  sightline executions list --status running --output ndjson | jq -r .ExecutionArn")]
    List(ListArgs),
    /// Show the states of an execution with their inputs, durations, retries and errors
    #[command(after_help = "\
Inputs are summarised as ids, counts and names of labels; detected text and faces are never shown.

Examples:
  sightline executions show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline executions show arn:aws:states:eu-west-1:123456789012:execution:image-analysis:some-name")]
    Show(ShowArgs),
    /// Run failed executions again, from the failed state; stored results are not paid for again
    #[command(after_help = "\
An execution that Step Functions cannot redrive (it succeeded, closed more than 14 days ago, or has too long a history) is
skipped with the reason; --or-restart starts a new execution instead. A new execution reads the results in results/ and pays
only for those that are missing. The local engine has no redrive, so that a new execution is started there.

A redrive runs the release with which the execution began: its state machine and its versions of the functions. If a later
release fixes the cause, --fresh starts new executions, which run that release; they read the stored results as well.

A rejected image is a result and not a failure, so none of this runs it again. --rejected does: after a release that decodes
more formats, or a change of maxBytes or maxPixels, a new execution inspects each rejected image again. With --wait, exit
code 3 means that some were rejected again.

Examples:
  sightline executions redrive 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --wait
  sightline executions redrive --all-failed --since 24h --error 'Recognition.*' --dry-run
  sightline executions redrive --all-failed --or-restart --yes
  sightline executions redrive --all-failed --error 'Input.Invalid' --fresh --yes
  sightline executions redrive --rejected --reason TRUNCATED --dry-run")]
    Redrive(RedriveArgs),
}

/// Statuses of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ExecutionStatus {
    /// In progress, or waiting for a review.
    Running,
    Succeeded,
    Failed,
    #[value(alias = "timed_out")]
    TimedOut,
    Aborted,
    /// About to be redriven.
    #[value(alias = "pending_redrive")]
    PendingRedrive,
}

impl ExecutionStatus {
    const FAILURES: [Self; 3] = [Self::Failed, Self::TimedOut, Self::Aborted];

    /// The name in Step Functions.
    const fn name(self) -> &'static str {
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

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this status, in any case and also as AWS writes it (TIMED_OUT); may be repeated
    #[arg(long, value_enum, ignore_case = true, value_name = "STATUS", conflicts_with = "failed")]
    pub status: Vec<ExecutionStatus>,
    /// Only executions that failed, timed out or were aborted
    #[arg(long)]
    pub failed: bool,
    /// Started since: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Largest number of executions
    #[arg(long, value_name = "N", default_value = "20", value_parser = up_to(1000))]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// ImageID, or ARN or name of the execution
    #[arg(value_name = "ID|ARN", value_parser = NonEmptyStringValueParser::new())]
    pub execution: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["executions", "all_failed", "rejected"]).required(true).multiple(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct RedriveArgs {
    /// ImageIDs, or ARNs or names of executions
    #[arg(value_name = "ID|ARN", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "all_failed")]
    pub executions: Vec<String>,
    /// All executions that failed, timed out or were aborted
    #[arg(long)]
    pub all_failed: bool,
    /// Inspect rejected images again: all, or those that are named
    #[arg(long, conflicts_with_all = ["all_failed", "error", "or_restart", "fresh"])]
    pub rejected: bool,
    /// With --rejected: only images rejected for this reason, such as TRUNCATED; may be repeated
    #[arg(long, requires = "rejected", value_name = "CODE", value_parser = parse_reason)]
    pub reason: Vec<ReasonCode>,
    /// Only executions that ended with this error; * matches any text and ? any character
    #[arg(long, value_name = "PATTERN", value_parser = NonEmptyStringValueParser::new())]
    pub error: Option<String>,
    /// With --all-failed: started since (default: 14d); with --rejected: rejected since; 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Start a new execution if a redrive is not possible
    #[arg(long)]
    pub or_restart: bool,
    /// Start new executions, which run the current release, even if a redrive is possible
    #[arg(long, conflicts_with = "or_restart")]
    pub fresh: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Wait until the images are analysed
    #[arg(long)]
    pub wait: bool,
    /// Longest duration of the whole command, such as 90s, 10m, 1h
    #[arg(long, requires = "wait", default_value = "10m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Parses the code of a rejection, in any case.
fn parse_reason(text: &str) -> Result<ReasonCode, String> {
    let known = ReasonCode::permanent().find(|code| code.as_ref().eq_ignore_ascii_case(text));
    known.ok_or_else(|| {
        format!("a reason is one of {}", ReasonCode::permanent().map(|code| code.to_string()).collect::<Vec<_>>().join(", "))
    })
}

pub async fn run(global: &Global, command: &ExecutionsCommand, output: Output) -> Result<Exit, CliError> {
    match command {
        ExecutionsCommand::List(args) => list::run(global, args, output).await,
        ExecutionsCommand::Show(args) => Box::pin(show::run(global, args, output)).await,
        ExecutionsCommand::Redrive(args) => Box::pin(redrive::run(global, args, output)).await,
    }
}

/// How the command line names an execution.
#[derive(Debug, PartialEq, Eq)]
pub enum ExecutionRef {
    /// The execution that owns this image.
    Image(String),
    Arn(String),
    Name(String),
}

impl ExecutionRef {
    /// # Errors
    ///
    /// `CliError::Usage` if `text` is not an `ImageID`, an execution ARN or a name.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        /// Longest name in Step Functions.
        const MAX_NAME: usize = 80;
        if let Ok(image_id) = parse_image_id(text) {
            return Ok(Self::Image(image_id));
        }
        if text.starts_with("arn:") && text.contains(":states:") && text.contains(":execution:") {
            return Ok(Self::Arn(text.to_owned()));
        }
        let is_name = text.len() <= MAX_NAME && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if is_name {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(CliError::Usage(format!("{:?} is not an ImageID, an execution ARN or an execution name", clean(text))))
    }

    /// The ARN, and the record if the image was named.
    async fn resolve(self, session: &Session) -> Result<(String, Option<Record>), CliError> {
        match self {
            Self::Arn(arn) => Ok((arn, None)),
            Self::Name(name) => Ok((session.executions().arn_of(&name), None)),
            Self::Image(image_id) => {
                let record = find_unerased(session, &image_id).await?;
                Ok((record.execution_arn.clone(), Some(record)))
            }
        }
    }
}

/// The record of the image in the `input` of an execution, under any of its candidate ids.
async fn record_of(session: &Session, input: Option<&str>, execution_arn: &str) -> Result<Option<Record>, StorageError> {
    flows::redrive::record_of(&session.tables(), &session.s3(), input, execution_arn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn execution_is_named_by_image_arn_or_name() {
        let id = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:m:e";
        assert_eq!(ExecutionRef::parse(id).unwrap(), ExecutionRef::Image(id.into()));
        assert_eq!(ExecutionRef::parse(arn).unwrap(), ExecutionRef::Arn(arn.into()));
        assert_eq!(ExecutionRef::parse("abc_1").unwrap(), ExecutionRef::Name("abc_1".into()));
        for wrong in ["arn:aws:s3:::bucket", "a b", "../x"] {
            assert_eq!(ExecutionRef::parse(wrong).unwrap_err().exit(), Exit::Usage, "{wrong}");
        }
    }
}
