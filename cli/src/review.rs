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
use sightline_aws::reviews::Decided;
use sightline_domain::{
    clock::{Clock, EpochMillis},
    ports::{RecordFinder, ReviewCallback, Told},
    record::Record,
    review::{ReviewOutcome, ReviewStatus},
};

/// Records read at once for the list.
const READS_AT_ONCE: usize = 8;
/// Labels in the list.
const LABELS_SHOWN: usize = 3;

/// `review list`.
pub async fn list(global: &Global, args: &ListReviews, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let waiting = session.reviews().waiting(limit).await?;
    let records = session.records();
    // The index lags behind and holds no flags: the records say what is true now.
    let found: Vec<Option<Record>> =
        stream::iter(&waiting).map(|review| records.find(&review.image_id)).buffered(READS_AT_ONCE).try_collect().await?;
    let waiting: Vec<Record> = found.into_iter().flatten().filter(|record| record.review_status == ReviewStatus::Pending).collect();
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
    let token = match session.reviews().decide(&record.image_id, record.upload_timestamp, &outcome, now).await? {
        Decided::Yes { token } => token,
        refused => return Err(CliError::Failed(refusal(&record.image_id, &refused))),
    };
    let told = match &token {
        Some(token) => session.workflow().tell(token, &outcome).await,
        None => Ok(Told::NotWaiting),
    };
    match &told {
        Ok(Told::Yes) => {}
        Ok(Told::NotWaiting) => {
            say!("the decision is saved, but no execution waits for it now; reconcile tells it, or a redriven execution finds it");
        }
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
        told: matches!(told, Ok(Told::Yes)),
    };
    output.one(&decision, || {
        let mut table = headed(&["IMAGE", "REVIEW", "BY", "AT"]);
        table.add_row([record.image_id.clone(), status_name(status).to_owned(), clean(&by), moment(now)]);
        keep_whole(&mut table, 0);
        render(&table)
    })?;
    Ok(if told.is_ok() { Exit::Done } else { Exit::Partly })
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
        Decided::NotAsked | Decided::Yes { .. } => format!("image {image_id} does not wait for a review"),
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
        assert!(refusal("i", &Decided::NotAsked).contains("does not wait for a review"));
    }
}
