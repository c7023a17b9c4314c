//! Coming to rest: nothing fails any more, every event arrives, reconcile runs, and what failed is run again.

use crate::{surroundings::REVIEW_SECONDS, tasks::Blow, world::World};
use sightline_domain::model::{clock::Clock, record::Record};

/// Rounds after which nothing may be left to do.
const ROUNDS: usize = 8;
/// Turns after which everything that does not wait for people has ended.
const TURNS: usize = 20_000;

impl World {
    /// Lets everything come to rest. What waits for reviewers goes on waiting until its time is over.
    pub fn settle(&mut self) {
        self.around.plan.clear();
        for round in 0..ROUNDS {
            // So long that reconcile looks at everything, and what is erased can be closed.
            self.around.clock.forward(20 * 60_000);
            for mail in std::mem::take(&mut self.mail) {
                self.deliver(mail);
            }
            self.run_out();
            self.time_out();
            self.run_out();
            for image_id in self.unwanted.clone() {
                if self.is_half_erased(&image_id) {
                    self.erase_image(image_id);
                }
            }
            self.run_out();
            self.reconcile();
            self.run_out();
            if self.mail.is_empty() {
                (0..self.failed().len()).for_each(|nth| self.run_again(nth, round % 2 == 1));
            }
            self.run_out();
        }
        assert!(self.mail.is_empty(), "events go on for ever");
    }

    /// Whether an erasure was interrupted, or did not come to begin.
    fn is_half_erased(&self, image_id: &str) -> bool {
        let items: Vec<_> = self.around.tables.all().into_iter().filter(|record| record.image_id == image_id).collect();
        !items.iter().any(Record::is_tombstone) || items.iter().any(|item| item.is_erased() && !item.is_tombstone())
    }

    /// Reviews whose time is over end.
    pub fn time_out(&mut self) {
        let now = self.around.clock.now();
        for execution in &self.executions {
            if execution.is_running() && execution.run.waits_since().is_some_and(|since| now - since >= i64::from(REVIEW_SECONDS) * 1000) {
                execution.run.strike(Blow::TimedOut);
            }
        }
    }

    /// Everything goes on until only people are waited for.
    fn run_out(&mut self) {
        for turn in 0..TURNS {
            let waiting = self.executions.iter().filter(|execution| execution.is_running() && execution.run.rests()).count();
            if self.actors() == waiting {
                return;
            }
            let actor = turn % self.actors();
            if let Some(place) = self.running(actor) {
                self.executions[place].run.throw(turn / 3);
            }
            self.go(actor);
        }
        panic!("something goes on for ever");
    }
}
