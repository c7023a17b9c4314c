//! Connects a command to its deployment, which is found by its CloudFormation outputs, on AWS and locally.

use crate::{args::Global, error::CliError};
use sightline_aws::{
    bulk_imports::BulkImports,
    clients::{Clients, Target},
    dead_letters::DeadLetters,
    executions::Executions,
    label_search::LabelSearch,
    logs::Logs,
    objects::Objects,
    records::Records,
    reviews::Reviews,
    stack::{self, LogGroup, Stack, StackError},
    trends::Trends,
    workflow::Workflow,
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
    (config.region().map(ToString::to_string), config.endpoint_url().unwrap_or("AWS").to_owned())
}

/// Finds the stacks of the deployment `--name`.
pub async fn find_stack(clients: &Clients, global: &Global) -> Result<Stack, CliError> {
    let (region, endpoint) = region_and_endpoint(clients);
    let region = region.ok_or(CliError::NoRegion)?;
    stack::find(&clients.cloudformation(), &global.name).await.map_err(|error| match error {
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

    pub fn records(&self) -> Records {
        Records::new(self.clients.dynamodb(), &self.stack.records_table)
    }

    pub fn reviews(&self) -> Reviews {
        Reviews::new(self.clients.dynamodb(), &self.stack.records_table)
    }

    pub fn label_search(&self) -> LabelSearch {
        LabelSearch::new(self.clients.dynamodb(), &self.stack.label_index_table)
    }

    pub fn logs(&self) -> Logs {
        Logs::new(self.clients.cloudwatchlogs())
    }

    pub async fn log_groups(&self, global: &Global) -> Result<Vec<LogGroup>, CliError> {
        Ok(stack::log_groups(&self.clients.cloudformation(), &global.name).await?)
    }

    pub fn trends(&self) -> Trends {
        Trends::new(self.clients.dynamodb(), &self.stack.trends_table)
    }

    pub fn workflow(&self) -> Workflow {
        Workflow::new(self.clients.sfn())
    }

    pub fn objects(&self) -> Objects {
        Objects::new(self.clients.s3())
    }

    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clients.sqs(), &self.stack.events_dead_letter_queue_url)
    }

    pub fn executions(&self) -> Executions {
        Executions::new(self.clients.sfn(), &self.stack.state_machine_arn, &self.stack.live_state_machine_arn)
    }

    pub fn imports(&self) -> BulkImports {
        BulkImports::new(self.clients.sfn(), &self.stack.bulk_import_arn)
    }
}
