//! Describes the faces in an image: age range, gender, emotions, pose, quality. The step is [`sightline_kit::AnalysisStep`].
//!
//! Input `{"Image": ImageRef}`. Errors: `Recognition.*`, `Storage.*`.

use sightline_domain::rules::faces::FaceRules;
use sightline_kit::settings::Reader;

/// Reads the rules from the settings (docs/configuration.md).
pub fn rules(reader: &mut Reader<'_>) -> FaceRules {
    FaceRules { min_confidence: reader.percent("FACE_MIN_CONFIDENCE", 80.0) }
}
