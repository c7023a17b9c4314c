//! `sightline show`: the record of an image.

use crate::{
    args::{Global, parse_image_id},
    clock::{at, moment},
    error::{CliError, Exit},
    output::{
        Facts, NO_VALUE, Output, clean, count, percent,
        record::{duration, face, join, labels, moderation, status},
    },
    session::Session,
};
use clap::Args;
use sightline_domain::{
    model::{Outcome, Record, ReviewStatus, Tombstone},
    ports::Records,
};

/// `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
The table shows the main facts and why an analysis was skipped; --output json prints the whole record.

Examples:
  sightline show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --output json | jq .Labels")]
pub struct ShowArgs {
    /// ImageID, as upload and find print it
    #[arg(value_name = "ID", value_parser = parse_image_id)]
    pub image_id: String,
}

/// Prints the record, or the tombstone of an erased image.
pub async fn run(global: &Global, args: &ShowArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let record = find(&session, &args.image_id).await?;
    if record.is_erased() {
        // During an erasure the record still has its findings; they are not shown.
        output.one(&Tombstone::of(&record), |_| erased_facts(&record).render())?;
    } else {
        output.one(&record, |record| facts(record).render())?;
    }
    Ok(Exit::Success)
}

async fn find(session: &Session, image_id: &str) -> Result<Record, CliError> {
    let unknown = || CliError::NotFound(format!("image {image_id} does not exist in table {}", session.stack.records_table));
    session.tables().find(image_id).await?.ok_or_else(unknown)
}

/// Reads the record of an image.
///
/// # Errors
///
/// `CliError::NotFound` if the image does not exist or was erased; any other error of the read.
pub async fn find_unerased(session: &Session, image_id: &str) -> Result<Record, CliError> {
    let record = find(session, image_id).await?;
    if record.is_erased() {
        return Err(CliError::NotFound(format!("image {image_id} was erased{}", at(record.erased_at))));
    }
    Ok(record)
}

fn erased_facts(record: &Record) -> Facts {
    let mut facts = Facts::default();
    facts.add("status", format!("erased{}", at(record.erased_at)));
    facts.add("image", record.image_id.clone());
    if !record.is_tombstone() {
        facts.add("to do", "the erasure is in progress or was interrupted; `sightline erase` with this image completes it");
    } else if !record.is_closed() {
        facts.add("to do", "reconcile will remove anything that was written late");
    }
    facts
}

fn facts(record: &Record) -> Facts {
    let mut facts = Facts::default();
    facts.add("status", status(record));
    facts.add_some("reason", record.status_detail.as_deref().map(clean));
    facts.add("image", record.image_id.clone());
    facts.add_some("name", record.image_name.as_deref().map(clean));
    facts.add_some("title", record.title.as_deref().map(clean));
    facts.add("owner", clean(&record.owner_id));
    facts.add("uploaded", moment(record.upload_timestamp));
    facts.add("labels", analysis(record.analyses.labels.as_ref(), || labels(record, usize::MAX)));
    let list = |names: &[String]| (!names.is_empty()).then(|| join(names.iter().map(|name| clean(name))));
    facts.add_some("own labels", list(&record.own_labels));
    facts.add_some("removed", list(&record.removed_labels));
    facts.add_some("edited", record.edited_at.map(|at| format!("{} at {}", count(record.edits as usize, "time"), moment(at))));
    facts.add("boxes", record.labels.iter().flatten().map(|label| label.boxes.len()).sum::<usize>().to_string());
    facts.add("faces", analysis(record.analyses.faces.as_ref(), || faces(record)));
    facts.add("text", analysis(record.analyses.text.as_ref(), || text(record)));
    facts.add("moderation", analysis(record.analyses.moderation.as_ref(), || moderation(record)));
    let watched = record.watched_labels.as_ref().filter(|watched| !watched.is_empty());
    let watched = watched.map(|labels| join(labels.iter().map(|label| format!("{} {}", clean(&label.name), percent(label.confidence)))));
    facts.add_some("watched", watched);
    facts.add_some("review", review(record));
    facts.add("picture", picture(record));
    for (name, value) in camera(record) {
        facts.add(name, value);
    }
    for warning in record.warnings.iter().flatten() {
        facts.add("warning", clean(warning));
    }
    facts.add("original", clean(&record.s3_url));
    facts.add_some("copy", record.processed_key.as_deref().map(clean));
    let thumbnails = [record.thumbnail_key.as_deref(), record.large_thumbnail_key.as_deref()].into_iter().flatten().map(clean);
    facts.add_some("thumbnails", Some(join(thumbnails)).filter(|keys| keys != NO_VALUE));
    facts.add("execution", clean(&record.execution_arn));
    facts.add("attempts", record.attempts.to_string());
    facts.add("seconds", duration(record));
    facts
}

fn analysis(outcome: Option<&Outcome>, result: impl FnOnce() -> String) -> String {
    match outcome {
        Some(Outcome::Done { .. }) => result(),
        Some(Outcome::Skipped { reason }) => format!("skipped: {}", clean(reason)),
        Some(Outcome::Failed { reason }) => format!("failed: {}", clean(reason)),
        None => NO_VALUE.to_owned(),
    }
}

fn faces(record: &Record) -> String {
    let faces = record.face_data.as_deref().unwrap_or_default();
    let described: Vec<String> = faces.iter().map(face).filter(|face| !face.is_empty()).collect();
    if described.is_empty() { faces.len().to_string() } else { format!("{} ({})", faces.len(), described.join("; ")) }
}

fn text(record: &Record) -> String {
    let lines: Vec<String> = record.text_lines.iter().flatten().map(|line| clean(&line.text)).collect();
    if lines.is_empty() { "none found".to_owned() } else { lines.join("\n") }
}

fn review(record: &Record) -> Option<String> {
    let by = record.reviewed_by.as_deref().map(|by| format!("by {}", clean(by)));
    let at = record.reviewed_at.map(|at| format!("at {}", moment(at)));
    let reason = record.review_reason.as_deref().map(|reason| format!("({})", clean(reason)));
    let until = record.review_deadline.map(|until| format!("until {}", moment(until)));
    let parts = match record.review_status {
        ReviewStatus::None => return None,
        ReviewStatus::Pending => {
            let claim = record.review_claimed_by.as_deref().zip(record.review_claimed_until);
            let claim = claim.map(|(by, until)| format!("(claimed by {} until {})", clean(by), moment(until)));
            vec![Some("waits for a decision".to_owned()), until, claim]
        }
        ReviewStatus::Approved => vec![Some("APPROVED".to_owned()), by, at, reason],
        ReviewStatus::Rejected => vec![Some("REJECTED".to_owned()), by, at, reason],
        ReviewStatus::Expired => vec![Some("EXPIRED: nobody decided in time".to_owned())],
    };
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn picture(record: &Record) -> String {
    let format = record.format.map(|format| format.as_ref().to_owned());
    let size = record.width.zip(record.height).map(|(width, height)| format!("{width}×{height} px"));
    join([format, size, Some(format!("{} bytes", record.size))].into_iter().flatten())
}

fn camera(record: &Record) -> Vec<(&'static str, String)> {
    let Some(exif) = &record.exif else { return Vec::new() };
    let gps = exif.gps.map(|gps| format!("{:.5}, {:.5}", gps.latitude, gps.longitude));
    let facts = [("taken", exif.taken_at.clone()), ("camera", exif.camera.clone()), ("place", gps)];
    facts.into_iter().filter_map(|(name, value)| value.map(|value| (name, clean(&value)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;
    use serde_json::json;

    #[test]
    fn skipped_analysis_shows_its_reason_and_text_is_whole_without_control_characters() {
        let record = record(json!({"Analyses": {"Labels": {"Status": "DONE", "ResultKey": "l"},
            "Faces": {"Status": "SKIPPED", "Reason": "no person among the labels"}, "Text": {"Status": "DONE", "ResultKey": "t"}}}));
        let shown = facts(&record).render();
        assert!(shown.contains("skipped: no person among the labels"), "{shown}");
        assert!(shown.contains("EXIT\u{fffd}[31m") && !shown.contains('\u{1b}'), "{shown}");
        assert!(shown.contains("boxes"), "{shown}");
    }

    #[test]
    fn edits_of_the_owner_are_shown_beside_what_rekognition_found() {
        let record =
            record(json!({"Title": "Our\u{1b} garden", "OwnLabels": ["grandma", "car"], "RemovedLabels": ["clothing"], "Edits": 2,
            "EditedAt": 0}));
        let shown = facts(&record).render();
        for expected in ["Our\u{fffd} garden", "person 99", "clothing 95", "grandma, car", "2 times at 1970-01-01 00:00:00Z"] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
    }

    #[test]
    fn open_review_shows_who_works_on_it() {
        let record = record(json!({"ReviewStatus": "PENDING", "ReviewClaimedBy": "anna", "ReviewClaimedUntil": 0}));
        assert_eq!(review(&record).unwrap(), "waits for a decision (claimed by anna until 1970-01-01 00:00:00Z)");
    }

    #[test]
    fn erased_image_shows_only_when_it_was_erased() {
        let in_progress = record(json!({"ProcessingStatus": "ERASED", "WorkQueue": "ERASED", "ErasedAt": 0}));
        let shown = erased_facts(&in_progress).render();
        assert!(shown.contains("erased at 1970-01-01 00:00:00Z") && shown.contains("interrupted"), "{shown}");
        let json = serde_json::to_value(Tombstone::of(&in_progress)).unwrap();
        assert!(json.get("Labels").is_none() && json.get("S3_URL").is_none() && json["ErasedAt"] == 0, "{json}");
    }

    #[test]
    fn review_shows_who_decided_when_and_why() {
        let record = record(json!({"ReviewStatus": "REJECTED", "ReviewedBy": "anna", "ReviewedAt": 0, "ReviewReason": "a weapon"}));
        assert_eq!(review(&record).unwrap(), "REJECTED by anna at 1970-01-01 00:00:00Z (a weapon)");
    }
}
