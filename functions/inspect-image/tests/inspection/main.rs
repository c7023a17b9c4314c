//! Which uploads inspect-image accepts and rejects, the copies that it makes, and the memory that it needs.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod claims;
mod colour;
mod damage;
mod formats;
mod limits;
mod metadata;
mod mutations;
mod pictures;
mod quality;
mod step;
