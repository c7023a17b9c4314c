//! `executions redrive`: run again what failed.

use super::{
    list::Row,
    wanted::{Wanted, locate},
};
use crate::{
    args::{Global, Redrive},
    clock::SystemClock,
    error::{CliError, sentence},
    exit::Exit,
    output::{
        Output,
        record::status_name,
        table::{headed, keep_whole, render, status},
        text::{NOTHING, clean, count},
    },
    session::Session,
    upload::follow::Follow,
};
use comfy_table::{Cell, Table};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use sightline_aws::executions::{ExecutionDetail, Redriven};
use sightline_domain::{
    clock::{Clock, DAY_MILLIS, EpochMillis},
    ports::RecordFinder,
    record::Record,
};
use std::io::{IsTerminal, Write};
use tokio::sync::Semaphore;

/// Step Functions guide, "Redrive": within 14 days of closing, and below 24,999 events.
const REDRIVABLE_DAYS: EpochMillis = 14;
const MAX_EVENTS: i64 = 24_999;
const MOST: usize = 1000;
const READS_AT_ONCE: usize = 8;

/// What is done with one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plan {
    Redrive,
    /// A fresh execution, and why no redrive.
    Restart(String),
    /// Nothing, and why.
    Skip(String),
}

/// A failed execution with its image.
struct Candidate {
    detail: ExecutionDetail,
    record: Option<Record>,
    image_id: Option<String>,
    plan: Plan,
}

/// What was done, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    execution_arn: String,
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_execution_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_status: Option<&'static str>,
    #[serde(skip)]
    failed: bool,
}

/// Redrives, or says what it would redrive.
pub async fn run(global: &Global, args: &Redrive, output: Output) -> Result<Exit, CliError> {
    let wanted = args.executions.iter().map(|text| Wanted::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let session = Session::open(global).await?;
    let candidates = if args.all_failed { all_failed(&session, args).await? } else { named(&session, wanted, args).await? };
    if candidates.is_empty() {
        eprintln!("sightline: nothing to redrive");
        return Ok(Exit::Done);
    }
    let due = candidates.iter().filter(|candidate| !matches!(candidate.plan, Plan::Skip(_))).count();
    if !args.dry_run && due > 0 && !agreed(args, due)? {
        return Err(CliError::Failed("nothing was redriven".to_owned()));
    }
    let outcomes = if args.dry_run { candidates.iter().map(foreseen).collect() } else { redrive_all(&session, candidates, args).await };
    output.list(&outcomes, || render(&table(&outcomes)))?;
    if outcomes.iter().any(|outcome| outcome.action == "WAITING") {
        return Ok(Exit::TimedOut);
    }
    Ok(Exit::of_many(outcomes.iter().filter(|outcome| outcome.failed).count(), outcomes.len()))
}

async fn named(session: &Session, wanted: Vec<Wanted>, args: &Redrive) -> Result<Vec<Candidate>, CliError> {
    let mut candidates = Vec::new();
    for wanted in wanted {
        let (arn, _) = locate(session, wanted).await?;
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
    let since = args.since.moment(SystemClock.now());
    let found = session.executions().list(&["ABORTED", "FAILED", "TIMED_OUT"], since, MOST).await?;
    if found.len() == MOST {
        eprintln!("sightline: looking at the newest {MOST} only; run the command again for the rest");
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
        self.record.as_ref().is_none_or(|record| record.execution_arn == self.detail.execution.arn && record.is_rerunnable())
    }
}

async fn candidate(session: &Session, arn: &str, args: &Redrive) -> Result<Option<Candidate>, CliError> {
    let executions = session.executions();
    let Some(detail) = executions.describe(arn).await? else { return Ok(None) };
    let image_id = Row::new(detail.execution.clone(), Some(detail.clone())).image_id;
    let record = match &image_id {
        Some(id) => session.records().find(id).await?,
        None => None,
    };
    let events = executions.history_length(arn).await?;
    let plan = plan(&detail, events, record.as_ref(), SystemClock.now(), args.or_restart);
    Ok(Some(Candidate { detail, record, image_id, plan }))
}

fn plan(detail: &ExecutionDetail, events: i64, record: Option<&Record>, now: EpochMillis, or_restart: bool) -> Plan {
    let execution = &detail.execution;
    if !matches!(execution.status.as_str(), "FAILED" | "TIMED_OUT" | "ABORTED") {
        return Plan::Skip(format!("the execution is {}; only failed ones are run again", execution.status));
    }
    if let Some(other) = record.filter(|record| record.execution_arn != execution.arn) {
        return Plan::Skip(format!("another execution has the image: {}", other.execution_arn));
    }
    let too_old = execution.stopped_at.is_some_and(|stopped| now - stopped > REDRIVABLE_DAYS * DAY_MILLIS);
    let impossible = if too_old {
        Some(format!("it closed more than {REDRIVABLE_DAYS} days ago"))
    } else if events >= MAX_EVENTS {
        Some(format!("its history has {events} events, of at most {MAX_EVENTS}"))
    } else {
        detail.not_redrivable.clone()
    };
    match impossible {
        None => Plan::Redrive,
        Some(reason) if or_restart => Plan::Restart(reason),
        Some(reason) => Plan::Skip(format!("{reason}; --or-restart starts a fresh execution")),
    }
}

fn matches_error(args: &Redrive, detail: &ExecutionDetail) -> bool {
    args.error.as_deref().is_none_or(|pattern| fits(pattern, detail.error.as_deref().unwrap_or_default()))
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut tail) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        let Some((_, after)) = tail.split_once(part) else { return false };
        tail = after;
    }
    tail.ends_with(last)
}

fn agreed(args: &Redrive, due: usize) -> Result<bool, CliError> {
    if args.yes || (!args.all_failed && due == 1) {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(format!(
            "{} would be run again; pass --yes to do it, or --dry-run to see them",
            count(due, "execution")
        )));
    }
    eprint!("Run {} again? [y/N] ", count(due, "execution"));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn redrive_all(session: &Session, candidates: Vec<Candidate>, args: &Redrive) -> Vec<Outcome> {
    let looks = Semaphore::new(READS_AT_ONCE);
    let one = |candidate: Candidate| {
        let looks = &looks;
        async move {
            let mut outcome = act(session, &candidate).await;
            if args.wait && !outcome.failed && outcome.action != "SKIPPED" {
                wait(session, &candidate, &mut outcome, args, looks).await;
            }
            outcome
        }
    };
    stream::iter(candidates).map(one).buffered(READS_AT_ONCE).collect().await
}

async fn act(session: &Session, candidate: &Candidate) -> Outcome {
    let mut outcome = foreseen(candidate);
    let done = match &candidate.plan {
        Plan::Skip(_) => return outcome,
        Plan::Restart(_) => restart(session, candidate, &mut outcome).await,
        Plan::Redrive => redrive(session, candidate, &mut outcome).await,
    };
    if let Err(error) = done {
        (outcome.action, outcome.failed, outcome.reason) = ("NOT_REDRIVEN", true, Some(sentence(&error)));
    }
    outcome
}

async fn redrive(session: &Session, candidate: &Candidate, outcome: &mut Outcome) -> Result<(), CliError> {
    match session.executions().redrive(&candidate.detail.execution.arn).await? {
        Redriven::Yes => {
            outcome.action = "REDRIVEN";
            if let Some(record) = &candidate.record {
                session.records().resume(record).await?;
            }
            Ok(())
        }
        Redriven::Unknown => {
            outcome.reason = Some("this engine has no redrive".to_owned());
            restart(session, candidate, outcome).await
        }
        Redriven::Refused(reason) => Err(CliError::Failed(format!("{reason}; --or-restart starts a fresh execution"))),
    }
}

async fn restart(session: &Session, candidate: &Candidate, outcome: &mut Outcome) -> Result<(), CliError> {
    // A fresh execution may take over a FAILED record only; record-failure marks it within moments.
    if candidate.record.as_ref().is_some_and(|record| !record.is_rerunnable()) {
        return Err(CliError::Failed("its record is not marked FAILED yet; try again in a moment".to_owned()));
    }
    let input = candidate.detail.input.as_deref().ok_or_else(|| CliError::Failed("its input is not known any more".to_owned()))?;
    outcome.new_execution_arn = Some(session.executions().restart(input).await?);
    outcome.action = "RESTARTED";
    Ok(())
}

async fn wait(session: &Session, candidate: &Candidate, outcome: &mut Outcome, args: &Redrive, looks: &Semaphore) {
    let Some(image_id) = candidate.image_id.clone() else { return };
    // After a redrive the same execution goes on; after a restart the failure of the old one is no news.
    let old = outcome.new_execution_arn.is_some().then(|| candidate.detail.execution.arn.clone());
    let follow = Follow::again(vec![image_id], old);
    match tokio::time::timeout(args.timeout, follow.settled(&session.records(), looks)).await {
        Ok(Ok(record)) => {
            outcome.failed = record.is_rerunnable();
            outcome.reason = record.status_reason.clone().or_else(|| outcome.reason.take());
            outcome.processing_status = Some(status_name(record.processing_status));
        }
        Ok(Err(error)) => (outcome.failed, outcome.reason) = (true, Some(sentence(&error))),
        Err(_elapsed) => {
            (outcome.action, outcome.reason) = ("WAITING", Some(format!("still at work after {} seconds", args.timeout.as_secs())))
        }
    }
}

/// What would be done.
fn foreseen(candidate: &Candidate) -> Outcome {
    let (action, reason) = match &candidate.plan {
        Plan::Redrive => ("WOULD_REDRIVE", None),
        Plan::Restart(reason) => ("WOULD_RESTART", Some(reason.clone())),
        Plan::Skip(reason) => ("SKIPPED", Some(reason.clone())),
    };
    Outcome {
        execution_arn: candidate.detail.execution.arn.clone(),
        image_id: candidate.image_id.clone(),
        action,
        reason,
        new_execution_arn: None,
        processing_status: None,
        failed: action == "SKIPPED",
    }
}

fn table(outcomes: &[Outcome]) -> Table {
    let mut table = headed(&["IMAGE", "ACTION", "RECORD", "REASON"]);
    for outcome in outcomes {
        let image = outcome.image_id.clone().unwrap_or_else(|| clean(&outcome.execution_arn));
        let reason = outcome.reason.as_deref().map_or_else(String::new, clean);
        table.add_row([
            Cell::new(image),
            Cell::new(outcome.action),
            status(outcome.processing_status.unwrap_or(NOTHING)),
            Cell::new(reason),
        ]);
    }
    keep_whole(&mut table, 0);
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_aws::executions::Execution;

    const NOW: EpochMillis = 100 * DAY_MILLIS;

    fn detail(status: &str, days_ago: i64) -> ExecutionDetail {
        let stopped_at = Some(NOW - days_ago * DAY_MILLIS);
        let execution = Execution { arn: "arn".into(), name: "n".into(), status: status.into(), started_at: 0, stopped_at };
        ExecutionDetail { execution, input: None, error: None, cause: None, redrives: 0, not_redrivable: None }
    }

    fn why_not(plan: Plan) -> String {
        match plan {
            Plan::Skip(reason) | Plan::Restart(reason) => reason,
            Plan::Redrive => panic!("it would be redriven"),
        }
    }

    #[test]
    fn what_failed_lately_is_redriven() {
        for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
            assert_eq!(plan(&detail(status, 13), 100, None, NOW, false), Plan::Redrive);
        }
    }

    #[test]
    fn row_31_what_cannot_be_redriven_is_named_with_the_reason() {
        assert!(why_not(plan(&detail("FAILED", 15), 100, None, NOW, false)).contains("14 days"));
        assert!(why_not(plan(&detail("SUCCEEDED", 1), 100, None, NOW, true)).contains("SUCCEEDED"));
        assert!(why_not(plan(&detail("FAILED", 1), 24_999, None, NOW, false)).contains("24999 events"));
        let refused = ExecutionDetail { not_redrivable: Some("child executions".into()), ..detail("FAILED", 1) };
        assert!(why_not(plan(&refused, 1, None, NOW, false)).starts_with("child executions"));
    }

    #[test]
    fn a_fresh_execution_stands_in_where_it_is_asked_for() {
        assert!(matches!(plan(&detail("FAILED", 15), 100, None, NOW, true), Plan::Restart(_)));
    }

    #[test]
    fn error_patterns_may_hold_stars() {
        for (pattern, text, fitting) in [
            ("Recognition.*", "Recognition.Throttled", true),
            ("Recognition.*", "Storage.Unavailable", false),
            ("*.Unavailable", "Storage.Unavailable", true),
            ("*e*n*", "Recognition.Throttled", true),
            ("Storage.Unavailable", "Storage.Unavailable", true),
            ("Storage", "Storage.Unavailable", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), fitting, "{pattern} {text}");
        }
    }
}
