//! Erasing over fakes (fault matrix, row 33): complete, repeatable, and final.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "erase/complete.rs"]
mod complete;
#[path = "erase/interrupted.rs"]
mod interrupted;
#[path = "erase/originals.rs"]
mod originals;
#[path = "erase/owner.rs"]
mod owner;
#[path = "erase/sweeps.rs"]
mod sweeps;
#[path = "erase/unrecorded.rs"]
mod unrecorded;
#[path = "erase/world.rs"]
mod world;
#[path = "erase/writers.rs"]
mod writers;
