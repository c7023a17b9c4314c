//! Bulk imports: images of another bucket, and existing uploads.

use crate::local_stack::{LocalStack, sample, sightline};
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType};
use serde_json::Value;
use sightline_domain::{
    model::{Outcome, Record},
    ports::Records,
};
use std::{collections::BTreeMap, path::PathBuf};
use uuid::Uuid;

/// A file that is deleted at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(ending: &str) -> Self {
        Self(std::env::temp_dir().join(format!("sightline-test-{}{ending}", Uuid::new_v4())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A line of a results file.
struct Line {
    key: String,
    image_id: String,
    status: String,
    reason: String,
}

/// Reads a results file; no field of these tests needs quotes.
fn results(file: &Scratch) -> Vec<Line> {
    let text = std::fs::read_to_string(&file.0).expect("the results are written");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("bucket,key,image_id,status,reason"));
    let line = |line: &str| {
        let fields: Vec<&str> = line.splitn(5, ',').collect();
        let field = |place: usize| fields[place].to_owned();
        Line { key: field(1), image_id: field(2), status: field(3), reason: field(4) }
    };
    lines.map(line).collect()
}

/// A small unique photo.
fn variant(photo: &RgbImage, number: u8, of: u8) -> Vec<u8> {
    let mut varied = photo.clone();
    for (x, _, pixel) in varied.enumerate_pixels_mut().filter(|(x, y, _)| *x < 16 && *y < 8) {
        *pixel = Rgb(if x < 8 { [number; 3] } else { [of; 3] });
    }
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 90);
    encoder.write_image(varied.as_raw(), varied.width(), varied.height(), ExtendedColorType::Rgb8).expect("a JPEG");
    jpeg
}

/// Whether each analysis of a record is done, in the order of [`OPERATIONS`](crate::local_stack::recognition::OPERATIONS).
fn analysed(record: &Record) -> [u64; 4] {
    let analyses = &record.analyses;
    let done = |outcome: &Option<Outcome>| u64::from(matches!(outcome, Some(Outcome::Done { .. })));
    [&analyses.labels, &analyses.moderation, &analyses.faces, &analyses.text].map(done)
}

/// The largest number of concurrent analyses.
fn most_at_once(records: &[Record]) -> usize {
    let mut moments: Vec<(i64, i8)> = Vec::new();
    for record in records {
        moments.push((record.claimed_at, 1));
        moments.push((record.finished_at.expect("it is finished"), -1));
    }
    // Within a millisecond, ends come before beginnings.
    moments.sort_unstable();
    let (mut now, mut most) = (0_i64, 0_i64);
    for (_, change) in moments {
        now += i64::from(change);
        most = most.max(now);
    }
    usize::try_from(most).expect("no analysis ends before it begins")
}

#[tokio::test]
async fn three_hundred_images_of_another_bucket_are_each_recorded_once() {
    const IMAGES: u16 = 300;
    const AT_ONCE: usize = 5; // the setting importConcurrency
    let local = LocalStack::default_stage().await;
    let bucket = local.new_bucket().await;
    let photo = image::load_from_memory(&sample("coffee.jpg")).expect("a photo").resize(160, 160, FilterType::Triangle).to_rgb8();
    for number in 0..IMAGES {
        let [high, low] = number.to_be_bytes();
        local.put_into(&bucket, &format!("2019/photo {number:03}+.jpg"), &variant(&photo, low, high * 128)).await;
    }
    local.put_into(&bucket, "2019/", b"").await;
    let (source, file, again) = (format!("s3://{bucket}/2019/"), Scratch::new(".csv"), Scratch::new(".csv"));

    let foreseen = sightline(&local, &["import", &source, "--dry-run", "--output", "json"]).json();
    let refused = sightline(&local, &["import", &source]);
    let import = ["import", &source, "--owner", "tests", "--yes", "--wait", "--timeout", "20m", "--output", "json", "--results"];
    let summary = sightline(&local, &[&import[..], &[file.path()]].concat()).succeeded().json();
    let repeated = sightline(&local, &[&import[..], &[again.path()]].concat()).succeeded();

    assert_eq!((foreseen["Images"].as_u64(), foreseen["ToAnalyze"].as_u64()), (Some(300), Some(300)));
    assert_eq!(foreseen["LeftOut"], "1 folder");
    assert!(foreseen["Bytes"].as_u64() > Some(300_000) && foreseen["MicrodollarsLeast"] == 690_000, "{foreseen}");
    assert_eq!(refused.code, Some(2), "without a terminal it asks nobody");
    assert!(refused.messages.contains("--yes"), "{refused:?}");
    assert_eq!((&summary["Status"], summary["Completed"].as_u64()), (&Value::from("SUCCEEDED"), Some(300)), "{summary}");

    let lines = results(&file);
    let by_id: BTreeMap<&str, &str> = lines.iter().map(|line| (line.image_id.as_str(), line.key.as_str())).collect();
    assert_eq!((lines.len(), by_id.len()), (300, 300), "one line and one image for each");
    let mut records = Vec::new();
    for line in &lines {
        let record = local.tables().find(&line.image_id).await.expect("records can be read").expect("there is a record");
        assert_eq!((line.status.as_str(), record.attempts, record.owner_id.as_str()), ("COMPLETED", 1, "tests"));
        assert_eq!(local.recognition.answered(&line.image_id).await, analysed(&record), "{}: paid for what is there, once", line.key);
        records.push(record);
    }
    assert!(most_at_once(&records) <= AT_ONCE, "{} analyses at once", most_at_once(&records));
    println!("300 images in {} s, {} analyses at once", summary["Seconds"], most_at_once(&records));

    assert!(repeated.messages.contains("nothing to start"), "{repeated:?}");
    assert_eq!(results(&again).len(), 300);
    for record in &records {
        assert_eq!(local.recognition.answered(&record.image_id).await, analysed(record), "nothing was asked again");
        let now = local.tables().find(&record.image_id).await.expect("records can be read").expect("there is a record");
        assert_eq!((&now.execution_arn, now.attempts), (&record.execution_arn, 1));
    }
}

#[tokio::test]
async fn a_manifest_with_failing_objects_imports_the_others() {
    let local = LocalStack::default_stage().await;
    let bucket = local.new_bucket().await;
    local.put_into(&bucket, "a cup, blue.jpg", &sample("coffee.jpg")).await;
    local.put_into(&bucket, "notes.jpg", b"these are notes").await;
    local.put_into(&bucket, "nothing.jpg", b"").await;
    let (manifest, file) = (Scratch::new(".csv"), Scratch::new(".csv"));
    let list = format!(
        "bucket,key\n{bucket},\"a cup, blue.jpg\"\n{bucket},notes.jpg\n{bucket},gone.jpg\n{bucket},nothing.jpg\n{bucket},notes.jpg\n"
    );
    std::fs::write(&manifest.0, list).expect("the manifest is written");

    let done = sightline(&local, &["import", manifest.path(), "--yes", "--wait", "--output", "json", "--results", file.path()]);

    assert_eq!(done.code, Some(3), "{done:?}");
    for message in ["gone.jpg: the object does not exist", "1 empty, 1 listed more than once"] {
        assert!(done.messages.contains(message), "{done:?}");
    }
    let summary = done.json();
    let counts = ["Images", "Completed", "Rejected", "Failed"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [3, 1, 1, 1].map(Some), "{summary}");
    // A key with a comma is cut at it here; the other lines are complete.
    let lines = results(&file);
    let reasons: Vec<(&str, &str)> = lines.iter().skip(1).map(|line| (line.status.as_str(), line.reason.as_str())).collect();
    assert_eq!(reasons, [("REJECTED", "NOT_AN_IMAGE"), ("FAILED", "Import.SourceMissing")]);
}

#[tokio::test]
async fn uploads_are_imported_in_place_and_analysed_ones_skipped() {
    let local = LocalStack::default_stage().await;
    let folder = Uuid::new_v4();
    let photo = local.put(&format!("raw-uploads/{folder}/cup.jpg"), &sample("coffee.jpg")).await;
    let record = local.completed(&local.derived_id(&photo)).await;
    let (source, file) = (format!("s3://{}/raw-uploads/{folder}/", local.stack.images_bucket), Scratch::new(".csv"));

    let known = sightline(&local, &["import", &source, "--yes", "--wait", "--results", file.path()]);

    assert!(known.messages.contains("nothing to start"), "{known:?}");
    let line = &results(&file)[0];
    assert_eq!((&line.image_id, &line.key, line.status.as_str()), (&record.image_id, &photo.key, "COMPLETED"));
}

#[tokio::test]
async fn an_upload_with_a_lost_record_is_imported_in_place_and_paid_for_once() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("coffee.jpg").await;
    let record = local.completed(&photo.id).await;
    local.ended(&record.execution_arn).await;
    local.delete_record(&record).await;
    let source = format!("s3://{}/{}", local.stack.images_bucket, photo.key);

    sightline(&local, &["import", &source, "--yes", "--wait", "--output", "json"]).succeeded();

    let again = local.completed(&photo.id).await;
    assert_ne!(again.execution_arn, record.execution_arn);
    assert_eq!(again.s3_url, record.s3_url);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 0, 0]);
}
