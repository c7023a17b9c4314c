//! A failed step as Step Functions sees it.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use lambda_runtime::Diagnostic;
use sightline_domain::model::{Cause, InputInvalid, ReasonCode, RecognitionError, Rejection, SettingsInvalid, StepError, StorageError};
use sightline_kit::{StepFailure, failure::RuntimeFailure};
use std::{error::Error, fmt};

/// An error with a cause below it.
#[derive(Debug)]
struct Layer(&'static str, Option<Cause>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_ref().map(|cause| &**cause as _)
    }
}

fn layers(texts: &[&'static str]) -> Cause {
    let mut cause: Option<Cause> = None;
    for text in texts.iter().rev() {
        cause = Some(Box::new(Layer(text, cause)));
    }
    cause.unwrap()
}

fn throttled(causes: &[&'static str]) -> StepFailure {
    RecognitionError::Throttled { operation: "DetectLabels", source: layers(causes) }.into()
}

#[test]
fn a_failure_has_the_name_of_its_error() {
    let faults: [(StepFailure, &str); 6] = [
        (throttled(&["x"]), "Recognition.Throttled"),
        (StorageError::NotFound { doing: "reading" }.into(), "Storage.NotFound"),
        (Rejection::new(ReasonCode::TooSmall, "d").into(), "Image.Rejected"),
        (InputInvalid("x".into()).into(), "Input.Invalid"),
        (RuntimeFailure::Panicked.into(), "Function.Panicked"),
        (RuntimeFailure::DeadlineExceeded.into(), "Function.DeadlineExceeded"),
    ];
    for (fault, name) in faults {
        assert_eq!(fault.name(), name);
        assert_eq!(Diagnostic::from(fault).error_type, name);
    }
}

#[test]
fn all_causes_are_joined_into_one_sentence() {
    assert_eq!(
        throttled(&["service error", "ThrottlingException", "slow down"]).message(),
        "DetectLabels was throttled: service error: ThrottlingException: slow down"
    );
}

#[test]
fn a_repeated_cause_is_written_once() {
    assert_eq!(throttled(&["dispatch failure: reset", "reset", "reset"]).message(), "DetectLabels was throttled: dispatch failure: reset");
}

#[test]
fn an_error_without_causes_is_its_own_sentence() {
    assert_eq!(StepFailure::from(StorageError::NotFound { doing: "reading" }).message(), "reading: it does not exist");
}

#[test]
fn a_rejection_is_parsed_from_its_error_message() {
    let rejection = Rejection::new(ReasonCode::TooSmall, "79×400 px");
    let diagnostic = Diagnostic::from(StepFailure::from(rejection.clone()));
    assert_eq!(Rejection::parse(&diagnostic.error_message), Some(rejection));
}

#[test]
fn a_message_is_cut_at_its_limit_without_cutting_a_character() {
    let long: &'static str = Box::leak("ü".repeat(10_000).into_boxed_str());
    let fault = throttled(&[long]);
    assert_eq!(fault.message().chars().count(), 4_000);
    assert!(fault.message().starts_with("DetectLabels was throttled: ü"));
}

#[test]
fn the_log_line_is_name_and_message() {
    assert_eq!(format!("{:?}", throttled(&["x"])), "Recognition.Throttled: DetectLabels was throttled: x");
}

#[test]
fn all_wrong_settings_are_in_the_message() {
    let fault = StepFailure::from(SettingsInvalid { problems: vec!["A is missing".into(), "B is not within 0 to 100".into()] });
    assert_eq!(
        (fault.name(), fault.message()),
        ("Settings.Invalid", "settings are missing or invalid: A is missing; B is not within 0 to 100")
    );
}

#[test]
fn both_runtime_failures_are_transient() {
    assert!(RuntimeFailure::Panicked.is_transient() && RuntimeFailure::DeadlineExceeded.is_transient());
}
