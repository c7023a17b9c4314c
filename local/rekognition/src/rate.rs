//! The quota: how many calls a second are let in. Rekognition's are per operation, account and region.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use serde::{Deserialize, Serialize};

use crate::{
    operation::Operation,
    refusal::{Code, Refusal},
};

/// A quota as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// Calls a second; as many may come at once after a quiet second.
    pub per_second: u32,
    /// What shares the quota.
    #[serde(default)]
    pub over: Over,
}

/// What shares a quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Each operation has its own, as on AWS.
    #[default]
    Each,
    /// All operations share it.
    All,
}

/// A quota in force, and how many calls it has sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InForce {
    #[serde(flatten)]
    quota: Quota,
    throttled: u64,
}

/// The quota in force, if any, and what is left of it.
#[derive(Debug, Default)]
pub struct Rate(Mutex<Option<Buckets>>);

#[derive(Debug)]
struct Buckets {
    in_force: InForce,
    /// Calls left, and when that was so, by operation or for all of them.
    left: HashMap<Option<Operation>, (f64, Instant)>,
}

impl Quota {
    /// Says what is wrong with it, in words for whoever asked for it.
    pub fn check(self) -> Result<(), &'static str> {
        if self.per_second == 0 { Err("perSecond must be 1 or more") } else { Ok(()) }
    }
}

impl Rate {
    /// Puts a quota, or none, in force; counts begin anew.
    pub fn set(&self, quota: Option<Quota>) {
        let buckets = |quota| Buckets { in_force: InForce { quota, throttled: 0 }, left: HashMap::new() };
        self.with(|rate| *rate = quota.map(buckets));
    }

    /// The quota in force.
    pub fn get(&self) -> Option<InForce> {
        self.with(|rate| rate.as_ref().map(|buckets| buckets.in_force))
    }

    /// Lets a call in at this moment, or refuses it by the one or the other of Rekognition's two names for it.
    pub fn admit(&self, operation: Operation, now: Instant) -> Result<(), Refusal> {
        self.with(|rate| rate.as_mut().map_or(Ok(()), |buckets| buckets.take(operation, now)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Option<Buckets>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Buckets {
    fn take(&mut self, operation: Operation, now: Instant) -> Result<(), Refusal> {
        let full = f64::from(self.in_force.quota.per_second);
        let bucket = match self.in_force.quota.over {
            Over::Each => Some(operation),
            Over::All => None,
        };
        let (left, since) = self.left.entry(bucket).or_insert((full, now));
        *left = (*left + now.saturating_duration_since(*since).as_secs_f64() * full).min(full);
        *since = now;
        if *left >= 1. {
            *left -= 1.;
            return Ok(());
        }
        self.in_force.throttled += 1;
        Err(if self.in_force.throttled.is_multiple_of(2) {
            Refusal::throttled()
        } else {
            Refusal::new(Code::ProvisionedThroughputExceeded, "Provisioned rate exceeded")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn admitted(rate: &Rate, operation: Operation, now: Instant, calls: u32) -> usize {
        (0..calls).filter(|_| rate.admit(operation, now).is_ok()).count()
    }

    #[test]
    fn so_many_a_second_are_let_in_and_each_operation_has_its_own() {
        let rate = Rate::default();
        rate.set(Some(Quota { per_second: 50, over: Over::Each }));
        let start = Instant::now();

        assert_eq!(admitted(&rate, Operation::DetectLabels, start, 80), 50);
        assert_eq!(admitted(&rate, Operation::DetectText, start, 80), 50);
        assert_eq!(admitted(&rate, Operation::DetectLabels, start + Duration::from_millis(500), 80), 25);
        assert_eq!(admitted(&rate, Operation::DetectLabels, start + Duration::from_secs(9), 80), 50, "what was not used is not saved up");
        assert_eq!(rate.get().unwrap().throttled, 30 + 30 + 55 + 30);
    }

    #[test]
    fn a_quota_over_all_is_shared_and_one_that_is_lifted_is_gone() {
        let rate = Rate::default();
        rate.set(Some(Quota { per_second: 1, over: Over::All }));
        let now = Instant::now();

        assert!(rate.admit(Operation::DetectLabels, now).is_ok());
        let codes = [(); 2].map(|()| rate.admit(Operation::DetectText, now).unwrap_err().code);
        assert_eq!(codes, [Code::ProvisionedThroughputExceeded, Code::Throttling]);

        rate.set(None);
        assert_eq!((rate.get(), admitted(&rate, Operation::DetectText, now, 80)), (None, 80));
    }
}
