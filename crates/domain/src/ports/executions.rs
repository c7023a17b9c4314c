use crate::model::{clock::EpochMillis, error::StorageError, review::ReviewOutcome};
use secrecy::SecretString;
use serde::Serialize;
use std::future::Future;

/// The state of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    /// Running, waiting, or about to be redriven.
    Running,
    /// Succeeded.
    Succeeded {
        /// Epoch milliseconds.
        stopped_at: Option<EpochMillis>,
    },
    /// Failed, timed out or aborted.
    Failed {
        /// FAILED, `TIMED_OUT` or ABORTED.
        status: String,
        /// Error name.
        error: Option<String>,
        /// Message of the error.
        cause: Option<String>,
        /// Epoch milliseconds.
        stopped_at: Option<EpochMillis>,
    },
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionFacts {
    /// Its state.
    pub state: ExecutionState,
    /// Its input: JSON.
    pub input: Option<String>,
}

/// The first real cause of a failed execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCause {
    /// The state that failed, if the history names it.
    pub state: Option<String>,
    /// Error name.
    pub error: String,
    /// Message of the error.
    pub message: String,
}

/// Whether an execution was notified of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notified {
    /// It was, and continues.
    Yes,
    /// It does not wait with this token: it has ended, timed out, or was notified before.
    NotWaiting,
}

/// Whether an execution had to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stopped {
    /// It was running.
    Stopped,
    /// It had ended, or Step Functions does not know it any more.
    NotRunning,
}

/// Executions of the state machine.
///
/// # Errors
///
/// Every method returns [`StorageError`] if Step Functions does not answer or refuses the request.
pub trait Executions: Sync {
    /// The facts of an execution; `None` if Step Functions knows no execution with this ARN.
    fn find(&self, execution_arn: &str) -> impl Future<Output = Result<Option<ExecutionFacts>, StorageError>> + Send;

    /// Starts an execution with `input`, the event of an upload; returns its ARN.
    fn start(&self, input: &str) -> impl Future<Output = Result<String, StorageError>> + Send;

    /// Stops an execution if it runs.
    fn stop(&self, execution_arn: &str) -> impl Future<Output = Result<Stopped, StorageError>> + Send;

    /// The cause of the failure of an execution; `None` if its history shows none.
    fn failure_cause(&self, execution_arn: &str) -> impl Future<Output = Result<Option<FailureCause>, StorageError>> + Send;

    /// Whether an execution that had failed was redriven since: it is running again, or has succeeded.
    fn was_redriven(&self, execution_arn: &str) -> impl Future<Output = Result<bool, StorageError>> + Send;

    /// Sends `outcome` to the execution that waits with `task_token`.
    fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> impl Future<Output = Result<Notified, StorageError>> + Send;
}
