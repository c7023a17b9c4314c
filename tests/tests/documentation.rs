//! What docs/configuration.md says of settings is what the CDK app and the functions do.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use serde_json::Value;
use sightline_domain::{
    model::{
        identity::Upload,
        record::{Record, WorkQueue},
    },
    rules::{
        label_index,
        merge::{Findings, merge},
        moderation::Policy,
    },
};
use sightline_kit::{
    metrics::{ALL, Metric},
    settings::{Reader, from},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of all tables of a page, cell by cell, without backquotes.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()).collect()
}

/// The table of settings: name, variable, function, default.
fn documented() -> Vec<[String; 4]> {
    let page = read("docs/configuration.md");
    let settings = rows(&page).into_iter().filter(|row| row.len() == 6 && row[0] != "setting");
    settings.map(|row| [row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone()]).collect()
}

/// `DEFAULT_SETTINGS` of the CDK app, as far as its values are written out there.
fn cdk_defaults() -> BTreeMap<String, String> {
    let source = read("cdk/lib/settings.ts");
    let (_, body) = source.split_once("DEFAULT_SETTINGS: Settings = {").unwrap();
    let lines =
        body.lines().take_while(|line| !line.starts_with("};")).filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    let value = |value: &str| match value {
        "RetentionDays.ONE_MONTH" => "30".to_owned(),
        "DEFAULT_MODERATION_POLICY" => "see below".to_owned(),
        text if text.starts_with('\'') => text.trim_matches('\'').to_owned(),
        other => other.replace('_', "").replace('\'', "\""),
    };
    lines.map(|(name, written)| (name.to_owned(), value(written))).collect()
}

#[test]
fn every_setting_of_the_cdk_app_is_documented_with_its_default() {
    let documented: BTreeMap<String, String> = documented().into_iter().map(|[name, _, _, default]| (name, default)).collect();
    assert_eq!(documented, cdk_defaults());
}

#[test]
fn every_variable_that_the_cdk_app_sets_is_documented_beside_its_setting() {
    let source = read("cdk/lib/function-variables.ts");
    for [name, variable, functions, _] in documented().iter().filter(|row| !row[1].is_empty()) {
        for function in functions.split(", ") {
            assert!(source.contains(&format!("case '{function}'")), "{function}");
        }
        let wired = [
            format!("{variable}: String(settings.{name})"),
            format!("{variable}: JSON.stringify(settings.{name})"),
            format!("{variable}: settings.{name}"),
        ];
        assert!(wired.iter().any(|wired| source.contains(wired)), "{name} → {variable}");
    }
    let set: BTreeSet<&str> =
        source.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.len() > 6 && word.contains('_')).collect();
    let documented = documented();
    assert_eq!(set, documented.iter().map(|row| row[1].as_str()).filter(|variable| !variable.is_empty()).collect());
}

/// What `read_settings` makes of an environment with `variables`; tables and topics are there always.
fn settings<T>(variables: &BTreeMap<String, String>, read_settings: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let place = |name: &str| ["_TABLE", "_BUCKET", "_ARN"].iter().any(|end| name.ends_with(end)).then(|| "a-place".to_owned());
    from(&|name| variables.get(name).cloned().or_else(|| place(name)), read_settings).unwrap()
}

#[test]
fn without_a_variable_each_function_falls_back_to_the_documented_default() {
    let (none, all) = (BTreeMap::new(), documented().into_iter().map(|[_, variable, _, default]| (variable, default)).collect());
    let of = |variables: &BTreeMap<String, String>| {
        let inspect = settings(variables, inspect_image::step::Settings::read);
        let stored = settings(variables, store_record::settings);
        format!(
            "{:?}",
            (
                (inspect.limits, inspect.store_gps),
                settings(variables, detect_labels::rules),
                settings(variables, analyze_faces::rules),
                settings(variables, detect_text::rules),
                settings(variables, request_review::settings).timeout_seconds,
                settings(variables, reconcile::settings).grace_seconds,
                settings(variables, reconcile::settings).calls_per_second,
                [
                    stored.retention_days,
                    settings(variables, record_rejection::settings).retention_days,
                    settings(variables, record_failure::settings).retention_days,
                    settings(variables, reconcile::settings).retention_days,
                ],
            )
        )
    };
    assert_eq!(of(&none), of(&all));
}

#[test]
fn the_default_policy_is_documented_and_is_one_that_moderate_image_takes() {
    let page = read("docs/configuration.md");
    let documented: Vec<(String, String, String)> = rows(&page)
        .into_iter()
        .filter(|row| row.len() == 3 && ["ALERT", "REVIEW", "BLOCK"].contains(&row[2].as_str()))
        .map(|row| (row[0].clone(), row[1].clone(), row[2].clone()))
        .collect();
    let source = read("cdk/lib/moderation-policy.ts");
    let rules: Vec<(String, String, String)> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ category: '")?.strip_suffix("' },"))
        .map(|rule| {
            let (category, rest) = rule.split_once("', minConfidence: ").unwrap();
            let (confidence, action) = rest.split_once(", action: '").unwrap();
            (category.to_owned(), confidence.to_owned(), action.to_owned())
        })
        .collect();
    assert_eq!(documented, rules);
    let json: Vec<Value> = rules
        .iter()
        .map(|(category, confidence, action)| serde_json::json!({ "category": category, "minConfidence": confidence.parse::<f64>().unwrap(), "action": action }))
        .collect();
    let policy: Policy = serde_json::from_value(json.into()).unwrap();
    assert!(policy.problems().is_empty() && !rules.is_empty());
}

#[test]
fn every_attribute_of_records_and_rows_is_documented() {
    let mut input: Value = serde_json::from_str(&read("events/functions/store-record.json")).unwrap();
    input["Image"]["Exif"]["GPS"] = serde_json::json!({ "Latitude": 47.0, "Longitude": 8.0 });
    let findings: Findings = serde_json::from_value(input).unwrap();
    let upload = Upload { bucket: "b".into(), key: "k".into(), version_id: Some("v".into()), etag: "e".into() };
    let mut claimed = Record::claimed("i".into(), &upload, 1, 1, "arn".into(), 1);
    (claimed.review_requested_at, claimed.review_deadline) = (Some(1), Some(2));
    let mut record = merge(claimed, findings, 3, 730);
    let rows = serde_json::to_value(label_index::rows(&record)).unwrap();
    (record.status_reason, record.status_detail) = (Some("r".into()), Some("d".into()));
    record.work_queue = Some(WorkQueue::Failed);
    (record.erased_at, record.execution_to_stop) = (Some(4), Some("arn".into()));
    let page = read("docs/records.md");
    for item in [serde_json::to_value(&record).unwrap(), rows[0].clone()] {
        for name in item.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "docs/records.md says nothing of {name}");
        }
    }
    let attributes = serde_json::to_value(&record).unwrap().as_object().unwrap().len();
    assert_eq!(
        attributes,
        read("crates/domain/src/model/record.rs")
            .split("pub struct Record {")
            .nth(1)
            .unwrap()
            .split("\n}")
            .next()
            .unwrap()
            .matches("pub ")
            .count()
    );
}

#[test]
fn every_metric_is_documented_and_no_other_is_used() {
    let page = read("docs/observability.md");
    let documented: Vec<Vec<String>> = rows(&page).into_iter().filter(|row| row.len() == 4 && row[1] != "unit").collect();
    let told: Vec<[String; 3]> = documented.iter().map(|row| [row[0].clone(), row[1].clone(), row[2].replace('`', "")]).collect();
    let dimensions = |metric: &Metric| metric.by.dimensions().iter().map(|set| set.join(" + ")).collect::<Vec<_>>().join("; ");
    let known: Vec<[String; 3]> =
        ALL.iter().map(|metric| [metric.name.to_owned(), metric.unit.as_str().to_owned(), dimensions(metric)]).collect();
    assert_eq!(told, known);
    let dashboard = read("cdk/lib/metrics.ts");
    let used: Vec<&str> = dashboard.lines().filter_map(|line| line.trim().strip_prefix("| '")?.split('\'').next()).collect();
    assert!(used.len() > 5, "{used:?}");
    for name in used {
        assert!(ALL.iter().any(|metric| metric.name == name), "cdk/lib/metrics.ts: no function writes {name}");
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let pages = ["README.md", "events/README.md", "statemachine/README.md", "docs/decisions/README.md"].map(str::to_owned).into_iter();
    let in_docs = fs::read_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))).unwrap().map(|entry| entry.unwrap());
    let in_docs = in_docs.filter(|entry| entry.path().is_file()).map(|page| format!("docs/{}", page.file_name().into_string().unwrap()));
    for page in pages.chain(in_docs) {
        let text = read(&page);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.split('#').next().unwrap());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(&page);
            assert!(folder.parent().unwrap().join(target).exists(), "{page} links to {target}");
        }
    }
}
