//! With invalid settings every invocation fails and names all of them.

use crate::{function::Function, image::sample_input};

fn complaint(name: &str, settings: &[(&str, &str)]) -> String {
    let mut function = Function::start(name, settings);
    let (error, message) = function.error(&sample_input(name));
    assert_eq!(error, "Settings.Invalid", "{name}");
    assert_eq!(function.error(&sample_input(name)), (error, message.clone()), "{name}: again");
    message
}

#[test]
fn all_missing_settings_are_named_together() {
    let needed: [(&str, &[&str]); 7] = [
        ("inspect-image", &["RECORDS_TABLE is missing"]),
        ("record-rejection", &["RECORDS_TABLE is missing"]),
        ("moderate-image", &["MODERATION_POLICY is missing"]),
        ("send-alert", &["ALERTS_TOPIC_ARN is missing"]),
        ("request-review", &["RECORDS_TABLE is missing"]),
        ("store-record", &["RECORDS_TABLE is missing", "LABEL_INDEX_TABLE is missing"]),
        ("record-failure", &["RECORDS_TABLE is missing"]),
    ];
    for (name, problems) in needed {
        assert_eq!(complaint(name, &[]), format!("settings are missing or invalid: {}", problems.join("; ")), "{name}");
    }
}

#[test]
fn all_wrong_settings_are_named_together() {
    let message = complaint(
        "detect-labels",
        &[("LABEL_MIN_CONFIDENCE", "120"), ("MAX_STORED_LABELS", "some"), ("TEXT_GATE", "sometimes"), ("WATCHED_LABELS", "Weapon")],
    );
    for name in ["LABEL_MIN_CONFIDENCE", "MAX_STORED_LABELS", "TEXT_GATE", "WATCHED_LABELS"] {
        assert!(message.contains(name), "{name} is not named: {message}");
    }
}

#[test]
fn an_unreadable_policy_is_rejected() {
    let unknown_action = r#"[{"category":"Explicit","minConfidence":60,"action":"IGNORE"}]"#;
    let impossible = r#"[{"category":"Explicit","minConfidence":160,"action":"BLOCK"}]"#;
    for policy in ["", "{}", unknown_action, impossible] {
        assert!(complaint("moderate-image", &[("MODERATION_POLICY", policy)]).contains("MODERATION_POLICY"), "{policy}");
    }
}
