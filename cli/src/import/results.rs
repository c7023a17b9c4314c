//! The result of each image of an import, and the CSV file of all results.

use super::{
    gather::{Absent, Found},
    state::ImportState,
};
use crate::{
    error::CliError,
    output::{escape, name_of},
};
use serde::{Serialize, Serializer};
use sightline_aws::stepfunctions::FailedItem;
use sightline_domain::model::{ImportStatus, execution::error_message};
use std::{collections::HashMap, fs::OpenOptions, io::ErrorKind, path::Path};

/// The result of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    bucket: String,
    key: String,
    image_id: String,
    /// `None`, printed as `NOT_IMPORTED`, if the import ended before this image.
    #[serde(serialize_with = "write_status")]
    status: Option<ImportStatus>,
    reason: String,
}

/// The numbers of images by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Analysed, now or earlier.
    pub completed: usize,
    pub rejected: usize,
    /// Waiting for a review.
    pub review: usize,
    /// Erased earlier, and not imported again.
    pub erased: usize,
    /// Their copy or their analysis failed.
    pub failed: usize,
    pub still_running: usize,
    /// The import ended before them.
    pub not_imported: usize,
}

/// The lines of all objects. `failures` are the results of images without a record; `has_ended` is whether the import has ended.
pub fn lines(found: &[Found], states: &[ImportState], absent: &[Absent], failures: &[FailedItem], has_ended: bool) -> Vec<Line> {
    let failed: HashMap<_, _> = failures
        .iter()
        .map(|item| ((&item.object.bucket, &item.object.key), format!("{}: {}", item.error, error_message(&item.cause))))
        .collect();
    let of_found = found.iter().zip(states).map(|(found, state)| {
        let failure = failed.get(&(&found.object.bucket, &found.object.key)).cloned();
        let (status, reason) = match (state.status, failure) {
            (Some(status), _) => (Some(status), state.reason.clone()),
            (None, Some(failure)) => (Some(ImportStatus::Failed), Some(failure)),
            (None, None) if has_ended => (None, None),
            (None, None) => (Some(ImportStatus::StillRunning), None),
        };
        Line {
            bucket: found.object.bucket.clone(),
            key: found.object.key.clone(),
            image_id: state.image_id.clone(),
            status,
            reason: reason.unwrap_or_default(),
        }
    });
    let of_absent = absent.iter().map(|absent| Line {
        bucket: absent.bucket.clone(),
        key: absent.key.clone(),
        image_id: String::new(),
        status: Some(ImportStatus::Failed),
        reason: absent.error.to_owned(),
    });
    of_found.chain(of_absent).collect()
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
fn write_status<S: Serializer>(status: &Option<ImportStatus>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&status.as_ref().map_or_else(|| "NOT_IMPORTED".to_owned(), name_of))
}

impl Counts {
    pub fn of(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |mut counts, line| {
            *match line.status {
                Some(ImportStatus::Completed) => &mut counts.completed,
                Some(ImportStatus::Rejected) => &mut counts.rejected,
                Some(ImportStatus::Review) => &mut counts.review,
                Some(ImportStatus::Erased) => &mut counts.erased,
                Some(ImportStatus::Failed) => &mut counts.failed,
                Some(ImportStatus::StillRunning) => &mut counts.still_running,
                None => &mut counts.not_imported,
            } += 1;
            counts
        })
    }
}

/// Checks that `path` can be written, without changing an existing file.
///
/// # Errors
///
/// `CliError::Failed` if it is a folder, its folder does not exist, or it cannot be written.
pub fn check(path: &Path) -> Result<(), CliError> {
    let checked = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => return Err(unwritable(path, "it is a folder; name a file in it")),
        Ok(metadata) if metadata.is_file() => OpenOptions::new().write(true).open(path).map(drop),
        // Opening a pipe would wait for its reader.
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

/// Writes the lines as CSV. Control characters are escaped (`\u009b`). A cell that a spreadsheet would run as a formula gets a leading `'`
/// (OWASP, CSV injection).
///
/// # Errors
///
/// `CliError::Failed` if the file cannot be written.
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

/// A cell that is safe to print and to open in a spreadsheet.
fn safe(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) { "'" } else { "" };
    format!("{guard}{}", escape(cell).replace('\n', "\\u000a"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::model::ListedObject;

    fn found(key: &str) -> Found {
        let object = ListedObject { bucket: "photos".into(), key: key.into(), version_id: None, etag: "e".into() };
        Found { object, size: 1 }
    }

    fn state(status: Option<ImportStatus>, reason: Option<&str>) -> ImportState {
        ImportState { image_id: "id".into(), status, reason: reason.map(Into::into), is_due: false }
    }

    fn sample() -> Vec<Line> {
        let found = [found("done.jpg"), found("text,\"1\".txt"), found("lost.jpg"), found("later.jpg")];
        let states = [
            state(Some(ImportStatus::Completed), None),
            state(Some(ImportStatus::Rejected), Some("NOT_AN_IMAGE")),
            state(None, None),
            state(None, None),
        ];
        let absent = [Absent { bucket: "photos".into(), key: "none.jpg".into(), error: "Import.SourceMissing" }];
        let failures = [FailedItem {
            object: found[2].object.clone(),
            error: "Import.Denied".into(),
            cause: r#"{"errorType": "Import.Denied", "errorMessage": "permission denied"}"#.into(),
        }];
        lines(&found, &states, &absent, &failures, true)
    }

    #[test]
    fn each_image_has_one_line_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.csv");
        write(&path, &sample()).unwrap();
        let written = std::fs::read_to_string(path).unwrap();
        let expected = "bucket,key,image_id,status,reason\n\
            photos,done.jpg,id,COMPLETED,\n\
            photos,\"text,\"\"1\"\".txt\",id,REJECTED,NOT_AN_IMAGE\n\
            photos,lost.jpg,id,FAILED,Import.Denied: permission denied\n\
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
    fn results_file_is_checked_without_changing_it() {
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
