//! Reads the logs of a deployment.

use crate::classify::storage;
use aws_sdk_cloudwatchlogs::{Client, operation::filter_log_events::FilterLogEventsError, types::FilteredLogEvent};
use sightline_domain::model::{EpochMillis, StorageError};

/// A log event: usually one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLine {
    /// When it was written, epoch milliseconds.
    pub at: EpochMillis,
    /// The text.
    pub message: String,
    /// The log stream. Each process of a function has its own.
    pub stream: String,
    /// The event id, which distinguishes equal lines; `None` on a local stack.
    pub id: Option<String>,
}

/// `CloudWatch` Logs.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

impl Logs {
    /// Logs over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The lines of `group` since `since` that contain `phrase` (`None`: all lines), oldest first, at most `limit`. A group that does not exist
    /// has no lines.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if `CloudWatch` Logs cannot be read.
    pub async fn lines(&self, group: &str, phrase: Option<&str>, since: EpochMillis, limit: usize) -> Result<Vec<LogLine>, StorageError> {
        // In quotes, the phrase is searched literally; ids contain no quotes.
        let pattern = phrase.map(|phrase| format!("\"{}\"", phrase.replace('"', "")));
        let (mut lines, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.filter_log_events().log_group_name(group).start_time(since).set_filter_pattern(pattern.clone());
            let page = match request.set_next_token(next).send().await {
                Ok(page) => page,
                Err(error) if error.as_service_error().is_some_and(FilterLogEventsError::is_resource_not_found_exception) => {
                    return Ok(lines);
                }
                Err(error) => return Err(storage("reading the logs", error)),
            };
            lines.extend(page.events.unwrap_or_default().into_iter().map(LogLine::from));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() || lines.len() >= limit {
                lines.truncate(limit);
                return Ok(lines);
            }
        }
    }
}

impl From<FilteredLogEvent> for LogLine {
    fn from(event: FilteredLogEvent) -> Self {
        Self {
            at: event.timestamp.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            id: event.event_id,
        }
    }
}
