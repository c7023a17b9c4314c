//! Which files are accepted and rejected, the copies that are made, and the memory that it takes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod colour;
mod damage;
mod formats;
mod limits;
mod metadata;
mod mutations;
mod pictures;
mod quality;
