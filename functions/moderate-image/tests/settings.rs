//! The policy of moderate-image; the step is tested in crates/kit/tests/analysis.rs.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_domain::rules::moderation::Policy;
use sightline_kit::settings;

fn read(policy: Option<&str>) -> Result<Policy, Vec<String>> {
    let environment = |name: &str| policy.filter(|_| name == "MODERATION_POLICY").map(str::to_owned);
    settings::from(&environment, moderate_image::rules).map_err(|error| error.problems)
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
