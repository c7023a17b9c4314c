//! The program of every function, run by a Lambda Runtime API of our own, against the local stack.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod answers;
mod api;
mod down;
mod errors;
mod faults;
mod function;
mod image;
mod logs;
mod runtime;
mod settings;
mod storing;

#[path = "../local_stack/mod.rs"]
mod local_stack;
