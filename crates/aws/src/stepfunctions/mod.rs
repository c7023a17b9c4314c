//! Step Functions: the executions of the state machine.

mod bulk_imports;
mod history;

pub use bulk_imports::{BulkImports, FailedItem, MapRun, Started};

use crate::classify::storage;
use aws_sdk_sfn::{
    Client,
    error::SdkError,
    operation::{
        describe_execution::DescribeExecutionError, redrive_execution::RedriveExecutionError, send_task_success::SendTaskSuccessError,
        stop_execution::StopExecutionError,
    },
    types::{ExecutionListItem, ExecutionRedriveStatus, ExecutionStatus},
};
use aws_smithy_types::{DateTime, error::metadata::ProvideErrorMetadata};
use secrecy::{ExposeSecret, SecretString};
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        execution::{Event, Execution, ExecutionDetail},
        review::ReviewOutcome,
    },
    ports::{
        ExecutionFacts, ExecutionOperations, ExecutionQuery, ExecutionState, Executions, FailureCause, Notified, Page, Redriven, Stopped,
    },
};

/// Executions per page.
const PAGE: u16 = 200;
/// Events per page of a history; the maximum of `GetExecutionHistory`.
const EVENTS: i32 = 1_000;

/// Error codes of operations that a local Step Functions does not support.
const NO_SUCH_OPERATION: [&str; 3] = ["InvalidAction", "UnknownOperationException", "NotImplemented"];

/// The executions of a state machine.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
    state_machine_arn: String,
    live_state_machine_arn: String,
}

impl StepFunctions {
    /// Step Functions over an SDK client. It can read, stop and notify executions by their ARN.
    pub fn new(client: Client) -> Self {
        Self { client, state_machine_arn: String::new(), live_state_machine_arn: String::new() }
    }

    /// With the state machine `state_machine_arn`, whose executions are listed, and `live_state_machine_arn`, which may be its alias and
    /// starts fresh executions.
    #[must_use]
    pub fn with_state_machine(self, state_machine_arn: impl Into<String>, live_state_machine_arn: impl Into<String>) -> Self {
        Self { state_machine_arn: state_machine_arn.into(), live_state_machine_arn: live_state_machine_arn.into(), ..self }
    }

    /// The executions with one of these `statuses` (empty: any) that started at `since` or later, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if Step Functions does not answer.
    pub async fn list(&self, statuses: &[&str], since: EpochMillis, limit: usize) -> Result<Vec<Execution>, StorageError> {
        let mut found = Vec::new();
        if statuses.is_empty() {
            self.list_status(None, since, limit, &mut found).await?;
        }
        for status in statuses {
            self.list_status(Some(status), since, limit, &mut found).await?;
        }
        found.sort_by_key(|execution| std::cmp::Reverse(execution.started_at));
        found.truncate(limit);
        Ok(found)
    }

    async fn list_status(
        &self,
        status: Option<&str>,
        since: EpochMillis,
        limit: usize,
        found: &mut Vec<Execution>,
    ) -> Result<(), StorageError> {
        let (mut count, mut next) = (0, None::<String>);
        loop {
            let page = self.page(&ExecutionQuery { status, since, limit: PAGE, token: next.as_deref() }).await?;
            count += page.items.len();
            found.extend(page.items);
            next = page.next;
            if next.is_none() || count >= limit {
                return Ok(());
            }
        }
    }
}

impl ExecutionOperations for StepFunctions {
    fn arn_of(&self, name: &str) -> String {
        format!("{}:{name}", self.state_machine_arn.replacen(":stateMachine:", ":execution:", 1))
    }

    async fn page(&self, query: &ExecutionQuery<'_>) -> Result<Page<Execution, String>, StorageError> {
        let request = self.client.list_executions().state_machine_arn(&self.state_machine_arn).max_results(i32::from(query.limit));
        let request = request.set_status_filter(query.status.map(ExecutionStatus::from)).set_next_token(query.token.map(str::to_owned));
        let page = request.send().await.map_err(|error| storage("listing the executions", error))?;
        let all = page.executions.len();
        let items: Vec<_> = page.executions.iter().map(listed).take_while(|execution| execution.started_at >= query.since).collect();
        let next = page.next_token.filter(|token| !token.is_empty() && items.len() == all);
        Ok(Page { items, unreadable: Vec::new(), next })
    }

    async fn describe(&self, arn: &str) -> Result<Option<ExecutionDetail>, StorageError> {
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
                    .map(|_| answer.redrive_status_reason.unwrap_or_else(|| "Step Functions does not say why".to_owned())),
            })),
            Err(SdkError::ServiceError(service))
                if matches!(service.err(), DescribeExecutionError::ExecutionDoesNotExist(_) | DescribeExecutionError::InvalidArn(_)) =>
            {
                Ok(None)
            }
            Err(error) => Err(storage("reading the execution", error)),
        }
    }

    async fn history_length(&self, arn: &str) -> Result<i64, StorageError> {
        let request = self.client.get_execution_history().execution_arn(arn).reverse_order(true).max_results(1);
        let newest = request.send().await.map_err(|error| storage("reading the execution's history", error))?;
        Ok(newest.events.first().map_or(0, |event| event.id))
    }

    async fn history(&self, arn: &str, limit: usize) -> Result<Vec<Event>, StorageError> {
        let (mut events, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.get_execution_history().execution_arn(arn).include_execution_data(true).max_results(EVENTS);
            let page = request.set_next_token(next).send().await.map_err(|error| storage("reading the execution's history", error))?;
            events.extend(page.events.iter().map(history::event));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() || events.len() >= limit {
                events.truncate(limit);
                return Ok(events);
            }
        }
    }

    async fn redrive(&self, arn: &str) -> Result<Redriven, StorageError> {
        match self.client.redrive_execution().execution_arn(arn).send().await {
            Ok(_) => Ok(Redriven::Yes),
            Err(error) => match error.as_service_error() {
                Some(RedriveExecutionError::ExecutionNotRedrivable(refusal)) => {
                    Ok(Redriven::Refused(refusal.message().unwrap_or("Step Functions does not say why").to_owned()))
                }
                Some(other) if other.code().is_some_and(|code| NO_SUCH_OPERATION.contains(&code)) => Ok(Redriven::Unknown),
                _ => Err(storage("redriving the execution", error)),
            },
        }
    }
}

impl Executions for StepFunctions {
    async fn find(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.describe(execution_arn).await?.map(facts))
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        let request = self.client.start_execution().state_machine_arn(&self.live_state_machine_arn).input(input);
        let answer = request.send().await.map_err(|error| storage("starting a fresh execution", error))?;
        Ok(answer.execution_arn)
    }

    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        let execution = self.describe(execution_arn).await?;
        if execution.is_none_or(|found| found.execution.status != ExecutionStatus::Running.as_str()) {
            return Ok(Stopped::NotRunning);
        }
        let request = self.client.stop_execution().execution_arn(execution_arn).error("Image.Erased").cause("the image was erased");
        match request.send().await {
            Ok(_) => Ok(Stopped::Stopped),
            Err(error) if error.as_service_error().is_some_and(ended_meanwhile) => Ok(Stopped::NotRunning),
            Err(error) => Err(storage("stopping the execution", error)),
        }
    }

    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.newest_events(execution_arn).await?.and_then(|history| history::first_cause(&history.events)))
    }

    async fn was_redriven(&self, execution_arn: &str) -> Result<bool, StorageError> {
        let history = self.newest_events(execution_arn).await?;
        // If the last events contain no end, the execution has been running for many events, after a redrive that is not among them.
        Ok(history.is_some_and(|history| history.events.iter().find_map(history::runs_after).unwrap_or(history.next_token.is_some())))
    }

    async fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Notified, StorageError> {
        let doing = "notifying the execution of the decision";
        let output = serde_json::to_string(outcome).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        let sent = self.client.send_task_success().task_token(task_token.expose_secret()).output(output).send().await;
        match sent {
            Ok(_) => Ok(Notified::Yes),
            Err(error) if error.as_service_error().is_some_and(is_not_waiting) => Ok(Notified::NotWaiting),
            Err(error) => Err(storage(doing, error)),
        }
    }
}

fn facts(detail: ExecutionDetail) -> ExecutionFacts {
    let ExecutionDetail { execution, input, error, cause, .. } = detail;
    let stopped_at = execution.stopped_at;
    let state = match execution.status.as_str() {
        "SUCCEEDED" => ExecutionState::Succeeded { stopped_at },
        "FAILED" | "TIMED_OUT" | "ABORTED" => ExecutionState::Failed { status: execution.status, error, cause, stopped_at },
        // RUNNING, PENDING_REDRIVE, and any status that is unknown here: such an execution is not repaired.
        _ => ExecutionState::Running,
    };
    ExecutionFacts { state, input }
}

/// Whether the execution ended between the calls of `DescribeExecution` and `StopExecution`.
fn ended_meanwhile(error: &StopExecutionError) -> bool {
    error.is_execution_does_not_exist() || error.code() == Some("ValidationException")
}

/// Whether no execution waits with this task token any more.
fn is_not_waiting(error: &SendTaskSuccessError) -> bool {
    error.is_task_timed_out() || error.is_task_does_not_exist() || error.is_invalid_token()
}

fn millis(at: &DateTime) -> EpochMillis {
    at.to_millis().unwrap_or_default()
}

fn listed(item: &ExecutionListItem) -> Execution {
    Execution {
        arn: item.execution_arn.clone(),
        name: item.name.clone(),
        status: item.status.as_str().to_owned(),
        started_at: millis(&item.start_date),
        stopped_at: item.stop_date.as_ref().map(millis),
    }
}
