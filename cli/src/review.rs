//! `sightline review`: lists the images that wait for a decision, and decides them.

use crate::{
    args::{Global, parse_image_id, up_to},
    clock::{SystemClock, at, moment},
    error::{CliError, Exit, sentence},
    output::{
        List, NO_VALUE, Output, Table, clean, name_of,
        record::{ID_CHARS, image_cell, moderation},
    },
    session::Session,
    show::find_unerased,
};
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sightline_aws::clients::Clients;
use sightline_domain::{
    flows::review,
    model::{
        clock::{Clock, EpochMillis},
        record::{ProcessingStatus, Record},
        review::{ReviewOutcome, ReviewStatus, reason},
    },
    ports::{Decided, ExecutionState, Records, ReviewState},
};

/// `review`.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// List the images that wait for a decision, oldest first
    #[command(after_help = "Example:\n  sightline review list --output ndjson | jq -r .ImageID")]
    List(ListArgs),
    /// Approve an image: it is shown
    #[command(after_help = "\
The first decision counts: a second one is refused (exit code 1), with the name of the first reviewer and the time.

Example:
  sightline review approve 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4")]
    Approve(ApproveArgs),
    /// Reject an image: it is withheld
    #[command(after_help = "\
The first decision counts: a second one is refused (exit code 1), with the name of the first reviewer and the time.

Example:
  sightline review reject 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --reason 'shows a weapon'")]
    Reject(RejectArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Largest number of images
    #[arg(long, value_name = "N", default_value = "50", value_parser = up_to(10_000))]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct DecisionArgs {
    /// ImageID, as review list prints it
    #[arg(value_name = "ID", value_parser = parse_image_id)]
    pub image_id: String,
    /// Name of the reviewer [default: the AWS identity of the caller, else the user of this machine]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: Option<String>,
}

#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// Reason of the decision
    #[arg(long, value_parser = parse_reason)]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct RejectArgs {
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// Reason of the decision
    #[arg(long, value_parser = parse_reason)]
    pub reason: String,
}

fn parse_reason(typed: &str) -> Result<String, String> {
    let reason = reason(typed).map_err(|error| error.to_string())?;
    reason.map(str::to_owned).ok_or_else(|| "a reason is more than blanks".to_owned())
}

/// Records read at once for the list.
const READS_AT_ONCE: usize = 8;

pub async fn run(global: &Global, command: ReviewCommand, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    match command {
        ReviewCommand::List(args) => list(&session, &args, output).await,
        ReviewCommand::Approve(args) => decide(&session, args.decision, ReviewStatus::Approved, args.reason, output).await,
        ReviewCommand::Reject(args) => decide(&session, args.decision, ReviewStatus::Rejected, Some(args.reason), output).await,
    }
}

async fn list(session: &Session, args: &ListArgs, output: Output) -> Result<Exit, CliError> {
    let waiting = session.tables().waiting(args.limit).await?;
    let records = session.tables();
    // The index is eventually consistent and has no flags; the records are up to date.
    let found: Vec<Option<Record>> =
        stream::iter(&waiting).map(|review| records.find(&review.image_id)).buffered(READS_AT_ONCE).try_collect().await?;
    let waiting: Vec<Record> = found.into_iter().flatten().filter(Record::is_in_review).collect();
    List::new(&waiting).if_empty("no image waits for a review").limited(args.limit, "oldest").print(output, table)?;
    Ok(Exit::Success)
}

fn table(records: &[Record]) -> String {
    let row = |record: &Record| {
        let deadline = record.review_deadline.map_or_else(|| NO_VALUE.to_owned(), moment);
        let image = image_cell(&record.image_id, record.image_name.as_deref());
        [moment(record.upload_timestamp), moderation(record), deadline, image]
    };
    Table::new(&["UPLOADED", "FLAGGED", "DECIDE BY", "IMAGE"], records.iter().map(row)).keep_wide(&[(3, ID_CHARS)]).render()
}

/// A saved decision, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decision<'a> {
    #[serde(rename = "ImageID")]
    image_id: &'a str,
    review_status: ReviewStatus,
    reviewed_by: &'a str,
    reviewed_at: EpochMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_reason: Option<&'a str>,
    #[serde(rename = "Told")]
    is_notified: bool,
}

/// Saves the decision by a conditional write, then notifies the execution. The task token stays in this process.
async fn decide(
    session: &Session,
    args: DecisionArgs,
    status: ReviewStatus,
    reason: Option<String>,
    output: Output,
) -> Result<Exit, CliError> {
    let record = find_unerased(session, &args.image_id).await?;
    let by = match args.by {
        Some(by) => by,
        None => reviewer(&session.clients).await?,
    };
    let now = SystemClock.now();
    let outcome = ReviewOutcome { status, reviewed_by: Some(by.clone()), reviewed_at: Some(now), review_reason: reason };
    let (tables, executions) = (session.tables(), session.executions());
    let decision = review::decide(&tables, &executions, &record, &outcome, now).await?;
    match &decision {
        review::Decision::Delivered | review::Decision::Applied => {}
        review::Decision::NotYetWaiting => {
            say!("the decision is saved, but the execution does not wait for it at this moment; reconcile will notify it");
        }
        review::Decision::NotNotified(error) => {
            say!("the decision is saved, but notifying the execution failed; reconcile will retry: {}", sentence(error));
        }
        review::Decision::Refused(refused) => return Err(CliError::Failed(refusal(&record.image_id, refused))),
        review::Decision::Ended(state) => return Err(CliError::Failed(ended(&record.image_id, state.as_ref()))),
    }
    let is_saved_only = matches!(decision, review::Decision::NotNotified(_));
    let is_notified = matches!(decision, review::Decision::Delivered);
    let decision = Decision {
        image_id: &record.image_id,
        review_status: status,
        reviewed_by: &by,
        reviewed_at: now,
        review_reason: outcome.review_reason.as_deref(),
        is_notified,
    };
    output.one(&decision, |_| {
        let row = [record.image_id.clone(), name_of(&status), clean(&by), moment(now)];
        Table::new(&["IMAGE", "REVIEW", "BY", "AT"], [row]).keep_whole(0).render()
    })?;
    Ok(if is_saved_only { Exit::Partial } else { Exit::Success })
}

/// Why a decision is refused if the execution has ended.
fn ended(image_id: &str, execution: Option<&ExecutionState>) -> String {
    let (status, stopped_at) = match execution {
        None => (None, None),
        Some(ExecutionState::Running) => (Some("RUNNING"), None),
        Some(ExecutionState::Succeeded { stopped_at }) => (Some("SUCCEEDED"), *stopped_at),
        Some(ExecutionState::Failed { status, stopped_at, .. }) => (Some(status.as_str()), *stopped_at),
    };
    let reason = status.map_or_else(
        || "Step Functions no longer knows its execution".to_owned(),
        |status| format!("its execution ended {}{}", clean(status), at(stopped_at)),
    );
    format!("image {image_id} does not wait for a review: {reason}. The decision was not saved; run the image again to have it reviewed")
}

/// Why a decision does not count.
fn refusal(image_id: &str, refused: &Decided) -> String {
    match refused {
        Decided::Already { status, by, at: decided_at } => {
            let by = by.as_deref().map_or_else(String::new, |by| format!(" by {}", clean(by)));
            format!("image {image_id} was already {}{by}{}; the first decision counts", name_of(status), at(*decided_at))
        }
        Decided::Late { deadline } => {
            format!("the review of image {image_id} ended at {} without a decision; the image is withheld", moment(*deadline))
        }
        Decided::NotWaiting(state) => not_waiting(image_id, state),
        Decided::Yes { .. } => format!("image {image_id} was decided"),
    }
}

/// Why an image does not wait for a decision.
fn not_waiting(image_id: &str, state: &ReviewState) -> String {
    let finished = at(state.finished_at);
    match state.processing_status {
        Some(ProcessingStatus::Pending) => format!("image {image_id} does not wait for a review: its analysis is in progress"),
        Some(ProcessingStatus::Completed) => {
            format!("image {image_id} does not wait for a review: it was COMPLETED{finished} and needs no review")
        }
        Some(ProcessingStatus::Failed) => {
            let reason = state.status_reason.as_deref().map_or_else(String::new, |reason| format!(" ({})", clean(reason)));
            format!("image {image_id} does not wait for a review: it FAILED{finished}{reason}")
        }
        Some(ProcessingStatus::Erased) => format!("image {image_id} was erased{}", at(state.erased_at)),
        None => format!("image {image_id} has no record any more: it expired or was removed"),
    }
}

/// The reviewer without `--by`: the AWS identity of the caller, or else the user of this machine.
async fn reviewer(clients: &Clients) -> Result<String, CliError> {
    let caller = aws_sdk_sts::Client::new(clients.config()).get_caller_identity().send().await;
    let arn = caller.ok().and_then(|caller| caller.arn);
    let user = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.trim().is_empty());
    arn.as_deref()
        .and_then(person_in)
        .map(str::to_owned)
        .or_else(user)
        .or(arn)
        .ok_or_else(|| CliError::Usage("the reviewer is not known; pass --by NAME".to_owned()))
}

/// The person in the ARN of an identity: the user, or the session of a role. The root user and a local AWS have none.
fn person_in(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let (kind, path) = resource.split_once('/')?;
    matches!(kind, "user" | "assumed-role" | "federated-user").then(|| path.rsplit('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_decision_is_refused_with_the_first_reviewer_and_time() {
        let already = Decided::Already { status: ReviewStatus::Approved, by: Some("an\u{1b}na".into()), at: Some(0) };
        let expected = "image i was already APPROVED by an\u{fffd}na at 1970-01-01 00:00:00Z; the first decision counts";
        assert_eq!(refusal("i", &already), expected);
        assert!(refusal("i", &Decided::Late { deadline: 0 }).contains("ended at 1970-01-01 00:00:00Z"));
    }

    #[test]
    fn decision_on_an_image_that_does_not_wait_is_refused_with_the_reason() {
        let state = |status| ReviewState { processing_status: status, finished_at: Some(0), erased_at: Some(0), ..ReviewState::default() };
        let message = |state| refusal("i", &Decided::NotWaiting(state));
        assert!(message(state(None)).contains("has no record any more"));
        assert!(message(state(Some(ProcessingStatus::Pending))).contains("its analysis is in progress"));
        assert!(message(state(Some(ProcessingStatus::Completed))).contains("it was COMPLETED at 1970-01-01 00:00:00Z"));
        assert!(message(state(Some(ProcessingStatus::Erased))).contains("was erased at 1970-01-01 00:00:00Z"));
        let failed = ReviewState { status_reason: Some("TRUN\u{1b}CATED".into()), ..state(Some(ProcessingStatus::Failed)) };
        assert!(message(failed).ends_with("it FAILED at 1970-01-01 00:00:00Z (TRUN\u{fffd}CATED)"));
    }

    #[test]
    fn decision_after_the_execution_ended_says_how_it_ended_and_that_nothing_was_saved() {
        let execution = ExecutionState::Failed { status: "ABORTED".into(), error: None, cause: None, stopped_at: Some(0) };
        let message = ended("i", Some(&execution));
        assert!(message.contains("its execution ended ABORTED at 1970-01-01 00:00:00Z") && message.contains("was not saved"), "{message}");
        assert!(ended("i", None).contains("no longer knows its execution"));
    }

    #[test]
    fn reason_is_checked_by_the_rule_of_the_api() {
        assert_eq!(parse_reason(" a weapon "), Ok("a weapon".to_owned()));
        assert_eq!(parse_reason("  "), Err("a reason is more than blanks".to_owned()));
        assert_eq!(parse_reason(&"x".repeat(501)), Err("a reason has at most 500 characters".to_owned()));
    }

    #[test]
    fn reviewer_is_the_user_or_the_session_of_a_role() {
        assert_eq!(person_in("arn:aws:iam::123456789012:user/team/anna"), Some("anna"));
        assert_eq!(person_in("arn:aws:sts::123456789012:assumed-role/Admin/anna@example.com"), Some("anna@example.com"));
        assert_eq!(person_in("arn:aws:iam::123456789012:root"), None);
        assert_eq!(person_in("x"), None);
    }
}
