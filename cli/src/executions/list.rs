//! `executions list`.

use super::record_of;
use crate::{
    args::{ExecutionStatus, Global, ListExecutions},
    clock::{SystemClock, moment},
    error::CliError,
    exit::Exit,
    output::{
        Format, Output,
        record::image_cell,
        table::{headed, render, status},
        text::{NOTHING, clean, seconds},
    },
    session::Session,
};
use comfy_table::{Cell, Table};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sightline_aws::stepfunctions::{Execution, ExecutionDetail};
use sightline_domain::model::{
    clock::{Clock, EpochMillis},
    identity::Upload,
    image_name::image_name,
    record::Record,
};

/// Executions described at once.
const READS_AT_ONCE: usize = 8;

/// An execution as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// Its ARN.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Epoch milliseconds.
    pub started_at: EpochMillis,
    /// Epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<EpochMillis>,
    /// The image it analyses, as far as its input tells.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The file's own name, of an image that was not erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// Key of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Name of the error that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the error said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// Lists executions, newest first.
pub async fn run(global: &Global, args: &ListExecutions, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let executions = session.executions();
    let since = args.since.map_or(0, |since| since.moment(SystemClock.now()));
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let found = executions.list(&statuses(args), since, limit).await?;
    let rows: Vec<Row> = stream::iter(found)
        .map(|execution| async {
            let detail = executions.describe(&execution.arn).await?;
            let input = detail.as_ref().and_then(|detail| detail.input.as_deref());
            let record = record_of(&session, input, &execution.arn).await?;
            Ok::<_, CliError>(Row::new(execution, detail, record.as_ref()))
        })
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await?;
    if rows.is_empty() {
        say!("no such execution");
    }
    if rows.len() == limit {
        say!("showing the newest {limit}; there may be more (--limit)");
    }
    if !rows.is_empty() || output.format != Format::Table {
        output.list(&rows, || render(&table(&rows)))?;
    }
    Ok(Exit::Done)
}

fn statuses(args: &ListExecutions) -> Vec<&'static str> {
    let failed = [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted];
    let wanted = if args.failed { &failed } else { args.status.as_slice() };
    let mut names: Vec<_> = wanted.iter().map(|status| status.name()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Row {
    /// A row, completed by the execution's description and by the record of its image. Without a record, the image is the first that the
    /// upload may be, and its name is the end of its key.
    pub fn new(execution: Execution, detail: Option<ExecutionDetail>, record: Option<&Record>) -> Self {
        let upload = detail.as_ref().and_then(|detail| detail.input.as_deref()).and_then(Upload::from_input);
        let first = || upload.as_ref().and_then(|upload| upload.candidate_ids().into_iter().next());
        let image_id = record.map(|record| record.image_id.clone()).or_else(first);
        let image_name = match record {
            Some(record) => record.image_name.clone(),
            None => upload.as_ref().and_then(|upload| image_name(None, &upload.key)),
        };
        let (error, cause) = detail.map(|detail| (detail.error, detail.cause)).unwrap_or_default();
        Self {
            execution_arn: execution.arn,
            name: execution.name,
            status: execution.status,
            started_at: execution.started_at,
            stopped_at: execution.stopped_at,
            image_id,
            image_name,
            key: upload.map(|upload| upload.key),
            error,
            cause,
        }
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = headed(&["STARTED", "STATUS", "SECONDS", "IMAGE, ERROR"]);
    for row in rows {
        let seconds = row.stopped_at.map_or_else(|| NOTHING.to_owned(), |end| seconds(row.started_at, end));
        // Without an image the name is what `executions show` takes.
        let image = row.image_id.as_ref().map_or_else(|| clean(&row.name), |id| image_cell(id, row.image_name.as_deref()));
        let error = row.error.as_deref().map_or_else(String::new, |error| format!("\n{}", clean(error)));
        table.add_row([Cell::new(moment(row.started_at)), status(&row.status), Cell::new(seconds), Cell::new(image + &error)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution() -> Execution {
        Execution { arn: "a".into(), name: "n".into(), status: "FAILED".into(), started_at: 0, stopped_at: Some(1500) }
    }

    #[test]
    fn a_row_names_the_image_of_its_input_and_the_error() {
        let key = "raw-uploads/default/0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4.jpg";
        let input = serde_json::json!({"version": "0", "id": "e", "detail-type": "Object Created", "source": "aws.s3", "account": "123456789012",
            "time": "2026-11-24T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": {"version": "0",
            "bucket": {"name": "b"}, "object": {"key": key, "size": 1, "etag": "e", "sequencer": "1"}, "request-id": "r", "requester": "x",
            "source-ip-address": "127.0.0.1", "reason": "PutObject"}});
        let detail = ExecutionDetail {
            execution: execution(),
            input: Some(input.to_string()),
            error: Some("Recognition.Unavailable".into()),
            cause: None,
            redrives: 0,
            not_redrivable: None,
        };
        let row = Row::new(execution(), Some(detail.clone()), None);
        assert_eq!(row.image_id.as_deref(), Some("0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4"));
        let other = crate::output::record::tests::record(serde_json::json!({"ImageID": "second-id", "ImageName": "beach.jpg"}));
        let row = Row::new(execution(), Some(detail), Some(&other));
        assert_eq!(row.image_id.as_deref(), Some("second-id"), "of an overwritten key");
        let shown = render(&table(&[row]));
        assert!(shown.contains("Recognition.Unavailable") && shown.contains("1.5") && shown.contains("beach.jpg"), "{shown}");
    }

    #[test]
    fn without_an_input_the_name_stands_in() {
        assert!(render(&table(&[Row::new(execution(), None, None)])).contains('n'));
    }
}
