//! `executions redrive --rejected`: new executions inspect rejected images again.

use super::{AT_ONCE, MOST, Outcome, finish};
use crate::{
    actions::{ActionKind, StartRate, confirm},
    clock::SystemClock,
    error::{CliError, Exit, sentence},
    executions::{ExecutionRef, RedriveArgs, record_of},
    output::{Output, clean, count, name_of},
    session::Session,
    stop,
    upload::follow::Follower,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis},
        error::{StepError, StorageError},
        event::reinspection_event,
        identity::Upload,
        layout,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::{ExecutionOperations, Executions, QueuedImage, Records, Uploads, WorkQueues},
};
use tokio::sync::Semaphore;

/// A rejected image, and the input of the execution that inspects it again, or why there is none.
struct Rejected {
    record: Record,
    input: Result<String, String>,
}

/// Inspects the `named` images again, or all rejected images if none is named; or shows what it would do.
pub async fn run(session: &Session, named: Vec<ExecutionRef>, args: &RedriveArgs, output: Output) -> Result<Exit, CliError> {
    let is_named = !named.is_empty();
    let records = if is_named { find_named(session, named).await? } else { find_all(session, args).await? };
    let matching = records.into_iter().filter(|record| matches(record, args));
    let rejected: Vec<Rejected> = stream::iter(matching).map(|record| read(session, record)).buffered(AT_ONCE).try_collect().await?;
    if rejected.is_empty() {
        say!("no rejected image matches");
        return finish(&[], output);
    }
    let due = rejected.iter().filter(|image| image.input.is_ok()).count();
    if !args.dry_run && !args.yes && due > usize::from(is_named) {
        let images = count(due, "rejected image");
        confirm(&format!("Inspect {images} again?"), &format!("{images} would be inspected again"), "no image was inspected again")?;
    }
    let _handler = stop::handle_in_command();
    let (permits, rate) = (Semaphore::new(AT_ONCE), StartRate::per_second(session.stack.rekognition_calls_per_second));
    let outcomes: Vec<Outcome> =
        stream::iter(&rejected).map(|image| image.inspect_again(session, args, &permits, &rate)).buffered(AT_ONCE).collect().await;
    finish(&outcomes, output)
}

/// At most [`MOST`] matching images, those rejected longest ago first. An image that is rejected again moves to the end of this order, so
/// that the next run continues with others.
async fn find_all(session: &Session, args: &RedriveArgs) -> Result<Vec<Record>, CliError> {
    let (records, mut found, mut matching, mut after) = (session.tables(), Vec::new(), 0, None);
    loop {
        let page = records.queued(WorkQueue::Failed, after.as_ref()).await?;
        for unreadable in &page.unreadable {
            report_unreadable(&unreadable.image_id);
        }
        let read = |image: QueuedImage| async { (records.find(&image.image_id).await, image.image_id) };
        let read: Vec<_> = stream::iter(page.items).map(read).buffered(AT_ONCE).collect().await;
        for (record, image_id) in read {
            match record {
                // The index is eventually consistent, and also has images whose execution failed.
                Ok(record) => {
                    found.extend(record.filter(|record| record.is_rejected() && matches(record, args)).inspect(|_| matching += 1));
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(_) => report_unreadable(&image_id),
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
        let images = count(matching, "image");
        say!("only the {MOST} of {images} that were rejected longest ago are inspected; repeat the command for the others");
    }
    Ok(found)
}

/// One unreadable record must not stop all others.
fn report_unreadable(image_id: &str) {
    say!("{}: left out: its record cannot be read", clean(image_id));
}

/// # Errors
///
/// `CliError::NotFound` if one of them has no record.
async fn find_named(session: &Session, named: Vec<ExecutionRef>) -> Result<Vec<Record>, CliError> {
    let mut records = Vec::new();
    for execution in named {
        let (arn, record) = execution.resolve(session).await?;
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

/// Whether `--reason` and `--since` match. Images that were not rejected match too; [`read`] says why they are skipped.
fn matches(record: &Record, args: &RedriveArgs) -> bool {
    let since = args.since.map(|since| since.to_millis(SystemClock.now()));
    let is_recent = since.is_none_or(|since| record.finished_at.is_some_and(|at| at >= since));
    let reason = record.status_reason.as_deref();
    is_recent && (args.reason.is_empty() || args.reason.iter().any(|code| Some(code.as_ref()) == reason))
}

async fn read(session: &Session, record: Record) -> Result<Rejected, StorageError> {
    let input = match (record.is_rejected(), record.upload(), record.finished_at) {
        (false, ..) => Err(format!("it was not rejected: it is {}", name_of(&record.processing_status))),
        (true, Some(upload), Some(rejected_at)) => input(session, &record, &upload, rejected_at).await?,
        (true, ..) => Err("its record does not name the upload".to_owned()),
    };
    Ok(Rejected { record, input })
}

/// The input for the upload, or, if that version was deleted, for its copy in the archive.
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

impl Rejected {
    async fn inspect_again(&self, session: &Session, args: &RedriveArgs, permits: &Semaphore, rate: &StartRate) -> Outcome {
        let record = &self.record;
        let mut outcome =
            Outcome::new(&record.execution_arn, Some(record.image_id.clone()), ActionKind::WouldRestart, Some(rejection(record)));
        let input = match &self.input {
            Err(reason) => {
                outcome.set(ActionKind::Skipped, reason.clone());
                return outcome;
            }
            Ok(_) if args.dry_run || outcome.is_stopped() => return outcome,
            Ok(input) => input,
        };
        rate.wait().await;
        match session.executions().start(input).await {
            Ok(arn) => (outcome.action, outcome.reason, outcome.new_execution_arn) = (ActionKind::Restarted, None, Some(arn)),
            Err(error) => outcome.set(ActionKind::NotRedriven, sentence(&CliError::from(error))),
        }
        if args.wait && !outcome.action.is_failure() {
            self.wait(session, &mut outcome, permits).await;
        }
        outcome
    }

    async fn wait(&self, session: &Session, outcome: &mut Outcome, permits: &Semaphore) {
        let Record { image_id, execution_arn, .. } = &self.record;
        let follower = Follower { image_id: image_id.clone(), failed_execution: Some(execution_arn.clone()) };
        if let Some(now) = outcome.wait(session, &follower, permits).await
            && now.processing_status == ProcessingStatus::Failed
        {
            let prefix = if now.is_rejected() { "rejected again: " } else { "" };
            (outcome.has_failed_again, outcome.reason) = (true, Some(format!("{prefix}{}", rejection(&now))));
        }
    }
}

/// The reason of a FAILED record, with its details.
fn rejection(record: &Record) -> String {
    [record.status_reason.as_deref(), record.status_detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}
