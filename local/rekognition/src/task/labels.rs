//! `DetectLabels`.

use serde::Serialize;
use sightline_vision::Label;

use crate::{
    error::ApiError,
    wire::{LabelFilters, MODEL_VERSION, Request, percentage},
};

/// The checked parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelParameters {
    /// 0–100.
    pub min_confidence: f32,
    pub max_labels: Option<usize>,
    pub filters: LabelFilters,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    labels: Vec<Label>,
    label_model_version: &'static str,
}

impl LabelParameters {
    /// Checks the parameters. The documented default of `MinConfidence` is 55.
    pub fn new(request: &Request<'_>) -> Result<Self, ApiError> {
        for feature in request.features.as_deref().unwrap_or_default() {
            match feature.as_str() {
                "GENERAL_LABELS" => {}
                "IMAGE_PROPERTIES" => return Err(ApiError::not_supported_locally("the feature IMAGE_PROPERTIES")),
                _ => return Err(ApiError::invalid_parameter("Features must be GENERAL_LABELS or IMAGE_PROPERTIES")),
            }
        }
        let max_labels = |value| usize::try_from(value).map_err(|_| ApiError::invalid_parameter("MaxLabels must be 0 or more"));
        Ok(Self {
            min_confidence: percentage("MinConfidence", request.min_confidence)?.unwrap_or(55.),
            max_labels: request.max_labels.map(max_labels).transpose()?,
            filters: request.settings.as_ref().and_then(|settings| settings.general_labels.clone()).unwrap_or_default(),
        })
    }

    /// The requested labels, highest confidence first.
    pub fn response(&self, found: Vec<Label>) -> impl Serialize + use<> {
        let mut labels: Vec<Label> = found.into_iter().filter(|label| self.includes(label)).collect();
        labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        labels.truncate(self.max_labels.unwrap_or(usize::MAX));
        Response { labels, label_model_version: MODEL_VERSION }
    }

    fn includes(&self, label: &Label) -> bool {
        let LabelFilters { included, excluded, included_categories, excluded_categories } = &self.filters;
        let in_categories = |list: &[String]| label.categories.iter().any(|category| list.contains(category));
        let all = included.is_empty() && included_categories.is_empty();
        let is_included = all || included.contains(&label.name) || in_categories(included_categories);
        let is_excluded = excluded.contains(&label.name) || in_categories(excluded_categories);
        label.confidence >= self.min_confidence && is_included && !is_excluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, confidence: f32, category: &str) -> Label {
        let categories = vec![category.to_owned()];
        Label { name: name.to_owned(), confidence, instances: Vec::new(), parents: Vec::new(), aliases: Vec::new(), categories }
    }

    fn parameters(min_confidence: f32, max_labels: Option<usize>) -> LabelParameters {
        LabelParameters { min_confidence, max_labels, filters: LabelFilters::default() }
    }

    fn names(parameters: &LabelParameters) -> Vec<String> {
        let found =
            vec![label("Dog", 60., "Animals and Pets"), label("Person", 90., "Person Description"), label("Cup", 40., "Food and Beverage")];
        let response = serde_json::to_value(parameters.response(found)).unwrap();
        response["Labels"].as_array().unwrap().iter().map(|item| item["Name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn labels_are_sorted_by_confidence_and_limited() {
        assert_eq!(names(&parameters(0., None)), ["Person", "Dog", "Cup"]);
        assert_eq!(names(&parameters(0., Some(1))), ["Person"]);
        assert_eq!(names(&parameters(60., None)), ["Person", "Dog"], "the threshold is inclusive");
    }

    #[test]
    fn filters_include_by_name_or_category_and_then_exclude() {
        let filtered = |filters| names(&LabelParameters { filters, ..parameters(0., None) });
        let include =
            LabelFilters { included: vec!["Cup".into()], included_categories: vec!["Animals and Pets".into()], ..LabelFilters::default() };
        assert_eq!(filtered(include.clone()), ["Dog", "Cup"]);
        assert_eq!(filtered(LabelFilters { excluded: vec!["Dog".into()], ..include }), ["Cup"]);
        let exclude = LabelFilters { excluded_categories: vec!["Person Description".into()], ..LabelFilters::default() };
        assert_eq!(filtered(exclude), ["Dog", "Cup"]);
    }

    #[test]
    fn parents_aliases_and_categories_are_lists_of_names() {
        let dog = Label { parents: vec!["Animal".into()], aliases: vec!["Canine".into()], ..label("Dog", 60., "Animals and Pets") };
        let response = serde_json::to_value(parameters(0., None).response(vec![dog])).unwrap();
        let expected = serde_json::json!({
            "Labels": [{
                "Name": "Dog", "Confidence": 60.0, "Instances": [], "Parents": [{"Name": "Animal"}], "Aliases": [{"Name": "Canine"}],
                "Categories": [{"Name": "Animals and Pets"}],
            }],
            "LabelModelVersion": "local-1.0",
        });
        assert_eq!(response, expected);
    }
}
