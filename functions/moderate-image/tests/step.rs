//! The step moderate-image.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{ModerationFound, Verdict},
    rules::moderation::Policy,
};
use sightline_kit::{AnalysisStep, Step, StepFailure, settings};
use sightline_tests::{
    analyzer::ScriptedAnalyzer,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

const POLICY: &str = r#"[{"category": "Violence", "minConfidence": 40, "action": "REVIEW"}]"#;

fn read(policy: Option<&str>) -> Result<Policy, Vec<String>> {
    let environment = |name: &str| policy.filter(|_| name == "MODERATION_POLICY").map(str::to_owned);
    settings::from(&environment, moderate_image::rules).map_err(|error| error.problems)
}

fn run(analyzer: &ScriptedAnalyzer, objects: &MemoryObjects) -> Result<ModerationFound, StepFailure> {
    let step = AnalysisStep::new(read(Some(POLICY)).unwrap(), analyzer.clone(), objects.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer(flags: &Value) -> Vec<u8> {
    json!({"ModerationLabels": flags, "ModerationModelVersion": "7.0", "ContentTypes": []}).to_string().into_bytes()
}

#[test]
fn the_policy_is_applied_and_the_whole_answer_is_stored() {
    let flags = answer(&json!([{"Name": "Violence", "ParentName": "", "TaxonomyLevel": 1, "Confidence": 45.0}]));
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(flags.clone()), MemoryObjects::default());
    let moderated = run(&analyzer, &objects).unwrap();
    assert_eq!(moderated.verdict, Verdict::Review);
    assert_eq!(objects.current(&format!("results/{IMAGE_ID}/moderation.json")).unwrap().bytes, flags);
}

#[test]
fn the_lowest_confidence_of_the_policy_is_requested() {
    let analyzer = ScriptedAnalyzer::default().answering(answer(&json!([])));
    run(&analyzer, &MemoryObjects::default()).unwrap();
    assert_eq!(analyzer.calls()[0].min_confidence, Some(40.0));
}

#[test]
fn without_an_answer_there_is_no_verdict() {
    let objects = MemoryObjects::default();
    for rubbish in ["", "{}", "{\"ModerationLabels\": null}"] {
        assert_eq!(
            run(&ScriptedAnalyzer::default().answering(rubbish), &objects).unwrap_err().name(),
            "Recognition.Unavailable",
            "{rubbish}"
        );
    }
    assert!(objects.keys().is_empty());
}

#[test]
fn a_second_attempt_reads_the_stored_answer() {
    let (analyzer, objects) = (ScriptedAnalyzer::default().answering(answer(&json!([]))), MemoryObjects::default());
    assert_eq!(run(&analyzer, &objects).unwrap(), run(&analyzer, &objects).unwrap());
    assert_eq!(analyzer.calls().len(), 1);
}

#[test]
fn without_a_readable_policy_the_function_does_not_start() {
    for (policy, problem) in [
        (None, "MODERATION_POLICY is missing"),
        (Some(""), "MODERATION_POLICY is missing"),
        (Some("none"), "MODERATION_POLICY is not JSON"),
        (Some(r#"[{"category": "A", "minConfidence": 120, "action": "ALERT"}]"#), "MODERATION_POLICY: minConfidence"),
    ] {
        let problems = read(policy).unwrap_err();
        assert!(problems.iter().any(|message| message.starts_with(problem)), "{policy:?}: {problems:?}");
    }
}

#[test]
fn an_empty_policy_clears_every_image() {
    assert_eq!(read(Some("[]")).unwrap(), Policy::default());
}
