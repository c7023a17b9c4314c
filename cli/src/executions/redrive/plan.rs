//! Decides whether and how an execution is run again.

use sightline_aws::stepfunctions::ExecutionDetail;
use sightline_domain::{
    flows::rerun,
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        record::Record,
    },
};

/// Limits of a redrive (Step Functions guide, "Redrive"): within 14 days of closing, and below 24,999 events.
pub const REDRIVABLE_DAYS: EpochMillis = 14;
const MAX_EVENTS: i64 = 24_999;

/// What to do with one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Redrive,
    /// Start a new execution; the text says why.
    Restart(String),
    /// Do nothing; the text says why.
    Skip(String),
}

/// How the command line asks to run executions again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RerunMode {
    /// Only by a redrive.
    Redrive,
    /// `--or-restart`: by a new execution if a redrive is not possible.
    RedriveOrRestart,
    /// `--fresh`: by a new execution, which runs the current release.
    Restart,
}

impl RerunMode {
    pub const fn new(or_restart: bool, fresh: bool) -> Self {
        match (fresh, or_restart) {
            (true, _) => Self::Restart,
            (false, true) => Self::RedriveOrRestart,
            (false, false) => Self::Redrive,
        }
    }
}

/// The plan for an execution with `events` events in its history.
pub fn plan(detail: &ExecutionDetail, events: i64, record: Option<&Record>, now: EpochMillis, mode: RerunMode) -> Plan {
    let execution = &detail.execution;
    if !matches!(execution.status.as_str(), "FAILED" | "TIMED_OUT" | "ABORTED") {
        let hint = if record.is_some_and(Record::is_rejected) { "; --rejected inspects its image again" } else { "" };
        return Plan::Skip(format!("the execution is {}; only failed executions are run again{hint}", execution.status));
    }
    if let Some(reason) = rerun::obstacle(record, &execution.arn) {
        return Plan::Skip(reason);
    }
    if mode == RerunMode::Restart {
        return Plan::Restart("--fresh asks for a new execution".to_owned());
    }
    let is_too_old = execution.stopped_at.is_some_and(|stopped| now - stopped > REDRIVABLE_DAYS * DAY_MILLIS);
    let impossible = if is_too_old {
        Some(format!("it closed more than {REDRIVABLE_DAYS} days ago"))
    } else if events >= MAX_EVENTS {
        Some(format!("its history has {events} events, and a redrive allows fewer than {MAX_EVENTS}"))
    } else {
        detail.not_redrivable.clone()
    };
    match impossible {
        None => Plan::Redrive,
        Some(reason) if mode == RerunMode::RedriveOrRestart => Plan::Restart(reason),
        Some(reason) => Plan::Skip(format!("{reason}; --or-restart starts a new execution")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_aws::stepfunctions::Execution;

    const NOW: EpochMillis = 100 * DAY_MILLIS;

    fn detail(status: &str, days_ago: i64) -> ExecutionDetail {
        let stopped_at = Some(NOW - days_ago * DAY_MILLIS);
        let execution = Execution { arn: "arn".into(), name: "n".into(), status: status.into(), started_at: 0, stopped_at };
        ExecutionDetail { execution, input: None, error: None, cause: None, redrives: 0, not_redrivable: None }
    }

    fn reason_of(plan: Plan) -> String {
        match plan {
            Plan::Skip(reason) | Plan::Restart(reason) => reason,
            Plan::Redrive => panic!("the plan is a redrive"),
        }
    }

    #[test]
    fn recently_failed_execution_is_redriven() {
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
    fn execution_of_an_erased_image_is_not_run_again() {
        let erased = crate::output::record::tests::record(serde_json::json!({"ProcessingStatus": "ERASED"}));
        assert_eq!(reason_of(plan(&detail("ABORTED", 1), 100, Some(&erased), NOW, RerunMode::RedriveOrRestart)), "its image was erased");
    }

    #[test]
    fn fresh_starts_a_new_execution_even_if_a_redrive_is_possible() {
        assert_eq!(
            plan(&detail("FAILED", 1), 100, None, NOW, RerunMode::Restart),
            Plan::Restart("--fresh asks for a new execution".into())
        );
        assert!(matches!(plan(&detail("SUCCEEDED", 1), 100, None, NOW, RerunMode::Restart), Plan::Skip(_)), "it did not fail");
        assert_eq!(
            [RerunMode::new(false, false), RerunMode::new(true, false), RerunMode::new(false, true)],
            [RerunMode::Redrive, RerunMode::RedriveOrRestart, RerunMode::Restart]
        );
    }

    #[test]
    fn error_pattern_may_have_stars() {
        for (pattern, text, matches) in [
            ("Recognition.*", "Recognition.Throttled", true),
            ("Recognition.*", "Storage.Unavailable", false),
            ("*.Unavailable", "Storage.Unavailable", true),
            ("*e*n*", "Recognition.Throttled", true),
            ("Storage.Unavailable", "Storage.Unavailable", true),
            ("Storage", "Storage.Unavailable", false),
            ("*", "", true),
        ] {
            assert_eq!(wildmatch::WildMatch::new(pattern).matches(text), matches, "{pattern} {text}");
        }
    }
}
