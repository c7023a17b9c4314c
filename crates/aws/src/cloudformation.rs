//! Finds a deployment by the outputs of its two `CloudFormation` stacks, on AWS and locally.

use crate::classify::storage;
use aws_sdk_cloudformation::{
    Client,
    config::{Config, retry::RetryConfig},
    types::{Stack as Description, StackResourceSummary},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::{
    model::{DEFAULT_RETENTION_DAYS, StorageError},
    rules::quota,
};
use std::collections::HashMap;

/// Attempts at `DescribeStacks`, the first call of every command: a wrong endpoint is reported quickly.
const ATTEMPTS: u32 = 2;

/// The resources of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The images bucket.
    pub images_bucket: String,
    /// Table of the records.
    pub records_table: String,
    /// Table of the label index.
    pub label_index_table: String,
    /// Table of the trend counters.
    pub trends_table: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// The ARN that executions are started with: the alias of the state machine on AWS, the state machine itself on a local stack.
    pub live_state_machine_arn: String,
    /// ARN of the state machine of bulk imports.
    pub bulk_import_arn: String,
    /// ARN of the topic for alerts about images.
    pub alerts_topic_arn: String,
    /// ARN of the topic for alarms and reports.
    pub operations_topic_arn: String,
    /// URL of the dead-letter queue of EventBridge events.
    pub events_dead_letter_queue_url: String,
    /// Rekognition's quota in calls a second per operation: the setting, or the default quota of the region.
    pub rekognition_calls_per_second: u32,
    /// Days until a record expires; 0: never.
    pub retention_days: u32,
}

/// Why no stack was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The stack does not exist.
    #[error("stack {stack} does not exist")]
    Absent {
        /// Its name.
        stack: String,
    },
    /// The stack exists, but an output is missing.
    #[error("stack {stack} ({status}) has no output {output}")]
    Incomplete {
        /// Its name.
        stack: String,
        /// Its status, such as `ROLLBACK_COMPLETE`.
        status: String,
        /// The output that is missing.
        output: &'static str,
    },
    /// The call of `CloudFormation` failed.
    #[error(transparent)]
    Unanswered(#[from] StorageError),
}

/// The deployment of the stacks `{name}-stateful` and `{name}-stateless`.
///
/// # Errors
///
/// [`StackError`] if a stack or one of its outputs does not exist, or if `CloudFormation` cannot be read.
pub async fn find(client: &Client, name: &str) -> Result<Stack, StackError> {
    let stateful = outputs(client, format!("{name}-stateful")).await?;
    let stateless = outputs(client, format!("{name}-stateless")).await?;
    let region = client.config().region().map_or("", |region| region.as_ref());
    Ok(Stack {
        images_bucket: stateful.take("ImagesBucketName")?,
        records_table: stateful.take("RecordsTableName")?,
        label_index_table: stateful.take("LabelIndexTableName")?,
        trends_table: stateful.take("TrendsTableName")?,
        state_machine_arn: stateless.take("StateMachineArn")?,
        live_state_machine_arn: stateless.take("LiveStateMachineArn")?,
        bulk_import_arn: stateless.take("BulkImportArn")?,
        alerts_topic_arn: stateless.take("AlertsTopicArn")?,
        operations_topic_arn: stateless.take("OperationsTopicArn")?,
        events_dead_letter_queue_url: stateless.take("EventsDeadLetterQueueUrl")?,
        rekognition_calls_per_second: quota::calls_per_second(stateless.number("RekognitionCallsPerSecond").unwrap_or(0), region),
        // Deployments of earlier releases have no such output.
        retention_days: stateless.number("RetentionDays").unwrap_or(DEFAULT_RETENTION_DAYS),
    })
}

/// A log group of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its logical id in the template, such as `FunctionsDetectLabelsFunctionLogs34218ECC`.
    pub logical_id: String,
}

/// The log groups of the functions and state machines in the stacks `{name}-stateless` and, if it is deployed, `{name}-web`.
///
/// # Errors
///
/// [`StorageError`] if `CloudFormation` cannot be read.
pub async fn log_groups(client: &Client, name: &str) -> Result<Vec<LogGroup>, StorageError> {
    let mut groups = log_groups_of(client, &format!("{name}-stateless")).await?;
    // The access log and the log of CDK's own function have no lines of ours.
    groups
        .extend(log_groups_of(client, &format!("{name}-web")).await?.into_iter().filter(|group| group.logical_id.contains("FunctionLogs")));
    Ok(groups)
}

/// All log groups of a stack; none if it does not exist.
async fn log_groups_of(client: &Client, stack: &str) -> Result<Vec<LogGroup>, StorageError> {
    let resources: Result<Vec<StackResourceSummary>, _> =
        client.list_stack_resources().stack_name(stack).into_paginator().items().send().collect().await;
    let resources = match resources {
        Ok(resources) => resources,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(storage("listing the stack's resources", error)),
    };
    let log_groups = resources.into_iter().filter(|resource| resource.resource_type() == Some("AWS::Logs::LogGroup"));
    let named = |group: StackResourceSummary| {
        Some(LogGroup { name: group.physical_resource_id?, logical_id: group.logical_resource_id.unwrap_or_default() })
    };
    Ok(log_groups.filter_map(named).collect())
}

/// Whether a stack does not exist: `CloudFormation` has no other error for it (API reference, DescribeStacks).
fn is_absent(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|message| message.contains("does not exist"))
}

#[derive(Debug)]
struct Outputs {
    stack: String,
    status: String,
    values: HashMap<String, String>,
}

impl Outputs {
    fn of(stack: String, description: Description) -> Self {
        let status = description.stack_status().map_or_else(|| "no status".to_owned(), |status| status.as_str().to_owned());
        let pairs = description.outputs.unwrap_or_default().into_iter();
        Self { stack, status, values: pairs.filter_map(|output| output.output_key.zip(output.output_value)).collect() }
    }

    fn take(&self, output: &'static str) -> Result<String, StackError> {
        let missing = || StackError::Incomplete { stack: self.stack.clone(), status: self.status.clone(), output };
        self.values.get(output).cloned().ok_or_else(missing)
    }

    /// A number; `None` if an earlier release deployed the stack without this output.
    fn number(&self, output: &str) -> Option<u32> {
        self.values.get(output)?.parse().ok()
    }
}

async fn outputs(client: &Client, stack: String) -> Result<Outputs, StackError> {
    let few_attempts = Config::builder().retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    match client.describe_stacks().stack_name(&stack).customize().config_override(few_attempts).send().await {
        Ok(answer) => match answer.stacks.unwrap_or_default().into_iter().next() {
            Some(description) => Ok(Outputs::of(stack, description)),
            None => Err(StackError::Absent { stack }),
        },
        Err(error) if is_absent(&error) => Err(StackError::Absent { stack }),
        Err(error) => Err(storage("looking for the stack", error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::{Output, StackStatus};

    #[test]
    fn the_error_names_the_missing_output_and_the_status_of_the_stack() {
        let output = Output::builder().output_key("ImagesBucketName").output_value("images").build();
        let description = Description::builder().stack_status(StackStatus::RollbackComplete).outputs(output).build();
        let outputs = Outputs::of("x-stateful".into(), description);
        assert_eq!(outputs.take("ImagesBucketName").unwrap(), "images");
        let missing = outputs.take("RecordsTableName").unwrap_err().to_string();
        assert_eq!(missing, "stack x-stateful (ROLLBACK_COMPLETE) has no output RecordsTableName");
        assert_eq!(outputs.number("RetentionDays"), None);
    }
}
