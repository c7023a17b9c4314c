//! Reads the logs of a deployment.

use crate::classify::storage;
use aws_sdk_cloudwatchlogs::{Client, operation::filter_log_events::FilterLogEventsError, types::FilteredLogEvent};
use sightline_domain::model::{clock::EpochMillis, error::StorageError};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// When it was written, epoch milliseconds.
    pub at: EpochMillis,
    /// As it was written.
    pub message: String,
    /// The stream: of a function, one process of it.
    pub stream: String,
    /// What tells it from a line that is the same; the local engine gives none.
    pub id: Option<String>,
}

/// `CloudWatch` Logs.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

impl Logs {
    /// Over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The lines of `group` since then that hold `phrase` (all of them, where there is none), oldest first, at most `most`.
    ///
    /// A group that does not exist has no lines.
    pub async fn lines(&self, group: &str, phrase: Option<&str>, since: EpochMillis, most: usize) -> Result<Vec<Line>, StorageError> {
        // In quotes it is looked for as it stands; none of our ids holds one.
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
            lines.extend(page.events.unwrap_or_default().into_iter().map(Line::from));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() || lines.len() >= most {
                lines.truncate(most);
                return Ok(lines);
            }
        }
    }
}

impl From<FilteredLogEvent> for Line {
    fn from(event: FilteredLogEvent) -> Self {
        Self {
            at: event.timestamp.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            id: event.event_id,
        }
    }
}
