//! The verdict of the policy on a `DetectModerationLabels` answer.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{ModerationFound, PolicyAction, Verdict},
    rules::{
        analysis::AnalysisRules,
        moderation::{DetectModerationLabelsAnswer, Policy},
    },
};

fn policy(rules: &Value) -> Policy {
    serde_json::from_value(rules.clone()).unwrap()
}

fn flag(name: &str, parent: &str, level: i32, confidence: f64) -> Value {
    json!({"Name": name, "ParentName": parent, "TaxonomyLevel": level, "Confidence": confidence})
}

fn judge(policy: &Policy, flags: &[Value]) -> ModerationFound {
    let answer: DetectModerationLabelsAnswer =
        serde_json::from_value(json!({"ModerationLabels": flags, "ModerationModelVersion": "7.0"})).unwrap();
    policy.read("an-id", &answer)
}

/// Flags of three levels.
fn weapon(confidence: f64) -> Vec<Value> {
    vec![
        flag("Weapon Violence", "Graphic Violence", 3, confidence),
        flag("Graphic Violence", "Violence", 2, confidence),
        flag("Violence", "", 1, confidence),
    ]
}

#[test]
fn no_flag_is_clear() {
    let moderated = judge(&policy(&json!([{"category": "Violence", "minConfidence": 60, "action": "BLOCK"}])), &[]);
    assert_eq!(moderated.verdict, Verdict::Clear);
    assert!(moderated.moderation_flags.is_empty());
}

#[test]
fn a_rule_applies_to_its_category_and_all_subcategories() {
    let cases = [
        ("level 1", "Violence", 3),
        ("level 2", "Graphic Violence", 2),
        ("level 3", "Weapon Violence", 1),
        ("any case", "graphic violence", 2),
        ("another category", "Hate Symbols", 0),
        ("a part of the name", "Graphic", 0),
    ];
    for (case, category, acted_on) in cases {
        let moderated = judge(&policy(&json!([{"category": category, "minConfidence": 60, "action": "REVIEW"}])), &weapon(90.0));
        let count = moderated.moderation_flags.iter().filter(|flag| flag.action == Some(PolicyAction::Review)).count();
        assert_eq!(count, acted_on, "{case}");
        assert_eq!(moderated.verdict, if acted_on > 0 { Verdict::Review } else { Verdict::Clear }, "{case}");
    }
}

#[test]
fn the_strictest_rule_wins_in_any_order() {
    let rules = [
        json!({"category": "Violence", "minConfidence": 50, "action": "BLOCK"}),
        json!({"category": "Weapon Violence", "minConfidence": 50, "action": "ALERT"}),
        json!({"category": "Graphic Violence", "minConfidence": 50, "action": "REVIEW"}),
    ];
    for turn in 0..rules.len() {
        let mut turned = rules.to_vec();
        turned.rotate_left(turn);
        assert_eq!(judge(&policy(&json!(turned)), &weapon(90.0)).verdict, Verdict::Block);
    }
}

#[test]
fn a_rule_applies_from_its_own_confidence() {
    let policy = policy(&json!([
        {"category": "Violence", "minConfidence": 90, "action": "BLOCK"},
        {"category": "Violence", "minConfidence": 60, "action": "ALERT"},
    ]));
    let cases = [(95.0, Verdict::Block), (90.0, Verdict::Block), (89.9, Verdict::Alert), (60.0, Verdict::Alert), (59.9, Verdict::Clear)];
    for (confidence, verdict) in cases {
        assert_eq!(judge(&policy, &weapon(confidence)).verdict, verdict, "{confidence}");
    }
}

#[test]
fn flags_without_a_rule_are_recorded_from_fifty_percent_without_an_action() {
    let moderated = judge(&Policy::default(), &[flag("Alcohol", "", 1, 50.0), flag("Smoking", "", 1, 49.9)]);
    assert_eq!(moderated.verdict, Verdict::Clear);
    let names: Vec<&str> = moderated.moderation_flags.iter().map(|flag| flag.name.as_str()).collect();
    assert_eq!(names, ["Alcohol"]);
    assert_eq!(moderated.moderation_flags[0].action, None);
}

#[test]
fn a_flag_below_fifty_percent_is_recorded_if_a_rule_covers_it() {
    let moderated =
        judge(&policy(&json!([{"category": "Alcohol", "minConfidence": 20, "action": "ALERT"}])), &[flag("Alcohol", "", 1, 25.0)]);
    assert_eq!(moderated.moderation_flags[0].action, Some(PolicyAction::Alert));
}

#[test]
fn the_requested_confidence_is_the_lowest_of_all_rules_and_at_most_the_default() {
    let cases = [
        (json!([]), 50.0),
        (json!([{"category": "A", "minConfidence": 90, "action": "ALERT"}]), 50.0),
        (
            json!([{"category": "A", "minConfidence": 30, "action": "ALERT"}, {"category": "B", "minConfidence": 40, "action": "BLOCK"}]),
            30.0,
        ),
    ];
    for (rules, expected) in cases {
        let asked = policy(&rules).request_min_confidence();
        assert!((asked - expected).abs() < f64::EPSILON, "{rules}: {asked}");
    }
}

#[test]
fn flags_are_sorted_by_confidence() {
    let moderated = judge(&Policy::default(), &[flag("A", "", 1, 60.0), flag("B", "", 1, 99.0), flag("C", "", 1, 70.0)]);
    let names: Vec<&str> = moderated.moderation_flags.iter().map(|flag| flag.name.as_str()).collect();
    assert_eq!(names, ["B", "C", "A"]);
}

#[test]
fn parents_in_a_loop_are_evaluated() {
    let looped = [flag("A", "B", 3, 90.0), flag("B", "A", 2, 90.0), flag("Self", "Self", 2, 90.0)];
    let moderated = judge(&policy(&json!([{"category": "B", "minConfidence": 50, "action": "BLOCK"}])), &looped);
    assert_eq!(moderated.verdict, Verdict::Block);
    assert_eq!(moderated.moderation_flags.len(), 3);
}

#[test]
fn a_parent_that_is_missing_from_the_response_still_counts() {
    let moderated = judge(
        &policy(&json!([{"category": "Violence", "minConfidence": 50, "action": "REVIEW"}])),
        &[flag("Graphic Violence", "Violence", 2, 80.0)],
    );
    assert_eq!(moderated.verdict, Verdict::Review);
}

#[test]
fn the_older_taxonomy_of_two_levels_without_numbers_is_read() {
    let old = json!({"Name": "Nudity", "ParentName": "Explicit Nudity", "Confidence": 99.0});
    let moderated = judge(&policy(&json!([{"category": "Explicit Nudity", "minConfidence": 50, "action": "BLOCK"}])), &[old]);
    assert_eq!((moderated.verdict, moderated.moderation_flags[0].taxonomy_level), (Verdict::Block, 0));
}

#[test]
fn an_invalid_policy_is_rejected_with_the_reason() {
    let problems = policy(
        &json!([{"category": "A", "minConfidence": 101, "action": "ALERT"}, {"category": "B", "minConfidence": -1, "action": "ALERT"}]),
    )
    .problems();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].contains("\"A\"") && problems[1].contains("\"B\""));
}

#[test]
fn a_policy_of_another_shape_is_refused() {
    let wrong = [
        json!([{"category": "A", "minConfidence": 50, "action": "IGNORE"}]),
        json!([{"category": "A", "minConfidence": 50, "action": "ALERT", "extra": 1}]),
        json!([{"category": "A", "action": "ALERT"}]),
        json!({"category": "A"}),
    ];
    for policy in wrong {
        assert!(serde_json::from_value::<Policy>(policy.clone()).is_err(), "{policy}");
    }
}
