//! `executions redrive --rejected`: fresh executions that look anew at rejected images.

use super::{MOST, READS_AT_ONCE, act::settled, finish, outcome::Outcome};
use crate::{
    args::Redrive,
    clock::SystemClock,
    confirm,
    error::{CliError, sentence},
    executions::{
        record_of,
        wanted::{Wanted, locate},
    },
    exit::Exit,
    output::{
        Output,
        record::status_name,
        text::{clean, count},
    },
    pace::Pace,
    session::Session,
    stop,
    upload::follow::Follow,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_domain::ports::Executions;
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis},
        error::{StepError, StorageError},
        event::reinspection_event,
        identity::Upload,
        layout,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::{QueuedImage, Records, Uploads, WorkQueues},
};
use tokio::sync::Semaphore;

/// A rejected image, and the input of the execution that looks at it anew, or why there is none.
struct Rejected {
    record: Record,
    input: Result<String, String>,
}

/// Looks anew at those that are named, or at all; or says what it would do.
pub async fn run(session: &Session, wanted: Vec<Wanted>, args: &Redrive, output: Output) -> Result<Exit, CliError> {
    let records = if wanted.is_empty() { all(session, args).await? } else { named(session, wanted).await? };
    let asked_for = records.into_iter().filter(|record| fits(record, args));
    let rejected: Vec<Rejected> =
        stream::iter(asked_for).map(|record| planned(session, record)).buffered(READS_AT_ONCE).try_collect().await?;
    if rejected.is_empty() {
        say!("no such rejected image");
        return Ok(Exit::Done);
    }
    let due = rejected.iter().filter(|image| image.input.is_ok()).count();
    if !args.dry_run && due > 0 && !agreed(args, due)? {
        return Err(CliError::Failed("no image was looked at anew".to_owned()));
    }
    let _ending = stop::own_ending();
    let (looks, pace) = (Semaphore::new(READS_AT_ONCE), Pace::new(session.stack.rekognition_calls_per_second));
    let outcomes: Vec<Outcome> =
        stream::iter(&rejected).map(|image| act(session, image, args, &looks, &pace)).buffered(READS_AT_ONCE).collect().await;
    finish(&outcomes, output)
}

/// The rejected images that are asked for, those that were rejected longest ago first, at most [`MOST`]: what is rejected again goes to the
/// end of that order, so each further run continues with others.
async fn all(session: &Session, args: &Redrive) -> Result<Vec<Record>, CliError> {
    let (records, mut found, mut matching, mut after) = (session.tables(), Vec::new(), 0, None);
    loop {
        let page = records.queued(WorkQueue::Failed, after.as_ref()).await?;
        for odd in &page.unreadable {
            left_out(&odd.image_id);
        }
        let read = |image: QueuedImage| async { (records.find(&image.image_id).await, image.image_id) };
        let read: Vec<_> = stream::iter(page.items).map(read).buffered(READS_AT_ONCE).collect().await;
        for (record, image_id) in read {
            match record {
                // The index is a moment late, and holds images whose execution failed as well.
                Ok(record) => found.extend(record.filter(|record| record.is_rejected() && fits(record, args)).inspect(|_| matching += 1)),
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(_) => left_out(&image_id),
            }
        }
        found.sort_by_key(|record| record.finished_at);
        found.truncate(MOST);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if matching > MOST {
        say!(
            "looking at {MOST} of {}, those that were rejected longest ago; run the command again for the others",
            count(matching, "image")
        );
    }
    Ok(found)
}

/// One record that cannot be read must not keep the others from being looked at.
fn left_out(image_id: &str) {
    say!("{}: left out: its record cannot be read", clean(image_id));
}

/// Those that are named; each must have a record.
async fn named(session: &Session, wanted: Vec<Wanted>) -> Result<Vec<Record>, CliError> {
    let mut records = Vec::new();
    for wanted in wanted {
        let (arn, record) = locate(session, wanted).await?;
        let record = if record.is_some() {
            record
        } else {
            let detail = session.executions().describe(&arn).await?;
            record_of(session, detail.and_then(|detail| detail.input).as_deref(), &arn).await?
        };
        records.push(record.ok_or_else(|| CliError::NotFound(format!("execution {arn} has no image with a record")))?);
    }
    Ok(records)
}

/// Whether its reason and the time of its rejection are asked for. Images that were not rejected pass; `planned` refuses them.
fn fits(record: &Record, args: &Redrive) -> bool {
    let since = args.since.map(|since| since.moment(SystemClock.now()));
    let late_enough = since.is_none_or(|since| record.finished_at.is_some_and(|at| at >= since));
    let reason = record.status_reason.as_deref();
    late_enough && (args.reason.is_empty() || args.reason.iter().any(|code| Some(code.as_ref()) == reason))
}

async fn planned(session: &Session, record: Record) -> Result<Rejected, StorageError> {
    let input = match (record.is_rejected(), record.upload(), record.finished_at) {
        (false, ..) => Err(format!("it was not rejected: it is {}", status_name(record.processing_status))),
        (true, Some(upload), Some(rejected_at)) => input(session, &record, &upload, rejected_at).await?,
        (true, ..) => Err("its record does not say which upload it was".to_owned()),
    };
    Ok(Rejected { record, input })
}

/// The original is where it was uploaded, or, where that version was deleted since, in the archive.
async fn input(
    session: &Session,
    record: &Record,
    upload: &Upload,
    rejected_at: EpochMillis,
) -> Result<Result<String, String>, StorageError> {
    let objects = session.s3();
    if let Some(facts) = objects.find(upload).await? {
        return Ok(Ok(reinspection_event(upload, facts.size, facts.last_modified, rejected_at).to_string()));
    }
    let archived = Upload { key: layout::rejected_original(&record.image_id), version_id: None, etag: String::new(), ..upload.clone() };
    Ok(match objects.find(&archived).await? {
        Some(facts) => Ok(reinspection_event(upload, facts.size, record.upload_timestamp, rejected_at).to_string()),
        None => Err("its original was deleted".to_owned()),
    })
}

async fn act(session: &Session, image: &Rejected, args: &Redrive, looks: &Semaphore, pace: &Pace) -> Outcome {
    let record = &image.record;
    let mut outcome = Outcome {
        execution_arn: record.execution_arn.clone(),
        image_id: Some(record.image_id.clone()),
        action: "SKIPPED",
        reason: None,
        new_execution_arn: None,
        processing_status: None,
        failed: false,
    };
    let input = match &image.input {
        Ok(input) => input,
        Err(reason) => {
            (outcome.reason, outcome.failed) = (Some(reason.clone()), true);
            return outcome;
        }
    };
    if args.dry_run {
        (outcome.action, outcome.reason) = ("WOULD_RESTART", Some(standing(record)));
        return outcome;
    }
    if stop::is_requested().is_some() {
        let reason = "the command was stopped before it came to this one".to_owned();
        (outcome.action, outcome.failed, outcome.reason) = ("NOT_REDRIVEN", true, Some(reason));
        return outcome;
    }
    pace.turn().await;
    match session.executions().start(input).await {
        Ok(arn) => (outcome.action, outcome.new_execution_arn) = ("RESTARTED", Some(arn)),
        Err(error) => {
            (outcome.action, outcome.failed, outcome.reason) = ("NOT_REDRIVEN", true, Some(sentence(&CliError::from(error))));
            return outcome;
        }
    }
    if args.wait {
        wait(session, record, &mut outcome, looks).await;
    }
    outcome
}

/// Follows the image to its new end.
async fn wait(session: &Session, record: &Record, outcome: &mut Outcome, looks: &Semaphore) {
    let follow = Follow::again(vec![record.image_id.clone()], Some(record.execution_arn.clone()));
    if let Some(now) = settled(session, &follow, outcome, looks).await
        && now.processing_status == ProcessingStatus::Failed
    {
        let again = if now.is_rejected() { "rejected again: " } else { "" };
        (outcome.failed, outcome.reason) = (true, Some(format!("{again}{}", standing(&now))));
    }
}

/// The reason of a FAILED record, with its sentence.
fn standing(record: &Record) -> String {
    [record.status_reason.as_deref(), record.status_detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn agreed(args: &Redrive, due: usize) -> Result<bool, CliError> {
    if args.yes || (!args.executions.is_empty() && due == 1) {
        return Ok(true);
    }
    let images = count(due, "rejected image");
    confirm::agreed(&format!("Look at {images} anew?"), &format!("{images} would be looked at anew"))
}
