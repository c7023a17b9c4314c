//! Reconciling over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

mod bookmark;
mod erased;
mod objects;
mod queues;
mod restored;
mod world;
