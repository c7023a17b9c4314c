//! Whether and how an execution is run again.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_domain::{
    flows::redrive::{Candidate, Plan, RerunMode, plan},
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        execution::{Execution, ExecutionDetail},
        record::{ProcessingStatus, Record},
    },
};
use std::collections::BTreeSet;

const NOW: EpochMillis = 100 * DAY_MILLIS;

fn detail(status: &str, days_ago: i64) -> ExecutionDetail {
    let stopped_at = Some(NOW - days_ago * DAY_MILLIS);
    let execution = Execution { arn: "arn".into(), name: "n".into(), status: status.into(), started_at: 0, stopped_at };
    ExecutionDetail { execution, input: None, error: None, cause: None, redrives: 0, not_redrivable: None }
}

fn reason_of(plan: Plan) -> String {
    match plan {
        Plan::Skip { reason, .. } | Plan::Restart(reason) => reason,
        Plan::Redrive => panic!("the plan is a redrive"),
    }
}

#[test]
fn a_recently_failed_execution_is_redriven() {
    for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
        assert_eq!(plan(&detail(status, 13), 100, None, NOW, RerunMode::Redrive), Plan::Redrive);
    }
}

/// Injected: executions closed 15 days ago, SUCCEEDED, at the history limit, or reported as not redrivable by Step Functions.
/// Seen: each is skipped with its reason.
#[test]
fn row_31_execution_that_cannot_be_redriven_is_skipped_with_the_reason() {
    assert!(reason_of(plan(&detail("FAILED", 15), 100, None, NOW, RerunMode::Redrive)).contains("14 days"));
    assert!(reason_of(plan(&detail("SUCCEEDED", 1), 100, None, NOW, RerunMode::RedriveOrRestart)).contains("SUCCEEDED"));
    assert!(reason_of(plan(&detail("FAILED", 1), 24_999, None, NOW, RerunMode::Redrive)).contains("24999 events"));
    let refused = ExecutionDetail { not_redrivable: Some("child executions".into()), ..detail("FAILED", 1) };
    assert!(reason_of(plan(&refused, 1, None, NOW, RerunMode::Redrive)).starts_with("child executions"));
}

/// Injected: an execution closed 15 days ago, with --or-restart.
/// Seen: a new execution is planned instead.
#[test]
fn row_31_new_execution_replaces_an_old_one_with_or_restart() {
    assert!(matches!(plan(&detail("FAILED", 15), 100, None, NOW, RerunMode::RedriveOrRestart), Plan::Restart(_)));
}

#[test]
fn an_execution_of_an_erased_image_is_not_run_again() {
    let erased = Record { processing_status: ProcessingStatus::Erased, ..Record::default() };
    assert_eq!(reason_of(plan(&detail("ABORTED", 1), 100, Some(&erased), NOW, RerunMode::RedriveOrRestart)), "its image was erased");
}

#[test]
fn fresh_starts_a_new_execution_even_if_a_redrive_is_possible() {
    assert_eq!(plan(&detail("FAILED", 1), 100, None, NOW, RerunMode::Restart), Plan::Restart("a new execution was asked for".into()));
    assert!(matches!(plan(&detail("SUCCEEDED", 1), 100, None, NOW, RerunMode::Restart), Plan::Skip { .. }), "it did not fail");
    assert_eq!(
        [RerunMode::new(false, false), RerunMode::new(true, false), RerunMode::new(false, true)],
        [RerunMode::Redrive, RerunMode::RedriveOrRestart, RerunMode::Restart]
    );
}

#[test]
fn only_the_newest_of_the_executions_with_the_same_input_runs_again() {
    let candidate = |input: Option<&str>, record: Option<Record>| Candidate {
        detail: ExecutionDetail { input: input.map(Into::into), ..detail("FAILED", 1) },
        record,
        plan: Plan::Redrive,
    };
    let mut seen = BTreeSet::new();
    let mut is_newest = |input, record| candidate(input, record).is_newest(&mut seen);
    assert!(is_newest(Some("{}"), None), "started again, and failed again");
    assert!(!is_newest(Some("{}"), None), "the execution before");
    assert!(is_newest(Some("{\"a\":1}"), None) && is_newest(None, None) && is_newest(None, None));
    assert!(is_newest(Some("{}"), Some(Record::default())), "a record says which execution holds it");
}

#[test]
fn an_error_pattern_may_have_stars() {
    for (pattern, text, matches) in [
        ("Recognition.*", "Recognition.Throttled", true),
        ("Recognition.*", "Storage.Unavailable", false),
        ("*.Unavailable", "Storage.Unavailable", true),
        ("*e*n*", "Recognition.Throttled", true),
        ("Storage.Unavailable", "Storage.Unavailable", true),
        ("Storage", "Storage.Unavailable", false),
        ("*", "", true),
    ] {
        let failed = ExecutionDetail { error: Some(text.into()), ..detail("FAILED", 1) };
        let candidate = Candidate { detail: failed, record: None, plan: Plan::Redrive };
        assert_eq!((candidate.has_error(Some(pattern)), candidate.has_error(None)), (matches, true), "{pattern} {text}");
    }
}
