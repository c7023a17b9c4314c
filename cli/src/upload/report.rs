//! What an upload prints, and its exit code.

use super::put::{Sent, UploadOutcome};
use crate::{
    error::{CliError, Exit},
    output::{
        NO_VALUE, Table, clean, fold,
        record::{duration, faces, labels, moderation, status, text},
        status_cell,
    },
};
use comfy_table::Cell;
use serde_json::{Map, Value, json};
use sightline_domain::model::{ProcessingStatus, Record};

/// Labels in the table.
const LABELS_SHOWN: usize = 5;
/// As wide as "Misconfigured".
const STATUS_WIDTH: u16 = 13;
/// As wide as most file names.
const FILE_WIDTH: u16 = 17;
const TEXT_WIDTH: u16 = 12;

/// How far an image got.
pub enum Stage {
    /// Not sent yet, or the command does not know.
    Waiting,
    /// It is in the bucket.
    Sent(Sent),
    /// Its analysis is finished, or it waits for a review.
    Finished(Box<Record>),
    /// It could not be sent or followed, and why.
    Failed(String),
}

/// One file of the report.
pub struct Line<'a> {
    /// The path as given.
    pub file: &'a str,
    /// How far its image got, or why it has none.
    pub stage: Result<&'a Stage, &'a str>,
}

impl Line<'_> {
    /// Whether the file was not sent, or its record is FAILED or ERASED.
    fn has_failed(&self) -> bool {
        match self.stage {
            Err(_) | Ok(Stage::Failed(_)) => true,
            Ok(Stage::Finished(record)) => matches!(record.processing_status, ProcessingStatus::Failed | ProcessingStatus::Erased),
            Ok(Stage::Sent(_) | Stage::Waiting) => false,
        }
    }

    fn is_unfinished(&self) -> bool {
        matches!(self.stage, Ok(Stage::Sent(_) | Stage::Waiting))
    }
}

/// Reports the files of one upload command.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub bucket: &'a str,
    pub owner: &'a str,
    /// Whether the command waits for the images.
    pub has_waited: bool,
}

impl Report<'_> {
    /// A file as JSON: `File` and its whole record, the place of its image, or `Error`.
    pub fn json(self, line: &Line<'_>) -> Result<Value, CliError> {
        let mut fields = match line.stage {
            Ok(Stage::Finished(record)) => match serde_json::to_value(record)? {
                Value::Object(fields) => fields,
                _ => Map::new(),
            },
            Ok(Stage::Sent(sent)) => self.place(sent),
            Ok(Stage::Waiting) => Map::from_iter([("Error".to_owned(), json!("not sent"))]),
            Ok(Stage::Failed(error)) => Map::from_iter([("Error".to_owned(), json!(error))]),
            Err(error) => Map::from_iter([("Error".to_owned(), json!(error))]),
        };
        fields.insert("File".to_owned(), json!(line.file));
        Ok(Value::Object(fields))
    }

    fn place(self, sent: &Sent) -> Map<String, Value> {
        let mut fields = Map::from_iter([
            ("ImageID".to_owned(), json!(sent.image_id)),
            ("OwnerID".to_owned(), json!(self.owner)),
            ("Key".to_owned(), json!(sent.key)),
            ("S3_URL".to_owned(), json!(format!("s3://{}/{}", self.bucket, sent.key))),
            ("Upload".to_owned(), json!(sent.outcome)),
        ]);
        if self.has_waited {
            fields.insert("ProcessingStatus".to_owned(), json!(ProcessingStatus::Pending));
        }
        fields
    }

    /// All files as a table.
    pub fn table(self, lines: &[Line<'_>]) -> String {
        let folder = common_folder(lines);
        let rows = lines.iter().map(|line| self.row(line, folder));
        if self.has_waited {
            let columns = [(0, FILE_WIDTH), (1, STATUS_WIDTH), (2, 18), (3, 9), (4, TEXT_WIDTH), (5, 10), (6, 7)];
            Table::new(&["FILE", "STATUS", "LABELS", "FACES", "TEXT", "MODERATION", "SECONDS"], rows).keep_wide(&columns).render()
        } else {
            Table::new(&["FILE", "UPLOAD", "IMAGE"], rows).keep_whole(2).render()
        }
    }

    fn row(self, line: &Line<'_>, folder: &str) -> Vec<Cell> {
        let name = line.file.strip_prefix(folder).unwrap_or(line.file);
        let file = Cell::new(fold(&clean(name), usize::from(FILE_WIDTH)));
        let brief = |status: &str, rest: &str| vec![status_cell(status), Cell::new(clean(rest))];
        let cells = match line.stage {
            Ok(Stage::Finished(record)) => finished(record),
            Ok(Stage::Failed(error)) => brief("FAILED", error),
            Err(error) => brief("FAILED", error),
            Ok(Stage::Sent(_)) if self.has_waited => brief("PENDING", "in progress"),
            Ok(Stage::Sent(sent)) => brief(sent.outcome.name(), &sent.image_id),
            Ok(Stage::Waiting) => brief("NOT SENT", ""),
        };
        [file].into_iter().chain(cells).collect()
    }

    /// Whether nothing more happens to the file during this command.
    pub fn is_final(self, line: &Line<'_>) -> bool {
        match line.stage {
            Err(_) | Ok(Stage::Waiting) => false,
            Ok(Stage::Sent(_)) => !self.has_waited,
            Ok(Stage::Finished(_) | Stage::Failed(_)) => true,
        }
    }

    /// The exit code: 6 if time ran out, else by the number of failed files.
    pub fn exit(self, lines: &[Line<'_>]) -> Exit {
        if self.has_waited && lines.iter().any(Line::is_unfinished) {
            return Exit::TimedOut;
        }
        Exit::of_many(lines.iter().filter(|line| line.has_failed()).count(), lines.len())
    }
}

fn finished(record: &Record) -> Vec<Cell> {
    // The reason of a failure is more useful than the labels found before it.
    let findings = match record.processing_status {
        ProcessingStatus::Failed => record.status_detail.as_deref().map_or_else(|| NO_VALUE.to_owned(), clean),
        _ => labels(record, LABELS_SHOWN),
    };
    let status = status_cell(&fold(&status(record), usize::from(STATUS_WIDTH)));
    let text = fold(&text(record), usize::from(TEXT_WIDTH));
    let cells = [findings, faces(record), text, moderation(record), duration(record)].map(Cell::new);
    [status].into_iter().chain(cells).collect()
}

/// The folder of all files, with its slash; the table leaves it out.
fn common_folder<'a>(lines: &[Line<'a>]) -> &'a str {
    let mut folders = lines.iter().map(|line| line.file.rfind('/').and_then(|end| line.file.get(..=end)).unwrap_or_default());
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |common, folder| {
        let mut ends = common.char_indices().filter(|(_, c)| *c == '/').filter_map(|(end, _)| common.get(..=end));
        ends.rfind(|part| folder.starts_with(part)).unwrap_or_default()
    })
}

impl UploadOutcome {
    /// For tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::AlreadyThere => "already there",
            Self::UploadedAgain => "uploaded again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;

    const REPORT: Report<'_> = Report { bucket: "images", owner: "anna", has_waited: true };

    fn sent(outcome: UploadOutcome) -> Stage {
        Stage::Sent(Sent { outcome, image_id: "i".into(), key: "raw-uploads/anna/i.jpg".into(), failed_execution: None })
    }

    fn finished(change: Value) -> Stage {
        Stage::Finished(Box::new(record(change)))
    }

    #[test]
    fn finished_file_is_its_whole_record_and_its_path() {
        let stage = finished(json!({}));
        let json = REPORT.json(&Line { file: "a.jpg", stage: Ok(&stage) }).unwrap();
        assert_eq!((json["File"].as_str(), json["ProcessingStatus"].as_str()), (Some("a.jpg"), Some("COMPLETED")));
        assert_eq!(json["Labels"][0]["Name"], "person");
    }

    #[test]
    fn unsent_file_has_its_error_and_sent_file_its_place() {
        let sent = sent(UploadOutcome::AlreadyThere);
        let failed = Line { file: "b", stage: Err("it does not exist") };
        assert_eq!(REPORT.json(&failed).unwrap(), json!({"File": "b", "Error": "it does not exist"}));
        let json = Report { has_waited: false, ..REPORT }.json(&Line { file: "a.jpg", stage: Ok(&sent) }).unwrap();
        assert_eq!((json["Upload"].as_str(), json["S3_URL"].as_str()), (Some("ALREADY_THERE"), Some("s3://images/raw-uploads/anna/i.jpg")));
        assert_eq!((json["ImageID"].as_str(), json.get("ProcessingStatus")), (Some("i"), None));
    }

    #[test]
    fn exit_code_depends_on_failed_and_unfinished_files() {
        let (good, bad) = (finished(json!({})), finished(json!({"ProcessingStatus": "FAILED"})));
        let sent = sent(UploadOutcome::Uploaded);
        let review = finished(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"}));
        let line = |stage| Line { file: "f", stage: Ok(stage) };
        let missing = || Line { file: "f", stage: Err("gone") };
        assert_eq!(REPORT.exit(&[line(&good), line(&review)]), Exit::Success);
        assert_eq!(REPORT.exit(&[line(&good), line(&bad)]), Exit::Partial);
        assert_eq!(REPORT.exit(&[missing(), line(&bad)]), Exit::Failed);
        assert_eq!(REPORT.exit(&[missing(), line(&sent)]), Exit::TimedOut);
        assert_eq!(Report { has_waited: false, ..REPORT }.exit(&[missing(), line(&sent)]), Exit::Partial);
    }

    #[test]
    fn common_folder_of_all_files_is_left_out() {
        let common = |files: &[&'static str]| common_folder(&files.iter().map(|file| Line { file, stage: Err("") }).collect::<Vec<_>>());
        assert_eq!(common(&["a/b/x.jpg", "a/b/c/y.jpg"]), "a/b/");
        assert_eq!(common(&["a/bc/x.jpg", "a/b/y.jpg"]), "a/");
        assert_eq!(common(&["x.jpg", "a/y.jpg"]), "");
        assert_eq!(common(&["/tmp/x.jpg"]), "/tmp/");
    }

    #[test]
    fn table_fits_a_hundred_columns_and_shows_why_an_image_failed() {
        let change = json!({"ProcessingStatus": "FAILED", "StatusReason": "TOO_SMALL", "StatusDetail": "the image has 79×400 px"});
        let (good, bad) = (finished(json!({})), finished(change));
        let long = format!("a/{}/photo.jpg", "long folder name ".repeat(5));
        let lines = [Line { file: &long, stage: Ok(&good) }, Line { file: "b.png", stage: Ok(&bad) }];
        let shown = REPORT.table(&lines);
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
        assert!(shown.contains("TOO_SMALL") && shown.contains("79×400"), "{shown}");
    }
}
