//! Counts images by label, outcome and reason, each exactly once.
//!
//! Input: [`Input`], what the stream of the records' table tells. Output: [`Tallied`]. Errors: `Storage.*`.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    counting::{Counted, count_image},
    ports::{RecordFinder, TallyStore},
};
use sightline_kit::{Fault, Step, settings::Reader};
use std::collections::BTreeSet;

/// The step.
pub struct CountTrends<R, T> {
    records: R,
    tallies: T,
}

/// Its input: changed items, of which only the keys are read. What has changed, the record itself tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    records: Vec<Change>,
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
        let images: BTreeSet<String> = input.records.into_iter().map(|change| change.dynamodb.keys.image_id.text).collect();
        let (mut anew, mut trouble) = (0, None);
        for image_id in &images {
            match count_image(&self.records, &self.tallies, image_id).await {
                Ok(Counted::AsBefore) => {}
                Ok(Counted::Anew { labels }) => {
                    anew += 1;
                    tell(image_id, &labels);
                }
                // One image must not hold the others up. The whole batch comes again; what is counted by then stays as it is.
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        tracing::info!(images = images.len(), anew, "images counted");
        trouble.map_or(Ok(Tallied { images: images.len(), anew }), |error| Err(error.into()))
    }
}

/// A line per label: the dashboard ranks them.
fn tell(image_id: &str, labels: &[String]) {
    for label in labels {
        tracing::info!(image_id, label, "label counted");
    }
}
