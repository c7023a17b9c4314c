//! A clock that advances only during pauses, and runs scheduled events then.

use sightline_domain::model::{Clock, EpochMillis, Pause};
use std::sync::{Arc, Mutex, PoisonError};

type Event = (EpochMillis, Box<dyn FnOnce() + Send>);

struct State {
    now: EpochMillis,
    events: Vec<Event>,
}

/// The clock.
#[derive(Clone)]
pub struct PassingTime(Arc<Mutex<State>>);

impl PassingTime {
    /// Begins at `now`.
    pub fn from(now: EpochMillis) -> Self {
        Self(Arc::new(Mutex::new(State { now, events: Vec::new() })))
    }

    /// Runs `event` once the clock shows `at`.
    #[must_use]
    pub fn at(self, at: EpochMillis, event: impl FnOnce() + Send + 'static) -> Self {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).events.push((at, Box::new(event)));
        self
    }
}

impl Clock for PassingTime {
    fn now(&self) -> EpochMillis {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }
}

impl Pause for PassingTime {
    async fn pause(&self, millis: u64) {
        let due: Vec<Event> = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.now += EpochMillis::try_from(millis).unwrap_or(EpochMillis::MAX);
            let now = state.now;
            let (due, later) = std::mem::take(&mut state.events).into_iter().partition(|(at, _)| *at <= now);
            state.events = later;
            due
        };
        for (_, event) in due {
            event();
        }
    }
}
