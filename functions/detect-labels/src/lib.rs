//! Finds the labels of an image, and decides whether faces and text are analysed. The step is [`sightline_kit::AnalysisStep`].
//!
//! Input `{"Image": ImageRef}`. Errors: `Recognition.*`, `Storage.*`.

use sightline_domain::rules::labels::LabelRules;
use sightline_kit::settings::Reader;

/// Reads the rules from the settings (docs/configuration.md).
pub fn rules(reader: &mut Reader<'_>) -> LabelRules {
    let default = LabelRules::default();
    LabelRules {
        min_confidence: reader.percent("LABEL_MIN_CONFIDENCE", default.min_confidence),
        max_stored: reader.parsed("MAX_STORED_LABELS", default.max_stored),
        person_min_confidence: reader.percent("PERSON_MIN_CONFIDENCE", default.person_min_confidence),
        text_min_confidence: reader.percent("TEXT_MIN_CONFIDENCE", default.text_min_confidence),
        text_gate: reader.parsed("TEXT_GATE", default.text_gate),
        watched: reader.json("WATCHED_LABELS", default.watched),
        watched_min_confidence: reader.percent("WATCHED_MIN_CONFIDENCE", default.watched_min_confidence),
    }
}
