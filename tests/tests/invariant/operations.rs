//! What may happen, in any order.

use crate::{tasks::Blow, world::World};
use proptest::prelude::*;
use sightline_tests::failing::{FailureKind, When};

/// One thing that happens. Numbers pick one of what there is.
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    Upload {
        place: usize,
        picture: usize,
        encrypted: bool,
    },
    /// An event arrives, in any order; one that is `kept` will come again.
    Deliver {
        event: usize,
        kept: bool,
    },
    /// An event is lost.
    Lose {
        event: usize,
    },
    /// An actor makes its next calls; `dice` say which branches.
    GoOn {
        actor: usize,
        calls: usize,
        dice: usize,
    },
    Strike {
        execution: usize,
        blow: Blow,
    },
    /// Calls of a port fail.
    Fail {
        method: &'static str,
        when: When,
        kind: FailureKind,
        skip: usize,
        times: usize,
    },
    Recover,
    Stop {
        execution: usize,
    },
    RunAgain {
        execution: usize,
        fresh: bool,
    },
    Decide {
        image: usize,
        approve: bool,
    },
    Wait {
        minutes: i64,
    },
    Reconcile,
    Erase {
        image: usize,
    },
}

const METHODS: [&str; 22] = [
    "find",
    "claim",
    "fail",
    "complete",
    "request_review",
    "notify",
    "publish",
    "read_answer",
    "write_answer",
    "write_json",
    "find_upload",
    "first_uploaded",
    "read",
    "write_jpeg",
    "copy",
    "delete",
    "tag_status",
    "failure_cause",
    "detect_labels",
    "detect_faces",
    "detect_text",
    "detect_moderation_labels",
];

/// Anything.
pub fn happening() -> impl Strategy<Value = Happening> {
    let pick = 0..60_usize;
    let blow = prop_oneof![3 => Just(Blow::Killed), 1 => Just(Blow::Lost), 2 => Just(Blow::TimedOut)];
    let kind = prop_oneof![3 => Just(FailureKind::Transient), 1 => Just(FailureKind::Permanent)];
    let fail = (prop::sample::select(&METHODS[..]), any::<bool>(), kind, 0..3_usize, 1..8_usize);
    prop_oneof![
        3 => (0..4_usize, pick.clone(), any::<bool>()).prop_map(|(place, picture, encrypted)| Happening::Upload { place, picture, encrypted }),
        4 => (pick.clone(), prop::bool::weighted(0.3)).prop_map(|(event, kept)| Happening::Deliver { event, kept }),
        1 => pick.clone().prop_map(|event| Happening::Lose { event }),
        20 => (pick.clone(), 1..40_usize, any::<u32>()).prop_map(|(actor, calls, dice)| Happening::GoOn { actor, calls, dice: dice as usize }),
        3 => (pick.clone(), blow).prop_map(|(execution, blow)| Happening::Strike { execution, blow }),
        3 => fail.prop_map(|(method, early, kind, skip, times)| {
            let when = if early { When::Before } else { When::After };
            Happening::Fail { method, when, kind, skip, times }
        }),
        1 => Just(Happening::Recover),
        1 => pick.clone().prop_map(|execution| Happening::Stop { execution }),
        3 => (pick.clone(), prop::bool::weighted(0.4)).prop_map(|(execution, fresh)| Happening::RunAgain { execution, fresh }),
        3 => (pick.clone(), any::<bool>()).prop_map(|(image, approve)| Happening::Decide { image, approve }),
        1 => (1..300_i64).prop_map(|minutes| Happening::Wait { minutes }),
        1 => Just(Happening::Reconcile),
        1 => pick.prop_map(|image| Happening::Erase { image }),
    ]
}

impl World {
    /// Lets it happen.
    pub fn happen(&mut self, happening: Happening) {
        self.around.clock.forward(1_000);
        match happening {
            Happening::Upload { place, picture, encrypted } => self.upload(place, picture, encrypted),
            Happening::Deliver { event, kept } if !self.mail.is_empty() => {
                let place = event % self.mail.len();
                let mail = if kept { self.mail[place].clone() } else { self.mail.remove(place) };
                self.deliver(mail);
            }
            Happening::Lose { event } if !self.mail.is_empty() => drop(self.mail.remove(event % self.mail.len())),
            Happening::GoOn { actor, calls, dice } => {
                let actor = actor % self.actors().max(1);
                if let Some(place) = self.running(actor) {
                    self.executions[place].run.throw(dice);
                }
                for _ in 0..calls {
                    self.go(actor);
                }
            }
            Happening::Strike { execution, blow } => self.strike(execution, blow),
            Happening::Fail { method, when, kind, skip, times } => {
                // What is set up wrongly stays so until somebody puts it right.
                let times = if kind == FailureKind::Permanent { usize::MAX } else { times };
                self.around.plan.add(method, when, kind, skip, times);
            }
            Happening::Recover => self.around.plan.clear(),
            Happening::Stop { execution } => self.stop(execution % self.executions.len().max(1)),
            Happening::RunAgain { execution, fresh } => self.run_again(execution, fresh),
            Happening::Decide { image, approve } => self.decide(image, approve),
            Happening::Wait { minutes } => self.around.clock.forward(minutes * 60_000),
            Happening::Reconcile => self.reconcile(),
            Happening::Erase { image } => self.erase(image),
            Happening::Deliver { .. } | Happening::Lose { .. } => {}
        }
    }

    /// A state times out only after its time.
    fn strike(&mut self, execution: usize, blow: Blow) {
        if blow == Blow::TimedOut {
            self.time_out();
            return;
        }
        let running = (0..self.executions.len()).filter_map(|nth| self.running(nth)).count();
        if let Some(place) = self.running(execution % running.max(1)) {
            self.executions[place].run.strike(blow);
        }
    }
}
