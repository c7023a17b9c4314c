//! Counts the AWS calls of a function. `sightline-aws` counts them and `sightline-kit` reads the numbers; neither depends on the other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Counts calls. Clones share their counters.
#[derive(Debug, Clone, Default)]
pub struct CallMeter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    retries: AtomicU64,
    throttles: AtomicU64,
    micros: AtomicU64,
}

/// The counted calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls; a call with retries counts once.
    pub calls: u64,
    /// Attempts after the first one of a call.
    pub retries: u64,
    /// Attempts that were throttled.
    pub throttles: u64,
    /// Time in calls, including waits between attempts. Parallel calls add up.
    pub time: Duration,
}

impl CallMeter {
    /// Counts an attempt at a call: as a call if it is the first one, as a retry otherwise.
    pub fn count_attempt(&self, is_first: bool) {
        let counter = if is_first { &self.0.calls } else { &self.0.retries };
        counter.fetch_add(1, Relaxed);
    }

    /// Counts a throttled attempt.
    pub fn count_throttle(&self) {
        self.0.throttles.fetch_add(1, Relaxed);
    }

    /// Adds the time of a call.
    pub fn add_time(&self, time: Duration) {
        self.0.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Returns what was counted since the last call of `take`, and resets the counters.
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
    fn clones_share_counters_and_take_resets_them() {
        let meter = CallMeter::default();
        let clone = meter.clone();
        meter.count_attempt(true);
        clone.count_attempt(false);
        clone.count_throttle();
        clone.add_time(Duration::from_millis(3));
        assert_eq!(meter.take(), Calls { calls: 1, retries: 1, throttles: 1, time: Duration::from_millis(3) });
        assert_eq!(clone.take(), Calls::default());
    }
}
