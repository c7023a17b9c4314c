//! Counts images by label, outcome and reason, each exactly once.
//!
//! Input: [`Input`], a batch from the DynamoDB stream of the records. Output: [`Tallied`]. Errors: `Storage.Unavailable`, after everything
//! else in the batch was counted; a change that can never be counted is a batch item failure in the output.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    flows::count::{Counted, count_image},
    model::{InputInvalid, StepError},
    ports::{Counters, Records},
};
use sightline_kit::{Step, StepFailure, settings::Reader};
use std::collections::BTreeMap;

/// Counts the images of the tables `T`.
pub struct CountTrends<T> {
    tables: T,
}

/// The changed items. Only their keys are read: the current record says what to count.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    /// Parsed one by one, so that an invalid one does not hide the others.
    records: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Change {
    dynamodb: Changed,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Changed {
    keys: Key,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(rename = "ImageID")]
    image_id: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// What was counted.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tallied {
    /// Images in the batch.
    pub images: usize,
    /// Images whose contributions have changed.
    pub changed: usize,
    /// Changes that could not be counted. Lambda retries from the first of them, and sends a change that keeps failing to the failure
    /// destination (Lambda developer guide, "Reporting batch item failures").
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<ItemFailure>,
}

/// A change that could not be counted.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number in the stream.
    pub item_identifier: String,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// Table of the trends.
    pub trends_table: String,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), trends_table: reader.text("TRENDS_TABLE") }
}

impl<T> CountTrends<T> {
    /// A step over the records and counters of `tables`.
    pub fn new(tables: T) -> Self {
        Self { tables }
    }
}

impl<T: Records + Counters> Step for CountTrends<T> {
    const NAME: &'static str = "count-trends";
    type Input = Input;
    type Output = Tallied;

    async fn run(&self, input: Input) -> Result<Tallied, StepFailure> {
        let (mut images, mut tallied) =
            (BTreeMap::<String, &serde_json::Value>::new(), Tallied { images: 0, changed: 0, failures: Vec::new() });
        for change in &input.records {
            match Change::deserialize(change) {
                Ok(read) => drop(images.entry(read.dynamodb.keys.image_id.text).or_insert(change)),
                Err(error) => {
                    tracing::error!(sequence_number = sequence_number(change), "the change has no image id: not counted");
                    tallied.report_failure(change, InputInvalid(error.into()))?;
                }
            }
        }
        let mut transient = None;
        for (image_id, change) in &images {
            match count_image(&self.tables, image_id).await {
                Ok(Counted::Unchanged) => {}
                Ok(Counted::Changed { labels }) => {
                    tallied.changed += 1;
                    log_labels(image_id, &labels);
                }
                // The other images are counted all the same. Lambda retries the whole batch, and counting an image again changes nothing.
                Err(error) if error.is_transient() => transient = transient.or(Some(error)),
                Err(error) => {
                    tracing::error!(image_id, error = error.name(), "the image could not be counted");
                    tallied.report_failure(change, error)?;
                }
            }
        }
        tallied.images = images.len();
        tracing::info!(images = tallied.images, changed = tallied.changed, failed = tallied.failures.len(), "images counted");
        transient.map_or(Ok(tallied), |error| Err(error.into()))
    }
}

impl Tallied {
    /// Reports a change as failed, so that Lambda retries it. Without a sequence number, as in a manual invocation, the step fails instead.
    fn report_failure(&mut self, change: &serde_json::Value, error: impl Into<StepFailure>) -> Result<(), StepFailure> {
        let number = sequence_number(change).ok_or_else(|| error.into())?;
        self.failures.push(ItemFailure { item_identifier: number.to_owned() });
        Ok(())
    }
}

fn sequence_number(change: &serde_json::Value) -> Option<&str> {
    change.pointer("/dynamodb/SequenceNumber").and_then(serde_json::Value::as_str)
}

/// Logs one line per label: the dashboard ranks them.
fn log_labels(image_id: &str, labels: &[String]) {
    for label in labels {
        tracing::info!(image_id, label, "label counted");
    }
}
