//! Settings of analyze-faces; docs/configuration.md says what each is for.

use sightline_kit::settings::Reader;

/// Reads the confidence, in percent, from which a face is kept.
pub fn read(reader: &mut Reader<'_>) -> f64 {
    reader.percent("FACE_MIN_CONFIDENCE", 80.0)
}
