//! Where commands get their clients from: the stack is found by its outputs, on AWS and locally alike.

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
    stack::find(&clients.cloudformation(), &global.name).await.map_err(|error| match error {
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

    /// The records.
    pub fn records(&self) -> Records {
        Records::new(self.clients.dynamodb(), &self.stack.records_table)
    }

    /// The review queue.
    pub fn reviews(&self) -> Reviews {
        Reviews::new(self.clients.dynamodb(), &self.stack.records_table)
    }

    /// The label index.
    pub fn label_search(&self) -> LabelSearch {
        LabelSearch::new(self.clients.dynamodb(), &self.stack.label_index_table)
    }

    /// The logs.
    pub fn logs(&self) -> Logs {
        Logs::new(self.clients.cloudwatchlogs())
    }

    /// The groups that the deployment logs to.
    pub async fn log_groups(&self, global: &Global) -> Result<Vec<LogGroup>, CliError> {
        Ok(stack::log_groups(&self.clients.cloudformation(), &global.name).await?)
    }

    /// What was counted.
    pub fn trends(&self) -> Trends {
        Trends::new(self.clients.dynamodb(), &self.stack.trends_table)
    }

    /// Who waits for decisions.
    pub fn workflow(&self) -> Workflow {
        Workflow::new(self.clients.sfn())
    }

    /// The images bucket.
    pub fn objects(&self) -> Objects {
        Objects::new(self.clients.s3())
    }

    /// The events that could not be delivered.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clients.sqs(), &self.stack.events_dead_letter_queue_url)
    }

    /// The executions.
    pub fn executions(&self) -> Executions {
        Executions::new(self.clients.sfn(), &self.stack.state_machine_arn, &self.stack.live_state_machine_arn)
    }

    /// The imports.
    pub fn imports(&self) -> BulkImports {
        BulkImports::new(self.clients.sfn(), &self.stack.bulk_import_arn)
    }
}
