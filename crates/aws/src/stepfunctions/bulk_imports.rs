//! Runs of the state machine bulk-import, and what their Map Runs tell.

use super::{ExecutionDetail, StepFunctions};
use crate::classify::storage;
use aws_sdk_sfn::{
    Client,
    operation::{describe_map_run::DescribeMapRunOutput, start_execution::StartExecutionError},
    types::{ExecutionStatus, MapRunItemCounts},
};
use serde_json::Value;
use sightline_domain::model::{
    error::StorageError,
    import::{ImportItem, ListedObject},
};

/// Imports of one deployment.
#[derive(Debug, Clone)]
pub struct BulkImports {
    client: Client,
    state_machine_arn: String,
}

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It runs; its ARN.
    Yes(String),
    /// There is one of this name, with other work or over.
    NameTaken,
}

/// How far a run is, in items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapRun {
    /// Its ARN.
    pub arn: String,
    /// All.
    pub total: u64,
    /// Not begun.
    pub pending: u64,
    /// At work.
    pub running: u64,
    /// Done well.
    pub succeeded: u64,
    /// Failed, timed out or aborted.
    pub failed: u64,
}

/// An item that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedItem {
    /// What was to be imported.
    pub object: ListedObject,
    /// The error's name.
    pub error: String,
    /// What it said: Lambda's JSON.
    pub cause: String,
}

impl BulkImports {
    /// Over an SDK client.
    pub fn new(client: Client, state_machine_arn: impl Into<String>) -> Self {
        Self { client, state_machine_arn: state_machine_arn.into() }
    }

    fn executions(&self) -> StepFunctions {
        StepFunctions::new(self.client.clone()).with_state_machine(&self.state_machine_arn, &self.state_machine_arn)
    }

    /// The ARN of the run of this name.
    pub fn arn_of(&self, name: &str) -> String {
        self.executions().arn_of(name)
    }

    /// A run, or `None` where there is none of this ARN.
    pub async fn describe(&self, arn: &str) -> Result<Option<ExecutionDetail>, StorageError> {
        self.executions().describe(arn).await
    }

    /// The setting `importConcurrency`, as the deployed definition has it.
    pub async fn max_concurrency(&self) -> Result<Option<u64>, StorageError> {
        let request = self.client.describe_state_machine().state_machine_arn(&self.state_machine_arn);
        let described = request.send().await.map_err(|error| storage("reading the definition of bulk-import", error))?;
        let definition: Value = serde_json::from_str(&described.definition).unwrap_or_default();
        let states = definition.get("States").and_then(Value::as_object);
        Ok(states.into_iter().flat_map(|states| states.values()).find_map(|state| state.get("MaxConcurrency")?.as_u64()))
    }

    /// Starts a run; the same name and `input` again, while it runs, is the same run.
    pub async fn start(&self, name: &str, input: &str) -> Result<Started, StorageError> {
        let request = self.client.start_execution().state_machine_arn(&self.state_machine_arn).name(name).input(input);
        match request.send().await {
            Ok(started) => Ok(Started::Yes(started.execution_arn)),
            Err(error) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => Ok(Started::NameTaken),
            Err(error) => Err(storage("starting the import", error)),
        }
    }

    /// The Map Run of a run, or `None` while it has not begun.
    pub async fn map_run(&self, execution_arn: &str) -> Result<Option<MapRun>, StorageError> {
        let listed = self.client.list_map_runs().execution_arn(execution_arn).send().await;
        let listed = listed.map_err(|error| storage("looking for the import's Map Run", error))?;
        let Some(run) = listed.map_runs.into_iter().next() else { return Ok(None) };
        let described = self.client.describe_map_run().map_run_arn(run.map_run_arn).send().await;
        described.map(|run| Some(MapRun::from(run))).map_err(|error| storage("reading the import's Map Run", error))
    }

    /// Lets at most `concurrency` items be at work at once.
    pub async fn bound(&self, map_run_arn: &str, concurrency: u16) -> Result<(), StorageError> {
        let request = self.client.update_map_run().map_run_arn(map_run_arn).max_concurrency(i32::from(concurrency));
        request.send().await.map(drop).map_err(|error| storage("bounding the import's Map Run", error))
    }

    /// Items that failed, at most `limit`.
    pub async fn failures(&self, map_run_arn: &str, limit: usize) -> Result<Vec<FailedItem>, StorageError> {
        let mut failed = Vec::new();
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            let mut next = None;
            loop {
                let request = self.client.list_executions().map_run_arn(map_run_arn).status_filter(status.clone()).set_next_token(next);
                let page = request.send().await.map_err(|error| storage("listing the items that failed", error))?;
                for child in page.executions {
                    if failed.len() == limit {
                        return Ok(failed);
                    }
                    let detail = self.describe(&child.execution_arn).await?;
                    failed.extend(detail.and_then(failed_item));
                }
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
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
