//! The settings of detect-labels; the step is tested in crates/kit/tests/analysis.rs.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_kit::settings;

#[test]
fn every_invalid_setting_is_named() {
    let environment = |name: &str| match name {
        "LABEL_MIN_CONFIDENCE" => Some("101".to_owned()),
        "TEXT_GATE" => Some("sometimes".to_owned()),
        "WATCHED_LABELS" => Some("Weapon".to_owned()),
        "MAX_STORED_LABELS" => Some("-1".to_owned()),
        _ => None,
    };
    let problems = settings::from(&environment, detect_labels::rules).err().unwrap().problems;
    assert_eq!(problems.len(), 4, "{problems:?}");
    for name in ["LABEL_MIN_CONFIDENCE", "TEXT_GATE", "WATCHED_LABELS", "MAX_STORED_LABELS"] {
        assert!(problems.iter().any(|problem| problem.starts_with(name)), "{name}: {problems:?}");
    }
}
