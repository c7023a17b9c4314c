//! The quota of calls per second. Rekognition's quotas are per operation, account and region.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{ApiError, Code},
    operation::Operation,
};

/// A quota as clients set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// Calls per second; as many are accepted at once after an idle second.
    pub per_second: u32,
    /// Which operations share the quota.
    #[serde(default)]
    pub over: Scope,
}

/// Which operations share a quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Each operation has its own quota, as on AWS.
    #[default]
    Each,
    /// All operations share one quota.
    All,
}

/// The active quota, and the number of calls that it has throttled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ActiveQuota {
    #[serde(flatten)]
    quota: Quota,
    throttled: u64,
}

/// The active quota, if any, and its token buckets.
#[derive(Debug, Default)]
pub struct Rate(Mutex<Option<TokenBuckets>>);

#[derive(Debug)]
struct TokenBuckets {
    active: ActiveQuota,
    /// Remaining calls and the time of that count, per operation, or under `None` for all together.
    remaining: HashMap<Option<Operation>, (f64, Instant)>,
}

impl Quota {
    /// Checks the values; the error is a message for the client.
    pub fn check(self) -> Result<(), &'static str> {
        if self.per_second == 0 { Err("perSecond must be 1 or more") } else { Ok(()) }
    }
}

impl Rate {
    /// Activates a quota, or none, with full buckets and a count of zero.
    pub fn set(&self, quota: Option<Quota>) {
        let buckets = |quota| TokenBuckets { active: ActiveQuota { quota, throttled: 0 }, remaining: HashMap::new() };
        self.with(|rate| *rate = quota.map(buckets));
    }

    /// The active quota.
    pub fn get(&self) -> Option<ActiveQuota> {
        self.with(|rate| rate.as_ref().map(|buckets| buckets.active))
    }

    /// Accepts a call at the time `now`, or throttles it.
    ///
    /// # Errors
    /// `ProvisionedThroughputExceededException` and `ThrottlingException`, alternately.
    pub fn admit(&self, operation: Operation, now: Instant) -> Result<(), ApiError> {
        self.with(|rate| rate.as_mut().map_or(Ok(()), |buckets| buckets.take(operation, now)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Option<TokenBuckets>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TokenBuckets {
    fn take(&mut self, operation: Operation, now: Instant) -> Result<(), ApiError> {
        let full = f64::from(self.active.quota.per_second);
        let bucket = match self.active.quota.over {
            Scope::Each => Some(operation),
            Scope::All => None,
        };
        let (remaining, since) = self.remaining.entry(bucket).or_insert((full, now));
        *remaining = (*remaining + now.saturating_duration_since(*since).as_secs_f64() * full).min(full);
        *since = now;
        if *remaining >= 1. {
            *remaining -= 1.;
            return Ok(());
        }
        self.active.throttled += 1;
        Err(if self.active.throttled.is_multiple_of(2) {
            ApiError::throttled()
        } else {
            ApiError::new(Code::ProvisionedThroughputExceeded, "Provisioned rate exceeded")
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
    fn each_operation_accepts_the_given_number_of_calls_per_second() {
        let rate = Rate::default();
        rate.set(Some(Quota { per_second: 50, over: Scope::Each }));
        let start = Instant::now();

        assert_eq!(admitted(&rate, Operation::DetectLabels, start, 80), 50);
        assert_eq!(admitted(&rate, Operation::DetectText, start, 80), 50);
        assert_eq!(admitted(&rate, Operation::DetectLabels, start + Duration::from_millis(500), 80), 25);
        assert_eq!(admitted(&rate, Operation::DetectLabels, start + Duration::from_secs(9), 80), 50, "unused calls are not accumulated");
        assert_eq!(rate.get().unwrap().throttled, 30 + 30 + 55 + 30);
    }

    #[test]
    fn a_quota_over_all_operations_is_shared_and_can_be_removed() {
        let rate = Rate::default();
        rate.set(Some(Quota { per_second: 1, over: Scope::All }));
        let now = Instant::now();

        assert!(rate.admit(Operation::DetectLabels, now).is_ok());
        let codes = [(); 2].map(|()| rate.admit(Operation::DetectText, now).unwrap_err().code);
        assert_eq!(codes, [Code::ProvisionedThroughputExceeded, Code::Throttling]);

        rate.set(None);
        assert_eq!((rate.get(), admitted(&rate, Operation::DetectText, now, 80)), (None, 80));
    }
}
