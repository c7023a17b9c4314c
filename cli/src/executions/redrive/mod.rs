//! `executions redrive`: run again what failed.

mod act;
mod outcome;
mod plan;
mod rejected;

use super::{
    list::Row,
    record_of,
    wanted::{Wanted, locate},
};
use crate::{
    args::{Global, Redrive},
    clock::SystemClock,
    confirm,
    error::CliError,
    exit::Exit,
    output::{Output, table::render, text::count},
    session::Session,
    stop,
};
use futures_util::{StreamExt, stream};
use outcome::{Outcome, foreseen, table};
use plan::{Plan, REDRIVABLE_DAYS, Way, fits, plan};
use sightline_aws::stepfunctions::ExecutionDetail;
use sightline_domain::{
    flows::rerun,
    model::{
        clock::{Clock, DAY_MILLIS},
        error::StepError,
        record::Record,
    },
};

/// Failed executions that one call looks at.
const MOST: usize = 1000;
const READS_AT_ONCE: usize = 8;

/// A failed execution with its image.
struct Candidate {
    detail: ExecutionDetail,
    record: Option<Record>,
    image_id: Option<String>,
    plan: Plan,
}

/// Redrives, or says what it would redrive.
pub async fn run(global: &Global, args: &Redrive, output: Output) -> Result<Exit, CliError> {
    let wanted = args.executions.iter().map(|text| Wanted::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let session = Session::open(global).await?;
    if args.rejected {
        return rejected::run(&session, wanted, args, output).await;
    }
    let candidates = if args.all_failed { all_failed(&session, args).await? } else { named(&session, wanted, args).await? };
    if candidates.is_empty() {
        say!("nothing to redrive");
        return Ok(Exit::Done);
    }
    let due = candidates.iter().filter(|candidate| !matches!(candidate.plan, Plan::Skip(_))).count();
    if !args.dry_run && due > 0 && !agreed(args, due)? {
        return Err(CliError::Failed("nothing was redriven".to_owned()));
    }
    let _ending = stop::own_ending();
    let outcomes =
        if args.dry_run { candidates.iter().map(foreseen).collect() } else { act::redrive_all(&session, candidates, args).await };
    finish(&outcomes, output)
}

/// Prints what was done, and says how it went.
fn finish(outcomes: &[Outcome], output: Output) -> Result<Exit, CliError> {
    output.list(outcomes, || render(&table(outcomes)))?;
    if let Some(stop) = stop::is_requested() {
        return Ok(stop.exit());
    }
    Ok(Exit::of_many(outcomes.iter().filter(|outcome| outcome.failed).count(), outcomes.len()))
}

async fn named(session: &Session, wanted: Vec<Wanted>, args: &Redrive) -> Result<Vec<Candidate>, CliError> {
    let mut candidates = Vec::new();
    for wanted in wanted {
        let (arn, _) = locate(session, wanted).await?;
        // A fresh execution that stands in for it would be one of image-analysis.
        if !arn.starts_with(&session.executions().arn_of("")) {
            return Err(CliError::Usage(format!("{arn} is no execution of {}", session.stack.state_machine_arn)));
        }
        let unknown = || CliError::NotFound(format!("there is no execution {arn}"));
        let candidate = candidate(session, &arn, args).await?.ok_or_else(unknown)?;
        if matches_error(args, &candidate.detail) {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// Those whose image still waits for them: a later execution may have done their work since.
async fn all_failed(session: &Session, args: &Redrive) -> Result<Vec<Candidate>, CliError> {
    let now = SystemClock.now();
    let since = args.since.map_or(now - REDRIVABLE_DAYS * DAY_MILLIS, |since| since.moment(now));
    let found = session.executions().list(&["ABORTED", "FAILED", "TIMED_OUT"], since, MOST).await?;
    if found.len() == MOST {
        say!("looking at the newest {MOST} only; run the command again for the rest");
    }
    let looked_at: Vec<_> = stream::iter(found)
        .map(|execution| async move { candidate(session, &execution.arn, args).await })
        .buffered(READS_AT_ONCE)
        .collect()
        .await;
    let mut candidates = Vec::new();
    for candidate in looked_at {
        candidates.extend(candidate?.filter(|candidate| matches_error(args, &candidate.detail) && candidate.is_owner()));
    }
    Ok(candidates)
}

impl Candidate {
    /// Whether the image has no record, or one that this execution failed.
    fn is_owner(&self) -> bool {
        rerun::waits_for(self.record.as_ref(), &self.detail.execution.arn)
    }
}

async fn candidate(session: &Session, arn: &str, args: &Redrive) -> Result<Option<Candidate>, CliError> {
    let executions = session.executions();
    let Some(detail) = executions.describe(arn).await? else { return Ok(None) };
    let record = match record_of(session, detail.input.as_deref(), arn).await {
        // One record that cannot be read must not keep all others from being run again.
        Err(error) if args.all_failed && !error.is_transient() => {
            say!("{arn}: left out: the record of its image cannot be read");
            return Ok(None);
        }
        found => found?,
    };
    let image_id = Row::new(detail.execution.clone(), Some(detail.clone()), record.as_ref()).image_id;
    let events = executions.history_length(arn).await?;
    let plan = plan(&detail, events, record.as_ref(), SystemClock.now(), Way::of(args.or_restart, args.fresh));
    Ok(Some(Candidate { detail, record, image_id, plan }))
}

fn matches_error(args: &Redrive, detail: &ExecutionDetail) -> bool {
    args.error.as_deref().is_none_or(|pattern| fits(pattern, detail.error.as_deref().unwrap_or_default()))
}

fn agreed(args: &Redrive, due: usize) -> Result<bool, CliError> {
    if args.yes || (!args.all_failed && due == 1) {
        return Ok(true);
    }
    let executions = count(due, "execution");
    confirm::agreed(&format!("Run {executions} again?"), &format!("{executions} would be run again"))
}
