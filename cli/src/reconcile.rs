//! `sightline reconcile`: runs the code of the `reconcile` function now, with the caller's credentials.

use crate::{
    args::Global,
    clock::{SystemClock, parse_duration},
    error::{CliError, Exit, sentence},
    output::{NO_VALUE, Output, Table, clean, count, name_of},
    session::Session,
};
use clap::Args;
use sightline_domain::{
    flows::reconcile::{Action, ActionKind, Options, Reconciler, Report},
    model::EpochMillis,
};
use std::time::Duration;

/// `reconcile`.
#[derive(Debug, Args)]
#[command(after_help = "\
Does now what the function reconcile does every five minutes: it starts an execution for each upload without a record, marks
records whose execution has ended as FAILED (and restarts them if the engine lost the execution), and notifies executions of
decisions that did not reach them. It continues where the last run stopped (operations/reconcile.json in the images bucket;
without that file it checks everything), and starts at most 300 executions: exit code 3 means that there is more to do.

Examples:
  sightline reconcile --dry-run
  sightline reconcile --grace 1m --output json | jq -r '.Actions[].ImageID'")]
pub struct ReconcileArgs {
    /// Least age of an upload without a record, such as 90s, 10m, 1h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub grace: Duration,
    /// Check all uploads, even those that earlier runs checked: after a table was restored from a backup
    #[arg(long)]
    pub full: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub async fn run(global: &Global, args: &ReconcileArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let reconciler = Reconciler::new(session.tables(), session.s3(), session.executions(), SystemClock);
    let options = Options {
        bucket: session.stack.images_bucket.clone(),
        grace: EpochMillis::try_from(args.grace.as_millis()).unwrap_or(EpochMillis::MAX),
        full: args.full,
        retention_days: session.stack.retention_days,
        dry_run: args.dry_run,
        calls_per_second: session.stack.rekognition_calls_per_second,
        deadline: EpochMillis::MAX,
    };
    let mut report = reconciler.run(&options).await;
    output.one(&report, table)?;
    say!("{}", summary(&report));
    let Some(error) = report.error.take().map(CliError::from) else {
        return Ok(if report.complete { Exit::Success } else { Exit::Partial });
    };
    if report.actions.iter().all(|action| action.action == ActionKind::NotDone) {
        return Err(error);
    }
    say!("{}", sentence(&error));
    Ok(Exit::Partial)
}

/// Empty if there is nothing to repair.
fn table(report: &Report) -> String {
    let row = |action: &Action| {
        let missing = || action.key.as_deref().map(|key| format!("no record of {}", clean(key)));
        let reason = action.reason.as_deref().map(clean).or_else(missing).unwrap_or_else(|| NO_VALUE.to_owned());
        [action.image_id.clone(), name_of(&action.action), reason]
    };
    if report.actions.is_empty() {
        return String::new();
    }
    Table::new(&["IMAGE", "ACTION", "REASON"], report.actions.iter().map(row)).keep_whole(0).render()
}

fn summary(report: &Report) -> String {
    let checked = format!(
        "checked {} of {} and {}",
        report.versions_looked_at,
        count(report.versions_listed, "upload"),
        count(report.records_looked_at, "open record")
    );
    let found = [
        (report.orphans, "without a record"),
        (report.stuck_records, "without an execution"),
        (report.undelivered_decisions, "with an undelivered decision"),
        (report.failed, "that could not be repaired"),
    ];
    let found: Vec<String> = found.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let nothing = if report.actions.is_empty() { "nothing to repair" } else { "nothing is missing" };
    let found = if found.is_empty() { nothing.to_owned() } else { found.join(", ") };
    let rest = if report.complete { "" } else { "; there is more to check: run it again" };
    format!("{checked}: {found}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_counts_what_was_found_and_says_whether_there_is_more() {
        let healthy = Report { versions_listed: 3, complete: true, ..Report::default() };
        assert_eq!(summary(&healthy), "checked 0 of 3 uploads and 0 open records: nothing to repair");
        let found = Report { versions_listed: 1, versions_looked_at: 1, orphans: 1, undelivered_decisions: 2, ..Report::default() };
        let expected = "checked 1 of 1 upload and 0 open records: 1 without a record, 2 with an undelivered decision; \
                        there is more to check: run it again";
        assert_eq!(summary(&found), expected);
    }

    #[test]
    fn row_shows_the_image_what_was_done_and_why() {
        let action = Action {
            action: ActionKind::Started,
            image_id: "i".into(),
            key: Some("raw-uploads/a\u{1b}.jpg".into()),
            execution_arn: None,
            new_execution_arn: None,
            reason: None,
        };
        let shown = table(&Report { actions: vec![action], ..Report::default() });
        assert!(shown.contains("STARTED") && shown.contains("no record of raw-uploads/a\u{fffd}.jpg"), "{shown}");
        assert_eq!(table(&Report::default()), "");
    }
}
