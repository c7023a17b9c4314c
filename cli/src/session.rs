//! Where commands get their clients from: the stack is found by its outputs, on AWS and locally alike.

use crate::{args::Global, error::CliError};
use sightline_aws::{
    clients::{Clients, Target},
    cloudformation::{self, LogGroup, Stack, StackError},
    dynamodb::{TableNames, Tables},
    logs::Logs,
    s3::S3,
    sqs::DeadLetters,
    stepfunctions::{BulkImports, StepFunctions},
};

/// A found stack, and the means to talk to it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Clients.
    pub clients: Clients,
    /// The stack.
    pub stack: Stack,
}

/// Clients for what the command line says, else the environment and the profile.
pub async fn clients(global: &Global) -> Clients {
    let target = Target { profile: global.profile.clone(), region: global.region.clone(), endpoint_url: global.endpoint_url.clone() };
    Clients::load(target).await
}

/// Region and endpoint, for people.
pub fn place(clients: &Clients) -> (Option<String>, String) {
    let config = clients.config();
    (config.region().map(ToString::to_string), config.endpoint_url().unwrap_or("AWS").to_owned())
}

/// Finds the stack that the command line names.
pub async fn find_stack(clients: &Clients, global: &Global) -> Result<Stack, CliError> {
    let (region, endpoint) = place(clients);
    let region = region.ok_or(CliError::NoRegion)?;
    cloudformation::find(&clients.cloudformation(), &global.name).await.map_err(|error| match error {
        StackError::Unanswered(error) => CliError::from(error).with_profile(global.profile.as_deref()),
        absent => CliError::NoStack { problem: absent.to_string(), region, endpoint },
    })
}

impl Session {
    /// Connects and finds the stack.
    pub async fn open(global: &Global) -> Result<Self, CliError> {
        let clients = clients(global).await;
        let stack = find_stack(&clients, global).await?;
        Ok(Self { clients, stack })
    }

    /// The tables.
    pub fn tables(&self) -> Tables {
        let names = TableNames {
            records: self.stack.records_table.clone(),
            label_index: self.stack.label_index_table.clone(),
            trends: self.stack.trends_table.clone(),
        };
        Tables::new(self.clients.dynamodb(), names)
    }

    /// The objects of the images bucket, the uploads and the sources of imports.
    pub fn s3(&self) -> S3 {
        S3::new(self.clients.s3())
    }

    /// The executions.
    pub fn executions(&self) -> StepFunctions {
        StepFunctions::new(self.clients.sfn()).with_state_machine(&self.stack.state_machine_arn, &self.stack.live_state_machine_arn)
    }

    /// The imports.
    pub fn imports(&self) -> BulkImports {
        BulkImports::new(self.clients.sfn(), &self.stack.bulk_import_arn)
    }

    /// The dead-letter queue.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clients.sqs(), &self.stack.events_dead_letter_queue_url)
    }

    /// The logs.
    pub fn logs(&self) -> Logs {
        Logs::new(self.clients.cloudwatchlogs())
    }

    /// The log groups of the deployment.
    ///
    /// # Errors
    ///
    /// [`CliError`] if CloudFormation does not answer.
    pub async fn log_groups(&self, global: &Global) -> Result<Vec<LogGroup>, CliError> {
        Ok(cloudformation::log_groups(&self.clients.cloudformation(), &global.name).await?)
    }
}
