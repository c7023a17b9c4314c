//! The adapters over the real SDK clients, against recorded HTTP answers: what is asked, what an answer gives, and what an error means.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]
#![allow(clippy::type_complexity, reason = "tables of cases are read once, where they stand")]

mod dead_letters;
mod dynamodb;
mod erasing;
mod import;
mod logs;
mod memory;
mod metering;
mod open_work;
mod reading;
mod reconcile;
mod redrive;
mod rekognition;
mod replay;
mod retries;
mod reviewing;
mod s3;
mod sfn;
mod sns;
mod trends;
