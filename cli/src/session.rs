//! Connects a command to its deployment, which is found by its CloudFormation outputs, on AWS and locally.

use crate::{args::Global, error::CliError};
use sightline_aws::{
    Clients, DeadLetters, Logs, S3, StepFunctions, TableNames, Tables, Target,
    cloudformation::{self, LogGroup, Stack, StackError},
    stepfunctions::BulkImports,
};

/// A deployment, and the adapters of its resources.
#[derive(Debug, Clone)]
pub struct Session {
    pub clients: Clients,
    pub stack: Stack,
}

/// Clients for the profile, region and endpoint of the command line, else of the environment and the configuration files.
pub async fn clients(global: &Global) -> Clients {
    let target = Target { profile: global.profile.clone(), region: global.region.clone(), endpoint_url: global.endpoint_url.clone() };
    Clients::load(target).await
}

/// The region, and the endpoint or `AWS`.
pub fn region_and_endpoint(clients: &Clients) -> (Option<String>, String) {
    let config = clients.config();
    (config.region().map(ToString::to_string).filter(|region| !region.is_empty()), config.endpoint_url().unwrap_or("AWS").to_owned())
}

/// Finds the stacks of the deployment `--name`.
pub async fn find_stack(clients: &Clients, global: &Global) -> Result<Stack, CliError> {
    let (region, endpoint) = region_and_endpoint(clients);
    let region = region.ok_or(CliError::NoRegion)?;
    cloudformation::find(&clients.cloudformation(), &global.name).await.map_err(|error| match error {
        StackError::Unanswered(error) => CliError::from(error).with_profile(global.profile.as_deref()),
        missing => CliError::NoStack { problem: missing.to_string(), region, endpoint },
    })
}

impl Session {
    /// Connects to the deployment `--name`.
    pub async fn open(global: &Global) -> Result<Self, CliError> {
        let clients = clients(global).await;
        let stack = find_stack(&clients, global).await?;
        Ok(Self { clients, stack })
    }

    pub fn tables(&self) -> Tables {
        let names = TableNames {
            records: self.stack.records_table.clone(),
            label_index: self.stack.label_index_table.clone(),
            trends: self.stack.trends_table.clone(),
        };
        Tables::new(self.clients.dynamodb(), names)
    }

    pub fn s3(&self) -> S3 {
        S3::new(self.clients.s3())
    }

    pub fn executions(&self) -> StepFunctions {
        StepFunctions::new(self.clients.sfn()).with_state_machine(&self.stack.state_machine_arn, &self.stack.live_state_machine_arn)
    }

    pub fn imports(&self) -> BulkImports {
        BulkImports::new(self.clients.sfn(), &self.stack.bulk_import_arn)
    }

    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clients.sqs(), &self.stack.events_dead_letter_queue_url)
    }

    pub fn logs(&self) -> Logs {
        Logs::new(self.clients.cloudwatchlogs())
    }

    /// The log groups of the deployment.
    ///
    /// # Errors
    ///
    /// `CliError` if CloudFormation cannot be read.
    pub async fn log_groups(&self, global: &Global) -> Result<Vec<LogGroup>, CliError> {
        Ok(cloudformation::log_groups(&self.clients.cloudformation(), &global.name).await?)
    }
}
