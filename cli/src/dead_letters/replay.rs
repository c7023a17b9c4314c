//! `dlq replay`.

use super::{
    Look, MORE_THAN_COUNTED, let_go, peek, receive,
    row::{Row, outcomes},
};
use crate::{
    args::{Global, ReplayLetters},
    clock::SystemClock,
    confirm::agreed,
    error::{CliError, sentence},
    exit::Exit,
    output::{Format, Output, table::render, text::count},
    pace::Pace,
    progress::Progress,
    session::Session,
    stop,
};
use futures_util::{StreamExt, stream};
use sightline_aws::sqs::{DeadLetters, DlqMessage};
use sightline_domain::ports::Executions;
use sightline_domain::{
    flows::fail::{Recorded, record_failure},
    model::{
        clock::Clock,
        event::{DeadLetter, ExecutionStatusDetail},
    },
};
use std::{collections::HashSet, time::Duration};

/// While they are replayed, nobody else can receive them.
const REPLAYING: Duration = Duration::from_mins(5);
const AT_ONCE: usize = 8;
/// Events that a dry run looks at.
const MOST_FORESEEN: usize = 10_000;

/// Replays what is in the queue, or says what it would replay.
pub async fn run(global: &Global, args: &ReplayLetters, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let queue = session.dead_letters();
    let rows = if args.dry_run { foresee(&session, &queue).await? } else { replay_all(&session, &queue, global, args).await? };
    if rows.is_empty() {
        say!("no dead letters");
    }
    if !rows.is_empty() || output.format != Format::Table {
        output.list(&rows, || render(&outcomes(&rows)))?;
    }
    let left = rows.iter().filter(|row| matches!(row.action, Some("LEFT" | "NOT_REPLAYED"))).count();
    Ok(Exit::of_many(left, rows.len()))
}

async fn foresee(session: &Session, queue: &DeadLetters) -> Result<Vec<Row>, CliError> {
    let Look { letters, waiting } = peek(queue, MOST_FORESEEN).await?;
    if letters.len() < waiting {
        say!("looked at {} of about {}; a replay goes through all of them", letters.len(), count(waiting, "event"));
    }
    let foreseen = stream::iter(&letters).map(|letter| async {
        let read = DeadLetter::read(&letter.body, &session.stack.images_bucket);
        let action = match read {
            DeadLetter::Upload { .. } => "WOULD_START",
            DeadLetter::Status { .. } => "WOULD_MARK_FAILED",
            DeadLetter::Unknown { .. } => "LEFT",
        };
        Row { action: Some(action), ..Row::known(letter, &read, session).await }
    });
    Ok(foreseen.buffered(AT_ONCE).collect().await)
}

async fn replay_all(session: &Session, queue: &DeadLetters, global: &Global, args: &ReplayLetters) -> Result<Vec<Row>, CliError> {
    let waiting = queue.count().await?;
    let events = count(waiting, "event");
    if !args.yes && waiting > 0 && !agreed(&format!("Replay {events}?"), &format!("{events} would be replayed"))? {
        return Err(CliError::Failed("nothing was replayed".to_owned()));
    }
    let progress = Progress::new(!global.no_progress, waiting);
    let pace = Pace::new(session.stack.rekognition_calls_per_second);
    let (mut rows, mut left, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let ended = loop {
        // What comes in meanwhile is left to the next run, so that this one ends.
        if rows.len() >= waiting.saturating_add(MORE_THAN_COUNTED) {
            break Ok(());
        }
        let letters = match receive(queue, REPLAYING, &mut seen).await {
            Ok(letters) if letters.is_empty() => break Ok(()),
            Ok(letters) => letters,
            Err(error) => break Err(error),
        };
        let replayed: Vec<(DlqMessage, Row)> =
            stream::iter(letters).map(|letter| replay(session, queue, letter, &pace)).buffered(AT_ONCE).collect().await;
        for (letter, row) in replayed {
            if matches!(row.action, Some("LEFT" | "NOT_REPLAYED")) {
                left.push(letter);
            }
            rows.push(row);
        }
        let done = format!("{} of {events} replayed, {} left", rows.len() - left.len(), left.len());
        progress.update(rows.len(), &done);
        stop::note(format!("{done}; the rest is in the queue: run the same command again in 5 minutes"));
    };
    // Without those that are left, which nobody can receive yet.
    let fresh = if ended.is_ok() { queue.count().await.unwrap_or_default() } else { 0 };
    let_go(queue, &left, REPLAYING).await;
    progress.finish(&format!("{} replayed, {} left in the queue", count(rows.len() - left.len(), "event"), left.len()));
    if fresh > 0 {
        say!("about {} came in meanwhile or could not be received yet; run the same command again for them", count(fresh, "event"));
    }
    match ended {
        // What was done is told; the next run finds the rest.
        Err(error) if rows.is_empty() => Err(error),
        Err(error) => {
            say!("{}", sentence(&error));
            Ok(rows)
        }
        Ok(()) => Ok(rows),
    }
}

async fn replay(session: &Session, queue: &DeadLetters, letter: DlqMessage, pace: &Pace) -> (DlqMessage, Row) {
    let read = DeadLetter::read(&letter.body, &session.stack.images_bucket);
    let mut row = Row::known(&letter, &read, session).await;
    let done = match read {
        DeadLetter::Upload { .. } => {
            pace.turn().await;
            start(session, &letter, &mut row).await
        }
        DeadLetter::Status { detail } => mark_failed(session, *detail, &mut row).await,
        DeadLetter::Unknown { .. } => {
            row.action = Some("LEFT");
            Ok(())
        }
    };
    let taken_out = match done {
        Ok(()) if row.action != Some("LEFT") => queue.delete(&letter).await.map_err(CliError::from),
        other => other,
    };
    if let Err(error) = taken_out {
        (row.action, row.reason) = (Some("NOT_REPLAYED"), Some(sentence(&error)));
    }
    (letter, row)
}

async fn start(session: &Session, letter: &DlqMessage, row: &mut Row) -> Result<(), CliError> {
    row.new_execution_arn = Some(session.executions().start(&letter.body).await?);
    row.action = Some("STARTED");
    Ok(())
}

async fn mark_failed(session: &Session, mut detail: ExecutionStatusDetail, row: &mut Row) -> Result<(), CliError> {
    if detail.input.is_none() {
        // Step Functions leaves it out of large events.
        detail.input = session.executions().describe(&detail.execution_arn).await?.and_then(|known| known.input);
    }
    let (records, objects, workflow) = (session.tables(), session.s3(), session.executions());
    let recorded = record_failure(&records, &objects, &workflow, &detail, SystemClock.now(), session.stack.retention_days).await?;
    match recorded {
        Recorded::Failed(record) => (row.action, row.image_id) = (Some("MARKED_FAILED"), Some(record.image_id)),
        Recorded::NotNeeded => {
            (row.action, row.reason) = (Some("NOT_NEEDED"), Some("the image is done, or belongs to another execution".to_owned()));
        }
        Recorded::NoUpload => (row.action, row.reason) = (Some("LEFT"), Some("its execution was started with no upload".to_owned())),
    }
    Ok(())
}
