//! `executions show`.

use super::{
    list::Row,
    record_of,
    timeline::{Step, close, complete, steps},
    wanted::{Wanted, locate},
};
use crate::{
    args::{Global, ShowExecution},
    clock::moment,
    error::CliError,
    exit::Exit,
    output::{
        Output,
        facts::Facts,
        record::status_name,
        table::{headed, render, status},
        text::{NOTHING, clean, seconds},
    },
    session::Session,
};
use comfy_table::{Cell, Table};
use serde::Serialize;

/// An execution as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    #[serde(flatten)]
    execution: Row,
    redrives: i32,
    /// Status of the image's record, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_status: Option<&'static str>,
    steps: Vec<Step>,
    /// Steps that are told from the record, since the history leaves them out.
    steps_from_record: usize,
}

/// Shows how an execution went.
pub async fn run(global: &Global, args: &ShowExecution, output: Output) -> Result<Exit, CliError> {
    let wanted = Wanted::parse(&args.execution)?;
    let session = Session::open(global).await?;
    let (arn, record) = locate(&session, wanted).await?;
    let executions = session.executions();
    let unknown = || CliError::NotFound(format!("there is no execution {arn}"));
    let detail = executions.describe(&arn).await?.ok_or_else(unknown)?;
    let mut steps = steps(&executions.history(&arn).await?);
    let redrives = detail.redrives;
    let record = match record {
        None => record_of(&session, detail.input.as_deref(), &arn).await?,
        record => record,
    };
    let execution = Row::new(detail.execution.clone(), Some(detail), record.as_ref());
    if execution.stopped_at.is_some() {
        close(&mut steps);
    }
    // A record speaks for the execution that owns it only.
    let record = record.filter(|record| record.execution_arn == execution.execution_arn);
    let steps_from_record = record.as_ref().map_or(0, |record| complete(&mut steps, record));
    let processing_status = record.map(|record| status_name(record.processing_status));
    let shown = Shown { execution, redrives, processing_status, steps, steps_from_record };
    output.one(&shown, || format!("{}\n\n{}", head(&shown).render(), render(&timeline(&shown.steps))))?;
    if shown.steps_from_record > 0 {
        say!("states without times are not in this engine's history; they are told from the image's record");
    }
    Ok(Exit::Done)
}

fn head(shown: &Shown) -> Facts {
    let execution = &shown.execution;
    let mut facts = Facts::default();
    facts.add("status", clean(&execution.status));
    facts.add("execution", clean(&execution.execution_arn));
    facts.add_some("image", execution.image_id.clone());
    facts.add_some("key", execution.key.as_deref().map(clean));
    facts.add_some("record", shown.processing_status);
    facts.add("started", moment(execution.started_at));
    facts.add_some("seconds", execution.stopped_at.map(|end| seconds(execution.started_at, end)));
    facts.add_some("redrives", (shown.redrives > 0).then(|| shown.redrives.to_string()));
    facts.add_some("error", execution.error.as_deref().map(clean));
    facts.add_some("cause", execution.cause.as_deref().map(clean));
    facts
}

fn timeline(steps: &[Step]) -> Table {
    let mut table = headed(&["STATE", "OUTCOME", "SECONDS", "RETRIES", "INPUT", "DETAIL"]);
    for step in steps {
        let seconds = step.entered_at.zip(step.left_at).map_or_else(|| NOTHING.to_owned(), |(from, to)| seconds(from, to));
        // Where a stored answer lies is in the JSON.
        let note = step.note.as_ref().filter(|_| step.outcome != "DONE");
        let parts = [step.error.as_ref(), step.cause.as_ref(), note].into_iter().flatten().map(|part| clean(part));
        let detail = parts.collect::<Vec<_>>().join(": ");
        let input = step.input.as_ref().map_or_else(|| NOTHING.to_owned(), ToString::to_string);
        let state = [Cell::new(clean(&step.state)), status(&step.outcome), Cell::new(seconds), Cell::new(step.retries)];
        table.add_row(state.into_iter().chain([input, detail].map(Cell::new)));
    }
    table
}
