//! Running executions again, and following their images.

use super::{
    Candidate,
    outcome::{Outcome, foreseen},
    plan::Plan,
};
use crate::{
    args::Redrive,
    error::{CliError, sentence},
    output::record::status_name,
    pace::Pace,
    session::Session,
    stop,
    upload::follow::Follow,
};
use futures_util::{StreamExt, stream};
use sightline_aws::stepfunctions::Redriven;
use sightline_domain::ports::Executions;
use sightline_domain::{flows::rerun, model::record::Record};
use tokio::sync::Semaphore;

/// Redriven and looked at at once.
const AT_ONCE: usize = 8;

/// Runs all again that can be, no faster than Rekognition's quota: all at once would repeat the burst that failed them.
pub async fn redrive_all(session: &Session, candidates: Vec<Candidate>, args: &Redrive) -> Vec<Outcome> {
    let looks = Semaphore::new(AT_ONCE);
    let pace = Pace::new(session.stack.rekognition_calls_per_second);
    let one = |candidate: Candidate| {
        let (looks, pace) = (&looks, &pace);
        async move {
            if stop::is_requested().is_some() {
                let reason = Some("the command was stopped before it came to this one".to_owned());
                return Outcome { action: "NOT_REDRIVEN", failed: true, reason, ..foreseen(&candidate) };
            }
            let mut outcome = act(session, &candidate, pace).await;
            if args.wait && !outcome.failed && outcome.action != "SKIPPED" {
                wait(session, &candidate, &mut outcome, looks).await;
            }
            outcome
        }
    };
    stream::iter(candidates).map(one).buffered(AT_ONCE).collect().await
}

async fn act(session: &Session, candidate: &Candidate, pace: &Pace) -> Outcome {
    let mut outcome = foreseen(candidate);
    if !matches!(candidate.plan, Plan::Skip(_)) {
        pace.turn().await;
    }
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
                session.tables().resume(record).await?;
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
    if !rerun::may_restart(candidate.record.as_ref()) {
        return Err(CliError::Failed("its record is not marked FAILED yet; try again in a moment".to_owned()));
    }
    let input = candidate.detail.input.as_deref().ok_or_else(|| CliError::Failed("its input is not known any more".to_owned()))?;
    outcome.new_execution_arn = Some(session.executions().start(input).await?);
    outcome.action = "RESTARTED";
    Ok(())
}

async fn wait(session: &Session, candidate: &Candidate, outcome: &mut Outcome, looks: &Semaphore) {
    let Some(image_id) = candidate.image_id.clone() else { return };
    // After a redrive the same execution goes on; after a restart the failure of the old one is no news.
    let old = outcome.new_execution_arn.is_some().then(|| candidate.detail.execution.arn.clone());
    let follow = Follow::again(vec![image_id], old);
    if let Some(record) = settled(session, &follow, outcome, looks).await {
        outcome.failed = record.is_rerunnable();
        outcome.reason = record.status_reason.or_else(|| outcome.reason.take());
    }
}

/// The record once it has a new end, with its status noted in `outcome`. `None` if the command is stopped before, or the record cannot be
/// read; `outcome` then says so.
pub async fn settled(session: &Session, follow: &Follow, outcome: &mut Outcome, looks: &Semaphore) -> Option<Record> {
    let records = session.tables();
    let settled = tokio::select! {
        settled = follow.settled(&records, looks) => settled,
        stop = stop::requested() => {
            (outcome.action, outcome.reason) = ("WAITING", Some(format!("still at work; {}", stop.sentence())));
            return None;
        }
    };
    match settled {
        Ok(record) => {
            outcome.processing_status = Some(status_name(record.processing_status));
            Some(record)
        }
        Err(error) => {
            (outcome.failed, outcome.reason) = (true, Some(sentence(&error)));
            None
        }
    }
}
