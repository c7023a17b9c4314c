//! The system clock: the only place that reads the time.

use sightline_domain::model::{Clock, EpochMillis, Pause};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "all other code uses this clock")]
    fn now(&self) -> EpochMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EpochMillis::try_from(since_epoch.as_millis()).unwrap_or(EpochMillis::MAX)
    }
}

impl Pause for SystemClock {
    async fn pause(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
