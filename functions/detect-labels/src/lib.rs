//! Finds the labels of an image, and decides whether faces and text are analysed. The step is [`sightline_kit::AnalysisStep`].
//!
//! Input `{"Image": ImageRef}`. Errors: `Recognition.*`, `Storage.*`.

use sightline_domain::rules::labels::{LabelRules, TextGate};
use sightline_kit::settings::Reader;

/// Reads the rules from the settings (docs/configuration.md).
pub fn rules(reader: &mut Reader<'_>) -> LabelRules {
    LabelRules {
        min_confidence: reader.percent("LABEL_MIN_CONFIDENCE", 80.0),
        max_stored: reader.parsed("MAX_STORED_LABELS", 10),
        person_min_confidence: reader.percent("PERSON_MIN_CONFIDENCE", 50.0),
        text_min_confidence: reader.percent("TEXT_MIN_CONFIDENCE", 50.0),
        text_gate: reader.parsed("TEXT_GATE", TextGate::Labels),
        watched: reader.json("WATCHED_LABELS", vec!["Weapon".to_owned()]),
        watched_min_confidence: reader.percent("WATCHED_MIN_CONFIDENCE", 60.0),
    }
}
