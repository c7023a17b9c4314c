//! What an upload prints, and how it ends.

use super::{plan::Image, put::How};
use crate::{
    error::CliError,
    exit::Exit,
    output::{
        record::{duration, faces, labels, moderation, status, text},
        table::{self, headed},
        text::{NOTHING, clean},
    },
};
use comfy_table::Cell;
use serde_json::{Map, Value, json};
use sightline_domain::model::record::{ProcessingStatus, Record};

/// Labels in the table.
const LABELS_SHOWN: usize = 5;
/// Room for "Misconfigured".
const STATUS_WIDTH: u16 = 13;
/// Room for most names.
const FILE_WIDTH: u16 = 17;
const TEXT_WIDTH: u16 = 12;

/// How far an image came.
pub enum Stage {
    /// Not sent (yet), or not known to be.
    Waiting,
    /// It lies in the bucket.
    Sent(How),
    /// Its record is settled.
    Settled(Box<Record>),
    /// It could not be sent or followed, and why.
    Failed(String),
}

/// One file of the report.
pub struct Line<'a> {
    /// The path as given.
    pub file: &'a str,
    /// Its image and how far it came, or why it was not sent.
    pub image: Result<(&'a Image, &'a Stage), &'a str>,
}

/// What the report is about.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Owner.
    pub owner: &'a str,
    /// Whether the images were waited for.
    pub waited: bool,
}

impl Line<'_> {
    /// The line as JSON: the whole record plus `File`; `File` and `Error`; or where the image lies.
    pub fn json(&self, frame: Frame<'_>) -> Result<Value, CliError> {
        let mut fields = match self.image {
            Ok((_, Stage::Settled(record))) => match serde_json::to_value(record)? {
                Value::Object(fields) => fields,
                _ => Map::new(),
            },
            Ok((_, Stage::Failed(error))) => Map::from_iter([("Error".to_owned(), json!(error))]),
            Err(error) => Map::from_iter([("Error".to_owned(), json!(error))]),
            Ok((image, stage)) => place(image, stage, frame),
        };
        fields.insert("File".to_owned(), json!(self.file));
        Ok(Value::Object(fields))
    }

    fn row(&self, folder: &str, waited: bool) -> Vec<Cell> {
        let name = self.file.strip_prefix(folder).unwrap_or(self.file);
        let file = Cell::new(table::fold(&clean(name), usize::from(FILE_WIDTH)));
        let said = |status: &str, rest: &str| vec![table::status(status), Cell::new(clean(rest))];
        let cells = match self.image {
            Ok((_, Stage::Settled(record))) => settled(record),
            Ok((_, Stage::Failed(error))) => said("FAILED", error),
            Err(error) => said("FAILED", error),
            Ok((_, Stage::Sent(_))) if waited => said("PENDING", "still at work"),
            Ok((image, Stage::Sent(how))) => said(how_name(*how), &image.id),
            Ok((_, Stage::Waiting)) => said("NOT SENT", ""),
        };
        [file].into_iter().chain(cells).collect()
    }

    /// Whether the file failed: not sent, or its record says FAILED, or somebody erased it.
    pub fn failed(&self) -> bool {
        match self.image {
            Err(_) | Ok((_, Stage::Failed(_))) => true,
            Ok((_, Stage::Settled(record))) => matches!(record.processing_status, ProcessingStatus::Failed | ProcessingStatus::Erased),
            Ok((_, Stage::Sent(_) | Stage::Waiting)) => false,
        }
    }

    fn unfinished(&self) -> bool {
        matches!(self.image, Ok((_, Stage::Sent(_) | Stage::Waiting)))
    }
}

fn place(image: &Image, stage: &Stage, frame: Frame<'_>) -> Map<String, Value> {
    let mut fields = Map::from_iter([
        ("ImageID".to_owned(), json!(image.id)),
        ("OwnerID".to_owned(), json!(frame.owner)),
        ("Key".to_owned(), json!(image.key)),
        ("S3_URL".to_owned(), json!(format!("s3://{}/{}", frame.bucket, image.key))),
    ]);
    if let Stage::Sent(how) = stage {
        fields.insert("Upload".to_owned(), json!(how));
    }
    if frame.waited {
        fields.insert("ProcessingStatus".to_owned(), json!(ProcessingStatus::Pending));
    }
    fields
}

fn settled(record: &Record) -> Vec<Cell> {
    let failed = record.processing_status == ProcessingStatus::Failed;
    // Of a failed image the reason is worth more than what was found before.
    let told =
        if failed { record.status_detail.as_deref().map_or_else(|| NOTHING.to_owned(), clean) } else { labels(record, LABELS_SHOWN) };
    let status = table::fold(&status(record), usize::from(STATUS_WIDTH));
    let mut cells = vec![table::status(&status), Cell::new(told)];
    let text = table::fold(&text(record), usize::from(TEXT_WIDTH));
    cells.extend([faces(record), text, moderation(record), duration(record)].map(Cell::new));
    cells
}

/// The folder that all files lie in, with its slash; the table leaves it out.
fn common_folder<'a>(lines: &[Line<'a>]) -> &'a str {
    let mut folders = lines.iter().map(|line| line.file.rfind('/').and_then(|end| line.file.get(..=end)).unwrap_or_default());
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |common, folder| {
        let mut ends = common.char_indices().filter(|(_, c)| *c == '/').filter_map(|(end, _)| common.get(..=end));
        ends.rfind(|part| folder.starts_with(part)).unwrap_or_default()
    })
}

/// For people.
pub const fn how_name(how: How) -> &'static str {
    match how {
        How::Uploaded => "uploaded",
        How::AlreadyThere => "already there",
        How::UploadedAgain => "uploaded again",
    }
}

/// The report as a table.
pub fn table(lines: &[Line<'_>], frame: Frame<'_>) -> String {
    let headings: &[&str] =
        if frame.waited { &["FILE", "STATUS", "LABELS", "FACES", "TEXT", "MODERATION", "SECONDS"] } else { &["FILE", "UPLOAD", "IMAGE"] };
    let (mut table, folder) = (headed(headings), common_folder(lines));
    table.add_rows(lines.iter().map(|line| line.row(folder, frame.waited)));
    if frame.waited {
        table::keep_wide(&mut table, &[(0, FILE_WIDTH), (1, STATUS_WIDTH), (2, 18), (3, 9), (4, TEXT_WIDTH), (5, 10), (6, 7)]);
    } else {
        table::keep_whole(&mut table, 2);
    }
    table::render(&table)
}

/// How the upload ends: 6 where time ran out, else by how many files failed.
pub fn exit(lines: &[Line<'_>], frame: Frame<'_>) -> Exit {
    if frame.waited && lines.iter().any(Line::unfinished) {
        return Exit::TimedOut;
    }
    Exit::of_many(lines.iter().filter(|line| line.failed()).count(), lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;

    const FRAME: Frame<'_> = Frame { bucket: "images", owner: "anna", waited: true };

    fn image() -> Image {
        Image {
            id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            key: "raw-uploads/anna/x.jpg".into(),
            path: "a.jpg".into(),
            content: crate::upload::plan::Content::Stdin(bytes::Bytes::new()),
            sha256: [0; 32],
        }
    }

    fn settled(change: Value) -> Stage {
        Stage::Settled(Box::new(record(change)))
    }

    #[test]
    fn a_finished_file_is_its_whole_record_and_its_path() {
        let (image, stage) = (image(), settled(json!({})));
        let json = Line { file: "a.jpg", image: Ok((&image, &stage)) }.json(FRAME).unwrap();
        assert_eq!((json["File"].as_str(), json["ProcessingStatus"].as_str()), (Some("a.jpg"), Some("COMPLETED")));
        assert_eq!(json["Labels"][0]["Name"], "person");
    }

    #[test]
    fn what_was_not_sent_has_its_error_and_what_was_not_waited_for_its_place() {
        let (image, sent) = (image(), Stage::Sent(How::AlreadyThere));
        let failed = Line { file: "b", image: Err("there is no such file") };
        assert_eq!(failed.json(FRAME).unwrap(), json!({"File": "b", "Error": "there is no such file"}));
        let frame = Frame { waited: false, ..FRAME };
        let json = Line { file: "a.jpg", image: Ok((&image, &sent)) }.json(frame).unwrap();
        assert_eq!((json["Upload"].as_str(), json["S3_URL"].as_str()), (Some("ALREADY_THERE"), Some("s3://images/raw-uploads/anna/x.jpg")));
        assert!(json.get("ProcessingStatus").is_none());
    }

    #[test]
    fn the_end_depends_on_what_failed_and_on_what_is_unfinished() {
        let image = image();
        let (good, bad, sent) = (settled(json!({})), settled(json!({"ProcessingStatus": "FAILED"})), Stage::Sent(How::Uploaded));
        let review = settled(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"}));
        let line = |stage| Line { file: "f", image: Ok((&image, stage)) };
        let missing = || Line { file: "f", image: Err("gone") };
        assert_eq!(exit(&[line(&good), line(&review)], FRAME), Exit::Done);
        assert_eq!(exit(&[line(&good), line(&bad)], FRAME), Exit::Partly);
        assert_eq!(exit(&[missing(), line(&bad)], FRAME), Exit::Failed);
        assert_eq!(exit(&[missing(), line(&sent)], FRAME), Exit::TimedOut);
        assert_eq!(exit(&[missing(), line(&sent)], Frame { waited: false, ..FRAME }), Exit::Partly);
    }

    #[test]
    fn the_folder_that_all_files_share_is_left_out() {
        let common = |files: &[&'static str]| common_folder(&files.iter().map(|file| Line { file, image: Err("") }).collect::<Vec<_>>());
        assert_eq!(common(&["a/b/x.jpg", "a/b/c/y.jpg"]), "a/b/");
        assert_eq!(common(&["a/bc/x.jpg", "a/b/y.jpg"]), "a/");
        assert_eq!(common(&["x.jpg", "a/y.jpg"]), "");
        assert_eq!(common(&["/tmp/x.jpg"]), "/tmp/");
    }

    #[test]
    fn the_table_fits_a_hundred_columns_and_shows_why_an_image_failed() {
        let image = image();
        let change = json!({"ProcessingStatus": "FAILED", "StatusReason": "TOO_SMALL", "StatusDetail": "the image has 79×400 px"});
        let (good, bad) = (settled(json!({})), settled(change));
        let long = format!("a/{}/photo.jpg", "long folder name ".repeat(5));
        let lines = [Line { file: &long, image: Ok((&image, &good)) }, Line { file: "b.png", image: Ok((&image, &bad)) }];
        let shown = table(&lines, FRAME);
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
        assert!(shown.contains("TOO_SMALL") && shown.contains("79×400"), "{shown}");
    }
}
