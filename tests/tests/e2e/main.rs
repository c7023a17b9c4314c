//! End to end, on the local stack, with the real functions, state machine, CDK app and models.
//!
//! Every test has its own images, so tests can run in parallel and repeatedly on the same stack.
//! `make test` starts the stack. To run them alone: `make up`, `eval "$(make -s env)"`, then `cargo nextest run -p sightline-tests`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail at once")]

mod dead_letters;
mod duplicates;
mod erasure;
mod faults;
mod imports;
mod load;
mod odd_uploads;
mod reconcile;
mod redrive;
mod rejections;
mod reviews;
mod search;
mod trends;
mod upload_links;
mod uploads;
mod watching;

#[path = "../local_stack/mod.rs"]
mod local_stack;
