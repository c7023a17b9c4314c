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

/// The same cause for every execution.
#[derive(Debug, Clone, Default)]
pub struct FixedHistory(pub Option<FailureCause>);

impl ExecutionHistory for FixedHistory {
    async fn failure_cause(&self, _: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.0.clone())
    }
}
