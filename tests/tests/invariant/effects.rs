//! Records the effects that must happen once: paid calls and sent messages. Each stores a receipt in the bucket: the answer, or a receipt
//! of the message.
//!
//! The rule: an effect is not repeated if its receipt was in the bucket when the attempt began, and a successful attempt has stored the
//! receipts of all its effects. So only an attempt that ended between an effect and its receipt, or ran beside another one, can cause a
//! second effect.

use sightline_domain::model::layout;
use sightline_tests::objects::MemoryObjects;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Default)]
struct Attempt {
    receipts: BTreeSet<String>,
    effects: Vec<String>,
}

#[derive(Default)]
struct Log {
    attempts: Vec<Attempt>,
    current: usize,
    violations: Vec<String>,
    /// Receipts of all effects of successful attempts.
    completed: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub struct Effects {
    objects: MemoryObjects,
    log: Arc<Mutex<Log>>,
}

impl Effects {
    pub fn of(objects: &MemoryObjects) -> Self {
        Self { objects: objects.clone(), ..Self::default() }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt; returns its index.
    pub fn begin(&self) -> usize {
        let receipts = self.objects.keys().into_iter().filter(|key| key.starts_with(layout::RESULTS)).collect();
        let mut log = self.log();
        log.attempts.push(Attempt { receipts, ..Attempt::default() });
        log.attempts.len() - 1
    }

    /// Attributes the following effects to this attempt.
    pub fn resume(&self, id: usize) {
        self.log().current = id;
    }

    /// Records an effect whose receipt is stored at `receipt`.
    pub fn record(&self, receipt: String) {
        let mut log = self.log();
        let current = log.current;
        if log.attempts[current].receipts.contains(&receipt) {
            log.violations.push(format!("repeated although its receipt existed: {receipt}"));
        }
        log.attempts[current].effects.push(receipt);
    }

    /// Records that an attempt succeeded.
    pub fn succeeded(&self, id: usize) {
        let mut log = self.log();
        let effects = log.attempts[id].effects.clone();
        log.completed.extend(effects);
    }

    /// The violations of the rule. Receipts of `erased` images can be gone.
    pub fn violations(&self, erased: &BTreeSet<String>) -> Vec<String> {
        let log = self.log();
        let missing = |receipt: &&String| self.objects.current(receipt).is_none() && !erased.iter().any(|id| receipt.contains(id.as_str()));
        let missing = log.completed.iter().filter(missing).map(|receipt| format!("without a receipt: {receipt}"));
        log.violations.iter().cloned().chain(missing).collect()
    }

    /// Whether the effect with this receipt ever happened.
    pub fn happened(&self, receipt: &str) -> bool {
        self.log().attempts.iter().any(|each| each.effects.iter().any(|effect| effect == receipt))
    }
}
