use super::Page;
use crate::model::{
    clock::EpochMillis,
    error::StorageError,
    execution::{Event, Execution, ExecutionDetail},
};
use std::future::Future;

/// The result of a redrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    /// It resumes at the state that failed.
    Yes,
    /// Step Functions refused it, for this reason.
    Refused(String),
    /// Redrive is not supported, as in a local Step Functions.
    Unknown,
}

/// A page of executions.
#[derive(Debug, Clone, Copy)]
pub struct ExecutionQuery<'a> {
    /// Only this status; `None`: any.
    pub status: Option<&'a str>,
    /// Only executions that started at this time or later, epoch milliseconds.
    pub since: EpochMillis,
    /// Maximum number of executions.
    pub limit: u16,
    /// [`Page::next`] of the page before.
    pub token: Option<&'a str>,
}

/// What operators do with executions of the state machine.
///
/// # Errors
///
/// Every method returns [`StorageError`] if Step Functions does not answer or refuses the request. `history_length` and `history` also return
/// it if Step Functions does not know the execution.
pub trait ExecutionOperations: Sync {
    /// The ARN of the execution with this name.
    fn arn_of(&self, name: &str) -> String;

    /// A page of executions, newest first.
    fn page(&self, query: &ExecutionQuery<'_>) -> impl Future<Output = Result<Page<Execution, String>, StorageError>> + Send;

    /// An execution; `None` if Step Functions knows no execution with this ARN.
    fn describe(&self, arn: &str) -> impl Future<Output = Result<Option<ExecutionDetail>, StorageError>> + Send;

    /// The number of events in the history of an execution.
    fn history_length(&self, arn: &str) -> impl Future<Output = Result<i64, StorageError>> + Send;

    /// The first `limit` events of an execution, oldest first, with the inputs of its states.
    fn history(&self, arn: &str, limit: usize) -> impl Future<Output = Result<Vec<Event>, StorageError>> + Send;

    /// Redrives an execution: it resumes at the state that failed, with the same input and definition.
    fn redrive(&self, arn: &str) -> impl Future<Output = Result<Redriven, StorageError>> + Send;
}
