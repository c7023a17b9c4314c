//! Histories of executions: their events, and the cause of a failure.

use super::{StepFunctions, millis};
use crate::classify::storage;
use aws_sdk_sfn::{
    operation::get_execution_history::{GetExecutionHistoryError, GetExecutionHistoryOutput},
    types::{HistoryEvent, HistoryEventType},
};
use sightline_domain::{
    model::{clock::EpochMillis, error::StorageError},
    ports::FailureCause,
};

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

impl StepFunctions {
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

    /// The newest events first. Step Functions forgets executions: `None`, and what ended one is known from its event alone.
    pub(super) async fn newest_events(&self, execution_arn: &str) -> Result<Option<GetExecutionHistoryOutput>, StorageError> {
        let request = self.client.get_execution_history().execution_arn(execution_arn).reverse_order(true).max_results(NEWEST_EVENTS);
        match request.send().await {
            Ok(history) => Ok(Some(history)),
            Err(error) if error.as_service_error().is_some_and(GetExecutionHistoryError::is_execution_does_not_exist) => Ok(None),
            Err(error) => Err(storage("reading the execution's history", error)),
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

/// The newest events are enough: a failure stands at the end of its history.
const NEWEST_EVENTS: i32 = 50;

/// Whether an execution goes on or went well from this event on; `None` where the event neither ends it nor begins it anew.
pub(super) fn turn(event: &HistoryEvent) -> Option<bool> {
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
pub(super) fn first_cause(newest_first: &[HistoryEvent]) -> Option<FailureCause> {
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
