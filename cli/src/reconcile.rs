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
    clock::EpochMillis,
    reconcile::{Did, Reconciler, Report, Wish},
};

/// Runs once, to its end.
pub async fn run(global: &Global, args: &Reconcile, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let reconciler = Reconciler::new(session.records(), session.objects(), session.executions(), session.workflow(), SystemClock);
    let wish = Wish {
        bucket: session.stack.images_bucket.clone(),
        grace: EpochMillis::try_from(args.grace.as_millis()).unwrap_or(EpochMillis::MAX),
        anew: args.anew,
        retention_days: session.stack.retention_days,
        dry_run: args.dry_run,
        calls_per_second: session.stack.rekognition_calls_per_second,
        deadline: EpochMillis::MAX,
    };
    let mut report = reconciler.run(&wish).await;
    if !report.actions.is_empty() || output.format != Format::Table {
        output.one(&report, || render(&table(&report)))?;
    }
    say!("{}", summary(&report));
    let Some(error) = report.error.take().map(CliError::from) else {
        return Ok(if report.complete { Exit::Done } else { Exit::Partly });
    };
    if report.actions.iter().all(|action| action.action == Did::NotDone) {
        return Err(error);
    }
    say!("{}", sentence(&error));
    Ok(Exit::Partly)
}

const fn name(did: Did) -> &'static str {
    match did {
        Did::Started => "STARTED",
        Did::WouldStart => "WOULD_START",
        Did::MarkedFailed => "MARKED_FAILED",
        Did::WouldMarkFailed => "WOULD_MARK_FAILED",
        Did::Restarted => "RESTARTED",
        Did::WouldRestart => "WOULD_RESTART",
        Did::Told => "TOLD",
        Did::WouldTell => "WOULD_TELL",
        Did::RemovedLateWrites => "REMOVED_LATE_WRITES",
        Did::ClosedTombstone => "CLOSED_TOMBSTONE",
        Did::WouldLookForLateWrites => "WOULD_LOOK_FOR_LATE_WRITES",
        Did::NotDone => "NOT_DONE",
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
        (report.stranded, "without an execution"),
        (report.untold, "with a decision to be told"),
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
    use sightline_domain::reconcile::Action;

    #[test]
    fn a_summary_names_what_was_found_and_whether_there_is_more() {
        let well = Report { versions_listed: 3, complete: true, ..Report::default() };
        assert_eq!(summary(&well), "looked at 0 of 3 uploads and at 0 open records: all is well");
        let found = Report { versions_listed: 1, versions_looked_at: 1, orphans: 1, untold: 2, ..Report::default() };
        let said = "looked at 1 of 1 upload and at 0 open records: 1 without a record, 2 with a decision to be told; there is more to look at: run it again";
        assert_eq!(summary(&found), said);
    }

    #[test]
    fn a_row_names_the_image_what_was_done_and_why() {
        let action = Action {
            action: Did::Started,
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
