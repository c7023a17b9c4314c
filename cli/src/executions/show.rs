//! `executions show`.

use super::{ExecutionRef, ShowArgs, list::Row, record_of, summary::phrase};
use crate::{
    args::Global,
    clock::moment,
    error::{CliError, Exit},
    output::{Facts, NO_VALUE, Output, Table, clean, name_of, seconds, status_cell},
    session::Session,
};
use comfy_table::Cell;
use serde::Serialize;
use sightline_domain::{
    model::record::ProcessingStatus,
    ports::ExecutionOperations,
    rules::timeline::{Step, add_analyses, steps, stop_running},
};

/// An execution with its steps, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(flatten)]
    execution: Row,
    redrives: i32,
    /// Status of the image's record, if this execution owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_status: Option<ProcessingStatus>,
    steps: Vec<Step>,
    /// Steps that come from the record, because the history does not have them.
    steps_from_record: usize,
}

pub async fn run(global: &Global, args: &ShowArgs, output: Output) -> Result<Exit, CliError> {
    let execution = ExecutionRef::parse(&args.execution)?;
    let session = Session::open(global).await?;
    let (arn, record) = execution.resolve(&session).await?;
    let executions = session.executions();
    let unknown = || CliError::NotFound(format!("execution {arn} does not exist"));
    let detail = executions.describe(&arn).await?.ok_or_else(unknown)?;
    let mut steps = steps(&executions.history(&arn, usize::MAX).await?);
    let redrives = detail.redrives;
    let record = match record {
        None => record_of(&session, detail.input.as_deref(), &arn).await?,
        record => record,
    };
    let execution = Row::new(detail.execution.clone(), Some(detail), record.as_ref());
    if execution.stopped_at.is_some() {
        stop_running(&mut steps);
    }
    let record = record.filter(|record| record.execution_arn == execution.execution_arn);
    let steps_from_record = record.as_ref().map_or(0, |record| add_analyses(&mut steps, record));
    let processing_status = record.map(|record| record.processing_status);
    let details = Details { execution, redrives, processing_status, steps, steps_from_record };
    output.one(&details, |details| format!("{}\n\n{}", facts(details).render(), timeline(&details.steps)))?;
    if details.steps_from_record > 0 {
        say!("states without times come from the record of the image, because this engine's history does not have them");
    }
    Ok(Exit::Success)
}

fn facts(details: &Details) -> Facts {
    let execution = &details.execution;
    let mut facts = Facts::default();
    facts.add("status", clean(&execution.status));
    facts.add("execution", clean(&execution.execution_arn));
    facts.add_some("image", execution.image_id.clone());
    facts.add_some("key", execution.key.as_deref().map(clean));
    facts.add_some("record", details.processing_status.as_ref().map(name_of));
    facts.add("started", moment(execution.started_at));
    facts.add_some("seconds", execution.stopped_at.map(|end| seconds(execution.started_at, end)));
    facts.add_some("redrives", (details.redrives > 0).then(|| details.redrives.to_string()));
    facts.add_some("error", execution.error.as_deref().map(clean));
    facts.add_some("cause", execution.cause.as_deref().map(clean));
    facts
}

fn timeline(steps: &[Step]) -> String {
    let row = |step: &Step| {
        let seconds = step.entered_at.zip(step.left_at).map_or_else(|| NO_VALUE.to_owned(), |(from, to)| seconds(from, to));
        // The note of a DONE step is the key of its result, which only the JSON shows.
        let note = step.note.as_ref().filter(|_| step.outcome != "DONE");
        let parts = [step.error.as_ref(), step.cause.as_ref(), note].into_iter().flatten().map(|part| clean(part));
        let detail = parts.collect::<Vec<_>>().join(": ");
        let input = step.input.as_ref().map_or_else(|| NO_VALUE.to_owned(), phrase);
        let [state, seconds, retries, input, detail] =
            [clean(&step.state), seconds, step.retries.to_string(), input, detail].map(Cell::new);
        [state, status_cell(&step.outcome), seconds, retries, input, detail]
    };
    Table::new(&["STATE", "OUTCOME", "SECONDS", "RETRIES", "INPUT", "DETAIL"], steps.iter().map(row)).render()
}
