//! The fault matrix's invariant under random orders of faults (docs/reliability.md).
//!
//! The real functions run over fakes that keep the adapters' conditions, in the order that the state machine's own definition says.
//! Every call to the outside takes turns with all others, so that executions, redrives, reviewers and reconcile meet between any two
//! calls; a try may die, or be lost sight of, there. In the end everything is let come to rest, and the invariant must hold.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may fail at once")]

mod check;
mod expression;
mod ledger;
mod machine;
mod operations;
mod operators;
mod outside;
mod pictures;
mod settle;
mod surroundings;
mod tasks;
mod world;

use operations::{Happening, happening};
use pictures::PICTURES;
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, RngSeed},
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use world::World;

/// The output of a future over fakes that take turns, with nobody else to take any.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// What is wrong after all this has happened and come to rest.
fn problems(happenings: &[Happening]) -> Vec<String> {
    let mut world = World::new();
    for happening in happenings {
        world.happen(*happening);
    }
    world.settle();
    world.problems()
}

/// The same cases in every run; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` look further.
fn config() -> ProptestConfig {
    let asked = |name| std::env::var_os(name).is_some();
    let mut config = ProptestConfig::default();
    if !asked("PROPTEST_CASES") {
        config.cases = 300;
    }
    if !asked("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(20_260_301);
    }
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct("tests/invariant/regressions.txt")));
    config.max_shrink_iters = 20_000;
    config
}

#[test]
fn a_world_without_faults_runs_the_state_machine_as_defined() {
    let mut world = World::new();
    for picture in 0..PICTURES.len() {
        world.upload(0, picture, false);
    }
    world.settle();
    assert_eq!(world.problems(), [] as [String; 0]);
    let states: Vec<usize> = world.executions.iter().map(|execution| execution.run.entered().len()).collect();
    assert_eq!(states, [8, 8, 9, 9, 9, 8, 2, 2], "choices are not counted, nor ends");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_upload_has_one_outcome_under_random_faults(happenings in prop::collection::vec(happening(), 1..80)) {
        let problems = problems(&happenings);
        prop_assert!(problems.is_empty(), "{problems:#?}");
    }
}
