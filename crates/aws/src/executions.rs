//! Executions of the state machine: which there are, and how one went.

use crate::classify::storage;
use aws_sdk_sfn::{
    Client,
    error::SdkError,
    operation::{describe_execution::DescribeExecutionError, redrive_execution::RedriveExecutionError},
    types::{ExecutionListItem, ExecutionRedriveStatus, ExecutionStatus, HistoryEvent},
};
use aws_smithy_types::{DateTime, error::metadata::ProvideErrorMetadata};
use sightline_domain::{clock::EpochMillis, error::StorageError};

const PAGE: i32 = 200;

/// An execution, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// ARN.
    pub arn: String,
    /// Name, which is unique for 90 days.
    pub name: String,
    /// RUNNING, SUCCEEDED, FAILED, `TIMED_OUT`, ABORTED or `PENDING_REDRIVE`.
    pub status: String,
    /// Epoch milliseconds.
    pub started_at: EpochMillis,
    /// Epoch milliseconds; none while it runs.
    pub stopped_at: Option<EpochMillis>,
}

/// An execution, with what it was given and how it ended.
#[derive(Debug, Clone)]
pub struct ExecutionDetail {
    /// In short.
    pub execution: Execution,
    /// Its input: JSON.
    pub input: Option<String>,
    /// Name of the error that ended it.
    pub error: Option<String>,
    /// What the error said.
    pub cause: Option<String>,
    /// How often it was redriven.
    pub redrives: i32,
    /// Why Step Functions says that it cannot be redriven, where it says so.
    pub not_redrivable: Option<String>,
}

/// One event of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Number within the history.
    pub id: i64,
    /// Number of the event that led to it; 0 for none.
    pub previous: i64,
    /// Epoch milliseconds.
    pub at: EpochMillis,
    /// Type as Step Functions names it, such as `TaskStateEntered`.
    pub kind: String,
    /// Name of the state that was entered or left.
    pub state: Option<String>,
    /// What the state that was entered was given: JSON.
    pub input: Option<String>,
    /// Error name.
    pub error: Option<String>,
    /// What the error said.
    pub cause: Option<String>,
}

/// What became of a redrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    /// It goes on from where it failed.
    Yes,
    /// Step Functions refuses, and why.
    Refused(String),
    /// This engine knows no redrive, as the local one.
    Unknown,
}

/// Codes by which an engine says that it does not know an operation.
const NO_SUCH_OPERATION: [&str; 3] = ["InvalidAction", "UnknownOperationException", "NotImplemented"];

/// The state machine's executions.
#[derive(Debug, Clone)]
pub struct Executions {
    client: Client,
    state_machine_arn: String,
    live_state_machine_arn: String,
}

impl Executions {
    /// Over an SDK client: all executions of `state_machine_arn`; fresh ones are started with `live_state_machine_arn`, which may be its alias.
    pub fn new(client: Client, state_machine_arn: impl Into<String>, live_state_machine_arn: impl Into<String>) -> Self {
        Self { client, state_machine_arn: state_machine_arn.into(), live_state_machine_arn: live_state_machine_arn.into() }
    }

    /// The ARN of the execution of this name.
    pub fn arn_of(&self, name: &str) -> String {
        format!("{}:{name}", self.state_machine_arn.replacen(":stateMachine:", ":execution:", 1))
    }

    /// Executions in one of `statuses` (empty: in any) that started at `since` or later, newest first, at most `limit`.
    pub async fn list(&self, statuses: &[&str], since: EpochMillis, limit: usize) -> Result<Vec<Execution>, StorageError> {
        let mut found = Vec::new();
        if statuses.is_empty() {
            self.list_status(None, since, limit, &mut found).await?;
        }
        for status in statuses {
            self.list_status(Some(ExecutionStatus::from(*status)), since, limit, &mut found).await?;
        }
        found.sort_by_key(|execution| std::cmp::Reverse(execution.started_at));
        found.truncate(limit);
        Ok(found)
    }

    async fn list_status(
        &self,
        status: Option<ExecutionStatus>,
        since: EpochMillis,
        limit: usize,
        found: &mut Vec<Execution>,
    ) -> Result<(), StorageError> {
        let (mut taken, mut next) = (0, None);
        loop {
            let request = self.client.list_executions().state_machine_arn(&self.state_machine_arn).max_results(PAGE);
            let sent = request.set_status_filter(status.clone()).set_next_token(next).send().await;
            let page = sent.map_err(|error| storage("listing the executions", error))?;
            let fresh: Vec<_> = page.executions.iter().map(Execution::from).take_while(|execution| execution.started_at >= since).collect();
            let reached_since = fresh.len() < page.executions.len();
            taken += fresh.len();
            found.extend(fresh);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() || reached_since || taken >= limit {
                return Ok(());
            }
        }
    }

    /// One execution, or `None` where there is none of this ARN.
    pub async fn describe(&self, arn: &str) -> Result<Option<ExecutionDetail>, StorageError> {
        match self.client.describe_execution().execution_arn(arn).send().await {
            Ok(answer) => Ok(Some(ExecutionDetail {
                execution: Execution {
                    name: answer.name.clone().unwrap_or_default(),
                    arn: answer.execution_arn,
                    status: answer.status.as_str().to_owned(),
                    started_at: millis(&answer.start_date),
                    stopped_at: answer.stop_date.as_ref().map(millis),
                },
                input: answer.input,
                error: answer.error.filter(|error| !error.is_empty()),
                cause: answer.cause.filter(|cause| !cause.is_empty()),
                redrives: answer.redrive_count.unwrap_or_default(),
                not_redrivable: answer
                    .redrive_status
                    .filter(|status| *status == ExecutionRedriveStatus::NotRedrivable)
                    .map(|_| answer.redrive_status_reason.unwrap_or_else(|| "Step Functions gives no reason".to_owned())),
            })),
            Err(SdkError::ServiceError(service))
                if matches!(service.err(), DescribeExecutionError::ExecutionDoesNotExist(_) | DescribeExecutionError::InvalidArn(_)) =>
            {
                Ok(None)
            }
            Err(error) => Err(storage("reading the execution", error)),
        }
    }

    /// Redrives an execution: its failed states run again, with the same input and definition.
    pub async fn redrive(&self, arn: &str) -> Result<Redriven, StorageError> {
        match self.client.redrive_execution().execution_arn(arn).send().await {
            Ok(_) => Ok(Redriven::Yes),
            Err(error) => match error.as_service_error() {
                Some(RedriveExecutionError::ExecutionNotRedrivable(refusal)) => {
                    Ok(Redriven::Refused(refusal.message().unwrap_or("Step Functions gives no reason").to_owned()))
                }
                Some(other) if other.code().is_some_and(|code| NO_SUCH_OPERATION.contains(&code)) => Ok(Redriven::Unknown),
                _ => Err(storage("redriving the execution", error)),
            },
        }
    }

    /// Starts a fresh execution with the same `input`; gives its ARN. It reads what lies in `results/` instead of paying again.
    pub async fn restart(&self, input: &str) -> Result<String, StorageError> {
        let request = self.client.start_execution().state_machine_arn(&self.live_state_machine_arn).input(input);
        let answer = request.send().await.map_err(|error| storage("starting a fresh execution", error))?;
        Ok(answer.execution_arn)
    }

    /// The number of events in an execution's history.
    pub async fn history_length(&self, arn: &str) -> Result<i64, StorageError> {
        let request = self.client.get_execution_history().execution_arn(arn).reverse_order(true).max_results(1);
        let newest = request.send().await.map_err(|error| storage("reading the execution's history", error))?;
        Ok(newest.events.first().map_or(0, |event| event.id))
    }

    /// The whole history of an execution, oldest event first, with the states' inputs.
    pub async fn history(&self, arn: &str) -> Result<Vec<Event>, StorageError> {
        let (mut events, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.get_execution_history().execution_arn(arn).include_execution_data(true).max_results(1000);
            let sent = request.set_next_token(next).send().await;
            let page = sent.map_err(|error| storage("reading the execution's history", error))?;
            events.extend(page.events.iter().map(Event::from));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(events);
            }
        }
    }
}

fn millis(at: &DateTime) -> EpochMillis {
    at.to_millis().unwrap_or_default()
}

impl From<&ExecutionListItem> for Execution {
    fn from(item: &ExecutionListItem) -> Self {
        Self {
            arn: item.execution_arn.clone(),
            name: item.name.clone(),
            status: item.status.as_str().to_owned(),
            started_at: millis(&item.start_date),
            stopped_at: item.stop_date.as_ref().map(millis),
        }
    }
}

impl From<&HistoryEvent> for Event {
    fn from(event: &HistoryEvent) -> Self {
        let entered = event.state_entered_event_details.as_ref().map(|details| details.name.clone());
        let left = event.state_exited_event_details.as_ref().map(|details| details.name.clone());
        let (error, cause) = failure(event).unwrap_or_default();
        Self {
            id: event.id,
            previous: event.previous_event_id,
            at: millis(&event.timestamp),
            kind: event.r#type.as_str().to_owned(),
            state: entered.or(left),
            input: event.state_entered_event_details.as_ref().and_then(|details| details.input.clone()),
            error,
            cause,
        }
    }
}

/// Error and cause, of whichever kind of event carries them.
fn failure(event: &HistoryEvent) -> Option<(Option<String>, Option<String>)> {
    macro_rules! first_of {
        ($($details:ident),+) => {
            None$(.or_else(|| event.$details.as_ref().map(|details| (details.error.clone(), details.cause.clone()))))+
        };
    }
    first_of!(
        task_failed_event_details,
        task_timed_out_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details,
        evaluation_failed_event_details,
        execution_failed_event_details,
        execution_timed_out_event_details,
        execution_aborted_event_details
    )
}
