//! `sightline review`: what waits for a decision, and deciding it.

mod reviewer;

use crate::{
    args::{Approve, Decision, Global, ListReviews, Reject},
    clock::{SystemClock, moment},
    error::{CliError, sentence},
    exit::Exit,
    output::{
        Output,
        record::{ID_CHARS, image_cell, labels, moderation},
        table::{headed, keep_whole, keep_wide, render},
        text::{NOTHING, clean},
    },
    session::Session,
    show,
};
use comfy_table::Table;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sightline_aws::{
    dynamodb::{Decided, ReviewState},
    stepfunctions::Execution,
};
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis},
        record::{ProcessingStatus, Record},
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Executions, Notified, Records, Written},
};

/// Records read at once for the list.
const READS_AT_ONCE: usize = 8;
/// Labels in the list.
const LABELS_SHOWN: usize = 3;

/// `review list`.
pub async fn list(global: &Global, args: &ListReviews, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let waiting = session.tables().waiting(limit).await?;
    let records = session.tables();
    // The index lags behind and holds no flags: the records say what is true now.
    let found: Vec<Option<Record>> =
        stream::iter(&waiting).map(|review| records.find(&review.image_id)).buffered(READS_AT_ONCE).try_collect().await?;
    let waiting: Vec<Record> = found.into_iter().flatten().filter(waits).collect();
    if waiting.is_empty() {
        say!("nothing waits for review");
    }
    if waiting.len() == limit {
        say!("showing the oldest {limit}; there may be more (--limit)");
    }
    if !waiting.is_empty() || output.format != crate::output::Format::Table {
        output.list(&waiting, || render(&table(&waiting)))?;
    }
    Ok(Exit::Done)
}

/// Whether a decision would count: a record that FAILED while its review was open keeps the question, but nobody waits for the answer.
fn waits(record: &Record) -> bool {
    record.review_status == ReviewStatus::Pending && record.processing_status == ProcessingStatus::Pending
}

fn table(records: &[Record]) -> Table {
    let mut table = headed(&["UPLOADED", "FLAGGED", "LABELS", "DECIDE BY", "IMAGE"]);
    for record in records {
        let deadline = record.review_deadline.map_or_else(|| NOTHING.to_owned(), moment);
        let image = image_cell(&record.image_id, record.image_name.as_deref());
        table.add_row([moment(record.upload_timestamp), moderation(record), labels(record, LABELS_SHOWN), deadline, image]);
    }
    keep_wide(&mut table, &[(4, ID_CHARS)]);
    table
}

/// `review approve`.
pub async fn approve(global: &Global, args: Approve, output: Output) -> Result<Exit, CliError> {
    decide(global, args.decision, ReviewStatus::Approved, args.reason, output).await
}

/// `review reject`.
pub async fn reject(global: &Global, args: Reject, output: Output) -> Result<Exit, CliError> {
    decide(global, args.decision, ReviewStatus::Rejected, Some(args.reason), output).await
}

/// A decision that counts, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Taken<'a> {
    #[serde(rename = "ImageID")]
    image_id: &'a str,
    review_status: ReviewStatus,
    reviewed_by: &'a str,
    reviewed_at: EpochMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_reason: Option<&'a str>,
    /// Whether the execution has heard of it.
    told: bool,
}

async fn decide(
    global: &Global,
    decision: Decision,
    status: ReviewStatus,
    reason: Option<String>,
    output: Output,
) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let record = show::find_unerased(&session, &decision.image_id).await?;
    let by = match decision.by {
        Some(by) => by,
        None => reviewer::identity(&session.clients).await?,
    };
    let now = SystemClock.now();
    let outcome = ReviewOutcome { status, reviewed_by: Some(by.clone()), reviewed_at: Some(now), review_reason: reason };
    let token = match session.tables().decide(&record.image_id, record.upload_timestamp, &outcome, now).await? {
        Decided::Yes { token } => token,
        refused => return Err(CliError::Failed(refusal(&record.image_id, &refused))),
    };
    let told = match &token {
        Some(token) => session.executions().notify(token, &outcome).await,
        None => Ok(Notified::NotWaiting),
    };
    match &told {
        Ok(Notified::Yes) => {}
        Ok(Notified::NotWaiting) => not_told(&session, &record, &outcome).await?,
        Err(error) => {
            say!("the decision is saved, but could not be told to the execution, which reconcile makes up for: {}", sentence(error));
        }
    }
    let decision = Taken {
        image_id: &record.image_id,
        review_status: status,
        reviewed_by: &by,
        reviewed_at: now,
        review_reason: outcome.review_reason.as_deref(),
        told: matches!(told, Ok(Notified::Yes)),
    };
    output.one(&decision, || {
        let mut table = headed(&["IMAGE", "REVIEW", "BY", "AT"]);
        table.add_row([record.image_id.clone(), status_name(status).to_owned(), clean(&by), moment(now)]);
        keep_whole(&mut table, 0);
        render(&table)
    })?;
    Ok(if told.is_ok() { Exit::Done } else { Exit::Partly })
}

/// The decision is saved, and its task token is not waited for. It stays where the execution still runs, or has applied it; where the
/// execution is over, nobody would ever apply it, so it is taken back.
async fn not_told(session: &Session, record: &Record, outcome: &ReviewOutcome) -> Result<(), CliError> {
    let execution = session.executions().describe(&record.execution_arn).await?.map(|detail| detail.execution);
    if execution.as_ref().is_some_and(|execution| matches!(execution.status.as_str(), "RUNNING" | "PENDING_REDRIVE")) {
        say!("the decision is saved, but its execution does not wait for it at this moment; reconcile tells it again");
        return Ok(());
    }
    if session.tables().take_back(&record.image_id, record.upload_timestamp, outcome).await? == Written::Yes {
        return Err(CliError::Failed(over(&record.image_id, execution.as_ref())));
    }
    let now = session.tables().find(&record.image_id).await?;
    let applied = now.is_some_and(|now| now.review_status == outcome.status && now.reviewed_at == outcome.reviewed_at);
    if applied { Ok(()) } else { Err(CliError::Failed(over(&record.image_id, execution.as_ref()))) }
}

/// Why a decision is refused whose execution is over.
fn over(image_id: &str, execution: Option<&Execution>) -> String {
    let ended = execution.map_or_else(
        || "Step Functions does not know its execution any more".to_owned(),
        |execution| format!("its execution ended {}{}", clean(&execution.status), execution.stopped_at.map_or_else(String::new, at)),
    );
    format!("image {image_id} does not wait for a review: {ended}. The decision was not saved; run the image again to have it reviewed")
}

fn at(moment_millis: EpochMillis) -> String {
    format!(" at {}", moment(moment_millis))
}

/// Why a decision does not count.
fn refusal(image_id: &str, refused: &Decided) -> String {
    match refused {
        Decided::Already { status, by, at } => {
            let by = by.as_deref().map_or_else(String::new, |by| format!(" by {}", clean(by)));
            let at = at.map_or_else(String::new, |at| format!(" at {}", moment(at)));
            format!("image {image_id} was {} already{by}{at}; the first decision counts", status_name(*status))
        }
        Decided::Late { deadline } => {
            format!("the review of image {image_id} ended at {} without a decision; the image is withheld", moment(*deadline))
        }
        Decided::NotWaiting(standing) => not_waiting(image_id, standing),
        Decided::Yes { .. } => format!("image {image_id} was decided"),
    }
}

/// Why an image does not wait for a decision.
fn not_waiting(image_id: &str, standing: &ReviewState) -> String {
    let finished = standing.finished_at.map_or_else(String::new, at);
    match standing.processing_status {
        Some(ProcessingStatus::Pending) => format!("image {image_id} does not wait for a review: it is still being analysed"),
        Some(ProcessingStatus::Completed) => {
            format!("image {image_id} does not wait for a review: it was COMPLETED{finished}, and nothing in it had to be reviewed")
        }
        Some(ProcessingStatus::Failed) => {
            let reason = standing.status_reason.as_deref().map_or_else(String::new, |reason| format!(" ({})", clean(reason)));
            format!("image {image_id} does not wait for a review: it FAILED{finished}{reason}")
        }
        Some(ProcessingStatus::Erased) => format!("image {image_id} was erased{}", standing.erased_at.map_or_else(String::new, at)),
        None => format!("image {image_id} has no record any more: it expired or was removed"),
    }
}

const fn status_name(status: ReviewStatus) -> &'static str {
    match status {
        ReviewStatus::None => "NONE",
        ReviewStatus::Pending => "PENDING",
        ReviewStatus::Approved => "APPROVED",
        ReviewStatus::Rejected => "REJECTED",
        ReviewStatus::Expired => "EXPIRED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loser_reads_who_was_faster() {
        let already = Decided::Already { status: ReviewStatus::Approved, by: Some("an\u{1b}na".into()), at: Some(0) };
        let said = refusal("i", &already);
        assert_eq!(said, "image i was APPROVED already by an\u{fffd}na at 1970-01-01 00:00:00Z; the first decision counts");
    }

    #[test]
    fn a_late_decision_is_told_so() {
        assert!(refusal("i", &Decided::Late { deadline: 0 }).contains("ended at 1970-01-01 00:00:00Z"));
    }

    #[test]
    fn a_decision_on_a_record_that_does_not_wait_is_refused_with_the_reason() {
        let standing =
            |status| ReviewState { processing_status: status, finished_at: Some(0), erased_at: Some(0), ..ReviewState::default() };
        let said = |standing| refusal("i", &Decided::NotWaiting(standing));
        assert!(said(standing(None)).contains("has no record any more"));
        assert!(said(standing(Some(ProcessingStatus::Pending))).contains("still being analysed"));
        assert!(said(standing(Some(ProcessingStatus::Completed))).contains("it was COMPLETED at 1970-01-01 00:00:00Z"));
        assert!(said(standing(Some(ProcessingStatus::Erased))).contains("was erased at 1970-01-01 00:00:00Z"));
        let failed = ReviewState { status_reason: Some("TRUN\u{1b}CATED".into()), ..standing(Some(ProcessingStatus::Failed)) };
        assert!(said(failed).ends_with("it FAILED at 1970-01-01 00:00:00Z (TRUN\u{fffd}CATED)"));
    }

    #[test]
    fn a_decision_whose_execution_is_over_says_how_it_ended_and_that_nothing_was_saved() {
        let execution = Execution { arn: "a".into(), name: "n".into(), status: "ABORTED".into(), started_at: 0, stopped_at: Some(0) };
        let said = over("i", Some(&execution));
        assert!(said.contains("its execution ended ABORTED at 1970-01-01 00:00:00Z") && said.contains("was not saved"), "{said}");
        assert!(over("i", None).contains("does not know its execution any more"));
    }
}
