//! Time, injected.

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type EpochMillis = i64;

/// Milliseconds in a day.
pub const DAY_MILLIS: EpochMillis = 86_400_000;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> EpochMillis;
}

/// Lets time pass.
pub trait Pause: Send + Sync {
    /// Ends after `millis` milliseconds.
    fn pause(&self, millis: u64) -> impl Future<Output = ()> + Send;
}

/// A clock that stands still, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub EpochMillis);

impl Clock for FixedClock {
    fn now(&self) -> EpochMillis {
        self.0
    }
}
