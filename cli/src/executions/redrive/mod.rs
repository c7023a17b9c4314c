//! `executions redrive`: runs failed executions again.

mod rejected;

use super::{ExecutionRef, ExecutionStatus, RedriveArgs, record_of};
use crate::{
    actions::{ActionKind, StartRate, confirm},
    args::Global,
    clock::SystemClock,
    error::{CliError, Exit, sentence},
    output::{List, NO_VALUE, Output, Table, clean, count, name_of, status_cell},
    session::Session,
    stop,
    upload::follow::Follower,
};
use comfy_table::Cell;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use sightline_domain::{
    flows::redrive::{self, Plan, REDRIVABLE_DAYS, Remedy, RerunMode, RunAgain},
    model::{
        clock::{Clock, DAY_MILLIS},
        error::StepError,
        record::{ProcessingStatus, Record},
    },
    ports::ExecutionOperations,
};
use std::collections::BTreeSet;
use tokio::sync::Semaphore;

/// Failed executions, or rejected images, that one command runs again.
const MOST: usize = 1000;
const AT_ONCE: usize = 8;

/// A failed execution with its image.
struct Candidate {
    failed: redrive::Candidate,
    image_id: Option<String>,
}

/// What was done with one execution, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    execution_arn: String,
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    action: ActionKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_execution_arn: Option<String>,
    /// Status of the record after `--wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_status: Option<ProcessingStatus>,
    /// Whether the image failed again, or could not be followed.
    #[serde(skip)]
    has_failed_again: bool,
}

impl Outcome {
    fn new(execution_arn: &str, image_id: Option<String>, action: ActionKind, reason: Option<String>) -> Self {
        let execution_arn = execution_arn.to_owned();
        Self { execution_arn, image_id, action, reason, new_execution_arn: None, processing_status: None, has_failed_again: false }
    }

    fn set(&mut self, action: ActionKind, reason: String) {
        (self.action, self.reason) = (action, Some(reason));
    }

    /// Sets `NOT_REDRIVEN`, and returns true, if the command was stopped before this one.
    fn is_stopped(&mut self) -> bool {
        let is_stopped = stop::is_requested().is_some();
        if is_stopped {
            self.set(ActionKind::NotRedriven, "the command was stopped before this one".to_owned());
        }
        is_stopped
    }

    /// Waits for a new end of the image. `None` if the command is stopped first or the record cannot be read.
    async fn wait(&mut self, session: &Session, follower: &Follower, permits: &Semaphore) -> Option<Record> {
        let records = session.tables();
        let finished = tokio::select! {
            finished = follower.wait_until_finished(&records, permits) => finished,
            stop = stop::requested() => {
                self.set(ActionKind::Waiting, format!("still in progress; {}", stop.sentence()));
                return None;
            }
        };
        match finished {
            Ok(record) => {
                self.processing_status = Some(record.processing_status);
                Some(record)
            }
            Err(error) => {
                (self.has_failed_again, self.reason) = (true, Some(sentence(&error)));
                None
            }
        }
    }
}

/// Redrives, or shows what it would redrive.
pub async fn run(global: &Global, args: &RedriveArgs, output: Output) -> Result<Exit, CliError> {
    let named = args.executions.iter().map(|text| ExecutionRef::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let session = Session::open(global).await?;
    if args.rejected {
        return rejected::run(&session, named, args, output).await;
    }
    let candidates = if args.all_failed { find_failed(&session, args).await? } else { find_named(&session, named, args).await? };
    if candidates.is_empty() {
        say!("no failed execution matches");
        return finish(&[], output);
    }
    let due = candidates.iter().filter(|candidate| !matches!(candidate.failed.plan, Plan::Skip { .. })).count();
    if !args.dry_run && !args.yes && due > usize::from(!args.all_failed) {
        let executions = count(due, "execution");
        confirm(&format!("Run {executions} again?"), &format!("{executions} would be run again"), "nothing was redriven")?;
    }
    let _handler = stop::handle_in_command();
    let outcomes =
        if args.dry_run { candidates.iter().map(Candidate::preview).collect() } else { redrive_all(&session, &candidates, args).await };
    finish(&outcomes, output)
}

/// Prints the outcomes, and returns the exit code.
fn finish(outcomes: &[Outcome], output: Output) -> Result<Exit, CliError> {
    List::new(outcomes).print(output, table)?;
    if let Some(stop) = stop::is_requested() {
        return Ok(stop.exit());
    }
    let failed = outcomes.iter().filter(|outcome| outcome.action.is_failure() || outcome.has_failed_again).count();
    Ok(Exit::of_many(failed, outcomes.len()))
}

fn table(outcomes: &[Outcome]) -> String {
    let row = |outcome: &Outcome| {
        let image = outcome.image_id.clone().unwrap_or_else(|| clean(&outcome.execution_arn));
        let record = outcome.processing_status.as_ref().map_or_else(|| NO_VALUE.to_owned(), name_of);
        let reason = outcome.reason.as_deref().map_or_else(String::new, clean);
        [Cell::new(image), Cell::new(outcome.action), status_cell(&record), Cell::new(reason)]
    };
    Table::new(&["IMAGE", "ACTION", "RECORD", "REASON"], outcomes.iter().map(row)).keep_whole(0).render()
}

async fn find_named(session: &Session, named: Vec<ExecutionRef>, args: &RedriveArgs) -> Result<Vec<Candidate>, CliError> {
    let mut candidates = Vec::new();
    for execution in named {
        let (arn, _) = execution.resolve(session).await?;
        // A restart would start the state machine image-analysis, whatever ran here.
        if !arn.starts_with(&session.executions().arn_of("")) {
            return Err(CliError::Usage(format!("{arn} is not an execution of {}", session.stack.state_machine_arn)));
        }
        let unknown = || CliError::NotFound(format!("execution {arn} does not exist"));
        let candidate = Candidate::read(session, &arn, args).await?.ok_or_else(unknown)?;
        if candidate.failed.has_error(args.error.as_deref()) {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// The failed executions whose image has not been analysed by a later execution.
async fn find_failed(session: &Session, args: &RedriveArgs) -> Result<Vec<Candidate>, CliError> {
    let now = SystemClock.now();
    let since = args.since.map_or(now - REDRIVABLE_DAYS * DAY_MILLIS, |since| since.to_millis(now));
    let found = session.executions().list(&ExecutionStatus::FAILURES.map(ExecutionStatus::name), since, MOST).await?;
    if found.len() == MOST {
        say!("only the newest {MOST} are run again; repeat the command for the others");
    }
    let read: Vec<_> = stream::iter(found)
        .map(|execution| async move { Candidate::read(session, &execution.arn, args).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut candidates, mut seen) = (Vec::new(), BTreeSet::new());
    for candidate in read {
        let is_due = |Candidate { failed, .. }: &Candidate| {
            failed.owns_image() && failed.is_newest(&mut seen) && failed.has_error(args.error.as_deref())
        };
        candidates.extend(candidate?.filter(is_due));
    }
    Ok(candidates)
}

impl Candidate {
    async fn read(session: &Session, arn: &str, args: &RedriveArgs) -> Result<Option<Self>, CliError> {
        let executions = session.executions();
        let Some(detail) = executions.describe(arn).await? else { return Ok(None) };
        let record = match record_of(session, detail.input.as_deref(), arn).await {
            // One unreadable record must not stop all others.
            Err(error) if args.all_failed && !error.is_transient() => {
                say!("{arn}: left out: the record of its image cannot be read");
                return Ok(None);
            }
            found => found?,
        };
        let mode = RerunMode::new(args.or_restart, args.fresh);
        let failed = redrive::Candidate::new(&executions, detail, record, SystemClock.now(), mode).await?;
        Ok(Some(Self { image_id: failed.image_id(), failed }))
    }

    /// What would be done.
    fn preview(&self) -> Outcome {
        let (action, reason) = match &self.failed.plan {
            Plan::Redrive => (ActionKind::WouldRedrive, None),
            Plan::Restart(reason) => (ActionKind::WouldRestart, Some(reason.clone())),
            Plan::Skip { reason, remedy } => (ActionKind::Skipped, Some(with_option(reason, *remedy))),
        };
        Outcome::new(&self.failed.detail.execution.arn, self.image_id.clone(), action, reason)
    }

    async fn run_again(&self, session: &Session, rate: &StartRate) -> Outcome {
        let mut outcome = self.preview();
        if matches!(self.failed.plan, Plan::Skip { .. }) || outcome.is_stopped() {
            return outcome;
        }
        rate.wait().await;
        match self.failed.run_again(&session.executions(), &session.tables()).await {
            Ok(RunAgain::Redriven) => outcome.action = ActionKind::Redriven,
            Ok(RunAgain::Restarted { new_arn, reason }) => {
                outcome.set(ActionKind::Restarted, reason);
                outcome.new_execution_arn = Some(new_arn);
            }
            Ok(RunAgain::Skipped) => {}
            Ok(RunAgain::NotRedriven { reason, remedy }) => outcome.set(ActionKind::NotRedriven, with_option(&reason, remedy)),
            Err(error) => outcome.set(ActionKind::NotRedriven, sentence(&CliError::from(error))),
        }
        outcome
    }

    async fn wait(&self, session: &Session, outcome: &mut Outcome, permits: &Semaphore) {
        let Some(image_id) = self.image_id.clone() else { return };
        // A redrive continues the same execution; after a restart, the failure of the old execution is ignored.
        let failed_execution = outcome.new_execution_arn.is_some().then(|| self.failed.detail.execution.arn.clone());
        let follower = Follower { image_id, failed_execution };
        if let Some(record) = outcome.wait(session, &follower, permits).await {
            outcome.has_failed_again = record.is_rerunnable();
            outcome.reason = record.status_reason.or_else(|| outcome.reason.take());
        }
    }
}

/// A reason with the option that would run the image again.
fn with_option(reason: &str, remedy: Option<Remedy>) -> String {
    match remedy {
        None => reason.to_owned(),
        Some(Remedy::Restart) => format!("{reason}; --or-restart starts a new execution"),
        Some(Remedy::InspectAgain) => format!("{reason}; --rejected inspects its image again"),
    }
}

/// Runs all candidates again that can be, within Rekognition's quota: all at once would repeat the burst that made them fail.
async fn redrive_all(session: &Session, candidates: &[Candidate], args: &RedriveArgs) -> Vec<Outcome> {
    let (permits, rate) = (Semaphore::new(AT_ONCE), StartRate::per_second(session.stack.rekognition_calls_per_second));
    let one = |candidate| run_and_wait(session, candidate, args, &rate, &permits);
    stream::iter(candidates).map(one).buffered(AT_ONCE).collect().await
}

async fn run_and_wait(session: &Session, candidate: &Candidate, args: &RedriveArgs, rate: &StartRate, permits: &Semaphore) -> Outcome {
    let mut outcome = candidate.run_again(session, rate).await;
    if args.wait && !outcome.action.is_failure() {
        candidate.wait(session, &mut outcome, permits).await;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_names_the_option_that_runs_the_image_again() {
        assert_eq!(with_option("too old", Some(Remedy::Restart)), "too old; --or-restart starts a new execution");
        assert_eq!(with_option("it succeeded", Some(Remedy::InspectAgain)), "it succeeded; --rejected inspects its image again");
        assert_eq!(with_option("its image was erased", None), "its image was erased");
    }
}
