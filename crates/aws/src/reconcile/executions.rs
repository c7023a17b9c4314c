//! Looking executions up, and starting them.

use crate::executions::{ExecutionDetail, Executions};
use sightline_domain::{
    error::StorageError,
    reconcile::{self, ExecutionFacts, ExecutionState},
};

impl reconcile::Executions for Executions {
    async fn look(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.describe(execution_arn).await?.map(facts))
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        self.restart(input).await
    }
}

fn facts(detail: ExecutionDetail) -> ExecutionFacts {
    let ExecutionDetail { execution, input, error, cause, .. } = detail;
    let stopped_at = execution.stopped_at;
    let state = match execution.status.as_str() {
        "SUCCEEDED" => ExecutionState::Succeeded { stopped_at },
        "FAILED" | "TIMED_OUT" | "ABORTED" => ExecutionState::Failed { status: execution.status, error, cause, stopped_at },
        // RUNNING and PENDING_REDRIVE; and a status that we do not know is no reason to interfere.
        _ => ExecutionState::Running,
    };
    ExecutionFacts { state, input }
}
