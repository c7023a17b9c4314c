//! The settings of the function (docs/configuration.md).

use secrecy::SecretString;
use sightline_kit::settings::Reader;

/// Minimum length of the secret of links: 256 bits as hex are 64, and base64 of 192 bits are 32 characters.
const MIN_SECRET: usize = 32;

/// The settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// Table of the label index.
    pub label_index_table: String,
    /// Table of the counters.
    pub trends_table: String,
    /// The images bucket.
    pub images_bucket: String,
    /// The state machine, whose executions are listed.
    pub state_machine_arn: String,
    /// The state machine or its alias, which new executions are started with.
    pub live_state_machine_arn: String,
    /// The secret of the links to pictures.
    pub media_secret: SecretString,
    /// Maximum size of an upload in bytes.
    pub max_bytes: u64,
    /// Maximum number of pixels of an upload.
    pub max_pixels: u64,
    /// Rekognition's quota in calls a second per operation: limits the executions that are started.
    pub calls_per_second: u32,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    let media_secret = reader.text("MEDIA_SECRET");
    if (1..MIN_SECRET).contains(&media_secret.len()) {
        reader.problem(format!("MEDIA_SECRET has fewer than {MIN_SECRET} characters"));
    }
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        label_index_table: reader.text("LABEL_INDEX_TABLE"),
        trends_table: reader.text("TRENDS_TABLE"),
        images_bucket: reader.text("IMAGES_BUCKET"),
        state_machine_arn: reader.text("STATE_MACHINE_ARN"),
        live_state_machine_arn: reader.text("LIVE_STATE_MACHINE_ARN"),
        media_secret: media_secret.into(),
        max_bytes: reader.parsed("MAX_BYTES", 15_728_640),
        max_pixels: reader.parsed("MAX_PIXELS", 50_000_000),
        calls_per_second: reader.calls_per_second(),
    }
}
