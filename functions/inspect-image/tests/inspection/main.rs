//! What inspect-image takes and refuses, what it makes of it, and how much memory that costs (fault matrix, rows 8 to 14).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

mod at_once;
mod cases;
mod colour;
mod erased;
mod formats;
mod hostile;
mod limits;
mod metadata;
mod mutations;
mod orientation;
mod pictures;
mod sizes;
mod step;
mod transparency;
mod truncation;
