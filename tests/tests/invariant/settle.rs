//! The end of a case: nothing fails any more, every event arrives, reconcile runs, and failed executions run again.

use crate::{environment::REVIEW_SECONDS, tasks::Interruption, world::World};
use sightline_domain::model::{Clock, Record};

/// Rounds after which nothing must be left to do.
const ROUNDS: usize = 8;
/// Polls after which everything that does not wait for a reviewer has ended.
const TURNS: usize = 20_000;

impl World {
    /// Runs everything to its end. Open reviews wait until their timeout.
    pub fn settle(&mut self) {
        self.environment.plan.clear();
        for round in 0..ROUNDS {
            // Long enough for reconcile to check everything and to close tombstones.
            self.environment.clock.forward(20 * 60_000);
            for pending in std::mem::take(&mut self.pending) {
                self.deliver(pending);
            }
            self.run_to_idle();
            self.time_out();
            self.run_to_idle();
            for image_id in self.erased_ids.clone() {
                if self.is_half_erased(&image_id) {
                    self.erase_image(image_id);
                }
            }
            self.run_to_idle();
            self.reconcile();
            self.run_to_idle();
            if self.pending.is_empty() {
                (0..self.failed().len()).for_each(|nth| self.run_again(nth, round % 2 == 1));
            }
            self.run_to_idle();
        }
        assert!(self.pending.is_empty(), "events never end");
    }

    /// Whether an erasure was interrupted, or has not begun.
    fn is_half_erased(&self, image_id: &str) -> bool {
        let items: Vec<_> = self.environment.tables.all().into_iter().filter(|record| record.image_id == image_id).collect();
        !items.iter().any(Record::is_tombstone) || items.iter().any(|item| item.is_erased() && !item.is_tombstone())
    }

    /// Times out reviews.
    pub fn time_out(&mut self) {
        let now = self.environment.clock.now();
        for execution in &self.executions {
            if execution.is_running() && execution.run.waits_since().is_some_and(|since| now - since >= i64::from(REVIEW_SECONDS) * 1000) {
                execution.run.interrupt(Interruption::TimedOut);
            }
        }
    }

    /// Polls everything until only open reviews are left.
    fn run_to_idle(&mut self) {
        for turn in 0..TURNS {
            let waiting = self.executions.iter().filter(|execution| execution.is_running() && execution.run.is_in_review()).count();
            if self.actors() == waiting {
                return;
            }
            let actor = turn % self.actors();
            if let Some(place) = self.running(actor) {
                self.executions[place].run.set_choices(turn / 3);
            }
            self.poll_actor(actor);
        }
        panic!("something never ends");
    }
}
