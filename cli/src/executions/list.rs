//! `executions list`.

use super::{ExecutionStatus, ListArgs, record_of};
use crate::{
    args::Global,
    clock::{SystemClock, moment},
    error::{CliError, Exit},
    output::{List, NO_VALUE, Output, Table, clean, record::image_cell, seconds, status_cell},
    session::Session,
};
use comfy_table::Cell;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sightline_domain::{
    flows::redrive::image_of,
    model::{
        clock::{Clock, EpochMillis},
        execution::{Execution, ExecutionDetail},
        identity::Upload,
        record::Record,
    },
    ports::ExecutionOperations,
};

/// Executions described at once.
const READS_AT_ONCE: usize = 8;

/// An execution, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    pub execution_arn: String,
    pub name: String,
    pub status: String,
    pub started_at: EpochMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<EpochMillis>,
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The name of the file, unless the image was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Name of the error that ended the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

pub async fn run(global: &Global, args: &ListArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let executions = session.executions();
    let since = args.since.map_or(0, |since| since.to_millis(SystemClock.now()));
    let found = executions.list(&statuses(args), since, args.limit).await?;
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
    List::new(&rows).if_empty("no execution matches").limited(args.limit, "newest").print(output, table)?;
    Ok(Exit::Success)
}

fn statuses(args: &ListArgs) -> Vec<&'static str> {
    let selected = if args.failed { &ExecutionStatus::FAILURES } else { args.status.as_slice() };
    let mut names: Vec<_> = selected.iter().map(|status| status.name()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Row {
    /// A row with the details of the execution and the record of its image. Without a record, the image id is the first candidate of the
    /// upload, and the file name is the end of its key.
    pub fn new(execution: Execution, detail: Option<ExecutionDetail>, record: Option<&Record>) -> Self {
        let input = detail.as_ref().and_then(|detail| detail.input.as_deref());
        let (image_id, image_name) = image_of(input, record);
        let upload = input.and_then(Upload::from_input);
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

fn table(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let seconds = row.stopped_at.map_or_else(|| NO_VALUE.to_owned(), |end| seconds(row.started_at, end));
        // Without an image, the name is what `executions show` accepts.
        let image = row.image_id.as_ref().map_or_else(|| clean(&row.name), |id| image_cell(id, row.image_name.as_deref()));
        let error = row.error.as_deref().map_or_else(String::new, |error| format!("\n{}", clean(error)));
        [Cell::new(moment(row.started_at)), status_cell(&row.status), Cell::new(seconds), Cell::new(image + &error)]
    };
    Table::new(&["STARTED", "STATUS", "SECONDS", "IMAGE, ERROR"], rows.iter().map(row)).render()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution() -> Execution {
        Execution { arn: "a".into(), name: "n".into(), status: "FAILED".into(), started_at: 0, stopped_at: Some(1500) }
    }

    #[test]
    fn row_shows_the_image_of_the_input_or_of_the_record_and_the_error() {
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
        let shown = table(&[row]);
        assert!(shown.contains("Recognition.Unavailable") && shown.contains("1.5") && shown.contains("beach.jpg"), "{shown}");
    }

    #[test]
    fn execution_without_input_is_shown_by_its_name() {
        assert!(table(&[Row::new(execution(), None, None)]).contains('n'));
    }
}
