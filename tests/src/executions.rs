//! Step Functions in memory: the executions, what was started, and which executions were notified.

use secrecy::{ExposeSecret, SecretString};
use sightline_domain::{
    model::{error::StorageError, review::ReviewOutcome},
    ports::{ExecutionFacts, ExecutionState, Executions, FailureCause, Notified, Stopped},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Contents {
    known: BTreeMap<String, ExecutionFacts>,
    started: Vec<(String, String)>,
    notified: Vec<(String, ReviewOutcome)>,
    failure_cause: Option<FailureCause>,
    redriven: bool,
}

/// The executions. Clones share their contents.
#[derive(Debug, Clone, Default)]
pub struct MemoryExecutions(Arc<Mutex<Contents>>);

impl MemoryExecutions {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an execution, or changes its state.
    pub fn put(&self, arn: &str, state: ExecutionState) {
        self.contents().known.insert(arn.to_owned(), ExecutionFacts { state, input: None });
    }

    /// Sets the cause that the history of every execution shows.
    pub fn set_failure_cause(&self, cause: FailureCause) {
        self.contents().failure_cause = Some(cause);
    }

    /// Sets whether every failed execution was redriven.
    pub fn set_redriven(&self, redriven: bool) {
        self.contents().redriven = redriven;
    }

    /// ARN and input of all executions that were started, in order.
    pub fn started(&self) -> Vec<(String, String)> {
        self.contents().started.clone()
    }

    /// Task tokens that were notified, with their decisions, in order.
    pub fn notified(&self) -> Vec<(String, ReviewOutcome)> {
        self.contents().notified.clone()
    }
}

impl Executions for MemoryExecutions {
    async fn find(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.contents().known.get(execution_arn).cloned())
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        let mut contents = self.contents();
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:started-{}", contents.started.len() + 1);
        contents.started.push((arn.clone(), input.to_owned()));
        contents.known.insert(arn.clone(), ExecutionFacts { state: ExecutionState::Running, input: Some(input.to_owned()) });
        Ok(arn)
    }

    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        let mut contents = self.contents();
        let running = contents.known.get_mut(execution_arn).filter(|facts| facts.state == ExecutionState::Running);
        let Some(facts) = running else { return Ok(Stopped::NotRunning) };
        facts.state = ExecutionState::Failed { status: "ABORTED".to_owned(), error: None, cause: None, stopped_at: None };
        Ok(Stopped::Stopped)
    }

    async fn failure_cause(&self, _: &str) -> Result<Option<FailureCause>, StorageError> {
        Ok(self.contents().failure_cause.clone())
    }

    async fn was_redriven(&self, _: &str) -> Result<bool, StorageError> {
        Ok(self.contents().redriven)
    }

    /// As in Step Functions, a token accepts one answer.
    async fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Notified, StorageError> {
        let mut contents = self.contents();
        if contents.notified.iter().any(|(token, _)| token == task_token.expose_secret()) {
            return Ok(Notified::NotWaiting);
        }
        contents.notified.push((task_token.expose_secret().to_owned(), outcome.clone()));
        Ok(Notified::Yes)
    }
}
