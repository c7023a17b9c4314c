//! The adapters over the real SDK clients, against recorded HTTP answers: what is asked, what an answer gives, and what an error means.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

mod clients;
mod dynamodb;
mod logs;
mod rekognition;
mod replay;
mod s3;
mod sns;
mod sqs;
mod stepfunctions;
