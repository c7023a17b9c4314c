//! The state machine's definition: its shape, its errors, its payloads, and its expressions run by a real JSONata engine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

mod asl;
mod bulk_import;
mod errors;
mod payloads;
mod runs;
mod shape;
