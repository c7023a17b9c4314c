//! Whether an execution is run again, and how.

use sightline_aws::stepfunctions::ExecutionDetail;
use sightline_domain::{
    flows::rerun,
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        record::Record,
    },
};

/// Step Functions guide, "Redrive": within 14 days of closing, and below 24,999 events.
pub const REDRIVABLE_DAYS: EpochMillis = 14;
const MAX_EVENTS: i64 = 24_999;

/// What is done with one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A redrive.
    Redrive,
    /// A fresh execution, and why no redrive.
    Restart(String),
    /// Nothing, and why.
    Skip(String),
}

/// How executions are to be run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a redrive, or not at all.
    Redrive,
    /// By a redrive, and where it is not possible by a fresh execution.
    OrRestart,
    /// By a fresh execution: it runs the release of now, a redrive that of its start.
    Fresh,
}

impl Way {
    /// As the flags say.
    pub const fn of(or_restart: bool, fresh: bool) -> Self {
        match (fresh, or_restart) {
            (true, _) => Self::Fresh,
            (false, true) => Self::OrRestart,
            (false, false) => Self::Redrive,
        }
    }
}

/// Decides; `events` is the length of the history.
pub fn plan(detail: &ExecutionDetail, events: i64, record: Option<&Record>, now: EpochMillis, way: Way) -> Plan {
    let execution = &detail.execution;
    if !matches!(execution.status.as_str(), "FAILED" | "TIMED_OUT" | "ABORTED") {
        let hint = if record.is_some_and(Record::is_rejected) { "; --rejected looks at its image anew" } else { "" };
        return Plan::Skip(format!("the execution is {}; only failed ones are run again{hint}", execution.status));
    }
    if let Some(reason) = rerun::obstacle(record, &execution.arn) {
        return Plan::Skip(reason);
    }
    if way == Way::Fresh {
        return Plan::Restart("a fresh execution is asked for".to_owned());
    }
    let too_old = execution.stopped_at.is_some_and(|stopped| now - stopped > REDRIVABLE_DAYS * DAY_MILLIS);
    let impossible = if too_old {
        Some(format!("it closed more than {REDRIVABLE_DAYS} days ago"))
    } else if events >= MAX_EVENTS {
        Some(format!("its history has {events} events, of at most {MAX_EVENTS}"))
    } else {
        detail.not_redrivable.clone()
    };
    match impossible {
        None => Plan::Redrive,
        Some(reason) if way == Way::OrRestart => Plan::Restart(reason),
        Some(reason) => Plan::Skip(format!("{reason}; --or-restart starts a fresh execution")),
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut tail) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        let Some((_, after)) = tail.split_once(part) else { return false };
        tail = after;
    }
    tail.ends_with(last)
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

    fn why_not(plan: Plan) -> String {
        match plan {
            Plan::Skip(reason) | Plan::Restart(reason) => reason,
            Plan::Redrive => panic!("it would be redriven"),
        }
    }

    #[test]
    fn what_failed_lately_is_redriven() {
        for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
            assert_eq!(plan(&detail(status, 13), 100, None, NOW, Way::Redrive), Plan::Redrive);
        }
    }

    /// Injected: executions closed 15 days ago, SUCCEEDED, at the history limit, or called not redrivable by Step Functions.
    /// Seen: each is left alone with its reason.
    #[test]
    fn row_31_what_cannot_be_redriven_is_named_with_the_reason() {
        assert!(why_not(plan(&detail("FAILED", 15), 100, None, NOW, Way::Redrive)).contains("14 days"));
        assert!(why_not(plan(&detail("SUCCEEDED", 1), 100, None, NOW, Way::OrRestart)).contains("SUCCEEDED"));
        assert!(why_not(plan(&detail("FAILED", 1), 24_999, None, NOW, Way::Redrive)).contains("24999 events"));
        let refused = ExecutionDetail { not_redrivable: Some("child executions".into()), ..detail("FAILED", 1) };
        assert!(why_not(plan(&refused, 1, None, NOW, Way::Redrive)).starts_with("child executions"));
    }

    /// Injected: an execution closed 15 days ago, with --or-restart.
    /// Seen: a fresh execution is planned instead.
    #[test]
    fn row_31_a_fresh_execution_stands_in_where_it_is_asked_for() {
        assert!(matches!(plan(&detail("FAILED", 15), 100, None, NOW, Way::OrRestart), Plan::Restart(_)));
    }

    #[test]
    fn what_was_erased_is_not_run_again() {
        let erased = crate::output::record::tests::record(serde_json::json!({"ProcessingStatus": "ERASED"}));
        assert_eq!(why_not(plan(&detail("ABORTED", 1), 100, Some(&erased), NOW, Way::OrRestart)), "its image was erased");
    }

    #[test]
    fn a_fresh_execution_is_started_even_where_a_redrive_is_possible() {
        assert_eq!(plan(&detail("FAILED", 1), 100, None, NOW, Way::Fresh), Plan::Restart("a fresh execution is asked for".into()));
        assert!(matches!(plan(&detail("SUCCEEDED", 1), 100, None, NOW, Way::Fresh), Plan::Skip(_)), "only of what failed");
        assert_eq!([Way::of(false, false), Way::of(true, false), Way::of(false, true)], [Way::Redrive, Way::OrRestart, Way::Fresh]);
    }

    #[test]
    fn error_patterns_may_hold_stars() {
        for (pattern, text, fitting) in [
            ("Recognition.*", "Recognition.Throttled", true),
            ("Recognition.*", "Storage.Unavailable", false),
            ("*.Unavailable", "Storage.Unavailable", true),
            ("*e*n*", "Recognition.Throttled", true),
            ("Storage.Unavailable", "Storage.Unavailable", true),
            ("Storage", "Storage.Unavailable", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), fitting, "{pattern} {text}");
        }
    }
}
