//! The state machine's definition: its shape, its errors, its payloads, and its expressions run by a real JSONata engine.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod asl;
mod bulk_import;
mod errors;
mod payloads;
mod runs;
mod shape;
