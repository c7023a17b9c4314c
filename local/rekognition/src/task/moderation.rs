//! `DetectModerationLabels`.

use serde::Serialize;
use sightline_vision::{Moderation, ModerationLabel};

use crate::{
    error::ApiError,
    wire::{MODEL_VERSION, Request, percentage},
};

/// The checked parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ModerationParameters {
    /// 0–100.
    pub min_confidence: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    moderation_labels: Vec<ModerationLabel>,
    moderation_model_version: &'static str,
}

impl ModerationParameters {
    /// Checks the parameters. The documented default of `MinConfidence` is 50.
    pub fn new(request: &Request<'_>) -> Result<Self, ApiError> {
        if request.human_loop_config.is_some() {
            return Err(ApiError::not_supported_locally("HumanLoopConfig"));
        }
        if request.project_version.is_some() {
            return Err(ApiError::not_supported_locally("ProjectVersion (an adapter)"));
        }
        Ok(Self { min_confidence: percentage("MinConfidence", request.min_confidence)?.unwrap_or(50.) })
    }

    /// The labels with at least `min_confidence`, highest confidence first. There are no `ContentTypes`, because no model detects them.
    pub fn response(&self, found: Moderation) -> impl Serialize + use<> {
        let mut labels: Vec<_> = found.labels.into_iter().filter(|label| label.confidence >= self.min_confidence).collect();
        labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Response { moderation_labels: labels, moderation_model_version: MODEL_VERSION }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sightline_vision::ModerationScores;

    use super::*;

    #[test]
    fn labels_below_the_threshold_are_omitted() {
        let label = |name, parent_name, taxonomy_level, confidence| ModerationLabel { name, parent_name, taxonomy_level, confidence };
        let found = Moderation {
            scores: ModerationScores { open_nsfw: 0.9, drawing: 0., hentai: 0., neutral: 0., porn: 1., sexy: 0. },
            labels: vec![label("Explicit", "", 1, 90.), label("Non-Explicit Nudity", "", 1, 49.9)],
        };

        let response = serde_json::to_value(ModerationParameters { min_confidence: 50. }.response(found)).unwrap();

        let expected = json!({
            "ModerationLabels": [{"Confidence": 90.0, "Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1}],
            "ModerationModelVersion": "local-1.0"
        });
        assert_eq!(response, expected);
    }
}
