//! One JSON line per event on stdout, with timestamp, level, service, request id, trace id, execution and `ImageID`.
//! Ids only: never payloads, found text, faces, task tokens.

use std::{
    io::{Write, stdout},
    panic,
};
use tracing::{Level, error, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

/// The Lambda runtime logs a returned error here, without the ids of the invocation; [`crate::serve()`] logs it with them.
const LOGGED_BY_US: &str = "lambda_runtime::layers::panic";

/// Starts logging. The level comes from `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the function's logging configuration.
pub fn init() {
    let configured = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok();
    let level = configured.and_then(|level| level.parse::<Level>().ok()).unwrap_or(Level::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_target(false);
    let filter = Targets::new().with_default(LevelFilter::from_level(level)).with_target(LOGGED_BY_US, LevelFilter::OFF);
    registry().with(lines).with(filter).init();
    // Only the location: the message of a panic can quote data.
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string).unwrap_or_default();
        error!(place, "panicked");
    }));
}

/// Writes a whole line. Write errors are ignored.
pub(crate) fn line(text: &str) {
    let _ = stdout().lock().write_all(format!("{text}\n").as_bytes());
}
