//! The API over ports in memory: requests as API Gateway sends them, and the responses that it expects.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "helpers take what json! makes, in the form that requests need"
)]

mod authorisation;
mod changes;
mod document;
mod executions;
mod images;
mod requests;
mod reviews;
mod trends;
mod uploads;
mod world;
