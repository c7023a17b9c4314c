//! Who writes which log.

use sightline_aws::cloudformation::LogGroup;

/// Functions and state machines that have a log.
pub const SOURCES: [&str; 16] = [
    "inspect-image",
    "record-rejection",
    "detect-labels",
    "analyze-faces",
    "detect-text",
    "moderate-image",
    "send-alert",
    "request-review",
    "store-record",
    "record-failure",
    "reconcile",
    "count-trends",
    "report-trends",
    "import-image",
    "image-analysis",
    "bulk-import",
];

/// Whose log it is: the template's name for it ends so. The template's own name where it is nobody's that we know.
pub fn name(group: &LogGroup) -> String {
    let end = group.logical_id.len().saturating_sub(HASH);
    let template = group.logical_id.get(..end).unwrap_or_default();
    let stem = template.strip_suffix("FunctionLogs").or_else(|| template.strip_suffix("Logs")).unwrap_or(template);
    let known = SOURCES.iter().filter(|source| stem.ends_with(&pascal(source))).max_by_key(|source| source.len());
    known.map_or_else(|| group.logical_id.clone(), ToString::to_string)
}

/// `CloudFormation`'s own mark behind a name.
const HASH: usize = 8;

/// The groups of the sources that are named; all where none is.
pub fn chosen(groups: Vec<LogGroup>, sources: &[String]) -> Vec<LogGroup> {
    groups.into_iter().filter(|group| sources.is_empty() || sources.contains(&name(group))).collect()
}

/// `detect-labels` → `DetectLabels`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| word.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>();
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn group(logical_id: &str) -> LogGroup {
        LogGroup { name: format!("/aws/{logical_id}"), logical_id: logical_id.to_owned() }
    }

    #[test]
    fn a_log_is_named_for_who_writes_it() {
        assert_eq!(name(&group("FunctionsDetectLabelsFunctionLogs34218ECC")), "detect-labels");
        assert_eq!(name(&group("ReconcileReconcileFunctionLogsB9070565")), "reconcile");
        assert_eq!(name(&group("BulkImportImportImageFunctionLogs0B8B3354")), "import-image");
        assert_eq!(name(&group("BulkImportLogs1AA37305")), "bulk-import");
        assert_eq!(name(&group("ImageAnalysisLogs3CAEE99D")), "image-analysis");
        assert_eq!(name(&group("SomethingElse12345678")), "SomethingElse12345678");
        assert_eq!(name(&group("é")), "é");
    }

    #[test]
    fn groups_are_chosen_by_that_name() {
        let groups = || vec![group("FunctionsDetectLabelsFunctionLogs34218ECC"), group("ImageAnalysisLogs3CAEE99D")];
        assert_eq!(chosen(groups(), &[]).len(), 2);
        assert_eq!(chosen(groups(), &["image-analysis".to_owned()]), [group("ImageAnalysisLogs3CAEE99D")]);
    }

    #[test]
    fn every_log_group_of_the_template_has_a_name() {
        let template = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../cdk/test/snapshots/sightline.json")).unwrap();
        let template: serde_json::Value = serde_json::from_str(&template).unwrap();
        let mut named = 0;
        for resources in template.as_object().unwrap().values().filter_map(|stack| stack["Resources"].as_object()) {
            for (id, _) in resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Logs::LogGroup") {
                assert!(SOURCES.contains(&name(&group(id)).as_str()), "{id}");
                named += 1;
            }
        }
        assert!(named >= 11, "{named}");
    }
}
