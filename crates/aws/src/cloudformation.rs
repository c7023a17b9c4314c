//! Finds a deployed sightline by the outputs of its two `CloudFormation` stacks, on AWS and locally alike.

use crate::classify::storage;
use aws_sdk_cloudformation::{
    Client,
    config::{Config, retry::RetryConfig},
    types::Stack as Description,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::{model::error::StorageError, rules::quota};
use std::collections::HashMap;

const ATTEMPTS: u32 = 2;

/// The default of the setting `retentionDays`, for a deployment of a release that does not say how long it keeps records.
const DEFAULT_RETENTION_DAYS: u32 = 730;

/// Where a deployed sightline keeps its things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Bucket of all images.
    pub images_bucket: String,
    /// Table of the records.
    pub records_table: String,
    /// Table of the label index.
    pub label_index_table: String,
    /// Table of the trends.
    pub trends_table: String,
    /// The state machine.
    pub state_machine_arn: String,
    /// What new executions are started with: its alias on AWS, the machine itself on a local stack.
    pub live_state_machine_arn: String,
    /// The state machine of bulk imports.
    pub bulk_import_arn: String,
    /// Topic of the alerts about images.
    pub alerts_topic_arn: String,
    /// Topic of the alarms.
    pub operations_topic_arn: String,
    /// Queue of the events that reached no execution.
    pub events_dead_letter_queue_url: String,
    /// Calls a second that Rekognition allows of each operation: the setting, or the region's default quota.
    pub rekognition_calls_per_second: u32,
    /// Days that records are kept; 0 = for ever.
    pub retention_days: u32,
}

/// Why no stack was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// There is no such stack.
    #[error("there is no stack {stack}")]
    Absent {
        /// Its name.
        stack: String,
    },
    /// The stack is there, but not what we need of it.
    #[error("stack {stack} ({status}) has no output {output}")]
    Incomplete {
        /// Its name.
        stack: String,
        /// Its status, such as `ROLLBACK_COMPLETE`.
        status: String,
        /// The output that is missing.
        output: &'static str,
    },
    /// `CloudFormation` did not answer.
    #[error(transparent)]
    Unanswered(#[from] StorageError),
}

/// Finds `{name}-stateful` and `{name}-stateless`.
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
        retention_days: stateless.number("RetentionDays").unwrap_or(DEFAULT_RETENTION_DAYS),
    })
}

/// A log group that belongs to a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// The name that the template gives it, such as `FunctionsDetectLabelsFunctionLogs34218ECC`.
    pub logical_id: String,
}

/// The log groups of `{name}-stateless`.
pub async fn log_groups(client: &Client, name: &str) -> Result<Vec<LogGroup>, StorageError> {
    let (mut groups, mut next) = (Vec::new(), None);
    loop {
        let request = client.list_stack_resources().stack_name(format!("{name}-stateless")).set_next_token(next);
        let page = request.send().await.map_err(|error| storage("listing the stack's resources", error))?;
        let resources = page.stack_resource_summaries.unwrap_or_default().into_iter();
        let of_logs = resources.filter(|resource| resource.resource_type() == Some("AWS::Logs::LogGroup"));
        groups.extend(of_logs.filter_map(|group| {
            Some(LogGroup { name: group.physical_resource_id?, logical_id: group.logical_resource_id.unwrap_or_default() })
        }));
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(groups);
        }
    }
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

    /// A number. None where an earlier release deployed the stack without this output.
    fn number(&self, output: &str) -> Option<u32> {
        self.values.get(output)?.parse().ok()
    }
}

async fn outputs(client: &Client, stack: String) -> Result<Outputs, StackError> {
    // The first call of a command, by somebody who waits: a wrong endpoint is told soon.
    let brief = Config::builder().retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    match client.describe_stacks().stack_name(&stack).customize().config_override(brief).send().await {
        Ok(answer) => match answer.stacks.unwrap_or_default().into_iter().next() {
            Some(description) => Ok(Outputs::of(stack, description)),
            None => Err(StackError::Absent { stack }),
        },
        // The one way in which CloudFormation says that a stack does not exist (API reference, DescribeStacks).
        Err(error) if error.code() == Some("ValidationError") && error.message().is_some_and(|said| said.contains("does not exist")) => {
            Err(StackError::Absent { stack })
        }
        Err(error) => Err(storage("looking for the stack", error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::{Output, StackStatus};

    #[test]
    fn a_missing_output_is_named_with_the_state_of_its_stack() {
        let output = Output::builder().output_key("ImagesBucketName").output_value("images").build();
        let description = Description::builder().stack_status(StackStatus::RollbackComplete).outputs(output).build();
        let outputs = Outputs::of("x-stateful".into(), description);
        assert_eq!(outputs.take("ImagesBucketName").unwrap(), "images");
        let missing = outputs.take("RecordsTableName").unwrap_err().to_string();
        assert_eq!(missing, "stack x-stateful (ROLLBACK_COMPLETE) has no output RecordsTableName");
        assert_eq!(outputs.number("RetentionDays"), None);
    }
}
