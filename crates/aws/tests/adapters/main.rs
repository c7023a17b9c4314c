//! The adapters over the real SDK clients, against recorded HTTP responses: requests, results, and the meaning of errors.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod clients;
mod dynamodb;
mod logs;
mod rekognition;
mod replay;
mod s3;
mod sns;
mod sqs;
mod stepfunctions;
