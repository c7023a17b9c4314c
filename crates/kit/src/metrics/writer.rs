//! Writes metrics in `CloudWatch`'s embedded metric format (`CloudWatch` user guide, "Specification: Embedded metric format").

use super::{By, Metric, NAMESPACE};
use crate::{clock::SystemClock, logging};
use serde_json::{Map, Number, Value, json};
use sightline_domain::model::{Clock, EpochMillis};
use std::{env, sync::LazyLock};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Name of the deployment, from `DEPLOYMENT`.
static DEPLOYMENT: LazyLock<String> =
    LazyLock::new(|| env::var("DEPLOYMENT").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "sightline".to_owned()));

/// Reads the environment, so that no handler does.
pub(crate) fn init() {
    LazyLock::force(&DEPLOYMENT);
}

/// Metrics with their fields, one log line. They count once they are written.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "metrics count once they are written"]
pub struct Metrics {
    metrics: Vec<(Metric, Number)>,
    fields: Map<String, Value>,
}

impl Metrics {
    /// Adds a value.
    pub fn with(mut self, metric: Metric, value: impl Into<Number>) -> Self {
        self.metrics.push((metric, value.into()));
        self
    }

    /// Adds a field: a dimension, or an id to search by. Empty and missing values are left out.
    pub fn field(mut self, name: &str, value: Option<&str>) -> Self {
        // CloudWatch takes no empty dimensions.
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Writes the line with the current time.
    pub fn write(&self) {
        logging::line(&self.json(&DEPLOYMENT, SystemClock.now()).to_string());
    }

    /// The line as JSON, written by `deployment` at `now`. Lambda sorts lines by `level` and `timestamp`.
    pub fn json(&self, deployment: &str, now: EpochMillis) -> Value {
        let mut root = self.fields.clone();
        root.insert("timestamp".to_owned(), rfc3339(now).into());
        root.insert("level".to_owned(), "INFO".into());
        root.insert("Deployment".to_owned(), deployment.into());
        root.extend(self.metrics.iter().map(|(metric, value)| (metric.name.to_owned(), Value::Number(value.clone()))));
        root.insert("_aws".to_owned(), json!({ "Timestamp": now, "CloudWatchMetrics": self.directives() }));
        Value::Object(root)
    }

    /// One directive for all metrics with the same dimensions. A zero is a field only: `CloudWatch` charges a metric by the hours in which
    /// it is sent, and alarms and graphs treat a missing value as zero.
    fn directives(&self) -> Vec<Value> {
        let sent = |(metric, value): &&(Metric, Number)| metric.by != By::LogField && value.as_f64() != Some(0.0);
        let mut rest: Vec<Metric> = self.metrics.iter().filter(sent).map(|(metric, _)| *metric).collect();
        let mut directives = Vec::new();
        while let Some(by) = rest.first().map(|metric| metric.by) {
            let (these, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|metric| metric.by == by);
            let metrics: Vec<_> = these.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit.as_ref() })).collect();
            directives.push(json!({ "Namespace": NAMESPACE, "Dimensions": by.dimensions(), "Metrics": metrics }));
            rest = others;
        }
        directives
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any record are far below 2^52")]
pub fn seconds(millis: EpochMillis) -> Number {
    Number::from_f64(millis.max(0) as f64 / 1000.0).unwrap_or_else(|| 0.into())
}

fn rfc3339(at: EpochMillis) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{ALL, DURATION, END_TO_END_SECONDS, IMAGES, ORPHANS, STATES, STUCK_RECORDS, THROTTLES};
    use super::*;

    const NOW: EpochMillis = 1_795_513_267_123;

    /// Checks the rules of the specification that apply to our documents.
    fn check(document: &Value) {
        let aws = document["_aws"].as_object().unwrap();
        assert_eq!(aws.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
        assert!(aws["Timestamp"].is_i64(), "milliseconds since 1970");
        for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
            let members = directive.as_object().unwrap();
            assert_eq!(members.keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"]);
            assert!((1..=1024).contains(&directive["Namespace"].as_str().unwrap().len()));
            for set in directive["Dimensions"].as_array().unwrap() {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                for dimension in set {
                    let value =
                        document[dimension.as_str().unwrap()].as_str().unwrap_or_else(|| panic!("{dimension} has no value: {document}"));
                    assert!((1..=1024).contains(&value.len()) && value.is_ascii());
                }
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                assert_eq!(metric.as_object().unwrap().keys().collect::<Vec<_>>(), ["Name", "Unit"]);
                assert!(document[metric["Name"].as_str().unwrap()].is_number());
                assert!(["Count", "Milliseconds", "Seconds", "None"].contains(&metric["Unit"].as_str().unwrap()));
            }
        }
    }

    #[test]
    fn a_line_is_a_document_of_the_embedded_metric_format() {
        let line = Metrics::default()
            .with(DURATION, 120)
            .with(THROTTLES, 2)
            .with(END_TO_END_SECONDS, seconds(2_500))
            .with(STATES, 11)
            .with(IMAGES, 1)
            .field("Function", Some("store-record"))
            .field("Outcome", Some("COMPLETED"))
            .field("image_id", Some("an-id"))
            .field("error", None);
        let document = line.json("sightline", NOW);
        check(&document);
        assert_eq!(
            document,
            json!({
                "_aws": {
                    "Timestamp": NOW,
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "sightline",
                            "Dimensions": [["Deployment"]],
                            "Metrics": [{ "Name": "Throttles", "Unit": "Count" }, { "Name": "EndToEndSeconds", "Unit": "Seconds" }],
                        },
                        { "Namespace": "sightline", "Dimensions": [["Deployment", "Outcome"]], "Metrics": [{ "Name": "Images", "Unit": "Count" }] },
                    ],
                },
                "Deployment": "sightline", "Function": "store-record", "Outcome": "COMPLETED",
                "Duration": 120, "Throttles": 2, "EndToEndSeconds": 2.5, "States": 11, "Images": 1,
                "image_id": "an-id", "level": "INFO", "timestamp": "2026-11-24T09:41:07.123Z",
            })
        );
    }

    /// A metric that is sent every hour costs 0.30 dollars a month.
    #[test]
    fn zeros_and_log_fields_are_not_sent_as_metrics() {
        let document =
            Metrics::default().with(ORPHANS, 0).with(STUCK_RECORDS, 0).with(THROTTLES, 0).with(DURATION, 12).json("sightline", NOW);
        check(&document);
        assert_eq!(document["_aws"]["CloudWatchMetrics"], json!([]));
        assert_eq!((&document["Orphans"], &document["Throttles"], &document["Duration"]), (&json!(0), &json!(0), &json!(12)));
    }

    #[test]
    fn every_metric_makes_a_valid_line() {
        for metric in ALL {
            let line = Metrics::default().with(*metric, 1).field("Function", Some("f")).field("Outcome", Some("o"));
            check(&line.json("d", NOW));
        }
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "each name once");
    }

    #[test]
    fn seconds_have_three_decimals_and_are_never_negative() {
        assert_eq!((seconds(1_250), seconds(-5)), (Number::from_f64(1.25).unwrap(), Number::from_f64(0.0).unwrap()));
    }
}
