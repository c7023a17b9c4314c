//! Which errors are retried, which are caught, and which fail the execution.

use crate::asl::{State, all_states, all_tasks, in_repository, list, texts};
use sightline_domain::model::{
    AlertError, DuplicateImage, FolderMarker, ImportError, InputInvalid, ReasonCode, RecognitionError, RecordSuperseded, Rejection,
    SettingsInvalid, StepError, StorageError,
};
use sightline_kit::failure::RuntimeFailure;
use std::{collections::BTreeSet, fs};

/// One of each error that can leave a step.
fn all_errors() -> Vec<Box<dyn StepError>> {
    let (operation, doing, cause) = ("DetectLabels", "reading", || "because".into());
    vec![
        Box::new(RecognitionError::Throttled { operation, source: cause() }),
        Box::new(RecognitionError::Unavailable { operation, source: cause() }),
        Box::new(RecognitionError::Refused { operation, source: cause() }),
        Box::new(RecognitionError::Misconfigured { operation, source: cause() }),
        Box::new(StorageError::Unavailable { doing, source: cause() }),
        Box::new(StorageError::NotFound { doing }),
        Box::new(StorageError::Misconfigured { doing, source: cause() }),
        Box::new(AlertError::Unavailable(cause())),
        Box::new(AlertError::Misconfigured(cause())),
        Box::new(ImportError::SourceMissing),
        Box::new(ImportError::Denied(cause())),
        Box::new(ImportError::Failed { image_id: String::new(), reason: String::new() }),
        Box::new(RecordSuperseded { image_id: String::new() }),
        Box::new(Rejection::new(ReasonCode::TooSmall, "")),
        Box::new(DuplicateImage { image_id: String::new(), execution_arn: String::new() }),
        Box::new(FolderMarker),
        Box::new(InputInvalid(cause())),
        Box::new(SettingsInvalid { problems: Vec::new() }),
        Box::new(RuntimeFailure::Panicked),
        Box::new(RuntimeFailure::DeadlineExceeded),
    ]
}

fn names(fits: impl Fn(&dyn StepError) -> bool) -> BTreeSet<String> {
    all_errors().iter().filter(|error| fits(error.as_ref())).map(|error| error.name().to_owned()).collect()
}

/// Names of Lambda, Step Functions and the emulator.
fn ours(names: BTreeSet<String>) -> BTreeSet<String> {
    names.into_iter().filter(|name| !["Lambda.", "Runtime.", "Sandbox.", "States."].iter().any(|theirs| name.starts_with(theirs))).collect()
}

/// Every `"Noun.Reason"` in the text.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').filter(|word| {
        let capital =
            |part: &str| part.starts_with(|first: char| first.is_ascii_uppercase()) && part.chars().all(|c| c.is_ascii_alphabetic());
        word.split_once('.').is_some_and(|(noun, reason)| capital(noun) && capital(reason))
    })
}

#[test]
fn every_error_is_in_this_test() {
    let sources = ["crates/domain/src/model/error.rs", "crates/domain/src/model/rejection.rs", "crates/kit/src/failure.rs"];
    let texts: Vec<String> = sources.iter().map(|path| fs::read_to_string(in_repository(path)).unwrap()).collect();
    let written: BTreeSet<String> = texts.iter().flat_map(|text| names_in(text)).map(str::to_owned).collect();
    assert_eq!(written, names(|_| true));
}

#[test]
fn exactly_the_transient_errors_are_retried() {
    let retried = all_tasks().iter().flat_map(State::retried).collect();
    assert_eq!(ours(retried), names(StepError::is_transient));
}

#[test]
fn each_task_retries_the_transient_errors_of_its_function() {
    for task in all_tasks() {
        let crate_docs = fs::read_to_string(in_repository(&format!("functions/{}/src/lib.rs", task.function()))).unwrap();
        let crate_docs: String = crate_docs.lines().take_while(|line| line.starts_with("//!")).collect();
        let spoken_of = |name: &str| {
            let family = name.split('.').next().unwrap();
            family == "Function" || crate_docs.contains(&format!("`{family}.*`")) || crate_docs.contains(&format!("`{name}`"))
        };
        assert_eq!(ours(task.retried()), names(|error| error.is_transient() && spoken_of(error.name())), "{}", task.name);
    }
}

/// Injected: the names under which Lambda reports timeouts, crashes, lack of memory and throttling, looked up in the definition.
/// Seen: every task retries each of them.
#[test]
fn row_21_each_task_retries_the_errors_of_lambda() {
    // Step Functions guide, "Handle transient Lambda service exceptions"; a process that crashed or ran out of memory shows as one of
    // Runtime.* or as Lambda.Unknown.
    let platform = [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Runtime.OutOfMemory",
        "Runtime.TruncatedResponse",
        "Runtime.Unknown",
        "Sandbox.Timedout",
    ];
    for task in all_tasks() {
        let retried = task.retried();
        for name in platform {
            assert!(retried.contains(name), "{} does not retry {name}", task.name);
        }
        // An expired review is a result; any other timed-out Task is retried.
        assert_eq!(retried.contains("States.Timeout"), task.name != "AwaitReview", "{}", task.name);
    }
}

/// Injected: the names of both kinds of throttling, looked up in the definition.
/// Seen: each has its own retrier that waits for hours, so that a backlog needs no redrive.
#[test]
fn row_21_throttling_has_its_own_retriers_for_hours() {
    let mut seen = BTreeSet::new();
    for task in all_tasks() {
        for name in ["Recognition.Throttled", "Lambda.TooManyRequestsException"] {
            let mut retriers = list(&task.body["Retry"]).filter(|retrier| texts(&retrier["ErrorEquals"]).contains(name));
            let Some(retrier) = retriers.next() else { continue };
            assert_eq!(texts(&retrier["ErrorEquals"]).len(), 1, "{}: {name} contributions a retrier", task.name);
            assert!(retriers.next().is_none(), "{}: {name} has two retriers", task.name);
            let [interval, rate, most] =
                ["IntervalSeconds", "BackoffRate", "MaxDelaySeconds"].map(|field| retrier[field].as_f64().unwrap());
            let waits = (0..retrier["MaxAttempts"].as_i64().unwrap()).scan(interval, |delay, _| {
                let wait = delay.min(most) / 2.0; // full jitter: half of it, on average
                *delay *= rate;
                Some(wait)
            });
            let hours = waits.sum::<f64>() / 3600.0;
            assert!((8.0..24.0).contains(&hours), "{}: {name} is retried for {hours} hours", task.name);
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn only_permanent_errors_are_caught() {
    let caught: BTreeSet<String> = all_states().iter().flat_map(State::caught).collect();
    assert!(caught.contains("States.Timeout"), "a review that nobody answers");
    let own = ours(caught);
    assert!(own.is_subset(&names(|error| !error.is_transient())), "{own:?}");
    assert_eq!(own, names(StepError::is_expected));
    // Configuration errors are fixed and redriven, so they must not be caught either.
    assert_eq!(
        own,
        ["Image.Duplicate", "Image.Rejected", "Recognition.Refused", "Record.Superseded", "Upload.FolderMarker"].map(str::to_owned).into()
    );
}

#[test]
fn no_retrier_or_catcher_matches_all_errors() {
    for state in all_states() {
        for wholesale in ["States.ALL", "States.TaskFailed", "States.Runtime"] {
            assert!(!state.retried().contains(wholesale) && !state.caught().contains(wholesale), "{}: {wholesale}", state.name);
        }
    }
}

#[test]
fn the_documentation_names_every_error_and_every_reason() {
    let page = fs::read_to_string(in_repository("docs/errors.md")).unwrap();
    for error in all_errors() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", error.name())));
        let row = row.unwrap_or_else(|| panic!("docs/errors.md has no row for {}", error.name()));
        let transient = row.split('|').nth(3).unwrap().trim();
        assert_eq!(transient, if error.is_transient() { "yes" } else { "no" }, "{}", error.name());
    }
    for code in ReasonCode::ALL {
        assert!(page.contains(&format!("| `{code}` |")), "docs/errors.md has no row for {code}");
    }
}
