//! The pages of the documentation agree with the code, and their links lead to pages and headings that exist.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::Value;
use sightline_domain::{
    model::{Record, Upload, WorkQueue},
    rules::{
        cost::Cost,
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
    path::{Path, PathBuf},
};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of all tables of a page as lists of cells, without the backquotes around a cell.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()).collect()
}

/// The table of settings in docs/configuration.md: name, variable, function, default.
fn documented() -> Vec<[String; 4]> {
    let page = read("docs/configuration.md");
    let settings = rows(&page).into_iter().filter(|row| row.len() == 6 && row[0] != "setting");
    settings.map(|row| [row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone()]).collect()
}

/// `DEFAULT_SETTINGS` of the CDK app by name, in the notation of docs/configuration.md.
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
    let settings = read("cdk/lib/settings.ts");
    let (_, source) = settings.split_once("function variablesOf(").unwrap();
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

/// The settings that `read_settings` reads from `variables`; every variable that names a table, bucket or ARN is set.
fn settings<T>(variables: &BTreeMap<String, String>, read_settings: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let resource = |name: &str| ["_TABLE", "_BUCKET", "_ARN"].iter().any(|end| name.ends_with(end)).then(|| "a-resource".to_owned());
    from(&|name| variables.get(name).cloned().or_else(|| resource(name)), read_settings).unwrap()
}

#[test]
fn functions_use_the_documented_default_if_a_variable_is_not_set() {
    let (none, all) = (BTreeMap::new(), documented().into_iter().map(|[_, variable, _, default]| (variable, default)).collect());
    let read_all = |variables: &BTreeMap<String, String>| {
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
    assert_eq!(read_all(&none), read_all(&all));
}

#[test]
fn the_documented_default_policy_is_the_one_of_the_cdk_app_and_is_valid() {
    let page = read("docs/configuration.md");
    let documented: Vec<(String, String, String)> = rows(&page)
        .into_iter()
        .filter(|row| row.len() == 3 && ["ALERT", "REVIEW", "BLOCK"].contains(&row[2].as_str()))
        .map(|row| (row[0].clone(), row[1].clone(), row[2].clone()))
        .collect();
    let source = read("cdk/lib/settings.ts");
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
    (record.title, record.own_labels, record.removed_labels) = (Some("t".into()), vec!["o".into()], vec!["r".into()]);
    (record.edits, record.edited_at) = (1, Some(5));
    (record.review_claimed_by, record.review_claimed_until) = (Some("r".into()), Some(6));
    let page = read("docs/records.md");
    for item in [serde_json::to_value(&record).unwrap(), rows[0].clone()] {
        for name in item.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "docs/records.md does not mention {name}");
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
    let documented: Vec<[String; 3]> = documented.iter().map(|row| [row[0].clone(), row[1].clone(), row[2].replace('`', "")]).collect();
    let dimensions = |metric: &Metric| metric.by.dimensions().iter().map(|set| set.join(" + ")).collect::<Vec<_>>().join("; ");
    let known: Vec<[String; 3]> =
        ALL.iter().map(|metric| [metric.name.to_owned(), metric.unit.as_ref().to_owned(), dimensions(metric)]).collect();
    assert_eq!(documented, known);
    let dashboard = read("cdk/lib/metrics.ts");
    let used: Vec<&str> = dashboard.lines().filter_map(|line| line.trim().strip_prefix("| '")?.split('\'').next()).collect();
    assert!(used.len() > 5, "{used:?}");
    for name in used {
        assert!(ALL.iter().any(|metric| metric.name == name), "cdk/lib/metrics.ts: no function writes {name}");
    }
}

/// The number of entries in `folder` that are folders.
fn count_folders(folder: &str) -> usize {
    fs::read_dir(root().join(folder)).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

/// The names of all states of a definition, including those in branches.
fn states(definition: &Value) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = definition["States"].as_object().unwrap().keys().cloned().collect();
    for state in definition["States"].as_object().unwrap().values() {
        names.extend(state["Branches"].as_array().into_iter().flatten().flat_map(states));
    }
    names
}

fn image_analysis() -> BTreeSet<String> {
    states(&serde_json::from_str(&read("statemachine/image-analysis.asl.json")).unwrap())
}

#[test]
fn the_numbers_on_the_architecture_page_are_right() {
    let templates: Value = serde_json::from_str(&read("cdk/test/snapshots/sightline.json")).unwrap();
    let resources = |kind: &str| {
        let all = ["stateful", "stateless", "web"].map(|stack| templates[stack]["Resources"].as_object().unwrap());
        all.into_iter().flat_map(|resources| resources.values()).filter(|resource| resource["Type"] == kind).count()
    };
    let functions = count_folders("functions");
    let single_crates = 4; // cli, local/vision, local/rekognition, tests
    let counted = [
        ("functions", functions),
        ("state machines", resources("AWS::StepFunctions::StateMachine")),
        ("crates in the workspace", count_folders("crates") + functions + single_crates),
        ("states of `image-analysis`", image_analysis().len()),
        ("DynamoDB tables", resources("AWS::DynamoDB::Table")),
        ("alarms", resources("AWS::CloudWatch::Alarm")),
        ("rows of the [fault matrix](reliability.md)", read("tools/fault_matrix.toml").matches("[[row]]").count()),
    ];
    let page = read("docs/architecture.md");
    let (_, table) = page.split_once("| how many | count |\n|---|---|\n").unwrap();
    let documented: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(documented, counted.map(|(what, count)| format!("| {what} | {count} |")));
    assert!(read("Cargo.toml").contains(r#"members = ["crates/*", "functions/*", "cli", "local/vision", "local/rekognition", "tests"]"#));
}

#[test]
fn every_page_states_the_same_number_of_states_per_image() {
    let states = Cost::LEAST.states;
    assert!(read("docs/architecture.md").contains(&format!("| states entered by an image without an alert | {states} |")));
    assert!(read("docs/cost.md").contains(&format!("| Step Functions, transitions | {states} |")));
}

#[test]
fn the_architecture_page_lists_every_function() {
    let functions = fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let page = read("docs/architecture.md");
    let documented =
        rows(&page).into_iter().filter(|row| row.len() == 3 && row[0] != "function" && row[1].contains('→')).map(|row| row[0].clone());
    assert_eq!(documented.collect::<BTreeSet<_>>(), functions.collect());
}

/// The arrows of the `index`th diagram of docs/architecture.md, from the id of a node to the id of a node.
fn arrows(index: usize) -> Vec<(String, String)> {
    let page = read("docs/architecture.md");
    let diagram = page.split("```mermaid\n").nth(index + 1).unwrap().split("```").next().unwrap();
    let id = |node: &str| node.trim().split('[').next().unwrap().to_owned();
    let arrows = diagram.lines().filter_map(|line| line.split_once("-->"));
    let without_label = |end: &str| end.strip_prefix('|').map_or(end, |label| label.split_once('|').unwrap().1).to_owned();
    arrows.map(|(from, to)| (id(from), id(&without_label(to)))).collect()
}

/// The crates of this workspace on which the crate in `folder` depends, without those that only its tests need.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = read(&format!("{folder}/Cargo.toml"));
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let lines = dependencies.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.strip_prefix("sightline-")?.split([' ', '.', '=']).next()).map(str::to_owned).collect()
}

#[test]
fn the_picture_of_the_crates_has_every_dependency_and_no_other() {
    let functions = fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let functions = functions.flat_map(|name| dependencies(&format!("functions/{name}"))).collect();
    let mut crates: BTreeMap<&str, BTreeSet<String>> = [("functions", functions), ("cli", dependencies("cli"))].into();
    let folders = ["crates/aws", "crates/domain", "crates/inspection", "crates/kit", "crates/resize", "local/vision", "local/rekognition"];
    crates.extend(folders.map(|folder| (folder.split_once('/').unwrap().1, dependencies(folder))));

    let drawn: BTreeSet<(String, String)> = arrows(0).into_iter().filter(|(from, _)| crates.contains_key(from.as_str())).collect();
    for (from, to) in &drawn {
        assert!(crates[from.as_str()].contains(to), "{from} does not depend on {to}");
    }
    // A dependency that another one has too, such as cli → domain beside cli → aws → domain, needs no arrow.
    for (from, dependencies) in &crates {
        for to in dependencies {
            let indirect = dependencies.iter().any(|other| crates.get(other.as_str()).is_some_and(|further| further.contains(to)));
            assert!(indirect || drawn.contains(&((*from).to_owned(), to.clone())), "no arrow from {from} to {to}");
        }
    }
}

#[test]
fn the_picture_of_a_photos_path_names_states_that_exist() {
    let known = image_analysis();
    let drawn: BTreeSet<String> =
        arrows(1).into_iter().flat_map(|(from, to)| [from, to]).filter(|node| node.starts_with(char::is_uppercase)).collect();
    assert!(drawn.len() > 5 && drawn.is_subset(&known), "{:?}", drawn.difference(&known));
}

/// All Markdown pages of the repository, without those of dependencies and build outputs.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "dist", "cdk.out"].contains(&name) {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The anchors of a page, as GitHub makes them from its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let (mut found, mut checked) = (Vec::new(), 0);
    pages(&root(), &mut found);
    for page in found {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let linked = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(linked.exists(), "{} links to {target}", page.display());
            if let Some(anchor) = anchor {
                assert!(anchors(&fs::read_to_string(&linked).unwrap()).contains(anchor), "{} links to {target}", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} links");
}

#[test]
fn every_path_of_the_repository_in_a_page_exists() {
    let folders = ["cdk", "cli", "crates", "docs", "events", "functions", "fuzz", "local", "samples", "statemachine", "tests", "tools"];
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let (mut found, mut checked) = (Vec::new(), 0);
    pages(&root(), &mut found);
    for page in found {
        let text = fs::read_to_string(&page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2).filter(|quoted| quoted.chars().all(is_path) && !quoted.contains("NAME"));
        for path in quoted.filter(|quoted| quoted.split_once('/').is_some_and(|(first, _)| folders.contains(&first))) {
            assert!(root().join(path).exists() || page.parent().unwrap().join(path).exists(), "{} names {path}", page.display());
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} paths");
}
