//! Executions of the state machine `bulk-import`, and their Map Runs.

use super::StepFunctions;
use crate::classify::storage;
use aws_sdk_sfn::{
    Client,
    operation::{describe_map_run::DescribeMapRunOutput, start_execution::StartExecutionError},
    types::{ExecutionStatus, MapRunItemCounts},
};
use serde_json::Value;
use sightline_domain::{
    model::{
        error::StorageError,
        execution::ExecutionDetail,
        import::{ImportItem, ListedObject},
    },
    ports::ExecutionOperations,
};

/// The bulk imports of a deployment.
///
/// # Errors
///
/// Every method returns [`StorageError`] if Step Functions does not answer or refuses the request.
#[derive(Debug, Clone)]
pub struct BulkImports {
    client: Client,
    state_machine_arn: String,
}

/// The result of starting an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It is running; the ARN of the execution.
    Yes(String),
    /// An execution with this name exists already: it has another input, or has ended.
    NameTaken,
}

/// The progress of a Map Run, in items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapRun {
    /// ARN of the Map Run.
    pub arn: String,
    /// All items.
    pub total: u64,
    /// Not started.
    pub pending: u64,
    /// Running.
    pub running: u64,
    /// Succeeded.
    pub succeeded: u64,
    /// Failed, timed out or aborted.
    pub failed: u64,
}

/// An item that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedItem {
    /// The object to import.
    pub object: ListedObject,
    /// Error name.
    pub error: String,
    /// Cause of the error: Lambda's JSON.
    pub cause: String,
}

impl BulkImports {
    /// The executions of the state machine with this ARN, over an SDK client.
    pub fn new(client: Client, state_machine_arn: impl Into<String>) -> Self {
        Self { client, state_machine_arn: state_machine_arn.into() }
    }

    fn executions(&self) -> StepFunctions {
        StepFunctions::new(self.client.clone()).with_state_machine(&self.state_machine_arn, &self.state_machine_arn)
    }

    /// The ARN of the execution with this name.
    pub fn arn_of(&self, name: &str) -> String {
        self.executions().arn_of(name)
    }

    /// An execution; `None` if Step Functions knows no execution with this ARN.
    pub async fn describe(&self, arn: &str) -> Result<Option<ExecutionDetail>, StorageError> {
        self.executions().describe(arn).await
    }

    /// The `MaxConcurrency` of the Map state in the deployed definition: the setting `importConcurrency`.
    pub async fn max_concurrency(&self) -> Result<Option<u64>, StorageError> {
        let request = self.client.describe_state_machine().state_machine_arn(&self.state_machine_arn);
        let described = request.send().await.map_err(|error| storage("reading the definition of bulk-import", error))?;
        let definition: Value = serde_json::from_str(&described.definition).unwrap_or_default();
        let states = definition.get("States").and_then(Value::as_object);
        Ok(states.into_iter().flat_map(|states| states.values()).find_map(|state| state.get("MaxConcurrency")?.as_u64()))
    }

    /// Starts an execution. While it runs, another start with the same name and `input` returns the same execution.
    pub async fn start(&self, name: &str, input: &str) -> Result<Started, StorageError> {
        let request = self.client.start_execution().state_machine_arn(&self.state_machine_arn).name(name).input(input);
        match request.send().await {
            Ok(started) => Ok(Started::Yes(started.execution_arn)),
            Err(error) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => Ok(Started::NameTaken),
            Err(error) => Err(storage("starting the import", error)),
        }
    }

    /// The Map Run of an execution; `None` if it has not started yet.
    pub async fn map_run(&self, execution_arn: &str) -> Result<Option<MapRun>, StorageError> {
        let listed = self.client.list_map_runs().execution_arn(execution_arn).send().await;
        let listed = listed.map_err(|error| storage("looking for the import's Map Run", error))?;
        let Some(run) = listed.map_runs.into_iter().next() else { return Ok(None) };
        let described = self.client.describe_map_run().map_run_arn(run.map_run_arn).send().await;
        described.map(|run| Some(MapRun::from(run))).map_err(|error| storage("reading the import's Map Run", error))
    }

    /// Limits the number of items that run at the same time.
    pub async fn set_max_concurrency(&self, map_run_arn: &str, concurrency: u16) -> Result<(), StorageError> {
        let request = self.client.update_map_run().map_run_arn(map_run_arn).max_concurrency(i32::from(concurrency));
        request.send().await.map(drop).map_err(|error| storage("limiting the import's Map Run", error))
    }

    /// The failed items, at most `limit`.
    pub async fn failures(&self, map_run_arn: &str, limit: usize) -> Result<Vec<FailedItem>, StorageError> {
        let mut failed = Vec::new();
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            let request = self.client.list_executions().map_run_arn(map_run_arn).status_filter(status);
            let mut children = request.into_paginator().items().send();
            while failed.len() < limit
                && let Some(child) = children.next().await
            {
                let child = child.map_err(|error| storage("listing the failed items", error))?;
                failed.extend(self.describe(&child.execution_arn).await?.and_then(failed_item));
            }
        }
        Ok(failed)
    }
}

fn failed_item(detail: ExecutionDetail) -> Option<FailedItem> {
    let item: ImportItem = serde_json::from_str(detail.input.as_deref()?).ok()?;
    let error = detail.error.unwrap_or_else(|| format!("Execution.{}", detail.execution.status));
    Some(FailedItem { object: item.object().ok()?, error, cause: detail.cause.unwrap_or_default() })
}

impl From<DescribeMapRunOutput> for MapRun {
    fn from(run: DescribeMapRunOutput) -> Self {
        let count = |of: fn(&MapRunItemCounts) -> i64| run.item_counts.as_ref().map_or(0, of).try_into().unwrap_or_default();
        Self {
            total: count(|items| items.total),
            pending: count(|items| items.pending),
            running: count(|items| items.running),
            succeeded: count(|items| items.succeeded),
            failed: count(|items| items.failed + items.timed_out + items.aborted),
            arn: run.map_run_arn,
        }
    }
}
