//! Counts what a function asks of other services. `sightline-aws` counts, `sightline-kit` reads: neither knows the other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Counts calls; clones count together.
#[derive(Debug, Clone, Default)]
pub struct CallMeter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    retries: AtomicU64,
    throttles: AtomicU64,
    micros: AtomicU64,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls, however often each of them was tried.
    pub calls: u64,
    /// Tries beyond the first of a call.
    pub retries: u64,
    /// Tries that were answered by a request to slow down.
    pub throttles: u64,
    /// Time in calls, waits between tries included. Calls side by side count each.
    pub time: Duration,
}

impl CallMeter {
    /// A request went out: the call's first, or a later one.
    pub fn sent(&self, first: bool) {
        let counter = if first { &self.0.calls } else { &self.0.retries };
        counter.fetch_add(1, Relaxed);
    }

    /// A request was answered by a request to slow down.
    pub fn throttled(&self) {
        self.0.throttles.fetch_add(1, Relaxed);
    }

    /// A call took this long.
    pub fn took(&self, time: Duration) {
        self.0.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// What was counted since the last time; counts from zero again.
    pub fn take(&self) -> Calls {
        let take = |counter: &AtomicU64| counter.swap(0, Relaxed);
        Calls {
            calls: take(&self.0.calls),
            retries: take(&self.0.retries),
            throttles: take(&self.0.throttles),
            time: Duration::from_micros(take(&self.0.micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_together_and_taking_starts_anew() {
        let meter = CallMeter::default();
        let clone = meter.clone();
        meter.sent(true);
        clone.sent(false);
        clone.throttled();
        clone.took(Duration::from_millis(3));
        assert_eq!(meter.take(), Calls { calls: 1, retries: 1, throttles: 1, time: Duration::from_millis(3) });
        assert_eq!(clone.take(), Calls::default());
    }
}
