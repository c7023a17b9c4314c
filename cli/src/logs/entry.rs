//! A line of a log, as it is printed.

use crate::output::text::{NOTHING, clean, shorten};
use serde_json::{Map, Value, json};
use sightline_aws::logs::LogLine;
use sightline_domain::model::clock::EpochMillis;
use std::cmp::Ordering;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// A line, and who wrote it. Ordered by time, then by who and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose log it is.
    source: String,
    /// The line.
    pub line: LogLine,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.line.at, &self.source, &self.line).cmp(&(other.line.at, &other.source, &other.line))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]Z");
/// Longest text that is shown of one line in a table.
const LONGEST: usize = 600;
/// What every line of a function says, or what stands in a column of its own.
const TOLD: [&str; 7] = ["timestamp", "level", "message", "span", "_aws", "Deployment", "Function"];
/// The kinds in which Lambda itself tells of an invocation, in JSON and as text.
const PLATFORM: &str = "platform.";
const PLATFORM_TEXTS: [&str; 4] = ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_START"];

impl Entry {
    /// Of a log.
    pub fn new(source: String, line: LogLine) -> Self {
        Self { source, line }
    }

    /// As one JSON object; the message as JSON where it is that.
    pub fn json(&self) -> Value {
        let message = serde_json::from_str(&self.line.message).unwrap_or_else(|_| Value::from(self.line.message.clone()));
        json!({ "Timestamp": self.line.at, "Function": self.source, "LogStream": self.line.stream, "Message": message })
    }

    fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.line.message).ok()
    }

    /// Whether it is a line of metrics, or of the platform, that tells of no trouble.
    pub fn is_measurement(&self) -> bool {
        match self.object() {
            Some(object) if object.contains_key("_aws") => true,
            Some(object) => {
                let platform = text(&object, "type").is_some_and(|kind| kind.starts_with(PLATFORM));
                let status = object.get("record").and_then(|record| record.get("status")).and_then(Value::as_str);
                platform && status.is_none_or(|status| status == "success")
            }
            None => PLATFORM_TEXTS.iter().any(|start| self.line.message.starts_with(start)),
        }
    }

    /// As one line: time, function, level, message, and what else it says.
    pub fn for_people(&self) -> String {
        let (level, message, fields) = match self.object() {
            Some(object) => (level(&object), message(&object), fields(&object)),
            None => (NOTHING.to_owned(), self.line.message.trim_end().to_owned(), String::new()),
        };
        let said = shorten(&[message, fields].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  "), LONGEST);
        format!("{}  {:<16}  {:<5}  {said}", moment(self.line.at), clean(&self.source), clean(&level))
    }
}

fn moment(at: EpochMillis) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    moment.and_then(|at| at.format(TIME).ok()).unwrap_or_else(|| at.to_string())
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn level(object: &Map<String, Value>) -> String {
    text(object, "level").unwrap_or(NOTHING).to_owned()
}

/// Ours; else what the state machine or Lambda calls the event.
fn message(object: &Map<String, Value>) -> String {
    if object.contains_key("_aws") {
        return "metrics".to_owned();
    }
    let state = object.get("details").and_then(|details| details.get("name")).and_then(Value::as_str);
    let kind = text(object, "type").map(|kind| state.map_or_else(|| kind.to_owned(), |state| format!("{kind} {state}")));
    text(object, "message").map(str::to_owned).or(kind).unwrap_or_default()
}

/// `name=value`, of all that has no column of its own. The ids are those that were asked for, so the others suffice.
fn fields(object: &Map<String, Value>) -> String {
    // What the state machine logs is told by its type and its state.
    if object.contains_key("execution_arn") && object.contains_key("type") {
        let details = object.get("details");
        let error = details.and_then(|details| details.get("error")).and_then(Value::as_str);
        return error.map(|error| format!("error={error}")).unwrap_or_default();
    }
    let span = object.get("span").and_then(|span| span.get("image_id")).map(|id| ("image_id", id));
    let own = object.iter().map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| !TOLD.contains(name));
    own.chain(span).map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
