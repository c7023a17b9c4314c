//! `sightline dlq`: lists and replays the events in the dead-letter queue.

mod replay;

use crate::{
    actions::ActionKind,
    args::{Global, up_to},
    clock::moment,
    error::{CliError, Exit},
    output::{List, NO_VALUE, Output, Table, clean},
    session::Session,
};
use clap::{Args, Subcommand};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use sightline_aws::{DeadLetters, DlqMessage};
use sightline_domain::{
    flows::rerun::record_of,
    model::{DeadLetter, EpochMillis, event::upload_of},
};
use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

/// `dlq`.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// List events that could not be delivered, with the reason; they stay in the queue
    #[command(after_help = "\
SQS shows messages only by receiving them, so that each list adds one to the receive count. A list takes at most a minute,
and says how many events it did not read.

Example:
  sightline dlq list --output ndjson | jq -r .ImageID")]
    List(ListArgs),
    /// Process events that could not be delivered, and delete them from the queue
    #[command(after_help = "\
An upload event starts an execution; a status event marks the record of its execution as FAILED. Both do nothing if that has
already happened. Any other event stays in the queue, with the reason in the output. The command replays as many events as
there are at its start, and says how many arrived meanwhile. A dry run reads at most 10,000.

Examples:
  sightline dlq replay --dry-run
  sightline dlq replay --yes")]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Largest number of events
    #[arg(long, value_name = "N", default_value = "100", value_parser = up_to(10_000))]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Visibility timeout of listed events: no other consumer can receive them.
const LIST_TIMEOUT: Duration = Duration::from_mins(2);
/// A list ends before its first events become visible again.
const LONGEST_LIST: Duration = Duration::from_mins(1);
/// The queue counts its messages approximately; this many more are received.
const COUNT_TOLERANCE: usize = 10;
/// Events released at the same time.
const RELEASES_AT_ONCE: usize = 16;
/// Events read or replayed at the same time.
const AT_ONCE: usize = 8;

/// An event, and what was done with it, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    message_id: String,
    /// UPLOAD, STATUS or UNKNOWN.
    kind: &'static str,
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The execution of a status event.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<EpochMillis>,
    received: u32,
    /// Why the event was not delivered, from EventBridge or Lambda.
    attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_execution_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub async fn run(global: &Global, command: &DlqCommand, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    match command {
        DlqCommand::List(args) => list(&session, args, output).await,
        DlqCommand::Replay(args) => replay::run(&session, global, args, output).await,
    }
}

async fn list(session: &Session, args: &ListArgs, output: Output) -> Result<Exit, CliError> {
    let Peeked { messages, waiting } = peek(&session.dead_letters(), args.limit).await?;
    let rows = stream::iter(&messages)
        .map(|message| async { Row::read(message, &DeadLetter::read(&message.body, &session.stack.images_bucket), session).await });
    let rows: Vec<Row> = rows.buffered(AT_ONCE).collect().await;
    let list = List::new(&rows).if_empty("the dead-letter queue is empty").limited(args.limit, "first").out_of(waiting, "event");
    list.print(output, table)?;
    Ok(Exit::Success)
}

fn table(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let sent = row.sent_at.map_or_else(|| NO_VALUE.to_owned(), moment);
        let key = row.key.as_deref().map_or_else(String::new, |key| format!("\n{}", clean(key)));
        let error = row.reason.as_deref().map_or_else(|| row.error(), clean);
        [sent, row.kind.to_owned(), row.subject() + &key, row.received.to_string(), error]
    };
    Table::new(&["SENT", "KIND", "ABOUT", "RECEIVED", "ERROR"], rows.iter().map(row)).render()
}

impl Row {
    /// The row of an event, with the image id of its record if there is one. An error of that read is ignored.
    async fn read(message: &DlqMessage, event: &DeadLetter, session: &Session) -> Self {
        let (kind, upload, execution_arn, reason) = match event {
            DeadLetter::Upload { upload } => ("UPLOAD", Some(upload.clone()), None, None),
            DeadLetter::Status { detail } => ("STATUS", upload_of(detail), Some(detail.execution_arn.clone()), None),
            DeadLetter::Unknown { reason } => ("UNKNOWN", None, None, Some(reason.clone())),
        };
        let record = match &upload {
            Some(upload) => record_of(&session.tables(), &session.s3(), upload, execution_arn.as_deref()).await.ok().flatten(),
            None => None,
        };
        let first_candidate = || upload.as_ref()?.candidate_ids().into_iter().next();
        Self {
            message_id: message.id.clone(),
            kind,
            image_id: record.map(|record| record.image_id).or_else(first_candidate),
            key: upload.as_ref().map(|upload| upload.key.clone()),
            execution_arn,
            sent_at: message.sent_at,
            received: message.received,
            attributes: message.attributes.clone(),
            action: None,
            new_execution_arn: None,
            reason,
        }
    }

    /// The error code and message of EventBridge or Lambda.
    fn error(&self) -> String {
        let names = ["ERROR_CODE", "ErrorCode", "ERROR_MESSAGE", "ErrorMessage"];
        let parts: Vec<String> = names.iter().filter_map(|name| self.attributes.get(*name)).map(|text| clean(text)).collect();
        if parts.is_empty() { NO_VALUE.to_owned() } else { parts.join(": ") }
    }

    /// The image, else the execution, else the message.
    fn subject(&self) -> String {
        self.image_id.clone().unwrap_or_else(|| clean(self.execution_arn.as_deref().unwrap_or(&self.message_id)))
    }
}

struct Peeked {
    messages: Vec<DlqMessage>,
    /// Approximate number of messages in the queue at the start.
    waiting: usize,
}

/// Receives at most `limit` messages and leaves them in the queue. It ends even if the queue grows quickly: at the number of messages at
/// the start, after a minute, or when a message is received twice.
async fn peek(queue: &DeadLetters, limit: usize) -> Result<Peeked, CliError> {
    let waiting = queue.count().await?;
    let (started, most) = (Instant::now(), limit.min(waiting.saturating_add(COUNT_TOLERANCE)));
    let (mut messages, mut seen) = (Vec::new(), HashSet::new());
    let result = loop {
        if messages.len() >= most || started.elapsed() >= LONGEST_LIST {
            break Ok(());
        }
        match receive(queue, LIST_TIMEOUT, &mut seen).await {
            Ok(new) if new.is_empty() => break Ok(()),
            Ok(new) => messages.extend(new),
            Err(error) => break Err(error),
        }
    };
    release(queue, &messages, LIST_TIMEOUT.saturating_sub(started.elapsed())).await;
    result?;
    messages.truncate(limit);
    Ok(Peeked { messages, waiting })
}

/// Receives messages that are not in `seen` yet, and adds them to it. SQS may deliver a message twice.
async fn receive(queue: &DeadLetters, visibility_timeout: Duration, seen: &mut HashSet<String>) -> Result<Vec<DlqMessage>, CliError> {
    let received = queue.receive(visibility_timeout).await?;
    Ok(received.into_iter().filter(|message| seen.insert(message.id.clone())).collect())
}

/// Makes messages visible again, for at most `timeout`; the others become visible by their visibility timeout.
async fn release(queue: &DeadLetters, messages: &[DlqMessage], timeout: Duration) {
    let released = stream::iter(messages).for_each_concurrent(RELEASES_AT_ONCE, |message| async move {
        let _ = queue.release(message).await;
    });
    let _ = tokio::time::timeout(timeout, released).await;
}
