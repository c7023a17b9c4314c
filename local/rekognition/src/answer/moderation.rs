//! `DetectModerationLabels`.

use serde::Serialize;
use sightline_vision::Moderation;

use super::MODEL_VERSION;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    moderation_labels: Vec<LabelItem>,
    moderation_model_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LabelItem {
    confidence: f32,
    name: &'static str,
    parent_name: &'static str,
    taxonomy_level: u8,
}

/// The flags of at least `min_confidence` (0–100), the likeliest first. No `ContentTypes`: no model measures them.
pub fn moderation(found: Moderation, min_confidence: f32) -> impl Serialize {
    let mut kept: Vec<_> = found.labels.into_iter().filter(|label| label.confidence >= min_confidence).collect();
    kept.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let item = |label: sightline_vision::ModerationLabel| LabelItem {
        confidence: label.confidence,
        name: label.name,
        parent_name: label.parent_name,
        taxonomy_level: label.taxonomy_level,
    };
    Answer { moderation_labels: kept.into_iter().map(item).collect(), moderation_model_version: MODEL_VERSION }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sightline_vision::{ModerationLabel, ModerationScores};

    use super::*;

    #[test]
    fn flags_below_the_threshold_are_left_out() {
        let flag = |name, parent_name, taxonomy_level, confidence| ModerationLabel { name, parent_name, taxonomy_level, confidence };
        let found = Moderation {
            scores: ModerationScores { open_nsfw: 0.9, drawing: 0., hentai: 0., neutral: 0., porn: 1., sexy: 0. },
            labels: vec![flag("Explicit", "", 1, 90.), flag("Non-Explicit Nudity", "", 1, 49.9)],
        };

        let answer = serde_json::to_value(moderation(found, 50.)).unwrap();

        let expected = json!({
            "ModerationLabels": [{"Confidence": 90.0, "Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1}],
            "ModerationModelVersion": "local-1.0"
        });
        assert_eq!(answer, expected);
    }
}
