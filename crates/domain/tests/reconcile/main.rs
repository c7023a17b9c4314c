//! Reconciling over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::type_complexity, reason = "tables of cases are read once, where they stand")]

mod bookmark;
mod erased;
mod objects;
mod queues;
mod restored;
mod world;
