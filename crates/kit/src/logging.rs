//! One JSON line per event on stdout, with timestamp, level, service, request id, trace id and `ImageID`.
//! Ids only: never payloads, found text, faces, task tokens.

use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::fmt;

/// Starts logging. The level comes from `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the function's logging configuration.
pub fn init() {
    let wished = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok();
    let level = wished.and_then(|level| level.parse::<Level>().ok()).unwrap_or(Level::INFO);
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(LevelFilter::from_level(level))
        .init();
}
