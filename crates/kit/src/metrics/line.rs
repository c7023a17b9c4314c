//! A line of metrics, in `CloudWatch`'s embedded metric format (`CloudWatch` user guide, "Specification: Embedded metric format").

use super::{By, Metric, NAMESPACE};
use crate::{clock::SystemClock, logging};
use serde_json::{Map, Number, Value, json};
use sightline_domain::clock::{Clock, EpochMillis};
use std::{env, sync::LazyLock};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Name of the deployment, from `DEPLOYMENT`.
static DEPLOYMENT: LazyLock<String> =
    LazyLock::new(|| env::var("DEPLOYMENT").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "sightline".to_owned()));

/// Reads the environment, so that no handler does.
pub(crate) fn init() {
    LazyLock::force(&DEPLOYMENT);
}

/// Metrics that belong together, with what they are about. Nothing counts until it is written.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "nothing counts until it is written"]
pub struct Line {
    metrics: Vec<(Metric, Number)>,
    fields: Map<String, Value>,
}

impl Line {
    /// Adds a value.
    pub fn with(mut self, metric: Metric, value: impl Into<Number>) -> Self {
        self.metrics.push((metric, value.into()));
        self
    }

    /// Says what the line is about: a dimension, or something to search by. Nothing where there is nothing to say.
    pub fn about(mut self, name: &str, value: Option<&str>) -> Self {
        // CloudWatch takes no empty dimensions.
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Writes it, now.
    pub fn write(&self) {
        logging::line(&self.json(&DEPLOYMENT, SystemClock.now()).to_string());
    }

    /// As JSON, written by `deployment` at `now`. Level and timestamp are what Lambda sorts its lines by.
    pub fn json(&self, deployment: &str, now: EpochMillis) -> Value {
        let mut root = self.fields.clone();
        root.insert("timestamp".to_owned(), rfc3339(now).into());
        root.insert("level".to_owned(), "INFO".into());
        root.insert("Deployment".to_owned(), deployment.into());
        root.extend(self.metrics.iter().map(|(metric, value)| (metric.name.to_owned(), Value::Number(value.clone()))));
        root.insert("_aws".to_owned(), json!({ "Timestamp": now, "CloudWatchMetrics": self.directives() }));
        Value::Object(root)
    }

    /// One directive for all metrics that are counted by the same. A zero stands in the line alone: `CloudWatch` charges a metric by
    /// the hours in which it is sent, and alarms and graphs take no value for zero.
    fn directives(&self) -> Vec<Value> {
        let sent = |(metric, value): &&(Metric, Number)| metric.by != By::Line && value.as_f64() != Some(0.0);
        let mut rest: Vec<Metric> = self.metrics.iter().filter(sent).map(|(metric, _)| *metric).collect();
        let mut directives = Vec::new();
        while let Some(by) = rest.first().map(|metric| metric.by) {
            let (these, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|metric| metric.by == by);
            let metrics: Vec<_> = these.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit.as_str() })).collect();
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
mod tests;
