//! The fault plan: what to do to which calls, and how often, before any work is done.

mod fault;

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

pub use self::fault::{Effect, Fault};
use crate::operation::Operation;

/// A fault in the plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    id: u64,
    #[serde(flatten)]
    fault: Fault,
    /// Calls that matched, and those of them that it hit.
    matched: u64,
    hit: u64,
}

/// The faults still to happen, the oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    last_id: u64,
    planned: Vec<Planned>,
}

impl Planned {
    /// Whether it hits this call, which it counts if it matches.
    fn strikes(&mut self, operation: Operation, image: &str) -> bool {
        let matches = self.fault.matches(operation, image);
        self.matched += u64::from(matches);
        matches && self.fault.picks(self.matched)
    }
}

impl Faults {
    /// Adds a fault and returns its id.
    pub fn add(&self, fault: Fault) -> u64 {
        self.with(|plan| {
            plan.last_id += 1;
            plan.planned.push(Planned { id: plan.last_id, fault, matched: 0, hit: 0 });
            plan.last_id
        })
    }

    /// The faults that can still happen.
    pub fn list(&self) -> Vec<Planned> {
        self.with(|plan| plan.planned.clone())
    }

    /// Drops all faults.
    pub fn clear(&self) {
        self.with(|plan| plan.planned.clear());
    }

    /// Drops one fault; false if there is none of this id.
    pub fn remove(&self, id: u64) -> bool {
        self.with(|plan| {
            let before = plan.planned.len();
            plan.planned.retain(|planned| planned.id != id);
            plan.planned.len() < before
        })
    }

    /// What the oldest matching fault does to this call; uses it up by one.
    pub fn hit(&self, operation: Operation, image: &str) -> Option<Effect> {
        self.with(|plan| {
            let at = plan.planned.iter_mut().position(|planned| planned.strikes(operation, image))?;
            let planned = plan.planned.get_mut(at)?;
            planned.hit += 1;
            let effect = planned.fault.effect();
            if !planned.fault.use_up() {
                plan.planned.remove(at);
            }
            Some(effect)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
