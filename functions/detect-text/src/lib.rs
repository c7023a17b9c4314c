//! Finds the lines of text in an image. The step is [`sightline_kit::AnalysisStep`].
//!
//! Input `{"Image": ImageRef}`. Errors: `Recognition.*`, `Storage.*`.

use sightline_domain::rules::text::TextRules;
use sightline_kit::settings::Reader;

/// Reads the rules from the settings (docs/configuration.md).
pub fn rules(reader: &mut Reader<'_>) -> TextRules {
    TextRules { min_confidence: reader.percent("TEXT_LINE_MIN_CONFIDENCE", 80.0) }
}
