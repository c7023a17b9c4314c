//! `sightline reconcile`: the function's own code, at once and with the caller's credentials.

use crate::{
    args::{Global, Reconcile},
    clock::SystemClock,
    error::{CliError, sentence},
    exit::Exit,
    output::{
        Format, Output,
        table::{headed, keep_whole, render},
        text::{NOTHING, clean, count},
    },
    session::Session,
};
use comfy_table::Table;
use sightline_domain::{
    flows::reconcile::{ActionKind, Options, Reconciler, Report},
    model::clock::EpochMillis,
};

/// Runs once, to its end.
pub async fn run(global: &Global, args: &Reconcile, output: Output) -> Result<Exit, CliError> {
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
    if !report.actions.is_empty() || output.format != Format::Table {
        output.one(&report, || render(&table(&report)))?;
    }
    say!("{}", summary(&report));
    let Some(error) = report.error.take().map(CliError::from) else {
        return Ok(if report.complete { Exit::Done } else { Exit::Partly });
    };
    if report.actions.iter().all(|action| action.action == ActionKind::NotDone) {
        return Err(error);
    }
    say!("{}", sentence(&error));
    Ok(Exit::Partly)
}

const fn name(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Started => "STARTED",
        ActionKind::WouldStart => "WOULD_START",
        ActionKind::MarkedFailed => "MARKED_FAILED",
        ActionKind::WouldMarkFailed => "WOULD_MARK_FAILED",
        ActionKind::Restarted => "RESTARTED",
        ActionKind::WouldRestart => "WOULD_RESTART",
        ActionKind::Notified => "NOTIFIED",
        ActionKind::WouldNotify => "WOULD_NOTIFY",
        ActionKind::RemovedLateWrites => "REMOVED_LATE_WRITES",
        ActionKind::ClosedTombstone => "CLOSED_TOMBSTONE",
        ActionKind::WouldLookForLateWrites => "WOULD_LOOK_FOR_LATE_WRITES",
        ActionKind::NotDone => "NOT_DONE",
    }
}

fn table(report: &Report) -> Table {
    let mut table = headed(&["IMAGE", "ACTION", "REASON"]);
    for action in &report.actions {
        let because =
            action.reason.as_deref().map(clean).or_else(|| action.key.as_deref().map(|key| format!("no record of {}", clean(key))));
        table.add_row([action.image_id.clone(), name(action.action).to_owned(), because.unwrap_or_else(|| NOTHING.to_owned())]);
    }
    keep_whole(&mut table, 0);
    table
}

fn summary(report: &Report) -> String {
    let looked_at = format!(
        "looked at {} of {} and at {}",
        report.versions_looked_at,
        count(report.versions_listed, "upload"),
        count(report.records_looked_at, "open record")
    );
    let found = [
        (report.orphans, "without a record"),
        (report.stuck_records, "without an execution"),
        (report.undelivered_decisions, "with a decision to be told"),
        (report.failed, "that could not be put right"),
    ];
    let found: Vec<String> = found.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let nothing = if report.actions.is_empty() { "all is well" } else { "nothing is missing" };
    let found = if found.is_empty() { nothing.to_owned() } else { found.join(", ") };
    let rest = if report.complete { "" } else { "; there is more to look at: run it again" };
    format!("{looked_at}: {found}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::flows::reconcile::Action;

    #[test]
    fn a_summary_names_what_was_found_and_whether_there_is_more() {
        let well = Report { versions_listed: 3, complete: true, ..Report::default() };
        assert_eq!(summary(&well), "looked at 0 of 3 uploads and at 0 open records: all is well");
        let found = Report { versions_listed: 1, versions_looked_at: 1, orphans: 1, undelivered_decisions: 2, ..Report::default() };
        let said = "looked at 1 of 1 upload and at 0 open records: 1 without a record, 2 with a decision to be told; there is more to look at: run it again";
        assert_eq!(summary(&found), said);
    }

    #[test]
    fn a_row_names_the_image_what_was_done_and_why() {
        let action = Action {
            action: ActionKind::Started,
            image_id: "i".into(),
            key: Some("raw-uploads/a\u{1b}.jpg".into()),
            execution_arn: None,
            new_execution_arn: None,
            reason: None,
        };
        let shown = render(&table(&Report { actions: vec![action], ..Report::default() }));
        assert!(shown.contains("STARTED") && shown.contains("no record of raw-uploads/a\u{fffd}.jpg"), "{shown}");
    }
}
