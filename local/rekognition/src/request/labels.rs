//! `DetectLabels`.

use serde::Deserialize;

use super::{Request, percentage};
use crate::refusal::Refusal;

/// `Settings` of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Settings {
    general_labels: Option<GeneralLabels>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GeneralLabels {
    #[serde(rename = "LabelInclusionFilters")]
    only: Vec<String>,
    #[serde(rename = "LabelExclusionFilters")]
    without: Vec<String>,
    #[serde(rename = "LabelCategoryInclusionFilters")]
    only_categories: Vec<String>,
    #[serde(rename = "LabelCategoryExclusionFilters")]
    without_categories: Vec<String>,
}

/// What to keep of the labels that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelsRequest {
    /// 0–100.
    pub min_confidence: f32,
    pub max_labels: Option<usize>,
    /// Names to keep; with both inclusion lists empty, all.
    pub only: Vec<String>,
    /// Categories to keep.
    pub only_categories: Vec<String>,
    /// Names to drop.
    pub without: Vec<String>,
    /// Categories to drop.
    pub without_categories: Vec<String>,
}

/// Default threshold: 55, as documented for `DetectLabels`.
pub fn check(request: &Request<'_>) -> Result<LabelsRequest, Refusal> {
    for feature in request.features.as_deref().unwrap_or_default() {
        match feature.as_str() {
            "GENERAL_LABELS" => {}
            "IMAGE_PROPERTIES" => return Err(Refusal::not_here("the feature IMAGE_PROPERTIES")),
            _ => return Err(Refusal::parameter("Features must be GENERAL_LABELS or IMAGE_PROPERTIES")),
        }
    }
    let filters = request.settings.as_ref().and_then(|settings| settings.general_labels.as_ref());
    let list = |pick: fn(&GeneralLabels) -> &Vec<String>| filters.map(pick).cloned().unwrap_or_default();
    Ok(LabelsRequest {
        min_confidence: percentage("MinConfidence", request.min_confidence)?.unwrap_or(55.),
        max_labels: request.max_labels.map(max_labels).transpose()?,
        only: list(|filters| &filters.only),
        only_categories: list(|filters| &filters.only_categories),
        without: list(|filters| &filters.without),
        without_categories: list(|filters| &filters.without_categories),
    })
}

fn max_labels(value: i64) -> Result<usize, Refusal> {
    usize::try_from(value).map_err(|_| Refusal::parameter("MaxLabels must be 0 or more"))
}
