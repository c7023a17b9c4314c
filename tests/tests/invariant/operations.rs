//! The random operations on the model.

use crate::{tasks::Interruption, world::World};
use proptest::prelude::*;
use sightline_tests::failing::{FailureKind, When};

/// One operation. Numbers select one of the existing items.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Upload {
        place: usize,
        picture: usize,
        encrypted: bool,
    },
    /// An event arrives, in any order; if `kept`, it arrives again later.
    Deliver {
        event: usize,
        kept: bool,
    },
    /// An event is lost.
    Lose {
        event: usize,
    },
    /// An actor makes its next calls; `choices` selects the branches of a Parallel state.
    Advance {
        actor: usize,
        calls: usize,
        choices: usize,
    },
    Interrupt {
        execution: usize,
        interruption: Interruption,
    },
    /// Calls of a port method fail.
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
    /// The owner edits an image: as a job, or at once right before the next call of a method that writes records.
    Edit {
        image: usize,
        edit: usize,
        before: Option<&'static str>,
    },
}

/// The writers of records.
const WRITERS: [&str; 5] = ["claim", "fail", "complete", "request_review", "mark_erased"];

const METHODS: [&str; 23] = [
    "find",
    "edit",
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

/// Any operation.
pub fn operation() -> impl Strategy<Value = Operation> {
    let pick = 0..60_usize;
    let interruption = prop_oneof![3 => Just(Interruption::Killed), 1 => Just(Interruption::Lost), 2 => Just(Interruption::TimedOut)];
    let kind = prop_oneof![3 => Just(FailureKind::Transient), 1 => Just(FailureKind::Permanent)];
    let fail = (prop::sample::select(&METHODS[..]), any::<bool>(), kind, 0..3_usize, 1..8_usize);
    prop_oneof![
        3 => (0..4_usize, pick.clone(), any::<bool>()).prop_map(|(place, picture, encrypted)| Operation::Upload { place, picture, encrypted }),
        4 => (pick.clone(), prop::bool::weighted(0.3)).prop_map(|(event, kept)| Operation::Deliver { event, kept }),
        1 => pick.clone().prop_map(|event| Operation::Lose { event }),
        20 => (pick.clone(), 1..40_usize, any::<u32>()).prop_map(|(actor, calls, choices)| Operation::Advance { actor, calls, choices: choices as usize }),
        3 => (pick.clone(), interruption).prop_map(|(execution, interruption)| Operation::Interrupt { execution, interruption }),
        3 => fail.prop_map(|(method, early, kind, skip, times)| {
            let when = if early { When::Before } else { When::After };
            Operation::Fail { method, when, kind, skip, times }
        }),
        1 => Just(Operation::Recover),
        1 => pick.clone().prop_map(|execution| Operation::Stop { execution }),
        3 => (pick.clone(), prop::bool::weighted(0.4)).prop_map(|(execution, fresh)| Operation::RunAgain { execution, fresh }),
        3 => (pick.clone(), any::<bool>()).prop_map(|(image, approve)| Operation::Decide { image, approve }),
        1 => (1..300_i64).prop_map(|minutes| Operation::Wait { minutes }),
        1 => Just(Operation::Reconcile),
        1 => pick.clone().prop_map(|image| Operation::Erase { image }),
        6 => (pick, any::<u16>(), prop::option::of(prop::sample::select(&WRITERS[..])))
            .prop_map(|(image, edit, before)| Operation::Edit { image, edit: usize::from(edit), before }),
    ]
}

impl World {
    /// Applies an operation.
    pub fn apply(&mut self, operation: Operation) {
        self.environment.clock.forward(1_000);
        match operation {
            Operation::Upload { place, picture, encrypted } => self.upload(place, picture, encrypted),
            Operation::Deliver { event, kept } if !self.pending.is_empty() => {
                let place = event % self.pending.len();
                let pending = if kept { self.pending[place].clone() } else { self.pending.remove(place) };
                self.deliver(pending);
            }
            Operation::Lose { event } if !self.pending.is_empty() => drop(self.pending.remove(event % self.pending.len())),
            Operation::Advance { actor, calls, choices } => {
                let actor = actor % self.actors().max(1);
                if let Some(place) = self.running(actor) {
                    self.executions[place].run.set_choices(choices);
                }
                for _ in 0..calls {
                    self.poll_actor(actor);
                }
            }
            Operation::Interrupt { execution, interruption } => self.interrupt(execution, interruption),
            Operation::Fail { method, when, kind, skip, times } => {
                // A configuration error lasts until `Recover`.
                let times = if kind == FailureKind::Permanent { usize::MAX } else { times };
                self.environment.plan.add(method, when, kind, skip, times);
            }
            Operation::Recover => self.environment.plan.clear(),
            Operation::Stop { execution } => self.stop(execution % self.executions.len().max(1)),
            Operation::RunAgain { execution, fresh } => self.run_again(execution, fresh),
            Operation::Decide { image, approve } => self.decide(image, approve),
            Operation::Wait { minutes } => self.environment.clock.forward(minutes * 60_000),
            Operation::Reconcile => self.reconcile(),
            Operation::Erase { image } => self.erase(image),
            Operation::Edit { image, edit, before: None } => self.edit(image, edit),
            Operation::Edit { image, edit, before: Some(method) } => self.edit_before(method, image, edit),
            Operation::Deliver { .. } | Operation::Lose { .. } => {}
        }
    }

    /// Interrupts an execution; a state times out only after its timeout.
    fn interrupt(&mut self, execution: usize, interruption: Interruption) {
        if interruption == Interruption::TimedOut {
            self.time_out();
            return;
        }
        let running = (0..self.executions.len()).filter_map(|nth| self.running(nth)).count();
        if let Some(place) = self.running(execution % running.max(1)) {
            self.executions[place].run.interrupt(interruption);
        }
    }
}
