//! An engine in memory: what stands of each execution, and what was started.

use sightline_domain::{
    error::StorageError,
    reconcile::{ExecutionFacts, ExecutionState, Executions},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Engine {
    known: BTreeMap<String, ExecutionFacts>,
    started: Vec<(String, String)>,
}

/// The engine.
#[derive(Debug, Clone, Default)]
pub struct MemoryExecutions(Arc<Mutex<Engine>>);

impl MemoryExecutions {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an execution known, or changes how it stands.
    pub fn put(&self, arn: &str, state: ExecutionState) {
        self.engine().known.insert(arn.to_owned(), ExecutionFacts { state, input: None });
    }

    /// ARN and input of all that were started, in order.
    pub fn started(&self) -> Vec<(String, String)> {
        self.engine().started.clone()
    }
}

impl Executions for MemoryExecutions {
    async fn look(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        Ok(self.engine().known.get(execution_arn).cloned())
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        let mut engine = self.engine();
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:image-analysis:started-{}", engine.started.len() + 1);
        engine.started.push((arn.clone(), input.to_owned()));
        engine.known.insert(arn.clone(), ExecutionFacts { state: ExecutionState::Running, input: Some(input.to_owned()) });
        Ok(arn)
    }
}
