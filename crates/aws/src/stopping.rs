//! Step Functions behind the port that stops executions.

use crate::{classify::storage, workflow::Workflow};
use aws_sdk_sfn::{
    operation::{describe_execution::DescribeExecutionError, stop_execution::StopExecutionError},
    types::ExecutionStatus,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::{
    erase::ports::{ExecutionStop, Stopped},
    error::StorageError,
};

impl ExecutionStop for Workflow {
    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        match self.client.describe_execution().execution_arn(execution_arn).send().await {
            Ok(execution) if execution.status == ExecutionStatus::Running => {}
            Ok(_) => return Ok(Stopped::NotRunning),
            Err(error) if error.as_service_error().is_some_and(DescribeExecutionError::is_execution_does_not_exist) => {
                return Ok(Stopped::NotRunning);
            }
            Err(error) => return Err(storage("looking at the execution", error)),
        }
        let request = self.client.stop_execution().execution_arn(execution_arn).error("Image.Erased").cause("the image was erased");
        match request.send().await {
            Ok(_) => Ok(Stopped::Stopped),
            Err(error) if error.as_service_error().is_some_and(ended_meanwhile) => Ok(Stopped::NotRunning),
            Err(error) => Err(storage("stopping the execution", error)),
        }
    }
}

/// It ended, or was forgotten, since it was looked at.
fn ended_meanwhile(error: &StopExecutionError) -> bool {
    error.is_execution_does_not_exist() || error.code() == Some("ValidationException")
}
