//! A log line, as it is printed.

use crate::output::{NO_VALUE, clean, shorten};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sightline_aws::LogLine;
use sightline_domain::model::EpochMillis;
use std::cmp::Ordering;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// A line with its function or state machine. Ordered by time, then by source and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    source: String,
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
/// Characters of one line in a table.
const LONGEST: usize = 600;
/// Fields that every line has, or that have their own column.
const COMMON_FIELDS: [&str; 7] = ["timestamp", "level", "message", "span", "_aws", "Deployment", "Function"];
/// Beginnings of the lines that the Lambda platform writes, in JSON and as text.
const PLATFORM: &str = "platform.";
const PLATFORM_TEXTS: [&str; 4] = ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_START"];

impl Entry {
    pub fn new(source: String, line: LogLine) -> Self {
        Self { source, line }
    }

    fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.line.message).ok()
    }

    /// Whether the line has metrics, or comes from the platform and reports no error.
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

    /// One line of text: time, function, level, message and fields.
    pub fn text(&self) -> String {
        let (level, message, fields) = match self.object() {
            Some(object) => (level(&object), message(&object), fields(&object)),
            None => (NO_VALUE.to_owned(), self.line.message.trim_end().to_owned(), String::new()),
        };
        let text = shorten(&[message, fields].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  "), LONGEST);
        format!("{}  {:<16}  {:<5}  {text}", moment(self.line.at), clean(&self.source), clean(&level))
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
    text(object, "level").unwrap_or(NO_VALUE).to_owned()
}

/// The message of a function, else the type of an event of a state machine or of the platform.
fn message(object: &Map<String, Value>) -> String {
    if object.contains_key("_aws") {
        return "metrics".to_owned();
    }
    let state = object.get("details").and_then(|details| details.get("name")).and_then(Value::as_str);
    let kind = text(object, "type").map(|kind| state.map_or_else(|| kind.to_owned(), |state| format!("{kind} {state}")));
    text(object, "message").map(str::to_owned).or(kind).unwrap_or_default()
}

/// `name=value` for each field that has no column. Of the span, only the image id: the other ids were searched for.
fn fields(object: &Map<String, Value>) -> String {
    // The message already has the type and the state of a state machine's event.
    if object.contains_key("execution_arn") && object.contains_key("type") {
        let details = object.get("details");
        let error = details.and_then(|details| details.get("error")).and_then(Value::as_str);
        return error.map(|error| format!("error={error}")).unwrap_or_default();
    }
    let span = object.get("span").and_then(|span| span.get("image_id")).map(|id| ("image_id", id));
    let own = object.iter().map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| !COMMON_FIELDS.contains(name));
    own.chain(span).map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One JSON object; the message is JSON if the line is.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = serde_json::from_str(&self.line.message).unwrap_or_else(|_| Value::from(self.line.message.clone()));
        let object = json!({ "Timestamp": self.line.at, "Function": self.source, "LogStream": self.line.stream, "Message": message });
        object.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(message: &str) -> Entry {
        let line = LogLine { at: 1_795_513_267_123, message: message.to_owned(), stream: "s".to_owned(), id: None };
        Entry::new("detect-labels".to_owned(), line)
    }

    fn of(message: &Value) -> Entry {
        entry(&message.to_string())
    }

    #[test]
    fn line_of_a_function_is_time_function_level_message_and_fields() {
        let line = of(&json!({
            "timestamp": "2026-11-24T09:41:07.123Z", "level": "INFO", "message": "labels detected", "label_count": 5,
            "span": { "image_id": "an-id", "name": "invocation", "request_id": "r", "service": "detect-labels" },
        }));
        assert_eq!(line.text(), "2026-11-24 09:41:07.123Z  detect-labels     INFO   labels detected  label_count=5 image_id=an-id");
        assert!(!line.is_measurement());
    }

    #[test]
    fn metrics_and_platform_lines_without_errors_are_measurements() {
        let metrics = of(&json!({ "_aws": {}, "Deployment": "sightline", "Function": "f", "Duration": 12, "level": "INFO" }));
        assert!(metrics.is_measurement() && metrics.text().ends_with("INFO   metrics  Duration=12"), "{}", metrics.text());
        let report = |status: &str| of(&json!({ "time": "t", "type": "platform.report", "record": { "status": status } }));
        assert!(report("success").is_measurement() && !report("timeout").is_measurement());
        assert!(entry("REPORT RequestId: 1\tDuration: 2 ms").is_measurement());
        assert!(!entry("thread 'main' panicked").is_measurement());
    }

    #[test]
    fn line_of_a_state_machine_is_an_event_and_its_state() {
        let entered = json!({ "id": "3", "type": "TaskStateEntered", "details": { "name": "DetectLabels" }, "execution_arn": "arn" });
        assert!(of(&entered).text().ends_with("–      TaskStateEntered DetectLabels"));
        let failed = json!({ "type": "ExecutionFailed", "details": { "error": "Storage.Unavailable" }, "execution_arn": "arn" });
        assert!(of(&failed).text().ends_with("ExecutionFailed  error=Storage.Unavailable"));
    }

    #[test]
    fn line_that_is_not_json_is_shown_without_control_characters() {
        let line = entry("plain \u{1b}[2Jtext\n");
        assert!(line.text().ends_with("–      plain \u{fffd}[2Jtext"), "{}", line.text());
        assert_eq!(json!(line)["Message"], "plain \u{1b}[2Jtext\n");
        assert_eq!(json!(of(&json!({ "a": 1 })))["Message"]["a"], 1);
    }

    #[test]
    fn same_line_from_two_searches_is_one_entry() {
        let lines: std::collections::BTreeSet<_> = [entry("a"), entry("a"), entry("b")].into_iter().collect();
        assert_eq!(lines.len(), 2);
    }
}
