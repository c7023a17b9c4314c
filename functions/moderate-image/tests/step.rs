//! moderate-image over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use moderate_image::ModerateImage;
use serde_json::{Value, json};
use sightline_domain::moderation::{Moderated, Policy, Verdict};
use sightline_kit::{Fault, Step, settings};
use sightline_tests::{
    detectors::ScriptedDetector,
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image},
};

const POLICY: &str = r#"[{"category": "Violence", "minConfidence": 40, "action": "REVIEW"}]"#;

fn read(policy: Option<&str>) -> Result<Policy, Vec<String>> {
    let environment = |name: &str| policy.filter(|_| name == "MODERATION_POLICY").map(str::to_owned);
    settings::from(&environment, moderate_image::settings::read).map_err(|error| error.problems)
}

fn run(detector: &ScriptedDetector, results: &MemoryObjects) -> Result<Moderated, Fault> {
    let step = ModerateImage::new(read(Some(POLICY)).unwrap(), detector.clone(), results.clone());
    ready(step.run(serde_json::from_value(json!({"Image": image()})).unwrap()))
}

fn answer(flags: &Value) -> Vec<u8> {
    json!({"ModerationLabels": flags, "ModerationModelVersion": "7.0", "ContentTypes": []}).to_string().into_bytes()
}

#[test]
fn the_policy_judges_the_answer_which_is_kept_whole() {
    let flags = answer(&json!([{"Name": "Violence", "ParentName": "", "TaxonomyLevel": 1, "Confidence": 45.0}]));
    let (detector, results) = (ScriptedDetector::default().answering(flags.clone()), MemoryObjects::default());
    let moderated = run(&detector, &results).unwrap();
    assert_eq!(moderated.verdict, Verdict::Review);
    assert_eq!(results.current(&format!("results/{IMAGE_ID}/moderation.json")).unwrap().bytes, flags);
}

#[test]
fn rekognition_is_asked_as_low_as_the_policy_goes() {
    let detector = ScriptedDetector::default().answering(answer(&json!([])));
    run(&detector, &MemoryObjects::default()).unwrap();
    assert_eq!(detector.calls()[0].min_confidence, Some(40.0));
}

#[test]
fn without_an_answer_there_is_no_verdict() {
    let results = MemoryObjects::default();
    for rubbish in ["", "{}", "{\"ModerationLabels\": null}"] {
        assert_eq!(
            run(&ScriptedDetector::default().answering(rubbish), &results).unwrap_err().name(),
            "Recognition.Unavailable",
            "{rubbish}"
        );
    }
    assert!(results.keys().is_empty());
}

#[test]
fn a_second_try_reads_the_answer() {
    let (detector, results) = (ScriptedDetector::default().answering(answer(&json!([]))), MemoryObjects::default());
    assert_eq!(run(&detector, &results).unwrap(), run(&detector, &results).unwrap());
    assert_eq!(detector.calls().len(), 1);
}

#[test]
fn without_a_readable_policy_the_function_does_not_start() {
    for (policy, problem) in [
        (None, "MODERATION_POLICY is missing"),
        (Some(""), "MODERATION_POLICY is missing"),
        (Some("none"), "MODERATION_POLICY does not read as JSON"),
        (Some(r#"[{"category": "A", "minConfidence": 120, "action": "ALERT"}]"#), "MODERATION_POLICY: minConfidence"),
    ] {
        let problems = read(policy).unwrap_err();
        assert!(problems.iter().any(|said| said.starts_with(problem)), "{policy:?}: {problems:?}");
    }
}

#[test]
fn an_empty_policy_is_taken_at_its_word() {
    assert_eq!(read(Some("[]")).unwrap(), Policy::default());
}
