//! The history of an execution: its events, and the cause of a failure.

use super::{StepFunctions, millis};
use crate::classify::storage;
use aws_sdk_sfn::{
    operation::get_execution_history::{GetExecutionHistoryError, GetExecutionHistoryOutput},
    types::{HistoryEvent, HistoryEventType},
};
use sightline_domain::{
    model::{error::StorageError, execution::Event},
    ports::FailureCause,
};

/// A failure event with its error and cause.
type Failure<'a> = (&'a HistoryEvent, Option<&'a str>, Option<&'a str>);

/// The [`Failure`] from the first of these details that the event has.
macro_rules! failure_from {
    ($event:ident, $($details:ident),+) => {
        None$(.or_else(|| {
            let details = $event.$details()?;
            Some(($event, details.error(), details.cause()))
        }))+
    };
}

impl StepFunctions {
    /// The last events, newest first; `None` if Step Functions does not know the execution any more (after 90 days).
    pub(super) async fn newest_events(&self, execution_arn: &str) -> Result<Option<GetExecutionHistoryOutput>, StorageError> {
        let request = self.client.get_execution_history().execution_arn(execution_arn).reverse_order(true).max_results(NEWEST_EVENTS);
        match request.send().await {
            Ok(history) => Ok(Some(history)),
            Err(error) if error.as_service_error().is_some_and(GetExecutionHistoryError::is_execution_does_not_exist) => Ok(None),
            Err(error) => Err(storage("reading the execution's history", error)),
        }
    }
}

/// An event of a history.
pub(super) fn event(event: &HistoryEvent) -> Event {
    let entered = event.state_entered_event_details.as_ref().map(|details| details.name.clone());
    let left = event.state_exited_event_details.as_ref().map(|details| details.name.clone());
    let failure = task_failure(event).or_else(|| execution_failure(event));
    let failure = failure.or_else(|| failure_from!(event, evaluation_failed_event_details));
    Event {
        id: event.id,
        previous: event.previous_event_id,
        at: millis(&event.timestamp),
        kind: event.r#type.as_str().to_owned(),
        state: entered.or(left),
        input: event.state_entered_event_details.as_ref().and_then(|details| details.input.clone()),
        error: failure.and_then(|(_, error, _)| error.map(str::to_owned)),
        cause: failure.and_then(|(.., cause)| cause.map(str::to_owned)),
    }
}

/// The last events are enough, because a failure is at the end of the history.
const NEWEST_EVENTS: i32 = 50;

/// Whether the execution runs or has succeeded after this event; `None` if the event neither ends nor redrives the execution.
pub(super) fn runs_after(event: &HistoryEvent) -> Option<bool> {
    match event.r#type() {
        HistoryEventType::ExecutionRedriven | HistoryEventType::ExecutionSucceeded => Some(true),
        HistoryEventType::ExecutionFailed | HistoryEventType::ExecutionTimedOut | HistoryEventType::ExecutionAborted => Some(false),
        _ => None,
    }
}

/// The error that ended the execution, with the state in which it occurred.
///
/// The execution may have recovered from an earlier task failure by a retry. So a task failure is the cause only if the execution ended with
/// the same error, and never if the execution was aborted or timed out.
pub(super) fn first_cause(newest_first: &[HistoryEvent]) -> Option<FailureCause> {
    let mut task_failures = newest_first.iter().filter_map(task_failure);
    let cause = match newest_first.iter().find_map(execution_failure) {
        Some(ended) => {
            let same_error = |failure: &Failure<'_>| failure.1.unwrap_or_default() == ended.1.unwrap_or_default();
            task_failures.find(|failure| ended.0.execution_failed_event_details().is_some() && same_error(failure)).or(Some(ended))
        }
        None => task_failures.next(),
    };
    cause.map(|(event, error, message)| FailureCause {
        state: state_of(newest_first, event),
        error: error.unwrap_or_default().to_owned(),
        message: message.unwrap_or_default().to_owned(),
    })
}

fn task_failure(event: &HistoryEvent) -> Option<Failure<'_>> {
    failure_from!(
        event,
        task_failed_event_details,
        task_timed_out_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details
    )
}

fn execution_failure(event: &HistoryEvent) -> Option<Failure<'_>> {
    failure_from!(event, execution_failed_event_details, execution_timed_out_event_details, execution_aborted_event_details)
}

/// The name of the state to which an event belongs.
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
