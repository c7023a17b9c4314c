//! Every function's real program, served by a Lambda Runtime API of ours, with the local stack behind it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

mod answers;
mod down;
mod errors;
mod faults;
mod function;
mod image;
mod local;
mod logs;
mod runtime;
mod settings;
mod storing;
