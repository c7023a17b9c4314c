//! Step Functions behind the ports for review callbacks and execution histories.

use crate::classify::storage;
use aws_sdk_sfn::{
    Client,
    operation::{
        get_execution_history::{GetExecutionHistoryError, GetExecutionHistoryOutput},
        send_task_success::SendTaskSuccessError,
    },
    types::{HistoryEvent, HistoryEventType},
};
use secrecy::{ExposeSecret, SecretString};
use sightline_domain::{
    error::StorageError,
    ports::{ExecutionHistory, FailureCause, ReviewCallback, Told},
    review::ReviewOutcome,
};

/// Executions of the state machine.
#[derive(Debug, Clone)]
pub struct Workflow {
    pub(crate) client: Client,
}

impl Workflow {
    /// Over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ReviewCallback for Workflow {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        let doing = "telling the execution of the decision";
        let output = serde_json::to_string(outcome).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        let sent = self.client.send_task_success().task_token(task_token.expose_secret()).output(output).send().await;
        match sent {
            Ok(_) => Ok(Told::Yes),
            Err(error) if error.as_service_error().is_some_and(waits_no_more) => Ok(Told::NotWaiting),
            Err(error) => Err(storage(doing, error)),
        }
    }
}

fn waits_no_more(error: &SendTaskSuccessError) -> bool {
    error.is_task_timed_out() || error.is_task_does_not_exist() || error.is_invalid_token()
}

/// The newest events are enough: a failure stands at the end of its history.
const NEWEST_EVENTS: i32 = 50;

impl Workflow {
    /// The newest events first. Step Functions forgets executions: `None`, and what ended one is known from its event alone.
    async fn newest_events(&self, execution_arn: &str) -> Result<Option<GetExecutionHistoryOutput>, StorageError> {
        let request = self.client.get_execution_history().execution_arn(execution_arn).reverse_order(true).max_results(NEWEST_EVENTS);
        match request.send().await {
            Ok(history) => Ok(Some(history)),
            Err(error) if error.as_service_error().is_some_and(GetExecutionHistoryError::is_execution_does_not_exist) => Ok(None),
            Err(error) => Err(storage("reading the execution's history", error)),
        }
    }
}

impl ExecutionHistory for Workflow {
    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.newest_events(execution_arn).await?.and_then(|history| first_cause(&history.events)))
    }

    async fn goes_on(&self, execution_arn: &str) -> Result<bool, StorageError> {
        let history = self.newest_events(execution_arn).await?;
        // Without a turn among the newest events, it has been at work for longer than they tell.
        Ok(history.is_some_and(|history| history.events.iter().find_map(turn).unwrap_or(history.next_token.is_some())))
    }
}

/// Whether an execution goes on or went well from this event on; `None` where the event neither ends it nor begins it anew.
fn turn(event: &HistoryEvent) -> Option<bool> {
    match event.r#type() {
        HistoryEventType::ExecutionRedriven | HistoryEventType::ExecutionSucceeded => Some(true),
        HistoryEventType::ExecutionFailed | HistoryEventType::ExecutionTimedOut | HistoryEventType::ExecutionAborted => Some(false),
        _ => None,
    }
}

/// What ended the execution, with the state it happened in.
///
/// An earlier task failure may have been retried well, so one is the cause only where the execution ended with the same error; of an
/// execution that was aborted or ran out of time, none is.
fn first_cause(newest_first: &[HistoryEvent]) -> Option<FailureCause> {
    let mut task_failures = newest_first.iter().filter_map(task_failure);
    let cause = match newest_first.iter().find_map(execution_failure) {
        Some(ended) => {
            task_failures.find(|(_, error, _)| ended.0.execution_failed_event_details().is_some() && *error == ended.1).or(Some(ended))
        }
        None => task_failures.next(),
    };
    cause.map(|(event, error, message)| FailureCause {
        state: state_of(newest_first, event),
        error: error.to_owned(),
        message: message.to_owned(),
    })
}

type Failure<'a> = (&'a HistoryEvent, &'a str, &'a str);

fn task_failure(event: &HistoryEvent) -> Option<Failure<'_>> {
    let failed = event.task_failed_event_details().map(|details| (event, details.error(), details.cause()));
    let timed_out = event.task_timed_out_event_details().map(|details| (event, details.error(), details.cause()));
    let not_started = event.task_start_failed_event_details().map(|details| (event, details.error(), details.cause()));
    let not_submitted = event.task_submit_failed_event_details().map(|details| (event, details.error(), details.cause()));
    let failure = failed.or(timed_out).or(not_started).or(not_submitted);
    failure.map(|(event, error, cause)| (event, error.unwrap_or_default(), cause.unwrap_or_default()))
}

fn execution_failure(event: &HistoryEvent) -> Option<Failure<'_>> {
    let failed = event.execution_failed_event_details().map(|details| (event, details.error(), details.cause()));
    let timed_out = event.execution_timed_out_event_details().map(|details| (event, details.error(), details.cause()));
    let aborted = event.execution_aborted_event_details().map(|details| (event, details.error(), details.cause()));
    failed.or(timed_out).or(aborted).map(|(event, error, cause)| (event, error.unwrap_or_default(), cause.unwrap_or_default()))
}

/// Walks back from an event to the state that it belongs to.
fn state_of(events: &[HistoryEvent], from: &HistoryEvent) -> Option<String> {
    let mut current = from;
    for _ in 0..events.len() {
        if let Some(entered) = current.state_entered_event_details() {
            return Some(entered.name().to_owned());
        }
        current = events.iter().find(|event| event.id() == current.previous_event_id())?;
    }
    None
}
