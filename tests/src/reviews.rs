//! Step Functions in memory: who was told of a decision, and what the history of an execution shows.

use secrecy::{ExposeSecret, SecretString};
use sightline_domain::{
    error::StorageError,
    ports::{ExecutionHistory, FailureCause, ReviewCallback, Told},
    review::ReviewOutcome,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Callbacks by task token.
#[derive(Debug, Clone, Default)]
pub struct MemoryCallbacks(Arc<Mutex<Vec<(String, ReviewOutcome)>>>);

impl MemoryCallbacks {
    /// Tokens and decisions so far.
    pub fn told(&self) -> Vec<(String, ReviewOutcome)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ReviewCallback for MemoryCallbacks {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        let told = (task_token.expose_secret().to_owned(), outcome.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        Ok(Told::Yes)
    }
}

/// Histories and callbacks together. As in Step Functions, a token takes one answer.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorkflow {
    /// The cause of every failure.
    pub history: FixedHistory,
    /// Who was told.
    pub callbacks: MemoryCallbacks,
    /// Whether every execution that failed was redriven.
    pub redriven: bool,
}

impl ExecutionHistory for MemoryWorkflow {
    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        self.history.failure_cause(execution_arn).await
    }

    async fn goes_on(&self, execution_arn: &str) -> Result<bool, StorageError> {
        Ok(self.redriven || self.history.goes_on(execution_arn).await?)
    }
}

impl ReviewCallback for MemoryWorkflow {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        if self.callbacks.told().iter().any(|(token, _)| token == task_token.expose_secret()) {
            return Ok(Told::NotWaiting);
        }
        self.callbacks.tell(task_token, outcome).await
    }
}

/// The same cause for every execution.
#[derive(Debug, Clone, Default)]
pub struct FixedHistory(pub Option<FailureCause>);

impl ExecutionHistory for FixedHistory {
    async fn failure_cause(&self, _: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.0.clone())
    }

    async fn goes_on(&self, _: &str) -> Result<bool, StorageError> {
        Ok(false)
    }
}
