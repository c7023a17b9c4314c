//! Step Functions in memory: the executions, what was started, and which executions were notified.

use secrecy::{ExposeSecret, SecretString};
use sightline_domain::{
    model::{
        error::StorageError,
        execution::{Event, Execution, ExecutionDetail},
        review::ReviewOutcome,
    },
    ports::{
        ExecutionFacts, ExecutionOperations, ExecutionQuery, ExecutionState, Executions, FailureCause, Notified, Page, Redriven, Stopped,
    },
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
    /// Executions as operators see them, with their histories.
    details: BTreeMap<String, (ExecutionDetail, Vec<Event>)>,
    /// Whether no execution waits with any token.
    tokens_are_refused: bool,
    /// The answer to a redrive of a known execution; `None`: it is redriven.
    redrive_answer: Option<Redriven>,
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

    /// Adds an execution with its history.
    pub fn put_detail(&self, detail: ExecutionDetail, history: Vec<Event>) {
        self.contents().details.insert(detail.execution.arn.clone(), (detail, history));
    }

    /// Sets the answer to every redrive.
    pub fn set_redrive_answer(&self, answer: Redriven) {
        self.contents().redrive_answer = Some(answer);
    }

    /// Makes every notification fail, as if no execution waited with the token.
    pub fn refuse_tokens(&self) {
        self.contents().tokens_are_refused = true;
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

impl ExecutionOperations for MemoryExecutions {
    fn arn_of(&self, name: &str) -> String {
        format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:{name}")
    }

    /// The token is the number of executions before the page.
    async fn page(&self, query: &ExecutionQuery<'_>) -> Result<Page<Execution, String>, StorageError> {
        let contents = self.contents();
        let mut all: Vec<Execution> = contents.details.values().map(|(detail, _)| detail.execution.clone()).collect();
        all.retain(|execution| execution.started_at >= query.since && query.status.is_none_or(|status| execution.status == status));
        all.sort_by_key(|execution| (std::cmp::Reverse(execution.started_at), execution.arn.clone()));
        let before: usize = query.token.and_then(|token| token.parse().ok()).unwrap_or_default();
        let end = before + usize::from(query.limit);
        let next = (all.len() > end).then(|| end.to_string());
        Ok(Page { items: all.into_iter().skip(before).take(usize::from(query.limit)).collect(), unreadable: Vec::new(), next })
    }

    async fn describe(&self, arn: &str) -> Result<Option<ExecutionDetail>, StorageError> {
        Ok(self.contents().details.get(arn).map(|(detail, _)| detail.clone()))
    }

    async fn history_length(&self, arn: &str) -> Result<i64, StorageError> {
        Ok(self.contents().details.get(arn).and_then(|(_, history)| history.last()).map_or(0, |event| event.id))
    }

    async fn history(&self, arn: &str, limit: usize) -> Result<Vec<Event>, StorageError> {
        let contents = self.contents();
        Ok(contents.details.get(arn).map(|(_, history)| history.iter().take(limit).cloned().collect()).unwrap_or_default())
    }

    async fn redrive(&self, arn: &str) -> Result<Redriven, StorageError> {
        let mut contents = self.contents();
        if let Some(answer) = contents.redrive_answer.clone() {
            return Ok(answer);
        }
        match contents.details.get_mut(arn) {
            Some((detail, _)) if detail.has_failed() => {
                "RUNNING".clone_into(&mut detail.execution.status);
                detail.execution.stopped_at = None;
                detail.redrives += 1;
                Ok(Redriven::Yes)
            }
            _ => Ok(Redriven::Refused("the execution has not failed".to_owned())),
        }
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
        if contents.tokens_are_refused || contents.notified.iter().any(|(token, _)| token == task_token.expose_secret()) {
            return Ok(Notified::NotWaiting);
        }
        contents.notified.push((task_token.expose_secret().to_owned(), outcome.clone()));
        Ok(Notified::Yes)
    }
}
