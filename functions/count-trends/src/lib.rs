//! Counts images by label, outcome and reason, each exactly once.
//!
//! Input: [`Input`], changes as the stream of the records' table names them. Output: [`Tallied`]. Errors: `Storage.Unavailable`, after all that
//! can be counted was counted; what can never be counted is an item failure of the answer.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    counting::{Counted, count_image},
    error::{InputInvalid, StepError},
    ports::{RecordFinder, TallyStore},
};
use sightline_kit::{Fault, Step, settings::Reader};
use std::collections::BTreeMap;

/// The step.
pub struct CountTrends<R, T> {
    records: R,
    tallies: T,
}

/// Its input: changed items, of which only the keys are read. What has changed, the record itself tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    /// Each is read by itself, so that one that is not as it should be does not hide the others.
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

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tallied {
    /// Images that were looked at.
    pub images: usize,
    /// Those that count anew.
    pub anew: usize,
    /// Changes that could not be counted. Lambda tries again from the first of them, and sets aside what fails each time (Lambda developer
    /// guide, "Reporting batch item failures").
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

/// Its settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// Name of the table of trends.
    pub trends_table: String,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), trends_table: reader.text("TRENDS_TABLE") }
}

impl<R, T> CountTrends<R, T> {
    /// Counts by `records` into `tallies`.
    pub fn new(records: R, tallies: T) -> Self {
        Self { records, tallies }
    }
}

impl<R: RecordFinder, T: TallyStore> Step for CountTrends<R, T> {
    const NAME: &'static str = "count-trends";
    type Input = Input;
    type Output = Tallied;

    async fn run(&self, input: Input) -> Result<Tallied, Fault> {
        let (mut images, mut tallied) =
            (BTreeMap::<String, &serde_json::Value>::new(), Tallied { images: 0, anew: 0, failures: Vec::new() });
        for change in &input.records {
            match Change::deserialize(change) {
                Ok(read) => drop(images.entry(read.dynamodb.keys.image_id.text).or_insert(change)),
                Err(error) => {
                    tracing::error!(sequence_number = sequence_number(change), "a change names no image: it is not counted");
                    tallied.leave(change, InputInvalid(error.into()))?;
                }
            }
        }
        let mut passing = None;
        for (image_id, change) in &images {
            match count_image(&self.records, &self.tallies, image_id).await {
                Ok(Counted::AsBefore) => {}
                Ok(Counted::Anew { labels }) => {
                    tallied.anew += 1;
                    tell(image_id, &labels);
                }
                // One image must not hold the others up. The whole batch comes again; what is counted by then stays as it is.
                Err(error) if error.is_transient() => passing = passing.or(Some(error)),
                Err(error) => {
                    tracing::error!(image_id, error = error.name(), "the image is not counted");
                    tallied.leave(change, error)?;
                }
            }
        }
        tallied.images = images.len();
        tracing::info!(images = tallied.images, anew = tallied.anew, failed = tallied.failures.len(), "images counted");
        passing.map_or(Ok(tallied), |error| Err(error.into()))
    }
}

impl Tallied {
    /// Leaves a change to be tried again. Without a sequence number nobody could: such an input comes from somebody who reads the answer.
    fn leave(&mut self, change: &serde_json::Value, error: impl Into<Fault>) -> Result<(), Fault> {
        let number = sequence_number(change).ok_or_else(|| error.into())?;
        self.failures.push(ItemFailure { item_identifier: number.to_owned() });
        Ok(())
    }
}

fn sequence_number(change: &serde_json::Value) -> Option<&str> {
    change.pointer("/dynamodb/SequenceNumber").and_then(serde_json::Value::as_str)
}

/// A line per label: the dashboard ranks them.
fn tell(image_id: &str, labels: &[String]) {
    for label in labels {
        tracing::info!(image_id, label, "label counted");
    }
}
