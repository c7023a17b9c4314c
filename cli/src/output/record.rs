//! The fields of a record as short texts for tables.

use super::text::{NO_VALUE, clean, name_of, percent, seconds, shorten};
use sightline_domain::model::{Face, Outcome, ProcessingStatus, Record, ReviewStatus, findings::Verdict, image_name::stem};

/// Further faces are only counted.
const FACES_DESCRIBED: usize = 3;
/// Characters of detected text in a table.
const TEXT_SHOWN: usize = 40;
/// Characters of an `ImageID`.
pub const ID_CHARS: u16 = 36;
/// Characters of a file name in a table.
const NAME_SHOWN: usize = 72;

/// `COMPLETED`, `FAILED EMPTY_FILE`, `PENDING, waits for review` …
pub fn status(record: &Record) -> String {
    let reason = record.status_reason.as_deref().map(clean);
    let review = match record.review_status {
        ReviewStatus::None => "",
        ReviewStatus::Pending => ", waits for review",
        ReviewStatus::Approved => ", review APPROVED",
        ReviewStatus::Rejected => ", review REJECTED",
        ReviewStatus::Expired => ", review EXPIRED",
    };
    match (record.processing_status, reason) {
        (ProcessingStatus::Failed, Some(reason)) => format!("FAILED {reason}"),
        (status, _) => format!("{}{review}", name_of(&status)),
    }
}

/// `person 99 %, clothing 95 %`, at most `max` of them.
pub fn labels(record: &Record, max: usize) -> String {
    let stored = record.labels.iter().flatten().map(|label| (&label.name, label.confidence));
    join(stored.take(max).map(|(name, confidence)| format!("{} {}", clean(name), percent(confidence))))
}

/// `2 (female?, 25–35; male?, 40–50)`; the question marks say that Rekognition guesses.
pub fn faces(record: &Record) -> String {
    let is_done = matches!(record.analyses.faces, Some(Outcome::Done { .. }));
    let Some(faces) = record.face_data.as_deref().filter(|_| is_done) else { return NO_VALUE.to_owned() };
    let mut described: Vec<String> = faces.iter().take(FACES_DESCRIBED).map(face).filter(|face| !face.is_empty()).collect();
    if faces.len() > FACES_DESCRIBED && !described.is_empty() {
        described.push("…".to_owned());
    }
    if described.is_empty() { faces.len().to_string() } else { format!("{} ({})", faces.len(), described.join("; ")) }
}

/// `female?, 25–35`.
pub fn face(face: &Face) -> String {
    let gender = face.gender.as_ref().map(|guess| format!("{}?", clean(&guess.value.to_lowercase())));
    let age = face.age_range.map(|age| format!("{}–{}", age.low, age.high));
    [gender, age].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The detected text, shortened.
pub fn text(record: &Record) -> String {
    let lines: Vec<&str> = record.text_lines.iter().flatten().map(|line| line.text.as_str()).collect();
    if lines.is_empty() { NO_VALUE.to_owned() } else { shorten(&lines.join(" / "), TEXT_SHOWN) }
}

/// `CLEAR`, `REVIEW: weapons 87 %` … While an image waits for a review, it has flags but no verdict yet.
pub fn moderation(record: &Record) -> String {
    let flags = || record.moderation_flags.iter().flatten().filter_map(|flag| Some((flag, flag.action?)));
    let strongest = || flags().map(|(_, action)| Verdict::from(action)).max();
    let Some(verdict) = record.moderation_verdict.or_else(strongest) else { return NO_VALUE.to_owned() };
    let verdict = name_of(&verdict);
    let flags: Vec<String> = flags().map(|(flag, _)| format!("{} {}", clean(&flag.name), percent(flag.confidence))).collect();
    if flags.is_empty() { verdict } else { format!("{verdict}: {}", flags.join(", ")) }
}

/// The id of an image and, on the next line, the name of its file unless that is the id.
pub fn image_cell(image_id: &str, image_name: Option<&str>) -> String {
    let name = image_name.filter(|name| stem(name) != image_id).map(|name| shorten(name, NAME_SHOWN));
    [Some(image_id.to_owned()), name].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Seconds from the claim of the image to the end of its analysis.
pub fn duration(record: &Record) -> String {
    record.finished_at.map_or_else(|| NO_VALUE.to_owned(), |end| seconds(record.claimed_at, end))
}

/// The items joined by commas, or [`NO_VALUE`].
pub fn join(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { NO_VALUE.to_owned() } else { items.join(", ") }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A complete record, changed by `change`.
    pub fn record(change: Value) -> Record {
        let mut whole = json!({
            "ImageID": "0b6f7c52-0000-5000-8000-000000000001", "UploadTimestamp": 1_795_478_400_000_i64, "OwnerID": "default",
            "ProcessingStatus": "COMPLETED", "ReviewStatus": "NONE",
            "Labels": [{"Name": "person", "Confidence": 99.2, "Boxes": [{"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}]},
                       {"Name": "clothing", "Confidence": 95.4}],
            "FaceData": [{"Box": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Confidence": 99.0,
                          "AgeRange": {"Low": 25, "High": 35}, "Gender": {"Value": "Female", "Confidence": 91.0}}],
            "TextLines": [{"Text": "EXIT\u{1b}[31m", "Confidence": 98.0, "Box": {"Left": 0.0, "Top": 0.0, "Width": 0.1, "Height": 0.1}}],
            "ModerationVerdict": "CLEAR", "ModerationFlags": [],
            "Analyses": {"Labels": {"Status": "DONE", "ResultKey": "l"}, "Faces": {"Status": "DONE", "ResultKey": "f"},
                         "Text": {"Status": "DONE", "ResultKey": "t"}, "Moderation": {"Status": "DONE", "ResultKey": "m"}},
            "S3_URL": "s3://images/raw-uploads/default/x.jpg", "ExecutionArn": "arn:aws:states:eu-west-1:123456789012:execution:m:e",
            "ClaimedAt": 1_795_478_400_000_i64, "FinishedAt": 1_795_478_401_250_i64, "SchemaVersion": 1
        });
        let Value::Object(change) = change else { panic!("not an object") };
        for (name, value) in change {
            whole[name] = value;
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn completed_record_shows_its_findings() {
        let record = record(json!({}));
        assert_eq!(status(&record), "COMPLETED");
        assert_eq!(labels(&record, 5), "person 99\u{a0}%, clothing 95\u{a0}%");
        assert_eq!(faces(&record), "1 (female?, 25–35)");
        assert_eq!(text(&record), "EXIT\u{fffd}[31m");
        assert_eq!(moderation(&record), "CLEAR");
        assert_eq!(duration(&record), "1.2");
    }

    #[test]
    fn file_name_is_below_the_image_id() {
        let id = "0b6f7c52-0000-5000-8000-000000000001";
        assert_eq!(image_cell(id, Some("a\u{202e}b.jpg")), format!("{id}\na\u{fffd}b.jpg"));
        assert_eq!(image_cell(id, Some(&format!("{id}.jpg"))), id);
        assert_eq!(image_cell(id, None), id);
        assert!(image_cell(id, Some(&"x".repeat(255))).chars().count() < 120);
    }

    #[test]
    fn skipped_face_analysis_is_not_shown_as_zero_faces() {
        let skipped = record(json!({"Analyses": {"Faces": {"Status": "SKIPPED", "Reason": "no person"}}, "FaceData": []}));
        assert_eq!(faces(&skipped), NO_VALUE);
        assert_eq!(faces(&record(json!({"FaceData": []}))), "0");
    }

    #[test]
    fn failure_shows_its_reason_and_review_its_status() {
        assert_eq!(status(&record(json!({"ProcessingStatus": "FAILED", "StatusReason": "EMPTY_FILE"}))), "FAILED EMPTY_FILE");
        assert_eq!(status(&record(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"}))), "PENDING, waits for review");
        let flags = json!([{"Name": "Weapons", "TaxonomyLevel": 2, "Confidence": 87.0, "Action": "REVIEW"},
                           {"Name": "Violence", "TaxonomyLevel": 1, "Confidence": 87.0}]);
        let flagged = record(json!({"ModerationVerdict": "REVIEW", "ModerationFlags": flags}));
        assert_eq!(moderation(&flagged), "REVIEW: Weapons 87\u{a0}%");
        let waiting = Record { moderation_verdict: None, ..flagged };
        assert_eq!(moderation(&waiting), "REVIEW: Weapons 87\u{a0}%");
    }

    #[test]
    fn many_faces_are_counted_and_the_first_three_described() {
        let face =
            json!({"Box": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}, "Confidence": 99.0, "AgeRange": {"Low": 1, "High": 5}});
        assert_eq!(faces(&record(json!({"FaceData": vec![face; 5]}))), "5 (1–5; 1–5; 1–5; …)");
    }
}
