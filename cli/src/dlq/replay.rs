//! `dlq replay`.

use super::{AT_ONCE, COUNT_TOLERANCE, Peeked, ReplayArgs, Row, peek, receive, release};
use crate::{
    actions::{ActionKind, StartRate, confirm},
    args::Global,
    clock::SystemClock,
    error::{CliError, Exit, sentence},
    output::{List, NO_VALUE, Output, Table, clean, count},
    progress::Progress,
    session::Session,
    stop,
};
use futures_util::{StreamExt, stream};
use sightline_aws::sqs::{DeadLetters, DlqMessage};
use sightline_domain::{
    flows::fail::{Recorded, record_failure},
    model::{
        clock::Clock,
        event::{DeadLetter, ExecutionStatusDetail},
    },
    ports::{ExecutionOperations, Executions},
};
use std::{collections::HashSet, time::Duration};

/// Visibility timeout of events that are replayed.
const REPLAY_TIMEOUT: Duration = Duration::from_mins(5);
/// Events that a dry run reads.
const MOST_PREVIEWED: usize = 10_000;

/// Replays the events of the queue, or shows what it would replay.
pub async fn run(session: &Session, global: &Global, args: &ReplayArgs, output: Output) -> Result<Exit, CliError> {
    let queue = session.dead_letters();
    let rows = if args.dry_run { preview(session, &queue).await? } else { replay_all(session, &queue, global, args).await? };
    List::new(&rows).if_empty("the dead-letter queue is empty").print(output, table)?;
    Ok(Exit::of_many(rows.iter().filter(|row| row.is_left()).count(), rows.len()))
}

fn table(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let action = row.action.map_or_else(|| NO_VALUE.to_owned(), |action| action.to_string());
        [row.subject(), row.kind.to_owned(), action, row.reason.as_deref().map_or_else(|| NO_VALUE.to_owned(), clean)]
    };
    Table::new(&["ABOUT", "KIND", "ACTION", "REASON"], rows.iter().map(row)).keep_whole(0).render()
}

impl Row {
    /// Whether the event stays in the queue.
    fn is_left(&self) -> bool {
        self.action.is_some_and(ActionKind::is_failure)
    }

    fn set(&mut self, action: ActionKind, reason: &str) {
        (self.action, self.reason) = (Some(action), Some(reason.to_owned()));
    }
}

async fn preview(session: &Session, queue: &DeadLetters) -> Result<Vec<Row>, CliError> {
    let Peeked { messages, waiting } = peek(queue, MOST_PREVIEWED).await?;
    if messages.len() < waiting {
        say!("read {} of about {}; a replay processes all of them", messages.len(), count(waiting, "event"));
    }
    let rows = stream::iter(&messages).map(|message| async {
        let event = DeadLetter::read(&message.body, &session.stack.images_bucket);
        let action = match event {
            DeadLetter::Upload { .. } => ActionKind::WouldStart,
            DeadLetter::Status { .. } => ActionKind::WouldMarkFailed,
            DeadLetter::Unknown { .. } => ActionKind::Left,
        };
        Row { action: Some(action), ..Row::read(message, &event, session).await }
    });
    Ok(rows.buffered(AT_ONCE).collect().await)
}

async fn replay_all(session: &Session, queue: &DeadLetters, global: &Global, args: &ReplayArgs) -> Result<Vec<Row>, CliError> {
    let waiting = queue.count().await?;
    let events = count(waiting, "event");
    if !args.yes && waiting > 0 {
        confirm(&format!("Replay {events}?"), &format!("{events} would be replayed"), "nothing was replayed")?;
    }
    let progress = Progress::new(!global.no_progress, waiting);
    let rate = StartRate::per_second(session.stack.rekognition_calls_per_second);
    let (mut rows, mut left, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let result = loop {
        // The command ends even if events arrive quickly; the next run replays those.
        if rows.len() >= waiting.saturating_add(COUNT_TOLERANCE) {
            break Ok(());
        }
        let messages = match receive(queue, REPLAY_TIMEOUT, &mut seen).await {
            Ok(messages) if messages.is_empty() => break Ok(()),
            Ok(messages) => messages,
            Err(error) => break Err(error),
        };
        let replayed: Vec<(DlqMessage, Row)> =
            stream::iter(messages).map(|message| replay(session, queue, message, &rate)).buffered(AT_ONCE).collect().await;
        for (message, row) in replayed {
            if row.is_left() {
                left.push(message);
            }
            rows.push(row);
        }
        let done = format!("{} of {events} replayed, {} left", rows.len() - left.len(), left.len());
        progress.update(rows.len(), &done);
        stop::advise(format!("{done}; the other events stay in the queue: run the same command again in 5 minutes"));
    };
    // This count does not include the events that are left, which are not visible yet.
    let arrived = if result.is_ok() { queue.count().await.unwrap_or_default() } else { 0 };
    release(queue, &left, REPLAY_TIMEOUT).await;
    progress.finish(&format!("{} replayed, {} left in the queue", count(rows.len() - left.len(), "event"), left.len()));
    if arrived > 0 {
        say!("about {} arrived meanwhile or could not be received yet; run the same command again for them", count(arrived, "event"));
    }
    match result {
        Err(error) if rows.is_empty() => Err(error),
        Err(error) => {
            say!("{}", sentence(&error));
            Ok(rows)
        }
        Ok(()) => Ok(rows),
    }
}

async fn replay(session: &Session, queue: &DeadLetters, message: DlqMessage, rate: &StartRate) -> (DlqMessage, Row) {
    let event = DeadLetter::read(&message.body, &session.stack.images_bucket);
    let mut row = Row::read(&message, &event, session).await;
    let done = match event {
        DeadLetter::Upload { .. } => {
            rate.wait().await;
            start(session, &message, &mut row).await
        }
        DeadLetter::Status { detail } => mark_failed(session, *detail, &mut row).await,
        DeadLetter::Unknown { .. } => {
            row.action = Some(ActionKind::Left);
            Ok(())
        }
    };
    let deleted = match done {
        Ok(()) if !row.is_left() => queue.delete(&message).await.map_err(CliError::from),
        other => other,
    };
    if let Err(error) = deleted {
        row.set(ActionKind::NotReplayed, &sentence(&error));
    }
    (message, row)
}

async fn start(session: &Session, message: &DlqMessage, row: &mut Row) -> Result<(), CliError> {
    row.new_execution_arn = Some(session.executions().start(&message.body).await?);
    row.action = Some(ActionKind::Started);
    Ok(())
}

async fn mark_failed(session: &Session, mut detail: ExecutionStatusDetail, row: &mut Row) -> Result<(), CliError> {
    if detail.input.is_none() {
        // Step Functions omits the input from large events.
        detail.input = session.executions().describe(&detail.execution_arn).await?.and_then(|execution| execution.input);
    }
    let (tables, objects, executions) = (session.tables(), session.s3(), session.executions());
    match record_failure(&tables, &objects, &executions, &detail, SystemClock.now(), session.stack.retention_days).await? {
        Recorded::Failed(record) => (row.action, row.image_id) = (Some(ActionKind::MarkedFailed), Some(record.image_id)),
        Recorded::NotNeeded => row.set(ActionKind::NotNeeded, "the image is finished, or belongs to another execution"),
        Recorded::NoUpload => row.set(ActionKind::Left, "the input of its execution is not an upload"),
    }
    Ok(())
}
