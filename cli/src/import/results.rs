//! What became of each image.

use super::{
    gather::{Absent, Found},
    standing::Standing,
};
use crate::{error::CliError, output::text::escape};
use serde::Serialize;
use sightline_aws::stepfunctions::FailedItem;
use sightline_domain::model::import::ImportStatus;
use std::{collections::HashMap, fs::OpenOptions, io::ErrorKind, path::Path};

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

/// Checks that `path` can be written, and changes nothing: a file that is there is kept until there are results.
///
/// # Errors
/// [`CliError::Failed`]: it is a folder, its folder does not exist, or it may not be written.
pub fn check(path: &Path) -> Result<(), CliError> {
    let checked = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => return Err(unwritable(path, "it is a folder; name a file in it")),
        Ok(metadata) if metadata.is_file() => OpenOptions::new().write(true).open(path).map(drop),
        // A device or a pipe: opening it may wait for its reader.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            OpenOptions::new().write(true).create_new(true).open(path).and_then(|_| std::fs::remove_file(path))
        }
        Err(error) => Err(error),
    };
    checked.map_err(|error| match error.kind() {
        ErrorKind::NotFound => unwritable(path, "its folder does not exist"),
        ErrorKind::PermissionDenied => unwritable(path, "permission denied"),
        _ => unwritable(path, &error.to_string()),
    })
}

fn unwritable(path: &Path, why: &str) -> CliError {
    CliError::Failed(format!("{}: the results cannot be written: {why}", path.display()))
}

/// Writes the lines as CSV. Characters that control a terminal are escaped (`\u009b`). A cell that a spreadsheet would run as a formula
/// gets a leading `'` (OWASP, CSV injection).
///
/// # Errors
/// [`CliError::Failed`]: the file cannot be written.
pub fn write(path: &Path, lines: &[Line]) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| unwritable(path, &error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        let [bucket, key, image_id, reason] = [&line.bucket, &line.key, &line.image_id, &line.reason].map(|cell| safe(cell));
        writer.serialize(Line { bucket, key, image_id, status: line.status, reason }).map_err(|error| failed(&error))?;
    }
    let written = writer.into_inner().map_err(|error| failed(&error))?;
    std::fs::write(path, written).map_err(|error| failed(&error))
}

/// A cell that can be printed and opened.
fn safe(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) { "'" } else { "" };
    format!("{guard}{}", escape(cell).replace('\n', "\\u000a"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::model::import::ListedObject;

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
            cause: r#"{"errorType": "Import.Denied", "errorMessage": "permission to read the object is denied"}"#.into(),
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
            photos,lost.jpg,id,FAILED,Import.Denied: permission to read the object is denied\n\
            photos,later.jpg,id,NOT_IMPORTED,\n\
            photos,none.jpg,,FAILED,Import.SourceMissing\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn csv_is_safe_to_open_and_to_print() {
        for (cell, written) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\u0009=1"),
            ("\r=1", "'\\u000d=1"),
            ("＝1", "'＝1"),
            ("a\u{9b}31m\u{202e}gpj.b\nc", "a\\u009b31m\\u202egpj.b\\u000ac"),
            ("2019/a-b=c.jpg", "2019/a-b=c.jpg"),
        ] {
            assert_eq!(safe(cell), written);
        }
    }

    #[test]
    fn a_results_file_is_checked_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (new, old) = (dir.path().join("new.csv"), dir.path().join("old.csv"));
        std::fs::write(&old, "earlier results").unwrap();
        check(&new).unwrap();
        check(&old).unwrap();
        assert_eq!((new.exists(), std::fs::read_to_string(&old).unwrap().as_str()), (false, "earlier results"));
        let why = |path: &Path| check(path).unwrap_err().to_string();
        assert!(why(dir.path()).ends_with("it is a folder; name a file in it"));
        assert!(why(&dir.path().join("none/x.csv")).ends_with("its folder does not exist"));
        assert!(why(&old.join("x.csv")).contains("cannot be written: "));
        check(Path::new("/dev/stdout")).unwrap();
    }

    #[test]
    fn lines_are_counted_by_status() {
        let expected = Counts { completed: 1, rejected: 1, failed: 2, not_imported: 1, ..Counts::default() };
        assert_eq!(Counts::of(&sample()), expected);
    }
}
