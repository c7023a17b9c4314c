//! Tests the invariant of the fault matrix (docs/reliability.md) under random sequences of faults.
//!
//! The real functions run over the fakes, in the order of the state machine's definition. Every call of a port is a point at which other
//! executions, redrives, reviewers or reconcile can run, and at which an attempt can die or be abandoned. At the end all faults are
//! removed, everything runs to its end, and the invariant must hold.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may fail at once")]

mod check;
mod effects;
mod environment;
mod expression;
mod machine;
mod operations;
mod operators;
mod outside;
mod pictures;
mod settle;
mod tasks;
mod world;

use operations::{Operation, operation};
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

/// Runs a future over pausing fakes to its end, without any other future between.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// The violations of the invariant after these operations.
fn problems(operations: &[Operation]) -> Vec<String> {
    let mut world = World::new();
    for operation in operations {
        world.apply(*operation);
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
    assert_eq!(states, [8, 8, 9, 9, 9, 8, 2, 2], "Choice and Succeed states are not counted");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_upload_has_one_outcome_under_random_faults(operations in prop::collection::vec(operation(), 1..80)) {
        let problems = problems(&operations);
        prop_assert!(problems.is_empty(), "{problems:#?}");
    }
}
