//! `DetectLabels`.

use serde::Serialize;
use sightline_vision::Label;

use super::{BoundingBox, MODEL_VERSION, Named, named};
use crate::request::LabelsRequest;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    labels: Vec<LabelItem>,
    label_model_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LabelItem {
    name: String,
    confidence: f32,
    instances: Vec<Instance>,
    parents: Vec<Named>,
    aliases: Vec<Named>,
    categories: Vec<Named>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    bounding_box: BoundingBox,
    confidence: f32,
}

/// The labels that the request wants, the likeliest first.
pub fn labels(found: Vec<Label>, request: &LabelsRequest) -> impl Serialize {
    let mut kept: Vec<Label> = found.into_iter().filter(|label| wanted(label, request)).collect();
    kept.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    kept.truncate(request.max_labels.unwrap_or(usize::MAX));
    Answer { labels: kept.into_iter().map(item).collect(), label_model_version: MODEL_VERSION }
}

fn wanted(label: &Label, request: &LabelsRequest) -> bool {
    let in_categories = |list: &[String]| label.categories.iter().any(|category| list.contains(category));
    let all = request.only.is_empty() && request.only_categories.is_empty();
    let included = all || request.only.contains(&label.name) || in_categories(&request.only_categories);
    let excluded = request.without.contains(&label.name) || in_categories(&request.without_categories);
    label.confidence >= request.min_confidence && included && !excluded
}

fn item(label: Label) -> LabelItem {
    LabelItem {
        name: label.name,
        confidence: label.confidence,
        instances: label
            .instances
            .into_iter()
            .map(|i| Instance { bounding_box: i.bounding_box.into(), confidence: i.confidence })
            .collect(),
        parents: named(label.parents),
        aliases: named(label.aliases),
        categories: named(label.categories),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, confidence: f32, category: &str) -> Label {
        let categories = vec![category.to_owned()];
        Label { name: name.to_owned(), confidence, instances: Vec::new(), parents: Vec::new(), aliases: Vec::new(), categories }
    }

    fn names(request: &LabelsRequest) -> Vec<String> {
        let found =
            vec![label("Dog", 60., "Animals and Pets"), label("Person", 90., "Person Description"), label("Cup", 40., "Food and Beverage")];
        let answer = serde_json::to_value(labels(found, request)).unwrap();
        answer["Labels"].as_array().unwrap().iter().map(|item| item["Name"].as_str().unwrap().to_owned()).collect()
    }

    fn everything() -> LabelsRequest {
        LabelsRequest {
            min_confidence: 0.,
            max_labels: None,
            only: vec![],
            only_categories: vec![],
            without: vec![],
            without_categories: vec![],
        }
    }

    #[test]
    fn the_likeliest_come_first_and_a_limit_cuts_the_rest() {
        assert_eq!(names(&everything()), ["Person", "Dog", "Cup"]);
        assert_eq!(names(&LabelsRequest { max_labels: Some(1), ..everything() }), ["Person"]);
    }

    #[test]
    fn the_threshold_is_inclusive() {
        assert_eq!(names(&LabelsRequest { min_confidence: 60., ..everything() }), ["Person", "Dog"]);
    }

    #[test]
    fn filters_include_by_name_or_category_and_exclude_after_that() {
        let include = LabelsRequest { only: vec!["Cup".into()], only_categories: vec!["Animals and Pets".into()], ..everything() };
        assert_eq!(names(&include), ["Dog", "Cup"]);
        assert_eq!(names(&LabelsRequest { without: vec!["Dog".into()], ..include }), ["Cup"]);
        assert_eq!(names(&LabelsRequest { without_categories: vec!["Person Description".into()], ..everything() }), ["Dog", "Cup"]);
    }
}
