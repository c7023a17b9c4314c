//! Settings of inspect-image; docs/configuration.md says what each is for.

use crate::inspect::Limits;
use sightline_kit::settings::Reader;

/// All settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// What is accepted.
    pub limits: Limits,
    /// Whether the place where a photo was taken is kept.
    pub store_gps: bool,
}

/// Reads them.
pub fn read(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        limits: Limits { max_bytes: reader.parsed("MAX_BYTES", 15_728_640), max_pixels: reader.parsed("MAX_PIXELS", 50_000_000) },
        store_gps: reader.parsed("STORE_GPS", false),
    }
}
