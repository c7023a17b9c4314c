//! Settings of detect-text; docs/configuration.md says what each is for.

use sightline_kit::settings::Reader;

/// Reads the confidence, in percent, from which a line is kept.
pub fn read(reader: &mut Reader<'_>) -> f64 {
    reader.percent("TEXT_LINE_MIN_CONFIDENCE", 80.0)
}
