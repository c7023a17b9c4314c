//! Settings of import-image: where things lie.

use sightline_kit::settings::Reader;

/// All settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// Bucket of all images.
    pub images_bucket: String,
    /// What analyses are started with.
    pub state_machine_arn: String,
}

/// Reads them.
pub fn read(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        images_bucket: reader.text("IMAGES_BUCKET"),
        state_machine_arn: reader.text("STATE_MACHINE_ARN"),
    }
}
