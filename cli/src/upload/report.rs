//! What an upload prints, and its exit code.

use super::{plan::Image, put::UploadOutcome};
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
    /// It is in the bucket, most likely with this id.
    Sent(UploadOutcome, String),
    /// Its analysis is finished, or it waits for a review.
    Finished(Box<Record>),
    /// It could not be sent or followed, and why.
    Failed(String),
}

/// One file of the report.
pub struct Line<'a> {
    /// The path as given.
    pub file: &'a str,
    /// Its image and how far that got, or why it was not sent.
    pub image: Result<(&'a Image, &'a Stage), &'a str>,
}

impl Line<'_> {
    /// Whether the file was not sent, or its record is FAILED or ERASED.
    fn has_failed(&self) -> bool {
        match self.image {
            Err(_) | Ok((_, Stage::Failed(_))) => true,
            Ok((_, Stage::Finished(record))) => matches!(record.processing_status, ProcessingStatus::Failed | ProcessingStatus::Erased),
            Ok((_, Stage::Sent(..) | Stage::Waiting)) => false,
        }
    }

    fn is_unfinished(&self) -> bool {
        matches!(self.image, Ok((_, Stage::Sent(..) | Stage::Waiting)))
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
    /// A file as JSON: its whole record plus `File`; or `File` and `Error`; or the place of the image.
    pub fn json(self, line: &Line<'_>) -> Result<Value, CliError> {
        let mut fields = match line.image {
            Ok((_, Stage::Finished(record))) => match serde_json::to_value(record)? {
                Value::Object(fields) => fields,
                _ => Map::new(),
            },
            Ok((_, Stage::Failed(error))) => Map::from_iter([("Error".to_owned(), json!(error))]),
            Err(error) => Map::from_iter([("Error".to_owned(), json!(error))]),
            Ok((image, stage)) => self.place(image, stage),
        };
        fields.insert("File".to_owned(), json!(line.file));
        Ok(Value::Object(fields))
    }

    fn place(self, image: &Image, stage: &Stage) -> Map<String, Value> {
        let id = if let Stage::Sent(_, id) = stage { id } else { &image.id };
        let mut fields = Map::from_iter([
            ("ImageID".to_owned(), json!(id)),
            ("OwnerID".to_owned(), json!(self.owner)),
            ("Key".to_owned(), json!(image.key)),
            ("S3_URL".to_owned(), json!(format!("s3://{}/{}", self.bucket, image.key))),
        ]);
        if let Stage::Sent(outcome, _) = stage {
            fields.insert("Upload".to_owned(), json!(outcome));
        }
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
        let cells = match line.image {
            Ok((_, Stage::Finished(record))) => finished(record),
            Ok((_, Stage::Failed(error))) => brief("FAILED", error),
            Err(error) => brief("FAILED", error),
            Ok((_, Stage::Sent(..))) if self.has_waited => brief("PENDING", "in progress"),
            Ok((_, Stage::Sent(outcome, id))) => brief(outcome.name(), id),
            Ok((_, Stage::Waiting)) => brief("NOT SENT", ""),
        };
        [file].into_iter().chain(cells).collect()
    }

    /// Whether nothing more happens to the file during this command.
    pub fn is_final(self, line: &Line<'_>) -> bool {
        match line.image {
            Err(_) | Ok((_, Stage::Waiting)) => false,
            Ok((_, Stage::Sent(..))) => !self.has_waited,
            Ok((_, Stage::Finished(..) | Stage::Failed(_))) => true,
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

    fn image() -> Image {
        Image {
            id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            key: "raw-uploads/anna/x.jpg".into(),
            path: "a.jpg".into(),
            content: crate::upload::plan::Content::Stdin(bytes::Bytes::new()),
            sha256: [0; 32],
        }
    }

    fn finished(change: Value) -> Stage {
        Stage::Finished(Box::new(record(change)))
    }

    #[test]
    fn finished_file_is_its_whole_record_and_its_path() {
        let (image, stage) = (image(), finished(json!({})));
        let json = REPORT.json(&Line { file: "a.jpg", image: Ok((&image, &stage)) }).unwrap();
        assert_eq!((json["File"].as_str(), json["ProcessingStatus"].as_str()), (Some("a.jpg"), Some("COMPLETED")));
        assert_eq!(json["Labels"][0]["Name"], "person");
    }

    #[test]
    fn unsent_file_has_its_error_and_sent_file_its_place() {
        let (image, sent) = (image(), Stage::Sent(UploadOutcome::AlreadyThere, "another".into()));
        let failed = Line { file: "b", image: Err("it does not exist") };
        assert_eq!(REPORT.json(&failed).unwrap(), json!({"File": "b", "Error": "it does not exist"}));
        let json = Report { has_waited: false, ..REPORT }.json(&Line { file: "a.jpg", image: Ok((&image, &sent)) }).unwrap();
        assert_eq!((json["Upload"].as_str(), json["S3_URL"].as_str()), (Some("ALREADY_THERE"), Some("s3://images/raw-uploads/anna/x.jpg")));
        assert_eq!((json["ImageID"].as_str(), json.get("ProcessingStatus")), (Some("another"), None));
    }

    #[test]
    fn exit_code_depends_on_failed_and_unfinished_files() {
        let image = image();
        let (good, bad, sent) =
            (finished(json!({})), finished(json!({"ProcessingStatus": "FAILED"})), Stage::Sent(UploadOutcome::Uploaded, "i".into()));
        let review = finished(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"}));
        let line = |stage| Line { file: "f", image: Ok((&image, stage)) };
        let missing = || Line { file: "f", image: Err("gone") };
        assert_eq!(REPORT.exit(&[line(&good), line(&review)]), Exit::Success);
        assert_eq!(REPORT.exit(&[line(&good), line(&bad)]), Exit::Partial);
        assert_eq!(REPORT.exit(&[missing(), line(&bad)]), Exit::Failed);
        assert_eq!(REPORT.exit(&[missing(), line(&sent)]), Exit::TimedOut);
        assert_eq!(Report { has_waited: false, ..REPORT }.exit(&[missing(), line(&sent)]), Exit::Partial);
    }

    #[test]
    fn common_folder_of_all_files_is_left_out() {
        let common = |files: &[&'static str]| common_folder(&files.iter().map(|file| Line { file, image: Err("") }).collect::<Vec<_>>());
        assert_eq!(common(&["a/b/x.jpg", "a/b/c/y.jpg"]), "a/b/");
        assert_eq!(common(&["a/bc/x.jpg", "a/b/y.jpg"]), "a/");
        assert_eq!(common(&["x.jpg", "a/y.jpg"]), "");
        assert_eq!(common(&["/tmp/x.jpg"]), "/tmp/");
    }

    #[test]
    fn table_fits_a_hundred_columns_and_shows_why_an_image_failed() {
        let image = image();
        let change = json!({"ProcessingStatus": "FAILED", "StatusReason": "TOO_SMALL", "StatusDetail": "the image has 79×400 px"});
        let (good, bad) = (finished(json!({})), finished(change));
        let long = format!("a/{}/photo.jpg", "long folder name ".repeat(5));
        let lines = [Line { file: &long, image: Ok((&image, &good)) }, Line { file: "b.png", image: Ok((&image, &bad)) }];
        let shown = REPORT.table(&lines);
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
        assert!(shown.contains("TOO_SMALL") && shown.contains("79×400"), "{shown}");
    }
}
