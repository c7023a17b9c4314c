//! What became of each image.

use super::{
    gather::{Absent, Found},
    standing::Standing,
};
use crate::error::CliError;
use serde::Serialize;
use sightline_aws::bulk_imports::FailedItem;
use sightline_domain::import::ImportStatus;
use std::{collections::HashMap, path::Path};

/// One line of the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    bucket: String,
    key: String,
    image_id: String,
    /// A name of [`ImportStatus`], or `NOT_IMPORTED`.
    status: &'static str,
    reason: String,
}

/// How many images ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Analysed, now or before.
    pub completed: usize,
    /// No images.
    pub rejected: usize,
    /// Waiting for a reviewer.
    pub review: usize,
    /// Erased before, and not brought back.
    pub erased: usize,
    /// Not imported by a fault of their own, or their analysis failed.
    pub failed: usize,
    /// Still at work.
    pub still_running: usize,
    /// The import ended before it came to them.
    pub not_imported: usize,
}

/// Lines for all of `found` and `absent`. `failures` speak for images without a record; `over` says that the import has ended.
pub fn lines(found: &[Found], standings: &[Standing], absent: &[Absent], failures: &[FailedItem], over: bool) -> Vec<Line> {
    let failed: HashMap<_, _> =
        failures.iter().map(|item| ((&item.object.bucket, &item.object.key), format!("{}: {}", item.error, said(&item.cause)))).collect();
    let of_found = found.iter().zip(standings).map(|(found, standing)| {
        let failure = failed.get(&(&found.object.bucket, &found.object.key)).cloned();
        let (status, reason) = match (standing.status, failure) {
            (Some(status), _) => (name(status), standing.reason.clone()),
            (None, Some(failure)) => (name(ImportStatus::Failed), Some(failure)),
            (None, None) if over => ("NOT_IMPORTED", None),
            (None, None) => (name(ImportStatus::StillRunning), None),
        };
        Line {
            bucket: found.object.bucket.clone(),
            key: found.object.key.clone(),
            image_id: standing.image_id.clone(),
            status,
            reason: reason.unwrap_or_default(),
        }
    });
    let of_absent = absent.iter().map(|absent| Line {
        bucket: absent.bucket.clone(),
        key: absent.key.clone(),
        image_id: String::new(),
        status: name(ImportStatus::Failed),
        reason: absent.error.to_owned(),
    });
    of_found.chain(of_absent).collect()
}

const fn name(status: ImportStatus) -> &'static str {
    match status {
        ImportStatus::Completed => "COMPLETED",
        ImportStatus::Rejected => "REJECTED",
        ImportStatus::Review => "REVIEW",
        ImportStatus::Failed => "FAILED",
        ImportStatus::Erased => "ERASED",
        ImportStatus::StillRunning => "STILL_RUNNING",
    }
}

/// Lambda's `errorMessage` where the cause is Lambda's JSON, else the cause itself.
fn said(cause: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(cause).ok();
    let message = json.as_ref().and_then(|json| json.get("errorMessage")).and_then(serde_json::Value::as_str);
    message.unwrap_or(cause).to_owned()
}

impl Counts {
    /// Of these lines.
    pub fn of(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |mut counts, line| {
            *match line.status {
                "COMPLETED" => &mut counts.completed,
                "REJECTED" => &mut counts.rejected,
                "REVIEW" => &mut counts.review,
                "ERASED" => &mut counts.erased,
                "STILL_RUNNING" => &mut counts.still_running,
                "NOT_IMPORTED" => &mut counts.not_imported,
                _ => &mut counts.failed,
            } += 1;
            counts
        })
    }
}

/// Writes the lines as CSV.
pub fn write(path: &Path, lines: &[Line]) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(format!("{}: it cannot be written: {error}", path.display()));
    let mut writer = csv::Writer::from_path(path).map_err(|error| failed(&error))?;
    for line in lines {
        writer.serialize(line).map_err(|error| failed(&error))?;
    }
    writer.flush().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::import::ListedObject;

    fn found(key: &str) -> Found {
        let object = ListedObject { bucket: "photos".into(), key: key.into(), version_id: None, etag: "e".into() };
        Found { object, size: 1 }
    }

    fn standing(status: Option<ImportStatus>, reason: Option<&str>) -> Standing {
        Standing { image_id: "id".into(), status, reason: reason.map(Into::into), to_do: false }
    }

    fn sample() -> Vec<Line> {
        let found = [found("done.jpg"), found("text,\"1\".txt"), found("lost.jpg"), found("later.jpg")];
        let standings = [
            standing(Some(ImportStatus::Completed), None),
            standing(Some(ImportStatus::Rejected), Some("NOT_AN_IMAGE")),
            standing(None, None),
            standing(None, None),
        ];
        let absent = [Absent { bucket: "photos".into(), key: "none.jpg".into(), error: "Import.SourceMissing" }];
        let failures = [FailedItem {
            object: found[2].object.clone(),
            error: "Import.Denied".into(),
            cause: r#"{"errorType": "Import.Denied", "errorMessage": "the object may not be read"}"#.into(),
        }];
        lines(&found, &standings, &absent, &failures, true)
    }

    #[test]
    fn every_image_has_one_line_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.csv");
        write(&path, &sample()).unwrap();
        let written = std::fs::read_to_string(path).unwrap();
        let expected = "bucket,key,image_id,status,reason\n\
            photos,done.jpg,id,COMPLETED,\n\
            photos,\"text,\"\"1\"\".txt\",id,REJECTED,NOT_AN_IMAGE\n\
            photos,lost.jpg,id,FAILED,Import.Denied: the object may not be read\n\
            photos,later.jpg,id,NOT_IMPORTED,\n\
            photos,none.jpg,,FAILED,Import.SourceMissing\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn lines_are_counted_by_status() {
        let expected = Counts { completed: 1, rejected: 1, failed: 2, not_imported: 1, ..Counts::default() };
        assert_eq!(Counts::of(&sample()), expected);
    }
}
