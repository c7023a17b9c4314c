//! Deciding a review: saves the decision, then notifies the execution that waits for it.

use crate::{
    model::{clock::EpochMillis, error::StorageError, record::Record, review::ReviewOutcome},
    ports::{Decided, ExecutionState, Executions, Interventions, Notified, Records, Written},
};

/// The result of a decision.
#[derive(Debug)]
pub enum Decision {
    /// It is saved, and the execution has received it.
    Delivered,
    /// It is saved, but the execution does not wait for it at this moment; reconcile notifies it.
    NotYetWaiting,
    /// It is saved, but notifying the execution failed; reconcile does it again.
    NotNotified(StorageError),
    /// It is saved, and was applied although no execution waited for it when it was sent.
    Applied,
    /// It was refused.
    Refused(Decided),
    /// It was not saved, because the execution has ended; `None` if Step Functions does not know it any more.
    Ended(Option<ExecutionState>),
}

/// Saves the decision `outcome` about `record` by a conditional write, then notifies the execution. The task token stays in this process.
///
/// # Errors
///
/// [`StorageError`] if the decision cannot be saved, or if it is unknown whether it applies.
pub async fn decide(
    tables: &(impl Interventions + Records),
    executions: &impl Executions,
    record: &Record,
    outcome: &ReviewOutcome,
    now: EpochMillis,
) -> Result<Decision, StorageError> {
    let token = match tables.decide(&record.image_id, record.upload_timestamp, outcome, now).await? {
        Decided::Yes { token } => token,
        refused => return Ok(Decision::Refused(refused)),
    };
    let notified = match &token {
        Some(token) => executions.notify(token, outcome).await,
        None => Ok(Notified::NotWaiting),
    };
    match notified {
        Ok(Notified::Yes) => Ok(Decision::Delivered),
        Ok(Notified::NotWaiting) => keep_or_withdraw(tables, executions, record, outcome).await,
        Err(error) => Ok(Decision::NotNotified(error)),
    }
}

/// The decision is saved, but no execution waits for its task token. The decision is kept if the execution still runs, or has applied it.
/// If the execution has ended, the decision would never be applied, so it is withdrawn.
async fn keep_or_withdraw(
    tables: &(impl Interventions + Records),
    executions: &impl Executions,
    record: &Record,
    outcome: &ReviewOutcome,
) -> Result<Decision, StorageError> {
    let state = executions.find(&record.execution_arn).await?.map(|facts| facts.state);
    if state == Some(ExecutionState::Running) {
        return Ok(Decision::NotYetWaiting);
    }
    if tables.take_back(&record.image_id, record.upload_timestamp, outcome).await? == Written::Yes {
        return Ok(Decision::Ended(state));
    }
    let now = Records::find(tables, &record.image_id).await?;
    let is_applied = now.is_some_and(|now| now.review_status == outcome.status && now.reviewed_at == outcome.reviewed_at);
    Ok(if is_applied { Decision::Applied } else { Decision::Ended(state) })
}
