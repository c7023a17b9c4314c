//! Starting executions no faster than Rekognition's quota lets their calls in.

use std::time::Duration;
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

/// Gives turns, a bounded number a second.
#[derive(Debug)]
pub struct Pace(Mutex<Interval>);

impl Pace {
    /// At most `per_second` turns a second, and at least one.
    pub fn new(per_second: u32) -> Self {
        let mut turns = interval(Duration::from_secs(1) / per_second.max(1));
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(turns))
    }

    /// Waits for the next turn; the first one comes at once.
    pub async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn turns_are_spread_over_the_second() {
        let (pace, begun) = (Pace::new(20), Instant::now());
        for _ in 0..5 {
            pace.turn().await;
        }
        // The first at once, and four more at 50 ms each.
        assert!(begun.elapsed() >= Duration::from_millis(195), "{:?}", begun.elapsed());
    }
}
